// ICMP and UDP: echo, port unreachable, and the DHCP exchange. Answers go back to the station that the question came
// from, so a stranger's question makes the stack remember nothing.

import Base
import Bytes

extension NetworkStack {
  mutating func receiveICMP<L: LinkTransmitter & ~Copyable>(
    _ message: Span<UInt8>, _ header: IPv4Header, _ ethernet: EthernetHeader, now: Instant, _ link: inout L
  ) {
    switch ICMPMessage(parsing: message) {
    case nil:
      shared.counters.droppedMalformedICMP &+= 1
    case .ignored:
      shared.counters.droppedIgnoredICMP &+= 1
    case .echoRequest:
      guard FrameLayout.transport &+ message.count <= FrameLayout.maximum, echoes.take(now: now) else {
        shared.counters.droppedICMPRate &+= 1
        return
      }
      var bytes = scratch.mutableSpan
      bytes.copy(message, to: FrameLayout.transport)
      ICMPMessage.makeEchoReply(&bytes, at: FrameLayout.transport, length: message.count)
      sendIPv4(
        IPProtocol.icmp, length: message.count, from: header.destination, to: header.source, via: ethernet.source,
        &link)
      shared.counters.icmpEchoReplies &+= 1
    }
  }

  mutating func receiveUDP<L: LinkTransmitter & ~Copyable>(
    _ bytes: Span<UInt8>, _ header: IPv4Header, _ ethernet: EthernetHeader, _ datagram: Span<UInt8>,
    _ checksum: ReceivedChecksum, now: Instant, _ link: inout L
  ) {
    let udp: UDPDatagram
    do throws(UDPError) {
      udp = try UDPDatagram(
        parsing: bytes, source: header.source, destination: header.destination, checksum: checksum)
    } catch {
      switch error {
      case .malformed: shared.counters.droppedMalformedUDP &+= 1
      case .checksum: shared.counters.droppedUDPChecksum &+= 1
      }
      return
    }
    // A reply may be sent to the address that is only being offered, so the destination is not looked at.
    if dhcp != nil && udp.destinationPort == DHCPClient.clientPort && udp.sourcePort == DHCPClient.serverPort {
      receiveDHCP(bytes.extracting(UDPDatagram.headerSize..<udp.length), now: now)
      return
    }
    guard header.destination == interface?.address, ethernet.destination == mac else {
      shared.counters.droppedOtherAddress &+= 1
      return
    }
    shared.counters.droppedUDPPort &+= 1
    guard unreachables.take(now: now) else {
      shared.counters.droppedICMPRate &+= 1
      return
    }
    sendPortUnreachable(about: datagram, header, via: ethernet.source, &link)
  }

  /// Quotes the Internet header and eight bytes (RFC 792).
  private mutating func sendPortUnreachable<L: LinkTransmitter & ~Copyable>(
    about datagram: Span<UInt8>, _ header: IPv4Header, via station: MACAddress, _ link: inout L
  ) {
    let quoted = min(header.headerLength &+ UDPDatagram.headerSize, header.totalLength)
    let length = ICMPMessage.headerSize &+ quoted
    var bytes = scratch.mutableSpan
    bytes.copy(datagram.extracting(0..<quoted), to: FrameLayout.transport &+ ICMPMessage.headerSize)
    ICMPMessage.makePortUnreachable(&bytes, at: FrameLayout.transport, length: length)
    sendIPv4(IPProtocol.icmp, length: length, from: header.destination, to: header.source, via: station, &link)
    shared.counters.icmpUnreachableSent &+= 1
  }

  private mutating func receiveDHCP(_ bytes: Span<UInt8>, now: Instant) {
    guard let reply = DHCPReply(parsing: bytes, mac: mac), let outcome = dhcp?.receive(reply, now: now) else {
      shared.counters.droppedDHCP &+= 1
      return
    }
    switch outcome {
    case .ignored:
      shared.counters.droppedDHCP &+= 1
    case .progress:
      break
    case .bound(let granted):
      configure(granted, now: now)
    case .refused:
      forgetAddress()
    }
  }

  /// Sends what the DHCP client has due.
  @_optimize(size)
  mutating func flushDHCP<L: LinkTransmitter & ~Copyable>(now: Instant, _ link: inout L) {
    while let action = dhcp?.poll(now: now) {
      switch action {
      case .broadcast(let message):
        sendDHCP(message, to: .broadcast, via: .broadcast, &link)
      case .unicast(let message, let server):
        guard let station = resolve(server, now: now) else {
          dhcp?.sendFailed(now: now)
          return
        }
        sendDHCP(message, to: server, via: station, &link)
      case .expired:
        forgetAddress()
      }
    }
  }

  private mutating func sendDHCP<L: LinkTransmitter & ~Copyable>(
    _ message: DHCPRequest, to destination: IPv4Address, via nextHop: MACAddress, _ link: inout L
  ) {
    let payload = FrameLayout.transport &+ UDPDatagram.headerSize
    let udp = UDPDatagram(
      sourcePort: DHCPClient.clientPort, destinationPort: DHCPClient.serverPort, payloadLength: DHCPRequest.size)
    let station = mac
    var bytes = scratch.mutableSpan
    message.write(to: &bytes, at: payload, mac: station)
    udp.write(to: &bytes, at: FrameLayout.transport, source: message.clientAddress, destination: destination)
    sendIPv4(
      IPProtocol.udp, length: udp.length, from: message.clientAddress, to: destination, via: nextHop, &link)
  }

  /// Puts headers before the `length` bytes that are in place in `scratch` and sends the frame.
  private mutating func sendIPv4<L: LinkTransmitter & ~Copyable>(
    _ protocolNumber: UInt8, length: Int, from source: IPv4Address, to destination: IPv4Address,
    via station: MACAddress, _ link: inout L
  ) {
    let own = mac
    var bytes = scratch.mutableSpan
    EthernetHeader(destination: station, source: own, etherType: EtherType.ipv4).write(to: &bytes)
    IPv4Header(source: source, destination: destination, protocolNumber: protocolNumber, payloadLength: length)
      .write(to: &bytes, at: FrameLayout.ip)
    send(frame: FrameLayout.transport &+ length, &link)
  }
}
