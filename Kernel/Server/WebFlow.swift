// Web actions: from a request of whatever form to an activation; its end becomes the reply that the action describes.
//
// What is decided with the head is decided again once the body is there, since the action may have changed meanwhile.

import API
import Actions
import Base
import Bytes
import Entities
import HTTP
import Net
import Records
import Web

/// The web action that a request names.
struct WebTarget {
  let action: ResolvedAction
  let record: ActionRecord
  let kind: WebExtension
  /// Whether the action answers OPTIONS itself and says what scripts of other origins may do.
  let hasCustomOptions: Bool
}

extension HTTPServer {
  /// How long a client waits for the end: as long as any that waits.
  private static var webWaitMilliseconds: UInt32 { 60_000 }

  /// A request to a web action, whose head is `head`.
  @_optimize(size) @inline(never)
  mutating func judgeWeb(_ route: Route, _ bytes: Span<UInt8>, _ pending: inout PendingRequest) throws(APIError) -> Decision {
    guard let namespace = DecodedName(bytes.extracting(route.namespace)), let owner = accounts.namespace(named: namespace.span) else {
      throw .notFound
    }
    pending.namespace = owner
    pending.package = route.package
    pending.name = route.name
    let target = try webTarget(pending, bytes)
    pending.isWeb = !target.hasCustomOptions
    if let reply = webRefusal(target, bytes) { return .reply(reply) }
    if let reply = lengthRefusal(bytes, pending.number) { return .reply(reply) }
    pending.job = .web
    pending.isBlocking = true
    pending.waitMilliseconds = Self.webWaitMilliseconds
    return .work
  }

  /// The action in the caller's view: what is not there, not shared or not exported looks the same.
  @_optimize(size)
  private mutating func webTarget(_ pending: PendingRequest, _ bytes: Span<UInt8>) throws(APIError) -> WebTarget {
    let isInPackage = !bytes.extracting(pending.package).equals("default")
    guard let path = DecodedName(isInPackage ? pending.package : .absent, pending.name, in: bytes),
      path.isLegal(parts: isInPackage ? 2 : 1)
    else { throw .notFound }
    let (length, kind) = WebExtension.split(path.span)
    let owner = pending.namespace.number
    guard case .found(let action) = entities.resolve(action: path.span.extracting(0..<length), in: owner, for: owner),
      let record = entities.actions[action.action], record.isWeb
    else { throw .notFound }
    let hasCustomOptions = WebAccess.customOptions(annotations: entities.annotations(of: record))
    return WebTarget(action: action, record: record, kind: kind, hasCustomOptions: hasCustomOptions)
  }

  /// The reply to a request that the action is not given: OPTIONS, which the server answers for it, and one without the key that it asks for.
  @_optimize(size)
  private mutating func webRefusal(_ target: WebTarget, _ bytes: Span<UInt8>) -> Reply? {
    if head.method == .options {
      // An action that answers OPTIONS itself answers it to everyone.
      if target.hasCustomOptions { return nil }
      var reply = Reply(.ok)
      reply.media = .own
      reply.hasOwnCORS = true
      reply.body.writeWebCORS(headers: bytes.extracting(head.value(of: "access-control-request-headers", in: bytes) ?? .absent))
      reply.endFields()
      return reply
    }
    guard target.record.needsWhiskAuth, !admits(target, bytes) else { return nil }
    let id = RequestID(head.requestID, in: bytes) ?? RequestID(number: identifiers.next())
    return Reply(.unauthorized, error: "Authentication is possible but has failed or not yet been provided.", id: id)
  }

  @_optimize(size)
  private mutating func admits(_ target: WebTarget, _ bytes: Span<UInt8>) -> Bool {
    let isAuthenticated = webUser(bytes) != nil
    let annotations = entities.annotations(of: target.record)
    let access = WebAccess(annotations: annotations)
    guard let header = head.value(of: "x-require-whisk-auth", in: bytes) else {
      return access.admits(header: nil, isAuthenticated: isAuthenticated, annotations)
    }
    return access.admits(header: bytes.extracting(header), isAuthenticated: isAuthenticated, annotations)
  }

