// Sending (RFC 9293 §3.8.6.2.1, §3.10.8): which segments go out now, and their making.

import Base
import Bytes

/// How frames of one connection are addressed.
struct LinkPath: BitwiseCopyable {
  let localMAC: MACAddress
  let local: IPv4Address
  let nextHop: MACAddress
}

/// Offsets in a frame with headers of the smallest size.
enum FrameLayout {
  static let ip = EthernetHeader.size
  static let transport = EthernetHeader.size + IPv4Header.size
  static let tcpPayload = transport + TCPSegment.headerSize
  /// Where the checksum field is in a TCP header.
  static let tcpChecksum = 16
  static let maximum = EthernetHeader.size + EthernetHeader.maximumPayload
}

extension TCPConnection {
  /// Sends all that may be sent now; false where the link had no room, and there is more.
  ///
  /// `scratch` is a frame's worth of bytes to build headers in.
  mutating func output<L: LinkTransmitter & ~Copyable>(
    _ path: LinkPath, scratch: inout ByteBuffer, now: Instant, _ shared: inout TCPShared, _ link: inout L
  ) -> Bool {
    var frame = Outgoing(path: path, now: now)
    if retransmitsFirst || probesWindow || probesPeer {
      guard outputForced(&frame, &scratch, &shared, &link) else { return false }
    }
    if sendMaximum == sendUnacknowledged && queue.count > 0 && now - lastSentAt > estimator.timeout {
      congestion.restartAfterIdle()
    }
    while true {
      let inFlight = sendNext.distance(from: sendUnacknowledged)
      let unsent = queue.count &- inFlight
      // Beyond the data there is only FIN, and it was sent.
      guard unsent > 0 || unsent == 0 && isFinQueued else { break }
      // What was sent before its window was withdrawn is sent again all the same (§3.8.6).
      let owed = inFlight == 0 && !isPersisting ? min(flight, segmentSize) : 0
      let usable = max(min(sendWindow, congestion.window) &- inFlight, owed)
      let length = min(unsent, usable, segmentSize)
      let isLast = length == unsent
      let sendsFin = isLast && isFinQueued && usable > length
      guard length > 0 || sendsFin else { break }
      // No silly windows: a part of what is queued goes only as a full segment or half the largest window (§3.8.6.2.1).
      if !isLast && length < segmentSize && length &* 2 < largestSendWindow { break }
      frame.set(offset: inFlight, length: length, fin: sendsFin, push: isLast)
      guard transmit(&frame, &scratch, &shared, &link) else { return false }
      sendNext += length &+ (sendsFin ? 1 : 0)
    }
    armPersistTimer(now: now)
    if acknowledgesNow {
      frame.set(offset: sendMaximum.distance(from: sendUnacknowledged), length: 0, fin: false, push: false)
      return transmit(&frame, &scratch, &shared, &link)
    }
    if needsAcknowledgement && acknowledgeAt == .distantFuture {
      acknowledgeAt = now + shared.limits.acknowledgementDelay
    }
    return true
  }

  /// Sends RST; false where the link had no room.
  mutating func outputReset<L: LinkTransmitter & ~Copyable>(
    _ path: LinkPath, scratch: inout ByteBuffer, _ shared: inout TCPShared, _ link: inout L
  ) -> Bool {
    let header = TCPHeader(
      sourcePort: localPort, destinationPort: remotePort, sequence: sendMaximum, acknowledgement: receiveNext,
      flags: .rst, window: 0)
    return Self.transmit(
      header, to: remote, path, direct: Span(), gathered: 0, scratch: &scratch, &shared.counters, &link)
  }

  /// Retransmission of the first segment, and probes: sent whatever the windows say.
  private mutating func outputForced<L: LinkTransmitter & ~Copyable>(
    _ frame: inout Outgoing, _ scratch: inout ByteBuffer, _ shared: inout TCPShared, _ link: inout L
  ) -> Bool {
    if retransmitsFirst {
      let length = min(queue.count, segmentSize, flight)
      let sendsFin = isFinQueued && length == queue.count && flight > length
      frame.set(offset: 0, length: length, fin: sendsFin, push: length == queue.count)
      guard length == 0 && !sendsFin || transmit(&frame, &scratch, &shared, &link) else { return false }
      retransmitsFirst = false
    }
    if probesWindow {
      let length = min(queue.count, max(min(sendWindow, segmentSize), 1))
      frame.set(offset: 0, length: length, fin: queue.count == 0 && isFinQueued, push: false)
      guard transmit(&frame, &scratch, &shared, &link) else { return false }
      probesWindow = false
    }
    if probesPeer {
      // One number below what was acknowledged, no data: unacceptable, so the peer answers (RFC 9293 §3.8.4).
      frame.set(offset: -1, length: 0, fin: false, push: false)
      guard transmit(&frame, &scratch, &shared, &link) else { return false }
      probesPeer = false
    }
    return true
  }

  /// Where the peer's window keeps all that is queued waiting, probes are due (RFC 9293 §3.8.6.1).
  private mutating func armPersistTimer(now: Instant) {
    guard sendNext == sendUnacknowledged, queue.count > 0 || isFinQueued && isFinPending, retransmitAt == .distantFuture
    else { return }
    if !isPersisting {
      isPersisting = true
      stalledSince = now
    }
    retransmitAt = now + estimator.timeout
  }

  /// Whether our FIN was not acknowledged yet.
  private var isFinPending: Bool { state == .finWait1 || state == .closing || state == .lastAck }

