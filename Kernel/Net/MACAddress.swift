// Ethernet hardware addresses.

/// A 48-bit IEEE 802 address, kept in the low bits of one word so that comparing is one instruction.
public struct MACAddress: Equatable, Hashable, Sendable, BitwiseCopyable {
  /// The six bytes, the first on the wire most significant; the upper 16 bits are zero.
  public let bits: UInt64

  /// The address whose six bytes are the low 48 bits of `bits`; higher bits are dropped.
  @inlinable
  public init(bits: UInt64) { self.bits = bits & 0xffff_ffff_ffff }

  /// The address of six bytes in the order of the wire.
  public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, _ e: UInt8, _ f: UInt8) {
    let high = UInt64(a) << 40 | UInt64(b) << 32
    let middle = UInt64(c) << 24 | UInt64(d) << 16
    bits = high | middle | UInt64(e) << 8 | UInt64(f)
  }

  /// ff:ff:ff:ff:ff:ff.
  @inlinable public static var broadcast: MACAddress { MACAddress(bits: 0xffff_ffff_ffff) }
  /// 00:00:00:00:00:00, which no station has.
  @inlinable public static var zero: MACAddress { MACAddress(bits: 0) }

  /// Whether the group bit is set: multicast and broadcast.
  @inlinable public var isGroup: Bool { bits & 0x0100_0000_0000 != 0 }
  /// Whether a single station can have this address.
  @inlinable public var isStation: Bool { !isGroup && bits != 0 }
}
