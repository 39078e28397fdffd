// The acknowledgement and window of a segment (RFC 9293 §3.10.7.4, fifth; RFC 5681; RFC 6582).

import Base
import Bytes

/// What a segment says of the data in the other direction.
struct Acknowledgement: BitwiseCopyable {
  /// Where the segment begins, and how many numbers it occupies.
  let sequence: SequenceNumber
  let length: Int
  let number: SequenceNumber
  let window: UInt16
}

extension TCPConnection {
  /// Bytes sent and not acknowledged, FIN counted.
  @inline(__always)
  var flight: Int { sendMaximum.distance(from: sendUnacknowledged) }

  /// Takes the acknowledgement of an acceptable segment; nil where it is impossible (RFC 5961 §5.2).
  @inline(__always)
  mutating func acknowledge(_ segment: Acknowledgement, now: Instant, _ shared: inout TCPShared) -> Verdict? {
    let window = Int(segment.window) &<< Int(sendScale)
    if segment.number == sendMaximum {
      if sendUnacknowledged == sendMaximum && window == sendWindow {
        // Nothing new but data, if at all.
        windowSequence = SequenceNumber.latest(windowSequence, segment.sequence)
        windowAcknowledgement = segment.number
        return []
      }
      if isAllOut && windowSequence <= segment.sequence {
        acknowledgeAll(segment, window: window, now: now, &shared)
        return []
      }
    }
    return acknowledgeInFull(segment, window: window, now: now, &shared)
  }

  /// Whether some data is out and none besides, with nothing unusual about it: as after an answer.
  @inline(__always)
  private var isAllOut: Bool {
    flight > 0 && queue.count == flight && sendNext == sendMaximum && !isFinQueued && !isPersisting && !congestion.isRecovering
  }

  /// The short way where all that is out is acknowledged: the next request, which tells that the answer has come.
  @inline(__always)
  private mutating func acknowledgeAll(_ segment: Acknowledgement, window: Int, now: Instant, _ shared: inout TCPShared) {
    windowSequence = segment.sequence
    windowAcknowledgement = segment.number
    sendWindow = window
    largestSendWindow = max(largestSendWindow, window)
    sampleRoundTrip(segment.number, now: now)
    _ = congestion.acknowledge(queue.count, upTo: segment.number, flight: 0)
    // The memory of the answer is right for the next request, which mostly comes with this.
    if received.capacity == 0 { keep(queue.takeFirst(), &shared) }
    queue.removeAll()
    sendUnacknowledged = segment.number
    retransmitsFirst = false
    retransmitAt = .distantFuture
    events.insert(.sent)
  }

  /// What an acknowledgement of new data up to `sequence` tells of the time that the way takes.
  @inline(__always)
  private mutating func sampleRoundTrip(_ sequence: SequenceNumber, now: Instant) {
    if let sentAt = timedAt, sequence >= timedSequence {
      estimator.sample(now - sentAt)
      timedAt = nil
    }
    estimator.resetBackoff()
    retransmissions = 0
  }

  @inline(never)
  private mutating func acknowledgeInFull(
    _ segment: Acknowledgement, window: Int, now: Instant, _ shared: inout TCPShared
  ) -> Verdict? {
    let acknowledged = segment.number.distance(from: sendUnacknowledged)
    guard acknowledged <= flight, acknowledged >= -max(largestSendWindow, 65_535) else {
      shared.counters.droppedBadAcknowledgement &+= 1
      return nil
    }
    var verdict: Verdict = []
    let isDuplicate =
      acknowledged == 0 && flight > 0 && !isPersisting && window == sendWindow && segment.length == 0
    if acknowledged >= 0 { updateWindow(segment, window, &verdict) }
    if acknowledged > 0 {
      verdict.formUnion(acknowledgeNew(acknowledged, segment.number, now: now, &shared))
    } else if isDuplicate {
      if congestion.duplicate(
        acknowledgement: segment.number, maximum: sendMaximum, flight: flight)
      {
        shared.counters.fastRetransmits &+= 1
        retransmitsFirst = true
        timedAt = nil
      }
      if congestion.isRecovering { verdict.insert(.output) }
    }
    return verdict
  }

  /// The peer's window, where the segment is newer than the last that told it.
  @inline(__always)
  private mutating func updateWindow(_ segment: Acknowledgement, _ window: Int, _ verdict: inout Verdict) {
    guard
      windowSequence < segment.sequence
        || windowSequence == segment.sequence && windowAcknowledgement <= segment.number
    else { return }
    windowSequence = segment.sequence
    windowAcknowledgement = segment.number
    if window > sendWindow { verdict.insert(.output) }
    sendWindow = window
    largestSendWindow = max(largestSendWindow, window)
  }

  @inline(__always)
  private mutating func acknowledgeNew(
    _ acknowledged: Int, _ sequence: SequenceNumber, now: Instant, _ shared: inout TCPShared
  ) -> Verdict {
    sampleRoundTrip(sequence, now: now)
    if isPersisting { stalledSince = now }
    let data = min(acknowledged, queue.count)
    let isFinAcknowledged = acknowledged > data
    queue.acknowledge(data)
    sendUnacknowledged = sequence
    sendNext = SequenceNumber.latest(sendNext, sequence)
    if congestion.acknowledge(data, upTo: sequence, flight: flight) == .retransmitNext && flight > 0 {
      retransmitsFirst = true
    } else {
      retransmitsFirst = false
    }
    retransmitAt = flight == 0 ? .distantFuture : now + estimator.timeout
    if data > 0 && queue.count == 0 { events.insert(.sent) }
    var verdict: Verdict = []
    if queue.count > 0 || isFinQueued && !isFinAcknowledged { verdict.insert(.output) }
    if isFinAcknowledged { verdict.formUnion(finAcknowledged(now: now, shared.limits)) }
    return verdict
  }

  @inline(never)
  private mutating func finAcknowledged(now: Instant, _ limits: NetworkLimits) -> Verdict {
    switch state {
    case .finWait1:
      state = .finWait2
      finWaitEndsAt = now + limits.finWaitTimeout
      return .timer
    case .closing:
      return .timeWait
    case .lastAck:
      closeReason = .finished
      return .closed
    case .closed, .established, .finWait2, .closeWait, .resetting:
      return []
    }
  }
}
