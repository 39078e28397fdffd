// What is wrong with a text that is no JSON, where, and what was expected there.

public import Base

/// Why a text is refused.
public enum JSONError: UInt8, Error, Sendable, BitwiseCopyable {
  case empty, byteOrderMark, trailingText, tooDeep
  case unfinishedObject, unfinishedArray, unfinishedString, valueMissing
  case valueExpected, unknownWord, trailingComma, keyExpected, colonExpected, commaOrBraceExpected, commaOrBracketExpected
  case leadingZero, digitExpected
  case controlCharacter, unknownEscape, hexDigitExpected, loneSurrogate, malformedUTF8

  /// What is wrong and what was expected; needs no JSON escapes.
  @_optimize(size)
  public var text: StaticString {
    switch self {
    case .empty: "there is no value: an object, array, string, number, true, false or null was expected"
    case .byteOrderMark: "the text begins with a byte order mark, which JSON must not"
    case .trailingText: "something follows the value: the end was expected"
    case .tooDeep: "arrays and objects are nested deeper than 64 levels"
    case .unfinishedObject: "the text ends within an object: a closing brace was expected"
    case .unfinishedArray: "the text ends within an array: a closing bracket was expected"
    case .unfinishedString: "the text ends within a string: a closing quote was expected"
    case .valueMissing: "the text ends where a value was expected"
    case .valueExpected: "an object, array, string, number, true, false or null was expected"
    case .unknownWord: "an unknown word: only true, false and null may stand without quotes"
    case .trailingComma: "a comma before the end of an object or array: another member or element was expected"
    case .keyExpected: "a key was expected: a string in double quotes"
    case .colonExpected: "a colon was expected between key and value"
    case .commaOrBraceExpected: "a comma or a closing brace was expected"
    case .commaOrBracketExpected: "a comma or a closing bracket was expected"
    case .leadingZero: "a number begins with a zero that further digits follow"
    case .digitExpected: "a digit was expected in a number"
    case .controlCharacter: "a control character in a string: it must be written as an escape"
    case .unknownEscape: "an unknown escape in a string: a quote, backslash, slash, b, f, n, r, t or u was expected after the backslash"
    case .hexDigitExpected: "four hexadecimal digits were expected in a string after backslash and u"
    case .loneSurrogate: "an escape in a string is one half of a surrogate pair: the other half was expected beside it"
    case .malformedUTF8: "a string is not UTF-8 (RFC 3629)"
    }
  }
}

/// An error and the place that it was found at.
public struct JSONFailure: Error, Equatable, Sendable, BitwiseCopyable {
  public let error: JSONError
  /// Bytes from the document's first one to the first that cannot be there; for `trailingComma` to what follows the comma.
  public let offset: Int
}

extension TextWriter {
  /// Writes what is wrong and where, as in "at byte 17: a colon was expected between key and value"; needs no JSON escapes.
  @_optimize(size) @inline(never)
  public mutating func write(_ failure: JSONFailure) {
    write("at byte ")
    write(decimal: UInt64(failure.offset))
    write(": ")
    write(failure.error.text)
  }
}
