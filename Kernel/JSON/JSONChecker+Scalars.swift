// Strings (RFC 8259 §7) and numbers (§6), checked.

import Base
import Bytes

extension JSONChecker {
  /// Checks the string that begins with the quote at `start`; returns the place after its closing quote.
  @inline(never)
  static func string(_ text: Span<UInt8>, from start: Int) throws(JSONFailure) -> Int {
    var at = start &+ 1
    while true {
      if at <= text.count &- 8 {
        let word = text.loadLE64(at)
        let marks = Word.equal(word, Mark.quote) | Word.equal(word, Mark.backslash) | Word.below(word, 0x20) | (word & Word.highs)
        if marks == 0 {
          at &+= 8
          continue
        }
        at &+= Word.first(marks)
      }
      let byte = text.peek(at)
      if byte == Mark.quote { return at &+ 1 }
      if byte >= 0x80 {
        at = try wide(text, from: at)
      } else if byte == Mark.backslash {
        at = try escape(text, from: at)
      } else if byte < 0x20 {
        throw JSONFailure(error: at < text.count ? .controlCharacter : .unfinishedString, offset: at)
      } else {
        at &+= 1
      }
    }
  }

  /// Checks the run of characters past ASCII that begins at `start`; returns the place after it.
  private static func wide(_ text: Span<UInt8>, from start: Int) throws(JSONFailure) -> Int {
    var at = start
    repeat {
      let length = UTF8Sequence.length(text, at: at)
      guard length > 0 else { throw JSONFailure(error: .malformedUTF8, offset: at) }
      at &+= length
    } while text.peek(at) >= 0x80
    return at
  }

  /// Checks the escape that begins with the backslash at `start`; returns the place after it.
  private static func escape(_ text: Span<UInt8>, from start: Int) throws(JSONFailure) -> Int {
    switch text.peek(start &+ 1) {
    case 0x22, 0x2f, 0x5c, 0x62, 0x66, 0x6e, 0x72, 0x74: return start &+ 2
    case 0x75: break
    default: throw JSONFailure(error: start &+ 1 < text.count ? .unknownEscape : .unfinishedString, offset: start &+ 1)
    }
    let first = try codeUnit(text, from: start &+ 2)
    guard first & 0xf800 == 0xd800 else { return start &+ 6 }
    // A high half, and the low half as the next escape.
    guard first < 0xdc00, text.peek(start &+ 6) == Mark.backslash, text.peek(start &+ 7) == 0x75 else {
      throw JSONFailure(error: .loneSurrogate, offset: start)
    }
    guard try codeUnit(text, from: start &+ 8) & 0xfc00 == 0xdc00 else { throw JSONFailure(error: .loneSurrogate, offset: start) }
    return start &+ 12
  }

  /// The four hexadecimal digits at `start`.
  private static func codeUnit(_ text: Span<UInt8>, from start: Int) throws(JSONFailure) -> UInt16 {
    var value: UInt16 = 0
    for at in start..<(start &+ 4) {
      guard let digit = ASCII.hexValue(text.peek(at)) else {
        throw JSONFailure(error: at < text.count ? .hexDigitExpected : .unfinishedString, offset: at)
      }
      value = value << 4 | UInt16(digit)
    }
    return value
  }

  /// Checks the number that begins with the digit or minus sign at `start`; returns the place after it.
  static func number(_ text: Span<UInt8>, from start: Int) throws(JSONFailure) -> Int {
    var at = text.peek(start) == 0x2d ? start &+ 1 : start
    if text.peek(at) == 0x30 {
      at &+= 1
      guard !ASCII.isDigit(text.peek(at)) else { throw JSONFailure(error: .leadingZero, offset: at) }
    } else {
      at = try digits(text, from: at)
    }
    if text.peek(at) == 0x2e { at = try digits(text, from: at &+ 1) }
    if text.peek(at) | 0x20 == 0x65 {
      let sign = text.peek(at &+ 1)
      at = try digits(text, from: sign == 0x2b || sign == 0x2d ? at &+ 2 : at &+ 1)
    }
    return at
  }

  /// Checks that a digit is at `start`; returns the place after it and those that follow.
  @inline(__always)
  private static func digits(_ text: Span<UInt8>, from start: Int) throws(JSONFailure) -> Int {
    var at = start
    while ASCII.isDigit(text.peek(at)) { at &+= 1 }
    guard at > start else { throw JSONFailure(error: .digitExpected, offset: at) }
    return at
  }
}
