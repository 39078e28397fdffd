// The parameters that a web action is given: what the request is, its query, and its body.
//
// All is linear in the bytes of the request. Nothing of it is trusted but that its head was parsed.

import Base
public import Bytes
public import HTTP
import JSON

/// What beside the request's bytes decides about the parameters.
public struct WebRequest: Sendable {
  /// Where in the request the body is.
  public var body: Range<Int>
  /// Where what follows the action's name in the path is.
  public var path: Range<Int>
  /// Whether the action takes query and body as they are (annotation `raw-http`).
  public var isRaw: Bool
  /// Seeds tables of keys; should be secret.
  public var seed: UInt64

  public init(body: Range<Int>, path: Range<Int>, isRaw: Bool, seed: UInt64) {
    self.body = body
    self.path = path
    self.isRaw = isRaw
    self.seed = seed
  }

  /// The parameter object of the request whose head is `head` and which `bytes` begin with. `user` is the namespace of a sender that showed a
  /// key, empty where there is none. That query and body set no final parameter is left to who starts the action.
  ///
  /// Members of the body win over the query's. Traps where the ranges are not inside `bytes`.
  @_optimize(size) @inline(never)
  public func parameters(
    _ head: borrowing RequestHead, _ bytes: Span<UInt8>, user: Span<UInt8>
  ) throws(WebRequestError) -> ByteBuffer {
    var context = TextWriter(capacity: 1024)
    write(head, bytes, user, into: &context)
    if isRaw { return try finish(raw: context, head, bytes) }
    guard !context.isBroken else { throw .outOfMemory }

    var query = TextWriter()
    try query.write(fields: bytes.extracting(head.query))
    var content = TextWriter()
    let isClients = try write(content: bytes.extracting(body), head, bytes, into: &content)
    guard !query.isBroken, !content.isBroken else { throw .outOfMemory }

    var merger = JSONMerger(seed: seed)
    try Self.add(context.buffer.span, to: &merger)
    try Self.check(query.buffer.span)
    try Self.add(query.buffer.span, to: &merger)
    if isClients { try Self.check(content.buffer.span) }
    if !content.buffer.isEmpty { try Self.add(content.buffer.span, to: &merger) }
    var result = TextWriter(capacity: context.buffer.count &+ query.buffer.count &+ content.buffer.count)
    merger.write(into: &result)
    guard !result.isBroken else { throw .outOfMemory }
    return result.finish()
  }

  private static func add(_ object: Span<UInt8>, to merger: inout JSONMerger) throws(WebRequestError) {
    guard merger.add(object: JSONValue(checked: 0..<object.count, of: object), of: object) else { throw .outOfMemory }
  }

  /// Whether a client may set the members of `object`.
  private static func check(_ object: Span<UInt8>) throws(WebRequestError) {
    var members = JSONMembers(JSONValue(checked: 0..<object.count, of: object))
    while let member = members.next(in: object) {
      guard !isReserved(member.key, in: object) else { throw .parametersNotAllowed }
    }
  }

  private static func isReserved(_ key: JSONValue, in text: Span<UInt8>) -> Bool {
    key.equals("__ow_method", in: text) || key.equals("__ow_headers", in: text) || key.equals("__ow_path", in: text)
      || key.equals("__ow_user", in: text) || key.equals("__ow_query", in: text) || key.equals("__ow_body", in: text)
  }
}

// What OpenWhisk calls the HTTP context.
extension WebRequest {
  private func write(_ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ user: Span<UInt8>, into text: inout TextWriter) {
    text.write("{\"__ow_method\":\"")
    let method = bytes.extracting(head.methodName)
    for index in method.indices { text.write(ASCII.lowercased(method[index])) }
    text.write("\",\"__ow_headers\":{")
    for index in 0..<head.fieldCount where !Self.isRepeated(index, head, bytes) {
      if index > 0 { text.write(",") }
      writeField(index, head, bytes, into: &text)
    }
    text.write("},\"__ow_path\":")
    text.write(json: bytes.extracting(path))
    if user.count > 0 {
      text.write(",\"__ow_user\":")
      text.write(json: user)
    }
    text.write("}")
  }

