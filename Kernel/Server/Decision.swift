// What to do about a request, once its head is there: authentication, names, parameters.

import API
import Actions
import Base
import Bytes
import Entities
import HTTP
import Net

/// What a request's head leads to.
enum Decision: ~Copyable {
  case reply(Reply)
  /// An error; with the value of an Allow header where the method is the error.
  case refusal(APIError, allow: StaticString?)
  /// The metrics, with those of a namespace's actions where its key was sent.
  case metrics(NamespaceID?)
  /// Work for the executor, once the body is there.
  case work
}

extension HTTPServer {
  /// Decides about the request in `head`, whose bytes are `bytes`; fills `pending` in.
  mutating func decide(_ bytes: Span<UInt8>, _ pending: inout PendingRequest, _ now: Instant) -> Decision {
    let route = Route(head.path, in: bytes)
    do throws(APIError) {
      guard route.resource == .function, route.allows(head.method) else { return try judge(route, bytes, &pending, now) }
      try findFunction(route.name, bytes, &pending)
      pending.job = .invoke
      return .work
    } catch {
      return .refusal(error, allow: nil)
    }
  }

  /// Decides about everything but `/function`.
  @_optimize(size) @inline(never)
  private mutating func judge(
    _ route: Route, _ bytes: Span<UInt8>, _ pending: inout PendingRequest, _ now: Instant
  ) throws(APIError) -> Decision {
    let resource = route.resource
    pending.isAPI = resource.isAPI
    if !resource.isFunction {
      guard head.method != .other, head.method != .connect else { throw .methodNotImplemented }
      guard resource != .unknown else { throw .notFound }
    }
    guard route.allows(head.method) else { return .refusal(.methodNotAllowed, allow: route.allow()) }
    switch resource {
    case .asyncFunction:
      try findFunction(route.name, bytes, &pending)
      pending.job = .background
      if let action = pending.action {
        pending.namespace = NamespaceID(index: UInt8(truncatingIfNeeded: entities.actions.namespace(of: action) ?? 0))
      }
      return .work
    case .webAction: return try judgeWeb(route, bytes, &pending)
    default: break
    }
    if head.method == .options {
      var reply = Reply(.noContent)
      reply.allow = route.allow()
      return .reply(reply)
    }
    switch resource {
    case .root: return .reply(rootReply(bytes))
    case .health: return .reply(Reply(.ok, .text, "ok\n"))
    case .information: return .reply(Reply(.ok, .json, Pages.information))
    case .metrics: return .metrics(head.authorization.isAbsent ? nil : try authenticate(bytes))
    case .counters:
      _ = try authenticate(bytes)
      var reply = Reply(.ok)
      writeCounters(into: &reply.body)
      return .reply(reply)
    case .namespaces, .limits, .list: return .reply(try listReply(route, bytes, pending.number))
    case .activations, .activation, .activationLogs, .activationResult: return .reply(try activationReply(route, bytes, pending.number))
    case .entity: return try judgeEntity(route, bytes, &pending)
    case .function, .asyncFunction, .webAction, .server, .unknown: throw .notFound
    }
  }

  /// The namespace of the sender.
  @inline(never)
  mutating func authenticate(_ bytes: Span<UInt8>) throws(APIError) -> NamespaceID {
    guard !head.authorization.isAbsent else { throw .unauthorized }
    let value = bytes.extracting(head.authorization)
    if let namespace = lastCredentials.namespace(of: value) { return namespace }
    guard let namespace = accounts.authenticate(value) else { throw .unauthorized }
    lastCredentials.keep(value, namespace)
    return namespace
  }

  /// The sender's namespace, which `range` must name: by its name or by `_`.
  @_optimize(size)
  mutating func authorize(_ range: ByteRange, _ bytes: Span<UInt8>) throws(APIError) -> NamespaceID {
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
    guard let id = isPlain ? entities.actions.lookUp(namespace: 0, name: raw) : findQualified(raw), let record = entities.actions.record(of: id) else {
      throw .notFound
    }
    if !record.isPublic {
      let own = try authenticate(bytes)
      guard entities.actions.namespace(of: id) == UInt16(own.index) else { throw .forbidden }
    }
    pending.action = id
    pending.isPlain = isPlain
    pending.hasKey = !record.isPublic
  }

  /// As above, for a name with a dot or an escape. Where what follows the last dot is a namespace, no other is looked into: nobody can take
  /// what is sent to an action of another by giving one of his own that name.
  @_optimize(size)
  private mutating func findQualified(_ raw: Span<UInt8>) -> ActionID? {
    guard let decoded = DecodedName(raw) else { return nil }
    var dot = decoded.span.count &- 1
    while dot > 0, decoded.span[dot] != 0x2e { dot &-= 1 }
    guard dot > 0, let namespace = accounts.namespace(named: decoded.span.extracting(dot &+ 1..<decoded.span.count)) else {
      return entities.actions.find(namespace: 0, name: decoded.span)
    }
    return entities.actions.find(namespace: UInt16(namespace.index), name: decoded.span.extracting(0..<dot))
  }
}
