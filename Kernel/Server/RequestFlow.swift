// How a connection goes from bytes to a request that is answered, or that waits for the executor.

import API
import Actions
import Base
import Bytes
import Entities
import HTTP
import Net
import Records

extension HTTPServer {
  /// Goes as far with a connection as its bytes allow.
  @inline(never)
  mutating func advance<Network: Transport & ~Copyable>(_ slot: Int, _ network: inout Network, _ now: Instant) {
    while true {
      let goesOn =
        switch connections[slot].phase {
        case .idle, .head: advanceHead(slot, &network, now)
        case .body: advanceBody(slot, &network, now)
        case .chunkedBody: advanceChunks(slot, &network, now)
        case .discarding: discard(slot, &network, now)
        case .lingering: drain(slot, &network)
        case .queued, .running, .waiting, .aborted: false
        }
      guard goesOn else { return }
    }
  }

  /// Everything queued was acknowledged.
  mutating func sent<Network: Transport & ~Copyable>(_ slot: Int, _ network: inout Network, _ now: Instant) {
    connections[slot].unsent = 0
    switch connections[slot].phase {
    case .idle:
      arm(slot, now + settings.limits.idleTime)
      advance(slot, &network, now)
    case .head: advance(slot, &network, now)
    case .lingering: arm(slot, now + ServerSettings.lingerTime)
    default: break
    }
  }

  /// Looks for a head. True where the connection can go on at once.
  mutating func advanceHead<Network: Transport & ~Copyable>(
    _ slot: Int, _ network: inout Network, _ now: Instant
  ) -> Bool {
    // A client that sends requests and reads no replies waits, so that it cannot fill memory with replies.
    guard let id = connections[slot].id, network.sendCapacity(id) >= ServerSettings.buffersPerRequest else { return false }
    let count = network.received(id).count
    guard count > 0 else {
      if connections[slot].peerClosed { linger(slot, &network, now) }
      return false
    }
    if heads[slot].matches(network.received(id)), recall(slot) {
      return awaitRest(slot, id, count, expectsContinue: false, &network, now)
    }
    var parser = connections[slot].parser
    let isComplete: Bool
    do throws(HeadError) {
      isComplete = try parser.parse(network.received(id), limits: settings.limits, into: &head)
    } catch {
      counters.malformed &+= 1
      forgetRequest(slot)
      refuse(slot, error.status, error.text, &network, now)
      return false
    }
    connections[slot].parser = parser
    guard isComplete else { return awaitHead(slot, count, &network, now) }
    counters.requests &+= 1
    return begin(slot, id, &network, now)
  }

  /// Takes up a request whose head is the one that is remembered. False, and nothing changed, where it has come to mean something else.
  @inline(__always)
  private mutating func recall(_ slot: Int) -> Bool {
    let longest = heads[slot].request.job == .invoke ? settings.limits.bodyBytes : min(settings.limits.bodyBytes, Self.callBytes)
    guard let action = heads[slot].request.action, let record = entities.actions.record(of: action),
      record.isPublic || heads[slot].request.hasKey, heads[slot].request.bodyLength <= longest
    else { return false }
    counters.requests &+= 1
    connections[slot].parser = HeadParser()
    if connections[slot].request.isRemembered {
      connections[slot].request.bodyLength = heads[slot].request.bodyLength
      connections[slot].request.totalLength = heads[slot].request.totalLength
    } else {
      connections[slot].request = heads[slot].request
    }
    connections[slot].request.number = identifiers.next()
    return true
  }

  /// Remembers the head of the connection's request, which was accepted, where it will mean the same again. One that has an expectation may not:
  /// whether the client is to be asked for its body depends on the body's length.
  mutating func remember(_ slot: Int, _ bytes: Span<UInt8>) {
    let request = connections[slot].request
    guard request.isPlain, !head.hasExpectation else { return }
    heads[slot].keep(request, &head, bytes)
  }

