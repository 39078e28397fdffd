// The bits of a deflate stream, from each byte's least significant on (RFC 1951 §3.1.1).

import Bytes

/// The next bits of a span of bytes, which is passed to each call.
struct BitReader: BitwiseCopyable {
  /// The next bits, the first of them lowest. Those above `count` are zero or right.
  private(set) var bits: UInt64 = 0
  /// Bits that are known to be there: at least 56 after `refill`, unless fewer are left.
  private(set) var count = 0
  /// The first byte that is not counted in `count`.
  private var position = 0

  /// Bytes of which at least one bit was taken.
  var consumed: Int { position &- count >> 3 }

  @inline(__always)
  mutating func refill(_ source: Span<UInt8>) {
    guard source.count &- position >= 8 else {
      self = refilledNearEnd(source)
      return
    }
    // The bytes that do not fit whole are met again, with the same bits at the same place.
    bits |= source.loadLE64(position) &<< UInt64(count)
    position &+= (63 &- count) >> 3
    count |= 56
  }

  /// Not a mutating function, so that `self` may be in registers.
  @inline(never)
  private func refilledNearEnd(_ source: Span<UInt8>) -> BitReader {
    var reader = self
    while reader.count < 56, reader.position < source.count {
      reader.bits |= UInt64(source[reader.position]) &<< UInt64(reader.count)
      reader.position &+= 1
      reader.count &+= 8
    }
    return reader
  }

  /// Passes `length` bits, at most 15.
  @inline(__always)
  mutating func drop(_ length: Int) throws(InflateError) {
    guard length <= count else { throw .truncated }
    bits &>>= UInt64(length)
    count &-= length
  }

  /// The next `length` bits, at most 15, as a number; they are passed. There was a `refill` at most 40 bits ago.
  @inline(__always)
  mutating func take(_ length: Int) throws(InflateError) -> Int {
    let value = Int(truncatingIfNeeded: bits & (1 &<< UInt64(length) &- 1))
    try drop(length)
    return value
  }

  /// Passes what is left of a byte that is taken in part, and then `length` whole bytes; returns the place of their first.
  mutating func takeBytes(_ length: Int, _ source: Span<UInt8>) throws(InflateError) -> Int {
    let start = consumed
    guard source.count &- start >= length else { throw .truncated }
    position = start &+ length
    bits = 0
    count = 0
    return start
  }
}
