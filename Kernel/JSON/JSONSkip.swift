// Where checked strings and values end. Every function here takes any text and ends: what was checked is not checked again, but
// neither is it trusted with the kernel's life.

import Base
import Bytes

extension Span where Element == UInt8 {
  /// The place after the closing quote of the string that begins at `start`.
  @inline(__always)
  func stringEnd(_ start: Int) -> Int {
    let at = start &+ 1
    // Most strings, keys above all, end within eight bytes.
    if at <= count &- 8 {
      let word = loadLE64(at)
      let marks = Word.equal(word, Mark.quote) | Word.equal(word, Mark.backslash)
      if marks != 0, Word.byte(word, at: marks) == Mark.quote { return at &+ Word.first(marks) &+ 1 }
    }
    return longStringEnd(at)
  }

  @inline(never)
  private func longStringEnd(_ start: Int) -> Int {
    var at = start
    while at < count {
      if at <= count &- 8 {
        let word = loadLE64(at)
        let marks = Word.equal(word, Mark.quote) | Word.equal(word, Mark.backslash)
        if marks == 0 {
          at &+= 8
          continue
        }
        at &+= Word.first(marks)
      }
      let byte = self[at]
      if byte == Mark.quote { return at &+ 1 }
      at &+= byte == Mark.backslash ? 2 : 1
    }
    return count
  }

  /// The value that begins at `start`; an empty one where the text has ended.
  func checkedValue(_ start: Int) -> JSONValue {
    let kind = JSONKind(first: peek(start))
    let end =
      switch kind {
      case .string: stringEnd(start)
      case .object, .array: containerEnd(start)
      case .number, .yes, .no, .null: scalarEnd(start)
      }
    return JSONValue(start: start, end: Swift.max(start, end), kind: kind)
  }

  /// The place after the bracket or brace that closes the one at `start`.
  @inline(never)
  private func containerEnd(_ start: Int) -> Int {
    var depth = 1
    var at = start &+ 1
    while at < count {
      if at <= count &- 8 {
        let word = loadLE64(at)
        // Outside of strings only brackets and braces have these bits of 0x7f set: 0x5b, 0x5d, 0x7b, 0x7d.
        let marks = Word.equal(word, Mark.quote) | Word.equal(word | Word.ones &* 0x26, 0x7f)
        if marks == 0 {
          at &+= 8
          continue
        }
        at &+= Word.first(marks)
      }
      switch self[at] {
      case Mark.quote:
        at = stringEnd(at)
        continue
      case Mark.openBrace, Mark.openBracket: depth &+= 1
      case Mark.closeBrace, Mark.closeBracket:
        depth &-= 1
        if depth == 0 { return at &+ 1 }
      default: break
      }
      at &+= 1
    }
    return count
  }

  /// The place after the number or literal name that begins at `start`: that of the next comma, closing mark or white space.
  private func scalarEnd(_ start: Int) -> Int {
    var at = start
    while at <= count &- 8 {
      let word = loadLE64(at)
      // Closing marks differ in bit 5 only.
      let marks = Word.below(word, 0x21) | Word.equal(word, Mark.comma) | Word.equal(word | Word.ones &* 0x20, Mark.closeBrace)
      if marks != 0 { return at &+ Word.first(marks) }
      at &+= 8
    }
    while true {
      switch peek(at) {
      case 0...0x20, Mark.comma, Mark.closeBracket, Mark.closeBrace: return at
      default: at &+= 1
      }
    }
  }
}