  /// Waits for the rest of a head.
  @_optimize(size)
  private mutating func awaitHead<Network: Transport & ~Copyable>(
    _ slot: Int, _ count: Int, _ network: inout Network, _ now: Instant
  ) -> Bool {
    if connections[slot].peerClosed {
      linger(slot, &network, now)
      return false
    }
    if connections[slot].phase == .idle {
      connections[slot].phase = .head
      arm(slot, now + settings.limits.headTime)
    }
    // A head may be longer than the window that a connection begins with.
    if count > connections[slot].receiveLimit / 2, !allow(slot, settings.limits.headBytes, &network) {
      forgetRequest(slot)
      refuse(slot, .outOfMemory, &network, now)
    }
    return false
  }

  /// Nothing of a head that was not accepted is trusted, its identifier included.
  @_optimize(size)
  mutating func forgetRequest(_ slot: Int) {
    connections[slot].request = PendingRequest()
    connections[slot].request.number = identifiers.next()
  }

  /// Takes up the request whose head was just parsed. True where the connection can go on at once.
  private mutating func begin<Network: Transport & ~Copyable>(
    _ slot: Int, _ id: ConnectionID, _ network: inout Network, _ now: Instant
  ) -> Bool {
    var pending = PendingRequest()
    pending.isHead = head.method == .head
    pending.option = head.keepsAlive ? (head.minorVersion == 0 ? .keepAlive : .persist) : .close
    pending.requestID = head.requestID
    pending.query = head.query
    pending.headLength = head.length
    pending.number = identifiers.next()
    let decision = decide(network.received(id), &pending, now)
    connections[slot].request = pending
    switch consume decision {
    case .work: return awaitBody(slot, id, &network, now)
    case .reply(let reply): finishWithoutBody(slot, reply, &network, now)
    case .metrics(let namespace): finishWithoutBody(slot, metricsReply(of: namespace, network.counters, now: now), &network, now)
    case .refusal(let error, let allow):
      var reply = Reply(error, id: requestID(slot, network.received(id)))
      reply.allow = allow
      finishWithoutBody(slot, reply, &network, now)
    }
    return connections[slot].phase == .idle || connections[slot].phase == .discarding
  }

  /// Answers the request whose head was just parsed, and gets its body out of the way, or the connection.
  @_optimize(size)
  private mutating func finishWithoutBody<Network: Transport & ~Copyable>(
    _ slot: Int, _ reply: consuming Reply, _ network: inout Network, _ now: Instant
  ) {
    guard let id = connections[slot].id else { return }
    var toDiscard = 0
    switch head.framing {
    case .none: break
    case .length(let length) where length <= UInt64(ServerSettings.discardLimit) && !head.expectsContinue:
      toDiscard = Int(length)
    default: connections[slot].request.option = .close
    }
    send(slot, reply, &network, now)
    guard connections[slot].phase != .lingering, connections[slot].phase != .aborted else { return }
    network.consume(id, head.length)
    resetReceiveLimit(slot, &network)
    becomeIdle(slot, now)
    if toDiscard > 0 {
      connections[slot].phase = .discarding
      connections[slot].bodyMark = toDiscard
      arm(slot, now + settings.limits.bodyStallTime)
    }
  }

  /// Waits for the next request.
  mutating func becomeIdle(_ slot: Int, _ now: Instant) {
    connections[slot].phase = .idle
    arm(slot, now + settings.limits.idleTime)
  }

  /// Lets the connection buffer `bytes` unread; false where memory is short.
  mutating func allow<Network: Transport & ~Copyable>(_ slot: Int, _ bytes: Int, _ network: inout Network) -> Bool {
    guard bytes > connections[slot].receiveLimit, let id = connections[slot].id else { return true }
    guard network.setReceiveLimit(id, bytes) else { return false }
    connections[slot].receiveLimit = bytes
    return true
  }

  /// Back to the window that a connection begins with.
  mutating func resetReceiveLimit<Network: Transport & ~Copyable>(_ slot: Int, _ network: inout Network) {
    guard connections[slot].receiveLimit != settings.receiveWindow, let id = connections[slot].id else { return }
    // Less than before is never refused.
    _ = network.setReceiveLimit(id, settings.receiveWindow)
    connections[slot].receiveLimit = settings.receiveWindow
  }
}
