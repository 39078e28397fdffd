// The header lines that a web action makes: checked in full before any is sent.

import API
import Base
import Bytes
import HTTP
import JSON

/// Reads the member `headers` of a result.
struct WebHeaders {
  /// Bytes of all lines, and how many there may be: an array of many small values under one long name would otherwise become far more than
  /// the result is.
  private static var byteLimit: Int { 16 << 10 }
  private static var countLimit: Int { HTTPLimits.headerCount }

  /// The first value given for Content-Type, which is not among the lines.
  private(set) var type: JSONValue?
  /// Whether a line says which origins' scripts may read the response.
  private(set) var hasOwnCORS = false
  private var count = 0

  /// Writes the lines of `object` to `fields`.
  mutating func read(_ object: JSONValue, _ text: Span<UInt8>, into fields: inout TextWriter) throws(WebResultError) {
    guard object.kind == .object else { throw .notHTTP }
    var members = JSONMembers(object)
    while let member = members.next(in: text) {
      var name = ByteBuffer()
      guard member.key.end &- member.key.start <= Self.byteLimit else { throw .notHTTP }
      guard member.key.appendString(of: text, to: &name) else { return fields.fail() }
      guard Self.isName(name.span) else { throw .notHTTP }
      guard member.value.kind == .array else {
        try add(name.span, member.value, text, into: &fields)
        continue
      }
      var elements = JSONElements(member.value)
      while let element = elements.next(in: text) { try add(name.span, element, text, into: &fields) }
    }
  }

  private mutating func add(
    _ name: Span<UInt8>, _ value: JSONValue, _ text: Span<UInt8>, into fields: inout TextWriter
  ) throws(WebResultError) {
    switch value.kind {
    case .string, .number, .yes, .no: break
    case .object, .array, .null: throw .notHTTP
    }
    guard value.end &- value.start &+ name.count &+ 4 <= Self.byteLimit &- fields.buffer.count else { throw .notHTTP }
    let start = fields.buffer.count
    fields.write(name)
    fields.write(": ")
    fields.write { (buffer: inout ByteBuffer) in value.appendString(of: text, to: &buffer) }
    guard Self.isValue(fields.buffer.span.extracting(start..<fields.buffer.count)) else { throw .notHTTP }
    if name.equalsIgnoringCase("content-type") {
      type = type ?? value
    } else if CGIHead.passesOn(name), !name.equalsIgnoringCase("transfer-encoding") {
      if name.equalsIgnoringCase("access-control-allow-origin") { hasOwnCORS = true }
      count &+= 1
      guard count <= Self.countLimit else { throw .notHTTP }
      fields.write("\r\n")
      return
    }
    // The line was written to be looked at.
    fields.write { (buffer: inout ByteBuffer) in
      buffer.truncate(to: start)
      return true
    }
  }

  /// RFC 9110 §5.1.
  private static func isName(_ name: Span<UInt8>) -> Bool {
    for index in name.indices where !ASCII.isToken(name[index]) { return false }
    return name.count > 0
  }

  /// RFC 9110 §5.5: no control character but HTAB, so that no value ends its line.
  private static func isValue(_ value: Span<UInt8>) -> Bool {
    for index in value.indices {
      let byte = value[index]
      guard byte == 0x09 || byte >= 0x20 && byte != 0x7f else { return false }
    }
    return true
  }
}
