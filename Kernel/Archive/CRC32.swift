// The cyclic redundancy check of zip and gzip (ISO 3309; APPNOTE 4.4.7), four bytes at a time.

import Bytes

/// CRC-32 with the reflected polynomial 0xedb88320.
public enum CRC32 {
  /// The check value of `bytes`.
  @inline(never)
  public static func checksum(of bytes: Span<UInt8>) -> UInt32 {
    // Entry `256 * n + byte` is what `byte` does to the value when `n` zero bytes follow it. Made anew each time, it costs what some thousand
    // bytes do, and no memory for good.
    var table: [1024 of UInt32] = .init(repeating: 0)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value >> 1 ^ (value & 1 == 0 ? 0 : 0xedb8_8320) }
      table[byte] = value
    }
    for index in 256..<1024 { table[index] = step(&table, table[index &- 256]) }

    var value: UInt32 = .max
    var at = 0
    while bytes.count &- at >= 4 {
      let word = value ^ bytes.loadLE32(at)
      value = table[768 &+ Int(word & 0xff)] ^ table[512 &+ Int(word >> 8 & 0xff)]
      value ^= table[256 &+ Int(word >> 16 & 0xff)] ^ table[Int(word >> 24)]
      at &+= 4
    }
    while at < bytes.count {
      value = step(&table, value ^ UInt32(bytes[at]))
      at &+= 1
    }
    return ~value
  }

  /// `value` when one more byte, which is in its low byte already, has gone through. (A table that is not `inout` is copied.)
  @inline(__always)
  private static func step(_ table: inout [1024 of UInt32], _ value: UInt32) -> UInt32 { value >> 8 ^ table[Int(value & 0xff)] }
}
