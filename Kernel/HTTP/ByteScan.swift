// Looking through bytes eight at a time, and tests on tokens. Each test is exact for the lowest byte that it
// finds; bytes above that one may be marked wrongly, which no caller looks at.

import Base
import Bytes

enum Word {
  @inline(__always) static var ones: UInt64 { 0x0101_0101_0101_0101 }
  @inline(__always) static var highs: UInt64 { 0x8080_8080_8080_8080 }

  /// Marks (bit 7) the bytes of `word` equal to `byte`.
  @inline(__always)
  static func equal(_ word: UInt64, _ byte: UInt8) -> UInt64 {
    let difference = word ^ (ones &* UInt64(byte))
    return (difference &- ones) & ~difference & highs
  }

  /// Marks the bytes of `word` below `bound`, which is at most 128.
  @inline(__always)
  static func below(_ word: UInt64, _ bound: UInt8) -> UInt64 {
    (word &- ones &* UInt64(bound)) & ~word & highs
  }

  /// The index of the lowest byte marked; 8 where none is.
  @inline(__always)
  static func first(_ marks: UInt64) -> Int { marks.trailingZeroBitCount >> 3 }

  /// Marks the bytes of `word` that are neither a letter nor a hyphen: exact for every byte below the first that is above 127.
  @inline(__always)
  static func notNameByte(_ word: UInt64) -> UInt64 {
    let lower = (word | (ones &* 0x20)) & ~highs
    let letters = (lower &+ ones &* (0x80 &- 0x61)) & ~(lower &+ ones &* (0x80 &- 0x7b))
    let hyphens = ~(((word & ~highs) ^ (ones &* 0x2d)) &+ ones &* 0x7f)
    return (~(letters | hyphens) | word) & highs
  }

  /// Marks the bytes of `word` that end a target, are illegal in it or part it: blanks, controls, `?`, `#` and all above 126.
  @inline(__always)
  static func notTargetByte(_ word: UInt64) -> UInt64 {
    below(word, 0x21) | equal(word, 0x7f) | equal(word, 0x3f) | equal(word, 0x23) | (word & highs)
  }

  /// Marks the bytes of `word` that are no letter, digit, hyphen, dot or colon: exact for every byte.
  @inline(__always)
  static func notHostByte(_ word: UInt64) -> UInt64 {
    let low = word & ~highs
    let lower = low | (ones &* 0x20)
    let letters = (lower &+ ones &* (0x80 &- 0x61)) & ~(lower &+ ones &* (0x80 &- 0x7b))
    // From the hyphen to the colon, but for the slash.
    let others = (low &+ ones &* (0x80 &- 0x2d)) & ~(low &+ ones &* (0x80 &- 0x3b)) & ((low ^ (ones &* 0x2f)) &+ ones &* 0x7f)
    return (~(letters | others) | word) & highs
  }
}

extension ASCII {
  /// Whether `byte` may be in a token (RFC 9110 §5.6.2).
  @inline(__always)
  static func isToken(_ byte: UInt8) -> Bool {
    // One bit a character: ! # $ % & ' * + - . 0-9, then A-Z ^ _ ` a-z | ~.
    let low: UInt64 = 0x03ff_6cfa_0000_0000
    let high: UInt64 = 0x57ff_ffff_c7ff_fffe
    return byte < 128 && ((byte < 64 ? low : high) >> UInt64(byte & 63)) & 1 == 1
  }
}
