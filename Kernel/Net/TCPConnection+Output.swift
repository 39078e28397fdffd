// Sending (RFC 9293 §3.8.6.2.1, §3.10.8): which segments go out now, and their making.

import Base
import Bytes

/// What all segments from one address to another have in common in their headers, in the words that are stored, and the sums
/// over it: made once for many frames.
struct SegmentPath: BitwiseCopyable {
  /// The Ethernet header, and version, length and service of the Internet header.
  private let start: UInt64
  private let middle: UInt64
  private let addresses: UInt64
  /// Over all of the Internet header but its length.
  private let internetSum: InternetChecksum
  /// Over the pseudo-header but for the length.
  fileprivate let pseudoSum: InternetChecksum

  /// Datagrams are atomic: DF is set, so the identification means nothing and stays zero (RFC 6864 §4.1). 64 hops; TCP.
  private static let fragmentationToProtocol: UInt64 = 0x0000_4000_4006_0000

  @inline(never)
  init(from station: MACAddress, _ local: IPv4Address, to nextHop: MACAddress, _ remote: IPv4Address) {
    start = nextHop.bits << 16 | station.bits >> 32
    middle = station.bits << 32 | UInt64(EtherType.ipv4) << 16 | 0x4500
    addresses = UInt64(local.bits) << 32 | UInt64(remote.bits)
    var sum = InternetChecksum()
    sum.add(bigEndian: addresses)
    var internet = sum
    internet.add(UInt16(0x4500))
    internet.add(bigEndian: Self.fragmentationToProtocol)
    internetSum = internet
    sum.add(UInt16(IPProtocol.tcp))
    pseudoSum = sum
  }

  /// No path.
  init() { self.init(from: .zero, .unspecified, to: .zero, .unspecified) }

  /// Writes the headers in front of TCP's to `frame`, which is all of the frame.
  @inline(__always)
  fileprivate func write(to frame: inout MutableSpan<UInt8>) {
    let length = UInt16(truncatingIfNeeded: frame.count &- FrameLayout.ip)
    var sum = internetSum
    sum.add(length)
    frame.storeBE64(start, at: 0)
    frame.storeBE64(middle, at: 8)
    frame.storeBE16(length, at: FrameLayout.ip &+ 2)
    frame.storeBE64(Self.fragmentationToProtocol | UInt64(sum.checksum), at: FrameLayout.ip &+ 4)
    frame.storeBE64(addresses, at: FrameLayout.ip &+ 12)
  }
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
  @inline(__always)
  mutating func output<L: LinkTransmitter & ~Copyable>(now: Instant, _ shared: inout TCPShared, _ link: inout L) -> Bool {
    if retransmitsFirst || probesWindow || probesPeer {
      guard outputForced(now: now, &shared, &link) else { return false }
    }
    if sendMaximum == sendUnacknowledged && queue.count > 0 && now - lastSentAt > estimator.timeout {
      congestion.restartAfterIdle()
    }
    while let part = nextPart() {
      guard transmit(part, now: now, &shared, &link) else { return false }
      sendNext += part.occupied
    }
    armPersistTimer(now: now)
    guard acknowledgesNow else { return true }
    let part = Outgoing(offset: sendMaximum.distance(from: sendUnacknowledged), length: 0, isFin: false, isPush: false)
    return transmitAlone(part, now: now, &shared, &link)
  }

  /// What comes next of the data queued and FIN, as far as it may be sent now; nil where nothing may.
  @inline(__always)
  private mutating func nextPart() -> Outgoing? {
    let inFlight = sendNext.distance(from: sendUnacknowledged)
    let unsent = queue.count &- inFlight
    // Beyond the data there is only FIN, and it was sent.
    guard unsent > 0 || unsent == 0 && isFinQueued else { return nil }
    // What was sent before its window was withdrawn is sent again all the same (§3.8.6).
    let owed = inFlight == 0 && !isPersisting ? min(flight, segmentSize) : 0
    let usable = max(min(sendWindow, congestion.window) &- inFlight, owed)
    let length = min(unsent, usable, segmentSize)
    let isLast = length == unsent
    let sendsFin = isLast && isFinQueued && usable > length
    guard length > 0 || sendsFin else { return nil }
    // No silly windows: a part of what is queued goes only as a full segment or half the largest window (§3.8.6.2.1).
    if !isLast && length < segmentSize && length &* 2 < largestSendWindow { return nil }
    return Outgoing(offset: inFlight, length: length, isFin: sendsFin, isPush: isLast && length > 0)
  }

  /// Retransmission of the first segment, and probes: sent whatever the windows say.
  @inline(never)
  private mutating func outputForced<L: LinkTransmitter & ~Copyable>(
    now: Instant, _ shared: inout TCPShared, _ link: inout L
  ) -> Bool {
    if retransmitsFirst {
      let length = min(queue.count, segmentSize, flight)
      let sendsFin = isFinQueued && length == queue.count && flight > length
      let part = Outgoing(offset: 0, length: length, isFin: sendsFin, isPush: length > 0 && length == queue.count)
      guard part.occupied == 0 || transmitAlone(part, now: now, &shared, &link) else { return false }
      retransmitsFirst = false
    }
    if probesWindow {
      let length = min(queue.count, max(min(sendWindow, segmentSize), 1))
      let part = Outgoing(offset: 0, length: length, isFin: queue.count == 0 && isFinQueued, isPush: false)
      guard transmitAlone(part, now: now, &shared, &link) else { return false }
      probesWindow = false
    }
    if probesPeer {
      // One number below what was acknowledged, no data: unacceptable, so the peer answers (RFC 9293 §3.8.4).
      let part = Outgoing(offset: -1, length: 0, isFin: false, isPush: false)
      guard transmitAlone(part, now: now, &shared, &link) else { return false }
      probesPeer = false
    }
    return true
  }

