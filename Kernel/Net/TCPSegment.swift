// TCP segments on the wire (RFC 9293 §3.1) and the two options spoken: maximum segment size (§3.7.1) and
// window scale (RFC 7323 §2.2). All other options are skipped.

import Base
import Bytes

/// The control bits of a segment.
struct TCPFlags: OptionSet, Sendable, BitwiseCopyable {
  let rawValue: UInt8

  static let fin = TCPFlags(rawValue: 1)
  static let syn = TCPFlags(rawValue: 2)
  static let rst = TCPFlags(rawValue: 4)
  static let psh = TCPFlags(rawValue: 8)
  static let ack = TCPFlags(rawValue: 16)
}

/// Why a segment is not legal.
enum TCPError: Error {
  case malformed
  case checksum
}

/// A segment whose lengths and checksum are right; its payload stays in the frame.
struct TCPSegment: Equatable, BitwiseCopyable {
  static let headerSize = 20
  /// Largest payload of a segment in an Ethernet frame: what is offered.
  static let ethernetMSS: UInt16 = 1460
  /// What a peer that names no maximum accepts (RFC 9293 §3.7.1).
  static let defaultMSS: UInt16 = 536
  /// The least that is believed of a peer, so that it cannot ask for a storm of tiny segments.
  static let smallestMSS: UInt16 = 88

  var sourcePort: UInt16
  var destinationPort: UInt16
  var sequence: SequenceNumber
  var acknowledgement: SequenceNumber
  var flags: TCPFlags
  var window: UInt16
  /// Bytes of header, options among them: where the payload begins.
  var headerLength: Int
  var payloadLength: Int

  /// Parses the segment that is all of `bytes`.
  @inline(__always)
  init(
    parsing bytes: Span<UInt8>, source: IPv4Address, destination: IPv4Address, checksum: ReceivedChecksum
  ) throws(TCPError) {
    guard bytes.count >= Self.headerSize else { throw .malformed }
    let ports = bytes.loadBE32(0)
    sourcePort = UInt16(truncatingIfNeeded: ports >> 16)
    destinationPort = UInt16(truncatingIfNeeded: ports)
    sequence = SequenceNumber(bytes.loadBE32(4))
    acknowledgement = SequenceNumber(bytes.loadBE32(8))
    let control = bytes.loadBE32(12)
    headerLength = Int(control >> 28) &* 4
    flags = TCPFlags(rawValue: UInt8(truncatingIfNeeded: control >> 16) & 0x1f)
    window = UInt16(truncatingIfNeeded: control)
    guard headerLength >= Self.headerSize, headerLength <= bytes.count, sourcePort != 0, destinationPort != 0 else {
      throw .malformed
    }
    payloadLength = bytes.count &- headerLength
    guard checksum == .unknown else { return }
    var sum = IPv4Header.pseudoHeaderSum(
      source: source, destination: destination, protocolNumber: IPProtocol.tcp, length: bytes.count)
    sum.add(bytes)
    guard sum.isValid else { throw .checksum }
  }

  /// Sequence numbers that the segment occupies: its data, SYN and FIN.
  @inline(__always)
  var sequenceLength: Int {
    payloadLength &+ (flags.contains(.syn) ? 1 : 0) &+ (flags.contains(.fin) ? 1 : 0)
  }
}

/// The options of a SYN.
struct TCPOptions: Equatable, BitwiseCopyable {
  /// The peer's maximum segment size, bounded to what is believed; 536 where it named none.
  var maximumSegmentSize = TCPSegment.defaultMSS
  /// The peer's shift count, at most 14; nil where it does not scale windows.
  var windowScale: UInt8?

  init() {}

  /// Parses the option bytes of a SYN; nil where an option's length is impossible.
  init?(parsing options: Span<UInt8>) {
    var offset = 0
    while offset < options.count {
      let kind = options[offset]
      if kind == 0 { break }
      if kind == 1 {
        offset &+= 1
        continue
      }
      guard offset &+ 1 < options.count else { return nil }
      let length = Int(options[offset &+ 1])
      guard length >= 2, length <= options.count &- offset else { return nil }
      if kind == 2 {
        guard length == 4 else { return nil }
        let offered = options.loadBE16(offset &+ 2)
        maximumSegmentSize = min(max(offered, TCPSegment.smallestMSS), TCPSegment.ethernetMSS)
      } else if kind == 3 {
        guard length == 3 else { return nil }
        windowScale = min(options[offset &+ 2], 14)
      }
      offset &+= length
    }
  }
}

/// The fields of a segment to be sent.
struct TCPHeader: BitwiseCopyable {
  var sourcePort: UInt16
  var destinationPort: UInt16
  var sequence: SequenceNumber
  /// Sent with the ACK bit; zero, without it, where nil.
  var acknowledgement: SequenceNumber?
  var flags: TCPFlags
  var window: UInt16

  /// Bytes of options of a SYN-ACK: MSS, and window scale behind a padding byte.
  static func optionLength(windowScale: UInt8?) -> Int { windowScale == nil ? 4 : 8 }

  /// Stores the options of a SYN-ACK at byte `offset`.
  static func writeOptions(to bytes: inout MutableSpan<UInt8>, at offset: Int, windowScale: UInt8?) {
    bytes.storeBE32(0x0204_0000 | UInt32(TCPSegment.ethernetMSS), at: offset)
    if let windowScale { bytes.storeBE32(0x0103_0300 | UInt32(windowScale), at: offset &+ 4) }
  }
}
