// Passive open: SYN, SYN-ACK, ACK (RFC 9293 §3.5), bounded by the table of handshakes and by SYN cookies beyond it (RFC 4987).

import Base
import Bytes

extension NetworkStack {
  /// A segment to which nothing is known.
  @_optimize(size) @inline(never)
  mutating func receiveUnknown<L: LinkTransmitter & ~Copyable>(
    _ segment: TCPSegment, _ bytes: Span<UInt8>, _ origin: SegmentOrigin, now: Instant, _ link: inout L
  ) {
    guard isListening(origin.endpoint.localPort) else {
      shared.counters.droppedNoConnection &+= 1
      refuse(segment, origin, &link)
      return
    }
    let control = segment.flags.intersection([.syn, .ack, .rst, .fin])
    if control == .syn {
      beginHandshake(segment, bytes, origin, after: nil, now: now, &link)
    } else if !redeemCookie(segment, bytes, origin, now: now, &link) {
      shared.counters.droppedNoConnection &+= 1
      if control.contains(.ack) { refuse(segment, origin, &link) }
    }
  }

  /// Answers a SYN. `after` is the end of an earlier connection between the same two ports, which the new one's sequence
  /// numbers must be beyond (RFC 9293 §3.6.1).
  mutating func beginHandshake<L: LinkTransmitter & ~Copyable>(
    _ segment: TCPSegment, _ bytes: Span<UInt8>, _ origin: SegmentOrigin, after: SequenceNumber?, now: Instant,
    _ link: inout L
  ) {
    guard let options = TCPOptions(parsing: bytes.extracting(TCPSegment.headerSize..<segment.headerLength)) else {
      shared.counters.droppedMalformedTCP &+= 1
      return
    }
    guard !connections.isFull else {
      shared.counters.connectionsRefused &+= 1
      refuse(segment, origin, &link)
      return
    }
    var initial = sequences.initialSequence(origin.endpoint, local: origin.local, now: now)
    if let after {
      let least = after + 65_537
      if initial < least { initial = least }
    }
    shared.counters.handshakesBegun &+= 1
    let entry = HalfOpen(
      endpoint: origin.endpoint, initialSend: initial, initialReceive: segment.sequence, options: options)
    guard let index = halfOpen.insert(entry) else {
      sendCookie(segment, options, origin, now: now, &link)
      return
    }
    endpoints.insert(firstHalfOpen &+ index, origin.endpoint)
    sendSynAck(index, now: now, &link)
  }

  /// A segment of a handshake under way (RFC 9293 §3.10.7.4, SYN-RECEIVED).
  mutating func receive<L: LinkTransmitter & ~Copyable>(
    _ segment: TCPSegment, _ bytes: Span<UInt8>, halfOpen index: Int, _ origin: SegmentOrigin, now: Instant,
    _ link: inout L
  ) {
    let entry = halfOpen.entries[index]
    let expected = entry.initialReceive + 1
    let start = segment.sequence.distance(from: expected)
    if segment.flags.contains(.rst) {
      if start == 0 {
        shared.counters.resetsReceived &+= 1
        removeHalfOpen(index)
      }
      return
    }
    guard !segment.flags.contains(.syn), start >= 0, start < handshakeWindow else {
      // The same SYN again, or one that has to prove itself (RFC 5961 §4): the SYN-ACK answers both.
      if shared.challenges.take(now: now) { sendSynAck(index, now: now, &link) }
      return
    }
    guard segment.flags.contains(.ack) else { return }
    guard segment.acknowledgement == entry.initialSend + 1 else {
      shared.counters.droppedBadAcknowledgement &+= 1
      refuse(segment, origin, &link)
      return
    }
    let result = HandshakeResult(
      remote: origin.endpoint.remote, remotePort: origin.endpoint.remotePort, localPort: origin.endpoint.localPort,
      sendNext: segment.acknowledgement, receiveNext: expected, segmentSize: entry.options.maximumSegmentSize,
      sendScale: entry.options.windowScale, receiveWindow: handshakeWindow,
      roundTrip: entry.transmissions == 1 ? now - entry.sentAt : nil, wasLossy: entry.transmissions > 1)
    // With no slot free the handshake stays as it is: the peer sends again.
    guard let slot = connections.allocate() else { return }
    removeHalfOpen(index)
    open(slot, result, segment, bytes, origin, now: now, &link)
  }

