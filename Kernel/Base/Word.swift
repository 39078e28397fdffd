// Looking through bytes eight at a time. Each test is exact for the lowest byte that it finds; bytes above that one may be
// marked wrongly, which no caller looks at.

/// Eight bytes as one little-endian word, the first byte lowest.
public enum Word {
  @inlinable @inline(__always) public static var ones: UInt64 { 0x0101_0101_0101_0101 }
  @inlinable @inline(__always) public static var highs: UInt64 { 0x8080_8080_8080_8080 }

  /// Marks (bit 7) the bytes of `word` equal to `byte`.
  @inlinable @inline(__always)
  public static func equal(_ word: UInt64, _ byte: UInt8) -> UInt64 {
    let difference = word ^ (ones &* UInt64(byte))
    return (difference &- ones) & ~difference & highs
  }

  /// Marks the bytes of `word` below `bound`, which is at most 128.
  @inlinable @inline(__always)
  public static func below(_ word: UInt64, _ bound: UInt8) -> UInt64 {
    (word &- ones &* UInt64(bound)) & ~word & highs
  }

  /// The index of the lowest byte marked; 8 where none is.
  @inlinable @inline(__always)
  public static func first(_ marks: UInt64) -> Int { marks.trailingZeroBitCount >> 3 }

  /// The lowest byte of `word` that is marked; one is.
  @inlinable @inline(__always)
  public static func byte(_ word: UInt64, at marks: UInt64) -> UInt8 {
    UInt8(truncatingIfNeeded: word &>> UInt64(truncatingIfNeeded: marks.trailingZeroBitCount & 0x38))
  }
}
