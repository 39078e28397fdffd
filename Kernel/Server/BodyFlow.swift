// How the body of an accepted request arrives, or is dropped.

import API
import Base
import Bytes
import Entities
import HTTP
import Net

extension HTTPServer {
  /// Makes room for the body of the request whose head was just parsed. True where the connection can go on at once.
  mutating func awaitBody<Network: Transport & ~Copyable>(
    _ slot: Int, _ id: ConnectionID, _ network: inout Network, _ now: Instant
  ) -> Bool {
    switch head.framing {
    case .none: connections[slot].request.totalLength = head.length
    case .length(let length):
      guard length <= UInt64(settings.limits.bodyBytes) else {
        refuse(slot, .bodyTooLarge, &network, now)
        return false
      }
      connections[slot].request.bodyLength = Int(length)
      connections[slot].request.totalLength = head.length &+ Int(length)
    case .chunked: return awaitChunks(slot, id, &network, now)
    }
    remember(slot, network.received(id))
    return awaitRest(slot, id, network.received(id).count, expectsContinue: head.expectsContinue, &network, now)
  }

  /// Makes room for what is missing of a request whose length is known, and of which `count` bytes are there. True where the
  /// connection can go on at once.
  @inline(__always)
  mutating func awaitRest<Network: Transport & ~Copyable>(
    _ slot: Int, _ id: ConnectionID, _ count: Int, expectsContinue: Bool, _ network: inout Network, _ now: Instant
  ) -> Bool {
    if count >= connections[slot].request.totalLength { return enqueue(slot, id, &network, now) }
    return awaitBytes(slot, id, expectsContinue, &network, now)
  }

  @inline(never)
  private mutating func awaitBytes<Network: Transport & ~Copyable>(
    _ slot: Int, _ id: ConnectionID, _ expectsContinue: Bool, _ network: inout Network, _ now: Instant
  ) -> Bool {
    let total = connections[slot].request.totalLength
    guard makeRoom(slot, id, total, limit: total, &network) else {
      refuse(slot, .bodyMemory, &network, now)
      return false
    }
    connections[slot].phase = .body
    connections[slot].bodyMark = network.received(id).count
    return awaitProgress(slot, id, expectsContinue, &network, now)
  }

  /// Lets the connection buffer `limit` bytes, and makes room for `bytes` of them now; code that is only kept for GET gives way. False where
  /// memory is short.
  private mutating func makeRoom<Network: Transport & ~Copyable>(
    _ slot: Int, _ id: ConnectionID, _ bytes: Int, limit: Int, _ network: inout Network
  ) -> Bool {
    repeat {
      if allow(slot, limit, &network), network.reserve(id, bytes) { return true }
      // A connection that has ended is refused, too, and for it nothing is given up.
    } while network.sendCapacity(id) > 0 && entities.dropCode()
    return false
  }

  @_optimize(size) @inline(never)
  private mutating func awaitChunks<Network: Transport & ~Copyable>(
    _ slot: Int, _ id: ConnectionID, _ network: inout Network, _ now: Instant
  ) -> Bool {
    connections[slot].phase = .chunkedBody
    connections[slot].decoder = ChunkedDecoder(start: head.length, limit: settings.limits.bodyBytes)
    return awaitProgress(slot, id, head.expectsContinue, &network, now)
  }

  /// Gives the body its time, and the client leave to send it where it waits for that. True where the connection can go on at once.
  private mutating func awaitProgress<Network: Transport & ~Copyable>(
    _ slot: Int, _ id: ConnectionID, _ expectsContinue: Bool, _ network: inout Network, _ now: Instant
  ) -> Bool {
    arm(slot, now + settings.limits.bodyStallTime)
    if expectsContinue, network.received(id).count == connections[slot].request.headLength { sendContinue(slot, &network) }
    return connections[slot].phase != .aborted
  }

  /// Looks whether a body of known length is complete.
  mutating func advanceBody<Network: Transport & ~Copyable>(
    _ slot: Int, _ network: inout Network, _ now: Instant
  ) -> Bool {
    guard let id = connections[slot].id else { return false }
    let count = network.received(id).count
    if count >= connections[slot].request.totalLength { return enqueue(slot, id, &network, now) }
    if connections[slot].peerClosed {
      linger(slot, &network, now)
    } else if count > connections[slot].bodyMark {
      connections[slot].bodyMark = count
      arm(slot, now + settings.limits.bodyStallTime)
    }
    return false
  }

  /// Room that a chunked body must have beyond what has arrived, or it is refused rather than left to stall.
  private static var chunkRoom: Int { 4096 }