  /// Where the peer's window keeps all that is queued waiting, probes are due (RFC 9293 §3.8.6.1).
  @inline(__always)
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

  /// Out of line, for what is not data in its turn.
  @inline(never)
  private mutating func transmitAlone<L: LinkTransmitter & ~Copyable>(
    _ part: Outgoing, now: Instant, _ shared: inout TCPShared, _ link: inout L
  ) -> Bool {
    transmit(part, now: now, &shared, &link)
  }

  /// Sends one segment and notes that it was; false, and nothing changed, where the link has no room.
  @inline(__always)
  private mutating func transmit<L: LinkTransmitter & ~Copyable>(
    _ part: Outgoing, now: Instant, _ shared: inout TCPShared, _ link: inout L
  ) -> Bool {
    let isOffloaded = link.offloadsChecksum
    let length = FrameLayout.tcpPayload &+ part.length
    guard link.begin(length: length, checksum: isOffloaded ? .tcp : nil) else {
      shared.counters.linkFull &+= 1
      return false
    }
    let sequence = sendUnacknowledged + part.offset
    let header = TCPHeader(
      sourcePort: localPort, destinationPort: remotePort, sequence: sequence, acknowledgement: receiveNext,
      flags: part.flags, window: advertiseWindow())
    var frame = link.frame()
    if part.length > 0 { queue.copy(from: part.offset, count: part.length, to: &frame, at: FrameLayout.tcpPayload) }
    header.write(to: &frame, path, isOffloaded: isOffloaded)
    link.finish()
    shared.counters.framesSent &+= 1
    shared.counters.bytesSent &+= UInt64(truncatingIfNeeded: length)
    shared.counters.segmentsSent &+= 1
    needsAcknowledgement = false
    acknowledgesNow = false
    acknowledgeAt = .distantFuture
    unacknowledgedBytes = 0
    if part.occupied > 0 { noteSent(sequence, part.occupied, now: now, &shared.counters) }
    return true
  }

  /// Timing, timers and the highest number sent, after `length` numbers from `sequence` on went out.
  @inline(__always)
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
}

extension ChecksumOffload {
  /// What is left to do for a TCP segment behind headers of the smallest size.
  static var tcp: ChecksumOffload {
    ChecksumOffload(start: UInt16(FrameLayout.transport), field: UInt16(FrameLayout.tcpChecksum))
  }
}

extension TCPHeader {
  /// Writes all headers of `frame`, whose options and payload are in place, and the checksums.
  @inline(__always)
  func write(to frame: inout MutableSpan<UInt8>, _ path: SegmentPath, optionLength: Int = 0, isOffloaded: Bool) {
    precondition(frame.count >= FrameLayout.tcpPayload)
    path.write(to: &frame)
    let portsAndSequence = UInt64(sourcePort) << 48 | UInt64(destinationPort) << 32 | UInt64(sequence.bits)
    let control = control(optionLength)
    frame.storeBE64(portsAndSequence, at: FrameLayout.transport)
    frame.storeBE64(control, at: FrameLayout.transport &+ 8)
    var sum = path.pseudoSum
    sum.add(UInt16(truncatingIfNeeded: frame.count &- FrameLayout.transport))
    var field = sum.folded
    if !isOffloaded {
      sum.add(bigEndian: portsAndSequence)
      sum.add(bigEndian: control)
      sum.add(frame.span.extracting(FrameLayout.tcpPayload..<frame.count))
      field = sum.checksum
    }
    frame.storeBE32(UInt32(field) << 16, at: FrameLayout.transport &+ FrameLayout.tcpChecksum)
  }

  /// Acknowledgement, data offset, control bits and window: the third and fourth word of the header.
  @inline(__always)
  private func control(_ optionLength: Int) -> UInt64 {
    let bits = acknowledgement == nil ? flags : flags.union(.ack)
    let length = UInt64(truncatingIfNeeded: TCPSegment.headerSize &+ optionLength)
    return UInt64(acknowledgement?.bits ?? 0) << 32 | length << 26 | UInt64(bits.rawValue) << 16 | UInt64(window)
  }
}

/// One segment about to be sent.
private struct Outgoing: BitwiseCopyable {
  /// Where its data begins, counted from the first unacknowledged byte.
  let offset: Int
  let length: Int
  let isFin: Bool
  let isPush: Bool

  /// Sequence numbers that it takes.
  @inline(__always)
  var occupied: Int { length &+ (isFin ? 1 : 0) }

  @inline(__always)
  var flags: TCPFlags {
    var flags = TCPFlags.ack
    if isFin { flags.insert(.fin) }
    if isPush { flags.insert(.psh) }
    return flags
  }
}
