// Tests on the bytes of heads, eight at a time (Base's Word), and on tokens.

public import Base

extension Word {
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
  @inlinable @inline(__always)
  public static func notHostByte(_ word: UInt64) -> UInt64 {
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
  public static func isToken(_ byte: UInt8) -> Bool {
    // One bit a character: ! # $ % & ' * + - . 0-9, then A-Z ^ _ ` a-z | ~.
    let low: UInt64 = 0x03ff_6cfa_0000_0000
    let high: UInt64 = 0x57ff_ffff_c7ff_fffe
    return byte < 128 && ((byte < 64 ? low : high) >> UInt64(byte & 63)) & 1 == 1
  }
}
