// What to do about a request, once its head is there: authentication, names, parameters.

import API
import Actions
import Base
import Bytes
import HTTP
import Net

/// What a request's head leads to.
enum Decision: ~Copyable {
  case reply(Reply)
  /// An error; with the value of an Allow header where the method is the error.
  case refusal(APIError, allow: StaticString?)
  /// Work for the executor, once the body is there.
  case work
}

extension HTTPServer {
  /// Decides about the request in `head`, whose bytes are `bytes`; fills `pending` in.
  mutating func decide(_ bytes: Span<UInt8>, _ pending: inout PendingRequest) -> Decision {
    let route = Route(head.path, in: bytes)
    let resource = route.resource
    pending.isAPI = resource.isAPI
    if resource != .function {
      guard head.method != .other, head.method != .connect else { return .refusal(.methodNotImplemented, allow: nil) }
      guard resource != .unknown else { return .refusal(.notFound, allow: nil) }
    }
    guard resource.allows(head.method) else { return .refusal(.methodNotAllowed, allow: resource.allow) }
    do throws(APIError) {
      if resource == .function {
        try findFunction(route.name, bytes, &pending)
        return .work
      }
      return try judge(route, bytes, &pending)
    } catch {
      return .refusal(error, allow: nil)
    }
  }

  @_optimize(size)
  private mutating func judge(
    _ route: Route, _ bytes: Span<UInt8>, _ pending: inout PendingRequest
  ) throws(APIError) -> Decision {
    let resource = route.resource
    if head.method == .options {
      var reply = Reply(.noContent)
      reply.allow = resource.allow
      return .reply(reply)
    }
    var reply = Reply(.ok, resource == .root || resource == .health ? .text : .json)
    switch resource {
    case .root: reply.body.write(Pages.root)
    case .health: reply.body.write("ok\n")
    case .information: reply.body.write(Pages.information)
    case .actionList:
      let namespace = try authorize(route.namespace, bytes)
      let page = head.query.isAbsent ? ListPage() : try ListPage(parsing: bytes.extracting(head.query))
      EntityWriter.writeList(of: actions, in: namespace, named: accounts.name(of: namespace), page: page, into: &reply.body)
    case .counters:
      _ = try authenticate(bytes)
      writeCounters(into: &reply.body)
    case .action:
      pending.namespace = try authorize(route.namespace, bytes)
      pending.name = route.name
      return try judgeAction(bytes, &pending)
    case .function, .server, .unknown: throw .notFound
    }
    return .reply(reply)
  }

  /// `/api/v1/namespaces/{namespace}/actions/{name}`
  @_optimize(size)
  private mutating func judgeAction(_ bytes: Span<UInt8>, _ pending: inout PendingRequest) throws(APIError) -> Decision {
    guard let name = DecodedName(bytes.extracting(pending.name)) else { throw .badName }
    let known = actions.find(namespace: UInt16(pending.namespace.index), name: name.span)
    switch head.method {
    case .put:
      guard ActionName.isLegal(name.span) else { throw .badName }
      try checkUpload(bytes)
      let parameters = head.query.isAbsent ? DeployParameters() : try DeployParameters(parsing: bytes.extracting(head.query))
      guard known == nil || parameters.overwrites else { throw .alreadyExists }
      pending.job = .deploy
      return .work
    case .delete:
      guard known != nil else { throw .notFound }
      pending.job = .remove
      return .work
    default:
      guard let known else { throw .notFound }
      var reply = Reply(.ok)
      EntityWriter.write(known, of: actions, namespace: accounts.name(of: pending.namespace), into: &reply.body)
      return .reply(reply)
    }
  }

  /// Whether the media type can be an executable: curl sends none with -T and a form's with --data-binary.
  @_optimize(size)
  private mutating func checkUpload(_ bytes: Span<UInt8>) throws(APIError) {
    guard !head.contentType.isAbsent else { return }
    let value = bytes.extracting(head.contentType)
    var end = 0
    while end < value.count, value[end] != 0x3b, value[end] != 0x20 { end &+= 1 }
    let type = value.extracting(0..<end)
    if type.equalsIgnoringCase("application/json") { throw .jsonUpload }
    guard type.equalsIgnoringCase("application/octet-stream") || type.equalsIgnoringCase("application/x-executable")
      || type.equalsIgnoringCase("application/x-elf") || type.equalsIgnoringCase("application/x-www-form-urlencoded")
      || type.isEmpty
    else { throw .unknownMedia }
  }

  /// The namespace of the sender.
  @_optimize(size)
  private mutating func authenticate(_ bytes: Span<UInt8>) throws(APIError) -> NamespaceID {
    guard !head.authorization.isAbsent, let namespace = accounts.authenticate(bytes.extracting(head.authorization)) else {
      throw .unauthorized
    }
    return namespace
  }

  /// The sender's namespace, which `range` must name: by its name or by `_`.
  @_optimize(size)
  private mutating func authorize(_ range: ByteRange, _ bytes: Span<UInt8>) throws(APIError) -> NamespaceID {
    let own = try authenticate(bytes)
    guard let name = DecodedName(bytes.extracting(range)) else { throw .forbidden }
    guard name.span.equals("_") || name.span.equals(accounts.name(of: own)) else { throw .forbidden }
    return own
  }

  /// The action that `/function/{name}[.{namespace}]` means, which the sender must be allowed to invoke.
  private mutating func findFunction(_ range: ByteRange, _ bytes: Span<UInt8>, _ pending: inout PendingRequest) throws(APIError) {
    let raw = bytes.extracting(range)
    var isPlain = true
    for index in raw.indices where raw[index] == 0x25 || raw[index] == 0x2e { isPlain = false }
    guard let id = isPlain ? actions.find(namespace: 0, name: raw) : findQualified(raw), let record = actions[id] else {
      throw .notFound
    }
    if !record.isPublic {
      let own = try authenticate(bytes)
      guard actions.namespace(of: id) == UInt16(own.index) else { throw .forbidden }
    }
    pending.job = .invoke
    pending.action = id
  }

  /// As above, for a name with a dot or an escape: the whole is a name in the first namespace, or what follows the last dot is
  /// another namespace.
  @_optimize(size)
  private mutating func findQualified(_ raw: Span<UInt8>) -> ActionID? {
    guard let decoded = DecodedName(raw) else { return nil }
    if let id = actions.find(namespace: 0, name: decoded.span) { return id }
    var dot = decoded.span.count &- 1
    while dot > 0, decoded.span[dot] != 0x2e { dot &-= 1 }
    guard dot > 0, let namespace = accounts.namespace(named: decoded.span.extracting(dot &+ 1..<decoded.span.count)) else {
      return nil
    }
    return actions.find(namespace: UInt16(namespace.index), name: decoded.span.extracting(0..<dot))
  }
}

/// A path segment without its escapes.
struct DecodedName {
  private var text: [514 of UInt8]
  private let count: Int

  /// nil where an escape is malformed or the name longer than any that is legal.
  init?(_ segment: Span<UInt8>) {
    text = .init(repeating: 0)
    var output = text.mutableSpan
    guard let count = PercentEncoding.decode(segment, into: &output) else { return nil }
    self.count = count
  }

  var span: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { text.span.extracting(0..<count) }
  }
}