  /// Sends the SYN-ACK of handshake `index` and sets its timer.
  mutating func sendSynAck<L: LinkTransmitter & ~Copyable>(_ index: Int, now: Instant, _ link: inout L) {
    let entry = halfOpen.entries[index]
    guard let local = interface?.address else { return }
    let station = resolve(entry.endpoint.remote, now: now)
    halfOpen.entries[index].waitsForPath = station == nil
    halfOpen.entries[index].transmissions &+= 1
    halfOpen.entries[index].sentAt = now
    halfOpen.entries[index].dueAt = now + halfOpen.entries[index].timeout
    timers.schedule(firstHalfOpen &+ index, at: halfOpen.entries[index].dueAt)
    guard let station else { return }
    if entry.transmissions > 0 { shared.counters.segmentsRetransmitted &+= 1 }
    sendSynAck(
      entry.initialSend, entry.initialReceive, windowScale: entry.options.windowScale == nil ? nil : shared.limits.windowScale,
      SegmentOrigin(endpoint: entry.endpoint, local: local, station: station), &link)
  }

  /// Handshake `index` is due: its SYN-ACK is sent again, or it is given up.
  mutating func expireHalfOpen<L: LinkTransmitter & ~Copyable>(_ index: Int, now: Instant, _ link: inout L) {
    let entry = halfOpen.entries[index]
    guard entry.isUsed else { return }
    guard entry.dueAt <= now else {
      timers.schedule(firstHalfOpen &+ index, at: entry.dueAt)
      return
    }
    guard entry.transmissions <= shared.limits.handshakeRetransmissions else {
      shared.counters.handshakesAbandoned &+= 1
      removeHalfOpen(index)
      return
    }
    sendSynAck(index, now: now, &link)
  }

  mutating func removeHalfOpen(_ index: Int) {
    endpoints.remove(firstHalfOpen &+ index)
    halfOpen.remove(index)
  }

  /// The window of a SYN-ACK, which is never scaled (RFC 7323 §2.2).
  private var handshakeWindow: Int { min(shared.limits.receiveWindow, 65_535) }

  private mutating func sendSynAck<L: LinkTransmitter & ~Copyable>(
    _ initialSend: SequenceNumber, _ initialReceive: SequenceNumber, windowScale: UInt8?, _ origin: SegmentOrigin,
    _ link: inout L
  ) {
    reply(
      TCPHeader(
        sourcePort: origin.endpoint.localPort, destinationPort: origin.endpoint.remotePort, sequence: initialSend,
        acknowledgement: initialReceive + 1, flags: .syn, window: UInt16(truncatingIfNeeded: handshakeWindow)),
      origin, windowScale: windowScale, &link)
  }

  /// A SYN-ACK that nothing is remembered of; windows are then not scaled.
  private mutating func sendCookie<L: LinkTransmitter & ~Copyable>(
    _ segment: TCPSegment, _ options: TCPOptions, _ origin: SegmentOrigin, now: Instant, _ link: inout L
  ) {
    shared.counters.synCookiesSent &+= 1
    cookieSentAt = now
    let cookie = sequences.cookie(
      origin.endpoint, initialReceive: segment.sequence, segmentSize: options.maximumSegmentSize, now: now)
    sendSynAck(cookie, segment.sequence, windowScale: nil, origin, &link)
  }

  /// Opens a connection by the cookie that `segment` acknowledges; false where there is none.
  @_optimize(size) @inline(never)
  private mutating func redeemCookie<L: LinkTransmitter & ~Copyable>(
    _ segment: TCPSegment, _ bytes: Span<UInt8>, _ origin: SegmentOrigin, now: Instant, _ link: inout L
  ) -> Bool {
    guard let sentAt = cookieSentAt, now - sentAt < SequenceGenerator.lifetime,
      segment.flags.contains(.ack), segment.flags.isDisjoint(with: [.syn, .rst]),
      let size = sequences.redeem(
        segment.acknowledgement - 1, origin.endpoint, initialReceive: segment.sequence - 1, now: now)
    else { return false }
    // With no slot free the peer's data is lost, to be sent again.
    guard let slot = connections.allocate() else { return true }
    shared.counters.synCookiesAccepted &+= 1
    let result = HandshakeResult(
      remote: origin.endpoint.remote, remotePort: origin.endpoint.remotePort, localPort: origin.endpoint.localPort,
      sendNext: segment.acknowledgement, receiveNext: segment.sequence, segmentSize: size, sendScale: nil,
      receiveWindow: handshakeWindow, roundTrip: nil, wasLossy: false)
    open(slot, result, segment, bytes, origin, now: now, &link)
    return true
  }

  /// Opens a connection in `slot` with the segment that completed its handshake.
  private mutating func open<L: LinkTransmitter & ~Copyable>(
    _ slot: Int, _ result: HandshakeResult, _ segment: TCPSegment, _ bytes: Span<UInt8>, _ origin: SegmentOrigin,
    now: Instant, _ link: inout L
  ) {
    guard connections.slots[slot].open(result, shared.limits, now: now) else {
      connections.free(slot)
      refuse(segment, origin, &link)
      return
    }
    endpoints.insert(slot, origin.endpoint)
    timers.schedule(slot, at: connections.slots[slot].nextDeadline)
    shared.counters.connectionsOpened &+= 1
    receive(segment, bytes, connection: slot, origin, now: now, &link)
  }
}
