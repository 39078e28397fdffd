// The Internet header (RFC 791 §3.1). Options are skipped; fragments are refused, never reassembled.

import Bytes

/// The protocol field of what the stack speaks.
enum IPProtocol {
  static let icmp: UInt8 = 1
  static let tcp: UInt8 = 6
  static let udp: UInt8 = 17
}

/// Why a datagram is not legal.
enum IPv4Error: Error {
  /// Too short, another version, or lengths that contradict each other.
  case malformed
  case checksum
  case fragment
}

/// The header of a whole datagram.
struct IPv4Header: Equatable, BitwiseCopyable {
  /// Size of a header without options: all that is ever sent.
  static let size = 20

  var source: IPv4Address
  var destination: IPv4Address
  var protocolNumber: UInt8
  /// Bytes of header, options among them.
  var headerLength: Int
  /// Bytes of header and payload.
  var totalLength: Int

  init(source: IPv4Address, destination: IPv4Address, protocolNumber: UInt8, payloadLength: Int) {
    self.source = source
    self.destination = destination
    self.protocolNumber = protocolNumber
    headerLength = Self.size
    totalLength = Self.size &+ payloadLength
  }

  /// Parses the datagram at the start of `bytes`, which may carry padding after it.
  init(parsing bytes: Span<UInt8>) throws(IPv4Error) {
    guard bytes.count >= Self.size else { throw .malformed }
    let first = bytes[0]
    headerLength = Int(first & 15) &* 4
    totalLength = Int(bytes.loadBE16(2))
    guard first >> 4 == 4, headerLength >= Self.size, headerLength <= totalLength, totalLength <= bytes.count else {
      throw .malformed
    }
    // Summed here by whole words: nearly every header has exactly five.
    var sum: UInt64 = 0
    var offset = 0
    while offset < headerLength {
      sum &+= UInt64(bytes.loadBE32(offset))
      offset &+= 4
    }
    sum = sum >> 32 &+ sum & 0xffff_ffff
    sum = sum >> 16 &+ sum & 0xffff
    sum = sum >> 16 &+ sum & 0xffff
    sum = sum >> 16 &+ sum & 0xffff
    guard sum == 0xffff else { throw .checksum }
    // More fragments, or an offset other than zero.
    guard bytes.loadBE16(6) & 0x3fff == 0 else { throw .fragment }
    protocolNumber = bytes[9]
    source = IPv4Address(bits: bytes.loadBE32(12))
    destination = IPv4Address(bits: bytes.loadBE32(16))
  }

  /// Stores the header at byte `offset`, with its checksum.
  ///
  /// Datagrams are atomic: DF is set, so the identification means nothing and stays zero (RFC 6864 §4.1).
  @inline(__always)
  func write(to bytes: inout MutableSpan<UInt8>, at offset: Int) {
    let length = UInt32(truncatingIfNeeded: totalLength)
    let timeToLiveAndProtocol = 64 << 8 | UInt32(protocolNumber)
    bytes.storeBE32(0x4500_0000 | length, at: offset)
    bytes.storeBE32(0x0000_4000, at: offset &+ 4)
    bytes.storeBE32(source.bits, at: offset &+ 12)
    bytes.storeBE32(destination.bits, at: offset &+ 16)
    var sum: UInt32 = 0x4500 &+ 0x4000 &+ length &+ timeToLiveAndProtocol
    sum &+= source.bits >> 16 &+ source.bits & 0xffff
    sum &+= destination.bits >> 16 &+ destination.bits & 0xffff
    sum = sum >> 16 &+ sum & 0xffff
    sum = sum >> 16 &+ sum & 0xffff
    bytes.storeBE32(timeToLiveAndProtocol << 16 | (~sum & 0xffff), at: offset &+ 8)
  }

  /// The sum over the pseudo-header of TCP and UDP (RFC 9293 §3.1, RFC 768).
  @inline(__always)
  static func pseudoHeaderSum(
    source: IPv4Address, destination: IPv4Address, protocolNumber: UInt8, length: Int
  ) -> InternetChecksum {
    var sum = InternetChecksum()
    sum.add(source.bits)
    sum.add(destination.bits)
    sum.add(UInt32(protocolNumber) << 16 | UInt32(truncatingIfNeeded: length))
    return sum
  }
}
