// Requests about entities, once their head is there: what is answered at once, and what needs the body or its turn.

import API
import Actions
import Base
import Bytes
import HTTP
import Net

extension HTTPServer {
  /// The reply to GET of a list of entities, of the namespaces or of the limits.
  @_optimize(size) @inline(never)
  mutating func listReply(_ route: Route, _ bytes: Span<UInt8>) throws(APIError) -> Reply {
    guard route.resource == .list, route.collection == .actions, route.package.isAbsent else { throw .notFound }
    let namespace = try authorize(route.namespace, bytes)
    let page = head.query.isAbsent ? ListPage() : try ListPage(parsing: bytes.extracting(head.query))
    var reply = Reply(.ok)
    EntityWriter.writeList(of: actions, in: namespace, named: accounts.name(of: namespace), page: page, into: &reply.body)
    return reply
  }

  /// `/api/v1/namespaces/{namespace}/{collection}/…{name}`
  @_optimize(size) @inline(never)
  mutating func judgeEntity(_ route: Route, _ bytes: Span<UInt8>, _ pending: inout PendingRequest) throws(APIError) -> Decision {
    pending.namespace = try authorize(route.namespace, bytes)
    pending.collection = route.collection
    pending.package = route.package
    pending.name = route.name
    switch route.collection {
    case .actions: return try judgeAction(bytes, &pending)
    case .packages, .triggers, .rules: throw .notFound
    }
  }

  /// `/api/v1/namespaces/{namespace}/actions/{name}`
  @_optimize(size)
  private mutating func judgeAction(_ bytes: Span<UInt8>, _ pending: inout PendingRequest) throws(APIError) -> Decision {
    guard pending.package.isAbsent else { throw .notFound }
    guard let name = DecodedName(bytes.extracting(pending.name)) else { throw .badName }
    let known = actions.find(namespace: UInt16(pending.namespace.index), name: name.span)
    switch head.method {
    case .put:
      guard ActionName.isLegal(name.span) else { throw .badName }
      try checkUpload(bytes)
      let parameters = head.query.isAbsent ? DeployParameters() : try DeployParameters(parsing: bytes.extracting(head.query))
      guard known == nil || parameters.overwrites else { throw .alreadyExists }
      pending.job = .put
      return .work
    case .delete:
      guard known != nil else { throw .notFound }
      pending.job = .remove
      return .work
    case .post:
      guard let known else { throw .notFound }
      try judgeActivation(of: known, bytes, &pending)
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
}
