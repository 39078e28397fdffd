// User datagrams (RFC 768): as much as a DHCP client needs.

import Base
import Bytes

/// Why a datagram is not legal.
enum UDPError: Error {
  case malformed
  case checksum
}

/// The header of a datagram whose length and checksum are right.
struct UDPDatagram: Equatable, BitwiseCopyable {
  static let headerSize = 8

  var sourcePort: UInt16
  var destinationPort: UInt16
  /// Bytes of header and payload.
  var length: Int

  init(sourcePort: UInt16, destinationPort: UInt16, payloadLength: Int) {
    self.sourcePort = sourcePort
    self.destinationPort = destinationPort
    length = Self.headerSize &+ payloadLength
  }

  /// Parses the datagram in `bytes`, which may be longer than it (RFC 1122 §4.1.3).
  init(
    parsing bytes: Span<UInt8>, source: IPv4Address, destination: IPv4Address, checksum: ReceivedChecksum
  ) throws(UDPError) {
    guard bytes.count >= Self.headerSize else { throw .malformed }
    sourcePort = bytes.loadBE16(0)
    destinationPort = bytes.loadBE16(2)
    length = Int(bytes.loadBE16(4))
    guard length >= Self.headerSize, length <= bytes.count, destinationPort != 0 else { throw .malformed }
    // A field of zero says that the sender took no sum.
    guard checksum == .unknown, bytes.loadBE16(6) != 0 else { return }
    var sum = IPv4Header.pseudoHeaderSum(
      source: source, destination: destination, protocolNumber: IPProtocol.udp, length: length)
    sum.add(bytes.extracting(0..<length))
    guard sum.isValid else { throw .checksum }
  }

  /// Stores the header at byte `offset` and takes the sum over it and the payload after it, which is already in place.
  func write(to bytes: inout MutableSpan<UInt8>, at offset: Int, source: IPv4Address, destination: IPv4Address) {
    bytes.storeBE16(sourcePort, at: offset)
    bytes.storeBE16(destinationPort, at: offset &+ 2)
    bytes.storeBE32(UInt32(truncatingIfNeeded: length) << 16, at: offset &+ 4)
    var sum = IPv4Header.pseudoHeaderSum(
      source: source, destination: destination, protocolNumber: IPProtocol.udp, length: length)
    sum.add(bytes.span.extracting(offset..<offset &+ length))
    bytes.storeBE16(sum.checksum == 0 ? 0xffff : sum.checksum, at: offset &+ 6)
  }
}