  /// Sends one segment and notes that it was; false, and nothing changed, where the link has no room.
  private mutating func transmit<L: LinkTransmitter & ~Copyable>(
    _ frame: inout Outgoing, _ scratch: inout ByteBuffer, _ shared: inout TCPShared, _ link: inout L
  ) -> Bool {
    let sequence = sendUnacknowledged + frame.offset
    var flags: TCPFlags = frame.fin ? [.fin, .ack] : .ack
    if frame.push && frame.length > 0 { flags.insert(.psh) }
    let header = TCPHeader(
      sourcePort: localPort, destinationPort: remotePort, sequence: sequence, acknowledgement: receiveNext,
      flags: flags, window: advertiseWindow())
    let piece = frame.length > 0 ? queue.piece(at: frame.offset, limit: frame.length) : nil
    let isSent: Bool
    if let piece, piece.count == frame.length {
      isSent = Self.transmit(
        header, to: remote, frame.path, direct: queue.bytes(piece), gathered: 0, scratch: &scratch, &shared.counters,
        &link)
    } else {
      gather(offset: frame.offset, length: frame.length, into: &scratch)
      isSent = Self.transmit(
        header, to: remote, frame.path, direct: Span(), gathered: frame.length, scratch: &scratch, &shared.counters,
        &link)
    }
    guard isSent else {
      shared.counters.linkFull &+= 1
      return false
    }
    shared.counters.segmentsSent &+= 1
    needsAcknowledgement = false
    acknowledgesNow = false
    acknowledgeAt = .distantFuture
    unacknowledgedBytes = 0
    let occupied = frame.length &+ (frame.fin ? 1 : 0)
    if occupied > 0 { noteSent(sequence, occupied, now: frame.now, &shared.counters) }
    return true
  }

  /// Timing, timers and the highest number sent, after `length` numbers from `sequence` on went out.
  private mutating func noteSent(
    _ sequence: SequenceNumber, _ length: Int, now: Instant, _ counters: inout NetworkCounters
  ) {
    let end = sequence + length
    if sequence < sendMaximum {
      counters.segmentsRetransmitted &+= 1
      timedAt = nil
    } else if timedAt == nil {
      timedSequence = end
      timedAt = now
    }
    sendMaximum = SequenceNumber.latest(sendMaximum, end)
    lastSentAt = now
    if isPersisting && !probesWindow {
      isPersisting = false
      stalledSince = .distantFuture
      estimator.resetBackoff()
      retransmitAt = .distantFuture
    }
    if retransmitAt == .distantFuture { retransmitAt = now + estimator.timeout }
  }

  /// Copies queued bytes behind the headers in `scratch`.
  private mutating func gather(offset: Int, length: Int, into scratch: inout ByteBuffer) {
    var done = 0
    while done < length {
      let piece = queue.piece(at: offset &+ done, limit: length &- done)
      guard piece.count > 0 else { return }
      var target = scratch.mutableSpan
      target.copy(queue.bytes(piece), to: FrameLayout.tcpPayload &+ done)
      done &+= piece.count
    }
  }

  /// Builds the headers of one segment and sends it. What follows the header is `direct`, or else `gathered` bytes that are
  /// in place in `scratch`, the first `options` of which are options.
  static func transmit<L: LinkTransmitter & ~Copyable>(
    _ header: TCPHeader, to remote: IPv4Address, _ path: LinkPath, direct: Span<UInt8>, gathered: Int,
    options: Int = 0, scratch: inout ByteBuffer, _ counters: inout NetworkCounters, _ link: inout L
  ) -> Bool {
    let segmentLength = TCPSegment.headerSize &+ direct.count &+ gathered
    var bytes = scratch.mutableSpan
    EthernetHeader(destination: path.nextHop, source: path.localMAC, etherType: EtherType.ipv4).write(to: &bytes)
    IPv4Header(
      source: path.local, destination: remote, protocolNumber: IPProtocol.tcp, payloadLength: segmentLength
    ).write(to: &bytes, at: FrameLayout.ip)
    header.write(to: &bytes, at: FrameLayout.transport, length: TCPSegment.headerSize &+ options)
    var sum = IPv4Header.pseudoHeaderSum(
      source: path.local, destination: remote, protocolNumber: IPProtocol.tcp, length: segmentLength)
    let end = FrameLayout.tcpPayload &+ gathered
    let field = FrameLayout.transport &+ FrameLayout.tcpChecksum
    var offload: ChecksumOffload?
    if link.offloadsChecksum {
      bytes.storeBE16(sum.folded, at: field)
      offload = ChecksumOffload(
        start: UInt16(FrameLayout.transport), field: UInt16(FrameLayout.tcpChecksum))
    } else {
      sum.add(bytes.span.extracting(FrameLayout.transport..<end))
      sum.add(direct)
      bytes.storeBE16(sum.checksum, at: field)
    }
    guard link.transmit(header: bytes.span.extracting(0..<end), payload: direct, checksum: offload) else { return false }
    counters.framesSent &+= 1
    counters.bytesSent &+= UInt64(end &+ direct.count)
    return true
  }
}

/// One segment about to be sent, and where to.
private struct Outgoing: BitwiseCopyable {
  let path: LinkPath
  let now: Instant
  /// Where its data begins, counted from the first unacknowledged byte.
  var offset = 0
  var length = 0
  var fin = false
  var push = false

  init(path: LinkPath, now: Instant) {
    self.path = path
    self.now = now
  }

  mutating func set(offset: Int, length: Int, fin: Bool, push: Bool) {
    self.offset = offset
    self.length = length
    self.fin = fin
    self.push = push
  }
}
