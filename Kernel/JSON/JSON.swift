// The checker of JSON texts (RFC 8259): one pass, no recursion, no memory.
//
// It takes exactly the grammar, and of what the RFC leaves open the strict choice where two parsers may differ: no byte order mark
// (§8.1), and no escape of half a surrogate pair (§8.2), since the kernel passes text on as legal UTF-8. Keys may be there twice (§4).
// Out of scope: what the values are (JSONMembers.swift, JSONString.swift, JSONNumber.swift).

import Base
import Bytes

/// Documents of JSON.
public enum JSON {
  /// Arrays and objects that may lie within each other.
  public static var depthLimit: Int { 64 }

  /// Checks `text[range]` as exactly one document: a value of any kind, with white space around it.
  ///
  /// Linear in the bytes, whatever they are. The value that is returned lies where it lies in `text`. Traps where `range` is not inside `text`.
  public static func parse(_ text: Span<UInt8>, in range: Range<Int>) throws(JSONFailure) -> JSONValue {
    let document = text.extracting(range)
    let start = document.skipSpace(0)
    let end = try JSONChecker.value(document, from: start)
    let rest = document.skipSpace(end)
    guard rest == document.count else { throw JSONFailure(error: .trailingText, offset: rest) }
    return JSONValue(start: range.lowerBound &+ start, end: range.lowerBound &+ end, kind: JSONKind(first: document.peek(start)))
  }
}

/// The checker proper. Positions count from the document's first byte.
enum JSONChecker {
  /// Checks the value that begins at `start`; returns the place after it.
  static func value(_ text: Span<UInt8>, from start: Int) throws(JSONFailure) -> Int {
    // One bit for each container that is open, the innermost lowest: 1 for an object.
    var containers: UInt64 = 0
    var depth = 0
    var at = start
    values: while true {
      // A value begins at `at`.
      let first = text.peek(at)
      switch first {
      case Mark.quote: at = try string(text, from: at)
      case 0x2d, 0x30...0x39: at = try number(text, from: at)
      case Mark.openBrace, Mark.openBracket:
        guard depth < JSON.depthLimit else { throw JSONFailure(error: .tooDeep, offset: at) }
        let isObject = first == Mark.openBrace
        depth &+= 1
        containers = containers << 1 | (isObject ? 1 : 0)
        at = text.skipSpace(at &+ 1)
        // The closing mark is two above the opening one.
        guard text.peek(at) == first &+ 2 else {
          if isObject { at = try key(text, from: at) }
          continue values
        }
      default: at = try word(text, from: at)
      }

      // A value ended before `at`, or a container is about to end there.
      while depth > 0 {
        at = text.skipSpace(at)
        let isObject = containers & 1 == 1
        let byte = text.peek(at)
        if byte == Mark.comma {
          at = text.skipSpace(at &+ 1)
          if isObject { at = try key(text, from: at) }
          continue values
        }
        guard byte == (isObject ? Mark.closeBrace : Mark.closeBracket) else { throw separatorFailure(text, at, isObject: isObject) }
        at &+= 1
        depth &-= 1
        containers >>= 1
      }
      return at
    }
  }

  /// Checks the key that begins at `start` and its colon; returns where the value begins.
  @inline(__always)
  private static func key(_ text: Span<UInt8>, from start: Int) throws(JSONFailure) -> Int {
    guard text.peek(start) == Mark.quote else { throw keyFailure(text, start) }
    let colon = text.skipSpace(try string(text, from: start))
    guard text.peek(colon) == Mark.colon else {
      throw JSONFailure(error: colon < text.count ? .colonExpected : .unfinishedObject, offset: colon)
    }
    return text.skipSpace(colon &+ 1)
  }

  /// Checks the literal name that begins at `start` (RFC 8259 §3); returns the place after it.
  @inline(__always)
  private static func word(_ text: Span<UInt8>, from start: Int) throws(JSONFailure) -> Int {
    guard start <= text.count &- 4 else { throw valueFailure(text, start) }
    switch text.loadLE32(start) {
    case 0x6c6c_756e, 0x6575_7274: return start &+ 4  // "null", "true"
    case 0x736c_6166 where text.peek(start &+ 4) == 0x65: return start &+ 5  // "fals", "e"
    default: throw valueFailure(text, start)
    }
  }
}

// What is wrong, found out once something is.
extension JSONChecker {
  @_optimize(size) @inline(never)
  private static func valueFailure(_ text: Span<UInt8>, _ at: Int) -> JSONFailure {
    let byte = text.peek(at)
    if at >= text.count {
      return JSONFailure(error: previous(text, at) == nil ? .empty : .valueMissing, offset: at)
    }
    if at == 0, text.count >= 3, byte == 0xef, text[1] == 0xbb, text[2] == 0xbf { return JSONFailure(error: .byteOrderMark, offset: 0) }
    if byte == Mark.closeBracket, previous(text, at) == Mark.comma { return JSONFailure(error: .trailingComma, offset: at) }
    return JSONFailure(error: ASCII.isLetter(byte) ? .unknownWord : .valueExpected, offset: at)
  }

  @_optimize(size) @inline(never)
  private static func keyFailure(_ text: Span<UInt8>, _ at: Int) -> JSONFailure {
    if at >= text.count { return JSONFailure(error: .unfinishedObject, offset: at) }
    let isTrailing = text.peek(at) == Mark.closeBrace && previous(text, at) == Mark.comma
    return JSONFailure(error: isTrailing ? .trailingComma : .keyExpected, offset: at)
  }

  @_optimize(size) @inline(never)
  private static func separatorFailure(_ text: Span<UInt8>, _ at: Int, isObject: Bool) -> JSONFailure {
    if at >= text.count { return JSONFailure(error: isObject ? .unfinishedObject : .unfinishedArray, offset: at) }
    return JSONFailure(error: isObject ? .commaOrBraceExpected : .commaOrBracketExpected, offset: at)
  }

  /// The last byte before `end` that is not white space.
  private static func previous(_ text: Span<UInt8>, _ end: Int) -> UInt8? {
    var at = end
    while at > 0 {
      at &-= 1
      if text[at] > 0x20 { return text[at] }
    }
    return nil
  }
}
