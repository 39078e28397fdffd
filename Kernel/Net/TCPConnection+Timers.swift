// What happens to a connection because nothing else did: retransmission (RFC 6298 §5), window probes
// (RFC 9293 §3.8.6.1), delayed acknowledgements, keep-alive (§3.8.4), the end of FIN_WAIT_2.

import Base

extension TCPConnection {
  /// When `expire` has to be called.
  @inline(__always)
  var nextDeadline: Instant {
    guard isLive else { return .distantFuture }
    return min(min(retransmitAt, acknowledgeAt), min(finWaitEndsAt, keepAliveAt))
  }

  /// Does what is due.
  mutating func expire(now: Instant, _ shared: inout TCPShared) -> Verdict {
    guard isLive else { return [] }
    var verdict: Verdict = []
    if acknowledgeAt <= now {
      acknowledgeAt = .distantFuture
      acknowledgesNow = true
      verdict = .output
    }
    if finWaitEndsAt <= now { return giveUp(&shared) }
    if retransmitAt <= now {
      verdict.formUnion(isPersisting ? probeWindow(now: now, &shared) : retransmit(now: now, &shared))
    }
    if keepAliveAt <= now {
      guard peerProbes < shared.limits.keepAliveProbes else { return giveUp(&shared) }
      peerProbes &+= 1
      shared.counters.keepAliveProbes &+= 1
      probesPeer = true
      verdict.insert(.output)
    }
    return verdict
  }

  private mutating func giveUp(_ shared: inout TCPShared) -> Verdict {
    shared.counters.connectionsTimedOut &+= 1
    return reset(.timedOut)
  }

  /// The time-out of RFC 6298 §5.4 to 5.6: everything from the first unacknowledged byte on is sent again.
  private mutating func retransmit(now: Instant, _ shared: inout TCPShared) -> Verdict {
    guard retransmissions < shared.limits.retransmissions else { return giveUp(&shared) }
    shared.counters.retransmissionTimeouts &+= 1
    if flight > 0 {
      congestion.timeout(flight: flight, maximum: sendMaximum, isFirst: retransmissions == 0)
    }
    retransmissions &+= 1
    estimator.backOff()
    sendNext = sendUnacknowledged
    timedAt = nil
    retransmitsFirst = false
    retransmitAt = now + estimator.timeout
    return .output
  }

  private mutating func probeWindow(now: Instant, _ shared: inout TCPShared) -> Verdict {
    guard now - stalledSince < shared.limits.stallTimeout else { return giveUp(&shared) }
    // A peer that answers no probe at all is given up as soon as one that does not acknowledge.
    guard now - lastHeardAt < shared.limits.stallTimeout else { return giveUp(&shared) }
    shared.counters.windowProbes &+= 1
    estimator.backOff()
    probesWindow = true
    retransmitAt = now + estimator.timeout
    return .output
  }

  /// Silence is only probed where no other timer guards the connection: nothing is on its way.
  @inline(__always)
  private var keepAliveAt: Instant {
    guard retransmitAt == .distantFuture, finWaitEndsAt == .distantFuture else { return .distantFuture }
    let wait = keepAliveInterval.nanoseconds &* UInt64(truncatingIfNeeded: peerProbes)
    return lastHeardAt + keepAliveIdle + Interval(nanoseconds: wait)
  }
}

extension TCPConnection {
  /// Output has to wait for the next hop's hardware address; a time-out tries again.
  mutating func deferOutput(now: Instant) {
    waitsForPath = true
    if retransmitAt == .distantFuture { retransmitAt = now + estimator.timeout }
  }
}
