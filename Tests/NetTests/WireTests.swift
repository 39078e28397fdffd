import Base
import Bytes
import Testing

@testable import Net

/// Parsing and building of every format, against bytes written by hand or by the tests' own builders.
@Suite struct WireTests {
  private func ethernetHeader(_ bytes: [UInt8]) -> EthernetHeader? { EthernetHeader(parsing: bytes.span) }
  private func arpPacket(_ bytes: [UInt8]) -> ARPPacket? { ARPPacket(parsing: bytes.span) }
  private func ipv4Header(_ bytes: [UInt8]) throws(IPv4Error) -> IPv4Header { try IPv4Header(parsing: bytes.span) }

  @Test func ethernetRoundTrip() {
    let frame: [UInt8] = [1, 2, 3, 4, 5, 6, 0x0a, 11, 12, 13, 14, 15, 8, 6, 99]
    let header = EthernetHeader(parsing: frame.span)
    #expect(header?.destination == MACAddress(1, 2, 3, 4, 5, 6))
    #expect(header?.source == MACAddress(10, 11, 12, 13, 14, 15))
    #expect(header?.etherType == EtherType.arp)
    var copy = [UInt8](repeating: 0, count: 14)
    var span = copy.mutableSpan
    header?.write(to: &span)
    #expect(copy == Array(frame[..<14]))
    for length in 0..<14 { #expect(ethernetHeader(Array(frame[..<length])) == nil) }
    // A group address cannot send, nor can nobody.
    #expect(ethernetHeader(ethernet([], from: [1, 0, 0, 0, 0, 1])) == nil)
    #expect(ethernetHeader(ethernet([], from: [0, 0, 0, 0, 0, 0])) == nil)
  }

  @Test func arpRoundTrip() {
    let frame = arp(operation: 2, senderMAC: TestHost.peerMAC, sender: 0x0102_0304, targetMAC: TestHost.mac, target: 0x0506_0708)
    let bytes = Array(frame[14...])
    let packet = ARPPacket(parsing: bytes.span)
    #expect(packet?.operation == .reply)
    #expect(packet?.senderMAC == MACAddress(2, 0, 0, 0, 0, 2))
    #expect(packet?.sender == IPv4Address(1, 2, 3, 4))
    #expect(packet?.targetMAC == MACAddress(2, 0, 0, 0, 0, 1))
    #expect(packet?.target == IPv4Address(5, 6, 7, 8))
    var copy = [UInt8](repeating: 0, count: 28)
    var span = copy.mutableSpan
    packet?.write(to: &span, at: 0)
    #expect(copy == bytes)
    for length in 0..<28 { #expect(arpPacket(Array(bytes[..<length])) == nil) }
  }

  @Test(arguments: [(0, 2), (2, 9), (3, 1), (4, 7), (5, 5), (7, 3), (8, 0x01), (14, 224), (14, 127)])
  func arpRefuses(offset: Int, value: Int) {
    var bytes = Array(
      arp(operation: 1, senderMAC: TestHost.peerMAC, sender: TestHost.peer, target: TestHost.address)[14...])
    bytes[offset] = UInt8(value)
    #expect(arpPacket(bytes) == nil)
  }

  private func ipv4Error(_ bytes: [UInt8]) -> IPv4Error? {
    do throws(IPv4Error) {
      _ = try IPv4Header(parsing: bytes.span)
      return nil
    } catch { return error }
  }

  /// The well-known header of the checksum's Wikipedia article.
  @Test func ipv4KnownHeader() throws {
    var bytes: [UInt8] = [
      0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0, 0xc7,
    ]
    bytes += [UInt8](repeating: 0, count: 0x73 - 20)
    let header = try IPv4Header(parsing: bytes.span)
    #expect(header.source == IPv4Address(192, 168, 0, 1))
    #expect(header.destination == IPv4Address(192, 168, 0, 199))
    #expect(header.protocolNumber == IPProtocol.udp)
    var copy = [UInt8](repeating: 0, count: 20)
    var span = copy.mutableSpan
    header.write(to: &span, at: 0)
    #expect(copy == Array(bytes[..<20]))
    for length in 0..<bytes.count { #expect(ipv4Error(Array(bytes[..<length])) == .malformed) }
    // Padding after the datagram is not part of it.
    #expect(try ipv4Header(bytes + [0, 0, 0]).totalLength == 0x73)
  }

  @Test func ipv4Options() throws {
    let bytes = ipv4([1, 2, 3], protocol: 6, options: [1, 1, 1, 0, 7, 3, 4, 0])
    let header = try IPv4Header(parsing: bytes.span)
    #expect(header.headerLength == 28)
    #expect(header.totalLength == 31)
  }

  @Test func ipv4Refuses() {
    #expect(ipv4Error(ipv4([1], protocol: 6, fragment: 0x2000)) == .fragment)
    #expect(ipv4Error(ipv4([1], protocol: 6, fragment: 1)) == .fragment)
    #expect(ipv4Error(ipv4([1], protocol: 6, fragment: 0x4000)) == nil)
    for bit in 0..<160 {
      var bytes = ipv4([1, 2, 3], protocol: 6)
      bytes[bit / 8] ^= UInt8(1 << (bit % 8))
      #expect(ipv4Error(bytes) != nil)
    }
    // A header length below 20, with a right sum.
    var short = ipv4([1, 2, 3, 4], protocol: 6)
    short[0] = 0x44
    short.replaceSubrange(10..<12, with: [0, 0])
    short.replaceSubrange(10..<12, with: big16(internetSum(Array(short[..<16]))))
    #expect(ipv4Error(short) == .malformed)
  }

  private func tcpError(_ bytes: [UInt8], _ checksum: ReceivedChecksum = .unknown) -> TCPError? {
    do throws(TCPError) {
      _ = try TCPSegment(
        parsing: bytes.span, source: IPv4Address(bits: TestHost.peer), destination: IPv4Address(bits: TestHost.address),
        checksum: checksum)
      return nil
    } catch { return error }
  }

  @Test func tcpFields() throws {
    let segment = Segment(
      sequence: 0x0102_0304, acknowledgement: 0x0506_0708, flags: 0x1b, port: 1234, payload: [9, 8, 7], window: 513,
      options: [1, 1, 1, 0])
    let bytes = segment.bytes
    let parsed = try TCPSegment(
      parsing: bytes.span, source: IPv4Address(bits: TestHost.peer), destination: IPv4Address(bits: TestHost.address),
      checksum: .unknown)
    #expect(parsed.sourcePort == 1234)
    #expect(parsed.destinationPort == 80)
    #expect(parsed.sequence.bits == 0x0102_0304)
    #expect(parsed.acknowledgement.bits == 0x0506_0708)
    #expect(parsed.flags == [.fin, .syn, .psh, .ack])
    #expect(parsed.window == 513)
    #expect(parsed.headerLength == 24)
    #expect(parsed.payloadLength == 3)
    #expect(parsed.sequenceLength == 5)
    for length in 0..<bytes.count { #expect(tcpError(Array(bytes[..<length])) != nil) }
    for bit in 0..<bytes.count * 8 {
      var damaged = bytes
      damaged[bit / 8] ^= UInt8(1 << (bit % 8))
      #expect(tcpError(damaged) != nil)
    }
    var damaged = bytes
    damaged[22] ^= 1
    #expect(tcpError(damaged) == .checksum)
    #expect(tcpError(damaged, .verified) == nil)
  }

  @Test func tcpRefusesImpossibleHeaders() {
    var bytes = Segment(sequence: 1, flags: 2).bytes
    bytes[12] = 0x40
    #expect(tcpError(bytes, .verified) == .malformed)
    bytes[12] = 0x60
    #expect(tcpError(bytes, .verified) == .malformed)
    #expect(tcpError(Segment(sequence: 1, flags: 2, port: 0).bytes) == .malformed)
  }

  @Test func tcpOptions() {
    func parse(_ bytes: [UInt8]) -> TCPOptions? { TCPOptions(parsing: bytes.span) }
    #expect(parse([])?.maximumSegmentSize == 536)
    #expect(parse([])?.windowScale == nil)
    #expect(parse([2, 4, 5, 0xb4, 1, 3, 3, 7])?.maximumSegmentSize == 1460)
    #expect(parse([2, 4, 5, 0xb4, 1, 3, 3, 7])?.windowScale == 7)
    // Linux: MSS, SACK permitted, timestamps, padding, scale.
    let linux: [UInt8] = [2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 9]
    #expect(parse(linux)?.windowScale == 9)
    #expect(parse([3, 3, 255, 0])?.windowScale == 14)
    #expect(parse([2, 4, 0, 1])?.maximumSegmentSize == 88)
    #expect(parse([2, 4, 0xff, 0xff])?.maximumSegmentSize == 1460)
    #expect(parse([0, 2, 0, 0])?.maximumSegmentSize == 536)
    for bad: [UInt8] in [[2], [2, 0], [2, 1, 0, 0], [2, 3, 1, 1], [2, 5, 1, 1, 1], [3, 4, 1, 1], [8, 10, 1, 1], [1, 1, 1, 2]] {
      #expect(parse(bad) == nil)
    }
  }

  @Test func udpChecksum() throws {
    let datagram = Array(udp([1, 2, 3], sourcePort: 5, destinationPort: 6)[20...])
    func parse(_ bytes: [UInt8], _ checksum: ReceivedChecksum = .unknown) -> UDPDatagram? {
      do throws(UDPError) {
        return try UDPDatagram(
          parsing: bytes.span, source: IPv4Address(bits: TestHost.peer), destination: IPv4Address(bits: TestHost.address),
          checksum: checksum)
      } catch { return nil }
    }
    #expect(parse(datagram)?.length == 11)
    #expect(parse(datagram + [0])?.length == 11)
    for length in 0..<datagram.count { #expect(parse(Array(datagram[..<length])) == nil) }
    var damaged = datagram
    damaged[9] ^= 4
    #expect(parse(damaged) == nil)
    #expect(parse(damaged, .verified) != nil)
    damaged.replaceSubrange(6..<8, with: [0, 0])
    #expect(parse(damaged) != nil)
    damaged.replaceSubrange(4..<6, with: [0, 7])
    #expect(parse(damaged) == nil)
  }

  @Test func addresses() {
    #expect(!IPv4Address(0, 0, 0, 1).isHost)
    #expect(!IPv4Address(127, 0, 0, 1).isHost)
    #expect(!IPv4Address(224, 0, 0, 1).isHost)
    #expect(!IPv4Address.broadcast.isHost)
    #expect(IPv4Address(223, 255, 255, 254).isHost)
    #expect(IPv4Address(1, 0, 0, 0).isHost)
    let interface = InterfaceAddress(address: IPv4Address(10, 1, 2, 3), prefixLength: 24, gateway: IPv4Address(10, 1, 2, 1))
    #expect(interface?.directedBroadcast == IPv4Address(10, 1, 2, 255))
    #expect(interface?.nextHop(to: IPv4Address(10, 1, 2, 77)) == IPv4Address(10, 1, 2, 77))
    #expect(interface?.nextHop(to: IPv4Address(10, 1, 3, 77)) == IPv4Address(10, 1, 2, 1))
    func make(_ address: IPv4Address, _ length: UInt8, _ gateway: IPv4Address? = nil) -> InterfaceAddress? {
      InterfaceAddress(address: address, prefixLength: length, gateway: gateway)
    }
    #expect(make(IPv4Address(10, 1, 2, 255), 24) == nil)
    #expect(make(IPv4Address(10, 1, 2, 0), 24) == nil)
    #expect(make(IPv4Address(10, 1, 2, 3), 33) == nil)
    #expect(make(IPv4Address(10, 1, 2, 3), 24, IPv4Address(10, 1, 2, 3)) == nil)
    #expect(make(IPv4Address(10, 1, 2, 2), 31) != nil)
    #expect(make(IPv4Address(10, 1, 2, 2), 32)?.nextHop(to: IPv4Address(10, 1, 2, 3)) == nil)
    #expect(make(IPv4Address(10, 1, 2, 2), 0)?.mask == 0)
  }

  @Test func sequenceNumbers() {
    let near = SequenceNumber(.max)
    #expect(near < near + 1)
    #expect((near + 1).bits == 0)
    #expect((near + 5).distance(from: near) == 5)
    #expect(near.distance(from: near + 5) == -5)
    #expect(SequenceNumber.latest(near, near + 3) == near + 3)
    #expect(SequenceNumber(0) <= SequenceNumber(0))
    #expect(SequenceNumber(0) < SequenceNumber(0x7fff_ffff))
    #expect(SequenceNumber(0x8000_0001) < SequenceNumber(0))
  }
}
