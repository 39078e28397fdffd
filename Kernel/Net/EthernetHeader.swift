// Ethernet II framing (RFC 894). The frame check sequence and padding are the device's work.

import Bytes

/// The type field of the protocols that the stack speaks.
enum EtherType {
  static let ipv4: UInt16 = 0x0800
  static let arp: UInt16 = 0x0806
}

/// The header of a frame.
struct EthernetHeader: Equatable, BitwiseCopyable {
  static let size = 14
  /// Largest payload (RFC 894): the MTU.
  static let maximumPayload = 1500

  var destination: MACAddress
  var source: MACAddress
  var etherType: UInt16

  @inline(__always)
  init(destination: MACAddress, source: MACAddress, etherType: UInt16) {
    self.destination = destination
    self.source = source
    self.etherType = etherType
  }

  /// Nil where the frame is too short, or its source is not a single station.
  @inline(__always)
  init?(parsing frame: Span<UInt8>) {
    guard frame.count >= Self.size else { return nil }
    destination = MACAddress(bits: UInt64(frame.loadBE32(0)) << 16 | UInt64(frame.loadBE16(4)))
    source = MACAddress(bits: UInt64(frame.loadBE16(6)) << 32 | UInt64(frame.loadBE32(8)))
    etherType = frame.loadBE16(12)
    guard source.isStation else { return nil }
  }

  /// Stores the header in the first 14 bytes.
  @inline(__always)
  func write(to frame: inout MutableSpan<UInt8>) {
    frame.storeBE32(UInt32(truncatingIfNeeded: destination.bits >> 16), at: 0)
    frame.storeBE16(UInt16(truncatingIfNeeded: destination.bits), at: 4)
    frame.storeBE16(UInt16(truncatingIfNeeded: source.bits >> 32), at: 6)
    frame.storeBE32(UInt32(truncatingIfNeeded: source.bits), at: 8)
    frame.storeBE16(etherType, at: 12)
  }
}