  /// The namespace of a sender that shows a key; one with a wrong key is as one without, as in OpenWhisk.
  private mutating func webUser(_ bytes: Span<UInt8>) -> NamespaceID? {
    head.authorization.isAbsent ? nil : accounts.authenticate(bytes.extracting(head.authorization))
  }

  /// Makes an activation of a complete request to a web action. False: the client waits, or what it sent next waits for the reply to be taken.
  @_optimize(size) @inline(never)
  mutating func admitWeb<Network: Transport & ~Copyable>(
    _ slot: Int, _ id: ConnectionID, _ network: inout Network, _ now: Instant
  ) -> Bool {
    let requestID = requestID(slot, network.received(id))
    var activation: PendingActivation?
    do throws(APIError) {
      if let reply = try prepareWeb(slot, id, network.received(id), requestID, now, into: &activation) {
        return answerUnqueued(slot, id, reply, &network, now)
      }
    } catch {
      return answerUnqueued(slot, id, Reply(error, id: requestID), &network, now)
    }
    guard let started = activation.take() else { return false }
    connections[slot].phase = .waiting
    connections[slot].activation = started.id
    do throws(APIError) {
      try start(started)
    } catch {
      connections[slot].activation = nil
      return answerUnqueued(slot, id, Reply(error, id: requestID), &network, now)
    }
    network.consume(id, connections[slot].request.totalLength)
    connections[slot].request.totalLength = 0
    // The memory of the body is for others' while the client waits.
    resetReceiveLimit(slot, &network)
    arm(slot, now + .milliseconds(UInt64(connections[slot].request.waitMilliseconds)))
    return false
  }

  /// Makes the activation of the request that `bytes` begin with, or the reply to it where there is to be none.
  @_optimize(size)
  private mutating func prepareWeb(
    _ slot: Int, _ id: ConnectionID, _ bytes: Span<UInt8>, _ requestID: RequestID, _ now: Instant, into activation: inout PendingActivation?
  ) throws(APIError) -> Reply? {
    let pending = connections[slot].request
    // The head was not kept.
    var parser = HeadParser()
    guard (try? parser.parse(bytes, limits: settings.limits, into: &head)) == true else { throw .badPath }
    let target = try webTarget(pending, bytes)
    connections[slot].request.isWeb = !target.hasCustomOptions
    if let reply = webRefusal(target, bytes) { return reply }
    guard pending.bodyLength <= Self.callBytes else { return Self.tooLarge(UInt64(pending.bodyLength), requestID) }
    let request = WebRequest(
      body: pending.headLength..<pending.headLength &+ pending.bodyLength, path: pending.name.end..<head.path.end,
      isRaw: target.record.isRawHTTP, seed: entities.seed)
    let input: ByteBuffer
    do throws(WebRequestError) {
      input = try parameters(of: request, bytes)
    } catch {
      return error.reply(requestID)
    }
    let length = input.count
    activation = PendingActivation(
      id: identifiers.nextActivation(), target: target.action, namespace: pending.namespace, input: input, payload: 0..<length, arrived: now,
      audience: .client(id, .web(target.kind)), requestID: requestID)
    return nil
  }

  private mutating func parameters(of request: WebRequest, _ bytes: Span<UInt8>) throws(WebRequestError) -> ByteBuffer {
    guard let user = webUser(bytes) else { return try request.parameters(head, bytes, user: Span()) }
    return try request.parameters(head, bytes, user: accounts.name(of: user))
  }

  /// What the client of a web action is told whose end is too long in coming.
  @_optimize(size) @inline(never)
  static func webPatience(_ id: ActivationID, _ requestID: borrowing RequestID) -> Reply {
    var reply = Reply(.accepted, error: "Response not yet ready.", id: requestID)
    reply.activation = id
    return reply
  }
}
