// TCP sequence numbers: arithmetic modulo 2^32 (RFC 9293 §3.4).

/// A point in the sequence space of one direction of a connection.
///
/// `a < b` means that b is at most 2^31 - 1 ahead of a; it is an order only among numbers that lie in one half of the space.
struct SequenceNumber: Equatable, Sendable, BitwiseCopyable {
  var bits: UInt32

  init(_ bits: UInt32) { self.bits = bits }

  @inline(__always)
  static func < (a: Self, b: Self) -> Bool { Int32(bitPattern: a.bits &- b.bits) < 0 }
  @inline(__always)
  static func <= (a: Self, b: Self) -> Bool { Int32(bitPattern: a.bits &- b.bits) <= 0 }
  @inline(__always)
  static func > (a: Self, b: Self) -> Bool { b < a }
  @inline(__always)
  static func >= (a: Self, b: Self) -> Bool { b <= a }

  @inline(__always)
  static func + (a: Self, count: Int) -> Self { Self(a.bits &+ UInt32(truncatingIfNeeded: count)) }
  @inline(__always)
  static func += (a: inout Self, count: Int) { a = a + count }
  @inline(__always)
  static func - (a: Self, count: Int) -> Self { Self(a.bits &- UInt32(truncatingIfNeeded: count)) }

  /// How far `self` is ahead of `other`; negative where it is behind.
  @inline(__always)
  func distance(from other: Self) -> Int { Int(Int32(bitPattern: bits &- other.bits)) }

  /// The later of two numbers.
  @inline(__always)
  static func latest(_ a: Self, _ b: Self) -> Self { a < b ? b : a }
}
