// Reading bytes and stepping over white space: what the checker and the walks share.

import Base
import Bytes

extension Span where Element == UInt8 {
  /// The byte at `position`, which is not negative; 0, which is legal nowhere in a document, past the end.
  @inline(__always)
  func peek(_ position: Int) -> UInt8 { position < count ? self[position] : 0 }

  /// The first place from `position` on that is not white space (RFC 8259 §2).
  @inline(__always)
  func skipSpace(_ position: Int) -> Int { peek(position) > 0x20 ? position : skipLongSpace(position) }

  @inline(never)
  private func skipLongSpace(_ position: Int) -> Int {
    var at = position
    while true {
      switch peek(at) {
      case 0x20:
        // Indented text: up to eight blanks at once.
        at &+= at <= count &- 8 ? Word.first(loadLE64(at) ^ (Word.ones &* 0x20)) : 1
      case 0x09, 0x0a, 0x0d: at &+= 1
      default: return at
      }
    }
  }

  /// The value of the four hexadecimal digits at `position`; nil where one of them is none.
  func codeUnit(_ position: Int) -> UInt32? {
    guard position <= count &- 4 else { return nil }
    let word = loadLE32(position)
    let ones: UInt32 = 0x0101_0101
    let low = word & (ones &* 0x7f)
    let lower = low | (ones &* 0x20)
    let digits = (low &+ ones &* (0x80 &- 0x30)) & ~(low &+ ones &* (0x80 &- 0x3a))
    let letters = (lower &+ ones &* (0x80 &- 0x61)) & ~(lower &+ ones &* (0x80 &- 0x67))
    guard (digits | letters) & ~word & (ones &* 0x80) == ones &* 0x80 else { return nil }
    // Letters have bit 6 set and are 9 above their low four bits. Then the first digit becomes the highest.
    let values = ((word & (ones &* 0x0f)) &+ (word >> 6 & ones) &* 9).byteSwapped
    let pairs = (values | values >> 4) & 0x00ff_00ff
    return (pairs | pairs >> 8) & 0xffff
  }
}

/// Bytes that documents are made of.
enum Mark {
  static var quote: UInt8 { 0x22 }
  static var comma: UInt8 { 0x2c }
  static var colon: UInt8 { 0x3a }
  static var backslash: UInt8 { 0x5c }
  static var openBracket: UInt8 { 0x5b }
  static var closeBracket: UInt8 { 0x5d }
  static var openBrace: UInt8 { 0x7b }
  static var closeBrace: UInt8 { 0x7d }
}