  /// Decodes what has arrived of a chunked body.
  @_optimize(size)
  mutating func advanceChunks<Network: Transport & ~Copyable>(
    _ slot: Int, _ network: inout Network, _ now: Instant
  ) -> Bool {
    guard let id = connections[slot].id else { return false }
    let headLength = connections[slot].request.headLength
    let known = headLength &+ connections[slot].decoder.count
    if network.received(id).count > known {
      var buffer = network.takeReceived(id)
      var decoder = connections[slot].decoder
      let end: Int?
      do throws(ChunkError) {
        end = try decoder.decode(&buffer)
      } catch {
        counters.malformed &+= 1
        // The head goes back: the reply is about it.
        network.giveBack(id, buffer)
        refuse(slot, error.status, error.text, &network, now)
        return false
      }
      network.giveBack(id, buffer)
      connections[slot].decoder = decoder
      if let end {
        connections[slot].request.bodyLength = decoder.count
        connections[slot].request.totalLength = end
        return enqueue(slot, id, &network, now)
      }
      arm(slot, now + settings.limits.bodyStallTime)
    }
    if connections[slot].peerClosed {
      linger(slot, &network, now)
      return false
    }
    // Half of the room at least is kept for what comes next, so that the sender is not slowed down at the end of it.
    let used = headLength &+ connections[slot].decoder.count
    var limit = connections[slot].receiveLimit
    if used &+ settings.receiveWindow / 2 > limit {
      limit = min(headLength &+ settings.limits.bodyBytes &+ settings.receiveWindow, max(limit &* 2, used &+ settings.receiveWindow))
    }
    if !makeRoom(slot, id, used &+ Self.chunkRoom, limit: limit, &network) { refuse(slot, .bodyMemory, &network, now) }
    return false
  }

  /// Drops the body of a request that was answered. True where it is gone.
  @_optimize(size)
  mutating func discard<Network: Transport & ~Copyable>(_ slot: Int, _ network: inout Network, _ now: Instant) -> Bool {
    guard let id = connections[slot].id else { return false }
    let count = min(network.received(id).count, connections[slot].bodyMark)
    network.consume(id, count)
    connections[slot].bodyMark &-= count
    if connections[slot].bodyMark == 0 {
      becomeIdle(slot, now)
      return true
    }
    if connections[slot].peerClosed {
      linger(slot, &network, now)
    } else if count > 0 {
      arm(slot, now + settings.limits.bodyStallTime)
    }
    return false
  }

  /// Drops what arrives on a connection that is closing.
  @_optimize(size)
  mutating func drain<Network: Transport & ~Copyable>(_ slot: Int, _ network: inout Network) -> Bool {
    guard let id = connections[slot].id else { return false }
    network.consume(id, network.received(id).count)
    return false
  }

  /// The request is complete: it waits for the executor. True where it was answered and the connection can go on at once.
  @inline(__always)
  private mutating func enqueue<Network: Transport & ~Copyable>(
    _ slot: Int, _ id: ConnectionID, _ network: inout Network, _ now: Instant
  ) -> Bool {
    connections[slot].deadline = .distantFuture
    connections[slot].request.arrived = now
    if isMetered, refusesInvocation(slot, id, &network, now) { return false }
    if connections[slot].request.job.makesActivation { return admit(slot, id, &network, now) }
    if queue.push(.connection(id)) {
      connections[slot].phase = .queued
    } else {
      refuseQueue(slot, id, &network, now)
    }
    return false
  }

  /// Answers a request that found the queue full.
  @_optimize(size)
  @inline(never)
  private mutating func refuseQueue<Network: Transport & ~Copyable>(
    _ slot: Int, _ id: ConnectionID, _ network: inout Network, _ now: Instant
  ) {
    counters.rejected &+= 1
    answerUnqueued(slot, id, Reply(.queueFull, id: requestID(slot, network.received(id))), &network, now)
  }

  /// Answers a complete request that gets no turn. False: what is behind it waits until this reply was acknowledged.
  @_optimize(size)
  @inline(never)
  @discardableResult
  mutating func answerUnqueued<Network: Transport & ~Copyable>(
    _ slot: Int, _ id: ConnectionID, _ reply: consuming Reply, _ network: inout Network, _ now: Instant
  ) -> Bool {
    let total = connections[slot].request.totalLength
    send(slot, reply, &network, now)
    guard connections[slot].phase != .lingering, connections[slot].phase != .aborted else { return false }
    network.consume(id, total)
    resetReceiveLimit(slot, &network)
    becomeIdle(slot, now)
    return false
  }
}
