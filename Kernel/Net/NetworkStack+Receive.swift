// The way of a frame up to the protocol it is for. What the outside sends is counted, answered or dropped; it never traps.

import Base
import Bytes

extension NetworkStack {
  /// Takes one Ethernet frame, without frame check sequence, padding allowed. Answers that need no state (ARP, echo,
  /// RST, SYN-ACK) are sent at once, all else at the next `flush`. The frame is not kept.
  @inline(__always)
  public mutating func receive<L: LinkTransmitter & ~Copyable>(
    _ frame: Span<UInt8>, checksum: ReceivedChecksum, now: Instant, link: inout L
  ) {
    shared.counters.framesReceived &+= 1
    shared.counters.bytesReceived &+= UInt64(truncatingIfNeeded: frame.count)
    if !receiveExpected(frame, checksum, now: now) { receiveAny(frame, checksum, now: now, &link) }
  }

  /// Every frame, in the order of its headers.
  @inline(never)
  private mutating func receiveAny<L: LinkTransmitter & ~Copyable>(
    _ frame: Span<UInt8>, _ checksum: ReceivedChecksum, now: Instant, _ link: inout L
  ) {
    guard let ethernet = EthernetHeader(parsing: frame) else {
      shared.counters.droppedMalformedFrame &+= 1
      return
    }
    guard ethernet.destination == mac || ethernet.destination.isGroup else {
      shared.counters.droppedOtherStation &+= 1
      return
    }
    let payload = frame.extracting(EthernetHeader.size..<frame.count)
    switch ethernet.etherType {
    case EtherType.ipv4:
      receiveIPv4(payload, ethernet, checksum, now: now, &link)
    case EtherType.arp:
      receiveARP(payload, now: now, &link)
    default:
      shared.counters.droppedUnknownEtherType &+= 1
    }
  }

  private mutating func receiveIPv4<L: LinkTransmitter & ~Copyable>(
    _ datagram: Span<UInt8>, _ ethernet: EthernetHeader, _ checksum: ReceivedChecksum, now: Instant, _ link: inout L
  ) {
    let header: IPv4Header
    do throws(IPv4Error) {
      header = try IPv4Header(parsing: datagram)
    } catch {
      switch error {
      case .malformed: shared.counters.droppedMalformedIPv4 &+= 1
      case .checksum: shared.counters.droppedIPv4Checksum &+= 1
      case .fragment: shared.counters.droppedFragment &+= 1
      }
      return
    }
    guard header.source.isHost, header.source != interface?.address else {
      shared.counters.droppedBadSource &+= 1
      return
    }
    let payload = datagram.extracting(header.headerLength..<header.totalLength)
    if header.protocolNumber == IPProtocol.udp {
      receiveUDP(payload, header, ethernet, datagram, checksum, now: now, &link)
      return
    }
    // What is for one host has to come to it alone (RFC 1122 §3.2.1.3, §4.2.3.10).
    guard header.destination == interface?.address, ethernet.destination == mac else {
      shared.counters.droppedOtherAddress &+= 1
      return
    }
    switch header.protocolNumber {
    case IPProtocol.tcp:
      receiveTCP(payload, header, ethernet, checksum, now: now, &link)
    case IPProtocol.icmp:
      receiveICMP(payload, header, ethernet, now: now, &link)
    default:
      shared.counters.droppedUnknownProtocol &+= 1
    }
  }

  private mutating func receiveARP<L: LinkTransmitter & ~Copyable>(
    _ bytes: Span<UInt8>, now: Instant, _ link: inout L
  ) {
    guard let packet = ARPPacket(parsing: bytes) else {
      shared.counters.droppedMalformedARP &+= 1
      return
    }
    guard let address = interface?.address else { return }
    if packet.sender == address {
      // Another station uses this address: say once more whose it is (RFC 5227 §2.4 b).
      guard packet.senderMAC != mac else { return }
      shared.counters.addressConflicts &+= 1
      if announcements.take(now: now) { sendARP(.announcement(address, mac), &link) }
      return
    }
    if arp.learn(packet.sender, packet.senderMAC, now: now) { pathsResolved = true }
    guard packet.operation == .request, packet.target == address else { return }
    sendARP(
      ARPPacket(
        operation: .reply, senderMAC: mac, sender: address, targetMAC: packet.senderMAC, target: packet.sender),
      &link)
  }

  /// Sends `packet` to the station it is for; to everybody where that is not known.
  mutating func sendARP<L: LinkTransmitter & ~Copyable>(_ packet: ARPPacket, _ link: inout L) {
    let destination = packet.targetMAC.isStation ? packet.targetMAC : .broadcast
    let own = mac
    var bytes = scratch.mutableSpan
    EthernetHeader(destination: destination, source: own, etherType: EtherType.arp).write(to: &bytes)
    packet.write(to: &bytes, at: EthernetHeader.size)
    send(frame: EthernetHeader.size &+ ARPPacket.size, &link)
  }

  /// Sends the first `length` bytes of `scratch`; lost where the link has no room, as on any wire.
  @inline(never)
  mutating func send<L: LinkTransmitter & ~Copyable>(frame length: Int, _ link: inout L) {
    guard link.begin(length: length, checksum: nil) else {
      shared.counters.linkFull &+= 1
      return
    }
    var frame = link.frame()
    frame.copy(scratch.span.extracting(0..<length), to: 0)
    link.finish()
    shared.counters.framesSent &+= 1
    shared.counters.bytesSent &+= UInt64(length)
  }

  /// The hardware address on the way to `remote`; nil where it has to be asked for first, or there is no route.
  mutating func resolve(_ remote: IPv4Address, now: Instant) -> MACAddress? {
    guard let hop = interface?.nextHop(to: remote), hop.isHost else {
      shared.counters.droppedNoRoute &+= 1
      return nil
    }
    return arp.lookup(hop, now: now)
  }
}

extension ARPPacket {
  /// Tells everybody that `address` is at `mac` (RFC 5227 §2.3).
  static func announcement(_ address: IPv4Address, _ mac: MACAddress) -> ARPPacket {
    ARPPacket(operation: .request, senderMAC: mac, sender: address, targetMAC: .zero, target: address)
  }
}
