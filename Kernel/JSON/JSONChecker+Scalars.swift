// Strings (RFC 8259 §7) and numbers (§6), checked.

import Base
import Bytes

extension JSONChecker {
  /// Checks the string that begins with the quote at `start`; returns the place after its closing quote.
  @inline(__always)
  static func string(_ text: Span<UInt8>, from start: Int) throws(JSONFailure) -> Int {
    let at = start &+ 1
    // Most strings, keys above all, end within eight bytes.
    if at <= text.count &- 8 {
      let word = text.loadLE64(at)
      let marks = notPlain(word)
      if marks != 0, Word.byte(word, at: marks) == Mark.quote { return at &+ Word.first(marks) &+ 1 }
    }
    return try longString(text, from: at)
  }

  @inline(never)
  private static func longString(_ text: Span<UInt8>, from start: Int) throws(JSONFailure) -> Int {
    var at = start
    while true {
      if at <= text.count &- 8 {
        let marks = notPlain(text.loadLE64(at))
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
        at = try escapes(text, from: at)
      } else if byte < 0x20 {
        throw JSONFailure(error: at < text.count ? .controlCharacter : .unfinishedString, offset: at)
      } else {
        at &+= 1
      }
    }
  }

  /// Marks the bytes of `word` that a string cannot simply have: quotes, backslashes, controls and all past ASCII.
  @inline(__always)
  private static func notPlain(_ word: UInt64) -> UInt64 {
    Word.equal(word, Mark.quote) | Word.equal(word, Mark.backslash) | Word.below(word, 0x20) | (word & Word.highs)
  }

  /// Checks the run of characters past ASCII that begins at `start`; returns the place after it.
  private static func wide(_ text: Span<UInt8>, from start: Int) throws(JSONFailure) -> Int {
    var at = start
    repeat {
      var length = at <= text.count &- 4 ? usualLength(text.loadLE32(at)) : 0
      if length == 0 { length = UTF8Sequence.length(text, at: at) }
      guard length > 0 else { throw JSONFailure(error: .malformedUTF8, offset: at) }
      at &+= length
    } while text.peek(at) >= 0x80
    return at
  }

  /// Bytes of the character that `word` begins with where it is well-formed and has two or three (RFC 3629 §4); 0 for all else.
  @inline(__always)
  private static func usualLength(_ word: UInt32) -> Int {
    if word & 0xc0_c0f0 == 0x80_80e0 {
      // The bits that tell overlong forms (all clear) and surrogates.
      let high = word & 0x200f
      return high != 0 && high != 0x200d ? 3 : 0
    }
    return word & 0xc0e0 == 0x80c0 && word & 0x1e != 0 ? 2 : 0
  }

  /// Checks the run of escapes whose first backslash is at `start`; returns the place after it.
  private static func escapes(_ text: Span<UInt8>, from start: Int) throws(JSONFailure) -> Int {
    var at = start
    repeat {
      let letter = text.peek(at &+ 1)
      if letter == 0x75 {
        at = try codePoint(text, from: at)
      } else {
        guard isEscape(letter) else {
          throw JSONFailure(error: at &+ 1 < text.count ? .unknownEscape : .unfinishedString, offset: at &+ 1)
        }
        at &+= 2
      }
    } while text.peek(at) == Mark.backslash
    return at
  }

  /// Whether `letter` may follow a backslash, "u" left aside.
  @inline(__always)
  private static func isEscape(_ letter: UInt8) -> Bool {
    switch letter {
    case 0x22, 0x2f, 0x5c, 0x62, 0x66, 0x6e, 0x72, 0x74: true
    default: false
    }
  }

  /// Checks the escape, or the pair of them, that writes the character at `start` in hexadecimal; returns the place after it.
  @inline(__always)
  private static func codePoint(_ text: Span<UInt8>, from start: Int) throws(JSONFailure) -> Int {
    guard let first = text.codeUnit(start &+ 2) else { throw hexFailure(text, start &+ 2) }
    guard first & 0xf800 == 0xd800 else { return start &+ 6 }
    // A high half, and the low half as the next escape.
    guard first < 0xdc00, text.peek(start &+ 6) == Mark.backslash, text.peek(start &+ 7) == 0x75 else {
      throw JSONFailure(error: .loneSurrogate, offset: start)
    }
    guard let second = text.codeUnit(start &+ 8) else { throw hexFailure(text, start &+ 8) }
    guard second & 0xfc00 == 0xdc00 else { throw JSONFailure(error: .loneSurrogate, offset: start) }
    return start &+ 12
  }

  /// Tells which of the four bytes from `start` on is no hexadecimal digit.
  @_optimize(size) @inline(never)
  private static func hexFailure(_ text: Span<UInt8>, _ start: Int) -> JSONFailure {
    var at = start
    while ASCII.hexValue(text.peek(at)) != nil { at &+= 1 }
    return JSONFailure(error: at < text.count ? .hexDigitExpected : .unfinishedString, offset: at)
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
    while at <= text.count &- 8 {
      let digits = text.loadLE64(at) ^ (Word.ones &* 0x30)
      let marks = ((digits &+ Word.ones &* 0x76) | digits) & Word.highs
      at &+= Word.first(marks)
      if marks != 0 { break }
    }
    while ASCII.isDigit(text.peek(at)) { at &+= 1 }
    guard at > start else { throw JSONFailure(error: .digitExpected, offset: at) }
    return at
  }
}