  /// Lines of one name become one value, as the meaning of lists allows (RFC 9110 §5.3). A name is a token, which needs no escapes.
  private func writeField(_ index: Int, _ head: borrowing RequestHead, _ bytes: Span<UInt8>, into text: inout TextWriter) {
    let name = bytes.extracting(head.fields[index].name)
    text.write("\"")
    for position in name.indices { text.write(ASCII.lowercased(name[position])) }
    text.write("\":")
    var value = TextWriter()
    value.write(bytes.extracting(head.fields[index].value))
    for later in index &+ 1..<max(index &+ 1, head.fieldCount) where Self.areSame(name, bytes.extracting(head.fields[later].name)) {
      value.write(name.equalsIgnoringCase("cookie") ? "; " : ", ")
      value.write(bytes.extracting(head.fields[later].value))
    }
    if value.isBroken { text.fail() }
    text.write(json: value.buffer.span)
  }

  /// Whether a line of the same name comes before line `index`.
  private static func isRepeated(_ index: Int, _ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Bool {
    let name = bytes.extracting(head.fields[index].name)
    for earlier in 0..<index where areSame(name, bytes.extracting(head.fields[earlier].name)) { return true }
    return false
  }

  private static func areSame(_ first: Span<UInt8>, _ second: Span<UInt8>) -> Bool {
    guard first.count == second.count else { return false }
    for index in first.indices where ASCII.lowercased(first[index]) != ASCII.lowercased(second[index]) { return false }
    return true
  }
}

// The body.
extension WebRequest {
  /// nil where the client did not say, or said no media type, which is as if it were binary.
  private func media(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> WebMedia? {
    head.contentType.isAbsent ? nil : WebMedia(parsing: bytes.extracting(head.contentType))
  }

  /// Writes the body as an object, and nothing where there is none. True where the members are the client's own: those of a form or a
  /// JSON object; else there is one, `__ow_body`.
  private func write(
    content: Span<UInt8>, _ head: borrowing RequestHead, _ bytes: Span<UInt8>, into text: inout TextWriter
  ) throws(WebRequestError) -> Bool {
    let kind = media(head, bytes)?.kind
    switch kind {
    case .form:
      try text.write(fields: content)
      return true
    case .json, .jsonFamily:
      guard content.count > 0 else { return false }
      let value: JSONValue
      do throws(JSONFailure) {
        value = try JSON.parse(content, in: 0..<content.count)
      } catch {
        throw .malformedBody(error)
      }
      if value.kind == .object {
        text.write(value.written(in: content))
        return true
      }
      text.write("{\"__ow_body\":")
      text.write(value.written(in: content))
      text.write("}")
      return false
    case .text, .binary, nil:
      guard content.count > 0 || !head.contentType.isAbsent else { return false }
      text.write("{\"__ow_body\":")
      Self.write(opaque: content, isText: kind == .text, into: &text)
      text.write("}")
      return false
    }
  }

  /// For an action that takes all as it is; JSON counts as binary then, as it always did in OpenWhisk.
  private func finish(
    raw context: consuming TextWriter, _ head: borrowing RequestHead, _ bytes: Span<UInt8>
  ) throws(WebRequestError) -> ByteBuffer {
    guard !context.isBroken else { throw .outOfMemory }
    var buffer = context.finish()
    // What follows takes the place of the brace.
    buffer.truncate(to: buffer.count &- 1)
    var text = TextWriter(capacity: buffer.count &+ body.count &+ body.count / 2 &+ 64)
    text.write(buffer.span)
    text.write(",\"__ow_query\":")
    text.write(json: bytes.extracting(head.query))
    text.write(",\"__ow_body\":")
    let isText =
      switch media(head, bytes)?.kind {
      case .text, .form, .jsonFamily: true
      case .json, .binary, nil: false
      }
    Self.write(opaque: bytes.extracting(body), isText: isText, into: &text)
    text.write("}")
    guard !text.isBroken else { throw .outOfMemory }
    return text.finish()
  }

  private static func write(opaque content: Span<UInt8>, isText: Bool, into text: inout TextWriter) {
    guard !isText else { return text.write(json: content) }
    text.write("\"")
    text.write { (buffer: inout ByteBuffer) in Base64.encode(content, into: &buffer) }
    text.write("\"")
  }
}
