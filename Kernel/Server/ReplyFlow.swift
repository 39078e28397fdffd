// How replies leave, and how connections end.

import API
import Base
import Bytes
import HTTP
import Net

extension HTTPServer {
  /// Sends a reply to the request that `connections[slot].request` is about; starts closing the connection where the reply says so.
  @inline(never)
  mutating func send<Network: Transport & ~Copyable>(
    _ slot: Int, _ reply: consuming Reply, _ network: inout Network, _ now: Instant
  ) {
    guard let id = connections[slot].id else { return }
    let context = context(slot, network.received(id), now)
    counters.count(reply.status.code)
    if let message = reply.render(context) {
      send(slot, message, &network, now)
    } else if let message = Reply(.outOfMemory, id: context.id).render(context) {
      // A long reply for which there is no memory leaves some for a short one.
      send(slot, message, &network, now)
    } else {
      reset(slot, &network)
    }
  }

  /// Sends a rendered reply; then closes where the request's option says so.
  @inline(never)
  mutating func send<Network: Transport & ~Copyable>(
    _ slot: Int, _ message: consuming ByteBuffer, _ network: inout Network, _ now: Instant
  ) {
    guard let id = connections[slot].id else { return }
    guard network.send(id, message) else {
      reset(slot, &network)
      return
    }
    connections[slot].unsent &+= 1
    if case .close = connections[slot].request.option { linger(slot, &network, now) }
  }

  /// The interim response that a client waits for before it sends its body (RFC 9110 §10.1.1).
  @_optimize(size)
  mutating func sendContinue<Network: Transport & ~Copyable>(_ slot: Int, _ network: inout Network) {
    guard let id = connections[slot].id else { return }
    var message = ByteBuffer()
    guard message.append("HTTP/1.1 100 Continue\r\n\r\n"), network.send(id, message) else {
      reset(slot, &network)
      return
    }
    connections[slot].unsent &+= 1
  }

  /// Answers with an error after which the connection cannot be used.
  @_optimize(size)
  @inline(never)
  mutating func refuse<Network: Transport & ~Copyable>(
    _ slot: Int, _ status: HTTPStatus, _ text: StaticString, _ network: inout Network, _ now: Instant
  ) {
    connections[slot].request.option = .close
    guard let id = connections[slot].id else { return }
    let requestID = requestID(slot, network.received(id))
    send(slot, Reply(status, error: text, id: requestID), &network, now)
  }

  /// As above, for an error of the API.
  @inline(never)
  mutating func refuse<Network: Transport & ~Copyable>(
    _ slot: Int, _ error: APIError, _ network: inout Network, _ now: Instant
  ) {
    connections[slot].request.option = .close
    guard let id = connections[slot].id else { return }
    let requestID = requestID(slot, network.received(id))
    send(slot, Reply(error, id: requestID), &network, now)
  }

  /// Sends FIN after what is queued and drops what still arrives for a while, so that the client can read the last
  /// reply before a reset could take it away (RFC 9112 §9.6).
  @_optimize(size)
  @inline(never)
  mutating func linger<Network: Transport & ~Copyable>(_ slot: Int, _ network: inout Network, _ now: Instant) {
    guard let id = connections[slot].id else { return }
    connections[slot].phase = .lingering
    network.close(id)
    network.consume(id, network.received(id).count)
    // While the reply is being sent the stack watches the peer; `sent` sets the time.
    arm(slot, connections[slot].unsent > 0 ? .distantFuture : now + ServerSettings.lingerTime)
  }

  /// Ends a connection at once.
  @_optimize(size)
  @inline(never)
  mutating func reset<Network: Transport & ~Copyable>(_ slot: Int, _ network: inout Network) {
    guard let id = connections[slot].id else { return }
    connections[slot].phase = .aborted
    connections[slot].deadline = .distantFuture
    network.abort(id)
  }

  /// The identifier of the connection's request; `bytes` begin with the request.
  @_optimize(size)
  mutating func requestID(_ slot: Int, _ bytes: Span<UInt8>) -> RequestID {
    let request = connections[slot].request
    return RequestID(request.requestID, in: bytes) ?? RequestID(number: request.number)
  }

  /// What the reply to the connection's request has in common with every reply; `bytes` begin with the request.
  @_optimize(size)
  mutating func context(_ slot: Int, _ bytes: Span<UInt8>, _ now: Instant) -> ReplyContext {
    updateDate(now)
    let request = connections[slot].request
    return ReplyContext(
      id: requestID(slot, bytes), date: date, connection: request.option, isHead: request.isHead, isAPI: request.isAPI,
      isWeb: request.isWeb)
  }

  /// Brings `date` to `now`.
  @inline(__always)
  mutating func updateDate(_ now: Instant) {
    if now >= dateEnd { setDate(now) }
  }

  @_optimize(size) @inline(never)
  private mutating func setDate(_ now: Instant) {
    guard settings.epochMilliseconds > 0 else { return dateEnd = .distantFuture }
    let milliseconds = wallClock(now)
    date.set(milliseconds / 1_000)
    dateEnd = now + .milliseconds(1_000 &- milliseconds % 1_000)
    replies.forget()
  }

  /// Milliseconds since 1970.
  mutating func wallClock(_ now: Instant) -> UInt64 {
    let elapsed = Interval(nanoseconds: now.nanoseconds).milliseconds
    return min(settings.epochMilliseconds, 1 << 52) &+ elapsed
  }
}
