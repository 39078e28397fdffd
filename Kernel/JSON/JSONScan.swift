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
        // Indented text: eight blanks at once.
        at &+= at <= count &- 8 && loadLE64(at) == Word.ones &* 0x20 ? 8 : 1
      case 0x09, 0x0a, 0x0d: at &+= 1
      default: return at
      }
    }
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
