// A segment arrives on a synchronized connection (RFC 9293 §3.10.7.4, with the rules of RFC 5961).

import Base
import Bytes

extension TCPConnection {
  /// Whether a segment of `length` bytes, with no flag but ACK and PSH, is what nearly all are: the very next bytes, inside
  /// the window.
  @inline(__always)
  func expects(_ sequence: SequenceNumber, length: Int) -> Bool {
    takesData && sequence == receiveNext && length <= acceptableWindow && finSequence == nil
  }

  /// Whether the peer's data is for the application: until its FIN.
  @inline(__always)
  private var takesData: Bool { state == .established || state == .finWait1 || state == .finWait2 }

  /// Takes an expected segment. The verdict is never that the connection ends.
  mutating func receiveExpected(
    _ payload: Span<UInt8>, acknowledging number: SequenceNumber, window: UInt16, now: Instant, _ shared: inout TCPShared
  ) -> Verdict {
    lastHeardAt = now
    peerProbes = 0
    let segment = Acknowledgement(sequence: receiveNext, length: payload.count, number: number, window: window)
    guard let verdict = acknowledge(segment, now: now, &shared) else { return challenge(now: now, &shared) }
    guard payload.count > 0 else { return verdict }
    if received.append(payload) {
      noteDelivered(payload.count, fillsGap: false)
    } else {
      deliver(payload, gap: 0, &shared)
    }
    return verdict.union(acknowledgeSoon(now: now, shared.limits))
  }

  /// Takes any segment, whose payload is `payload`.
  mutating func receive(
    _ segment: TCPSegment, payload: Span<UInt8>, now: Instant, _ shared: inout TCPShared
  ) -> Verdict {
    guard isLive else { return [] }
    if segment.flags.union(.psh) == [.psh, .ack] && expects(segment.sequence, length: payload.count) {
      return receiveExpected(payload, acknowledging: segment.acknowledgement, window: segment.window, now: now, &shared)
    }
    if let refusal = refuse(segment, now: now, &shared) { return refusal }

    lastHeardAt = now
    peerProbes = 0
    let acknowledgement = Acknowledgement(
      sequence: segment.sequence, length: segment.sequenceLength, number: segment.acknowledgement, window: segment.window)
    guard var verdict = acknowledge(acknowledgement, now: now, &shared) else { return challenge(now: now, &shared) }
    guard !verdict.contains(.closed), segment.payloadLength > 0 || segment.flags.contains(.fin) else { return verdict }
    guard takesData else { return verdict.union(acknowledgeNow()) }
    accept(segment, payload, &shared)
    if finSequence == receiveNext { verdict.formUnion(takeFin(now: now, shared.limits)) }
    return verdict.union(.output)
  }

  /// Sends the acknowledgement that is owed at the next flush where it has to be, or else with the next data.
  @inline(__always)
  private mutating func acknowledgeSoon(now: Instant, _ limits: NetworkLimits) -> Verdict {
    if acknowledgesNow { return .output }
    if acknowledgeAt == .distantFuture { acknowledgeAt = now + limits.acknowledgementDelay }
    return .owing
  }

  /// The tests before the acknowledgement is looked at; nil where the segment is acceptable.
  private mutating func refuse(_ segment: TCPSegment, now: Instant, _ shared: inout TCPShared) -> Verdict? {
    let window = acceptableWindow
    let start = segment.sequence.distance(from: receiveNext)
    if segment.flags.contains(.rst) {
      // Only an exact match resets; one inside the window is asked for proof (RFC 5961 §3.2).
      if start == 0 {
        shared.counters.resetsReceived &+= 1
        closeReason = .reset
        return .closed
      }
      shared.counters.droppedOutOfWindow &+= 1
      return start > 0 && start < window ? challenge(now: now, &shared) : []
    }
    // A SYN is never right here, wherever it lies (RFC 5961 §4.2).
    if segment.flags.contains(.syn) { return challenge(now: now, &shared) }
    guard segment.flags.contains(.ack) else {
      shared.counters.droppedOutOfWindow &+= 1
      return []
    }
    let length = segment.sequenceLength
    // With no window open, what is in order may still acknowledge (RFC 9293 §3.10.7.4).
    if start == 0 || length == 0 && start > 0 && start < window { return nil }
    if length > 0 && start < window && start &+ length > 0 { return nil }
    shared.counters.droppedOutOfWindow &+= 1
    return length > 0 ? acknowledgeNow() : challenge(now: now, &shared)
  }

  /// Cuts the segment to the window and stores what is new (RFC 9293 §3.10.7.4, seventh).
  private mutating func accept(_ segment: TCPSegment, _ payload: Span<UInt8>, _ shared: inout TCPShared) {
    _ = acknowledgeNow()
    let start = segment.sequence.distance(from: receiveNext)
    let window = acceptableWindow
    let end = start &+ payload.count
    if segment.flags.contains(.fin) && finSequence == nil && end >= 0 && end <= window {
      finSequence = receiveNext + end
    }
    let first = max(start, 0)
    var last = min(end, window)
    // Nothing follows a FIN.
    if let finSequence { last = min(last, finSequence.distance(from: receiveNext)) }
    guard first < last else { return }
    if first > 0 { shared.counters.outOfOrderSegments &+= 1 }
    deliver(payload.extracting((first &- start)..<(last &- start)), gap: first, &shared)
  }

  /// Stores bytes that are inside the window.
  @inline(never)
  private mutating func deliver(_ bytes: Span<UInt8>, gap: Int, _ shared: inout TCPShared) {
    guard let grown = received.insert(bytes, gap: gap, &shared.memory)
    else {
      if gap == 0 {
        shared.counters.droppedReceiveMemory &+= 1
      } else {
        shared.counters.droppedOutOfOrder &+= 1
      }
      _ = acknowledgeNow()
      return
    }
    needsAcknowledgement = true
    if grown > 0 { noteDelivered(grown, fillsGap: grown != bytes.count || received.hasGap) }
  }

  /// Counts `length` more bytes that are in order.
  @inline(__always)
  private mutating func noteDelivered(_ length: Int, fillsGap: Bool) {
    needsAcknowledgement = true
    receiveNext += length
    unacknowledgedBytes &+= length
    // Every second full segment is acknowledged at once (RFC 9293 §3.8.6.3), and what filled a gap (RFC 5681 §4.2).
    if unacknowledgedBytes >= 2 &* segmentSize || fillsGap { acknowledgesNow = true }
    events.insert(.readable)
  }

  /// The peer's FIN is next in order (RFC 9293 §3.10.7.4, eighth).
  private mutating func takeFin(now: Instant, _ limits: NetworkLimits) -> Verdict {
    receiveNext += 1
    events.insert(.peerClosed)
    let verdict = acknowledgeNow()
    switch state {
    case .established:
      state = .closeWait
    case .finWait1:
      state = .closing
    case .finWait2:
      return verdict.union(.timeWait)
    case .closed, .closeWait, .closing, .lastAck, .resetting:
      break
    }
    return verdict
  }

  /// Sends an acknowledgement at the next flush.
  mutating func acknowledgeNow() -> Verdict {
    needsAcknowledgement = true
    acknowledgesNow = true
    return .output
  }

  /// The same for a segment that may be forged, at a limited rate (RFC 5961 §7).
  @inline(never)
  private mutating func challenge(now: Instant, _ shared: inout TCPShared) -> Verdict {
    guard shared.challenges.take(now: now) else {
      shared.counters.challengeAcksWithheld &+= 1
      return []
    }
    shared.counters.challengeAcksSent &+= 1
    return acknowledgeNow()
  }
}
