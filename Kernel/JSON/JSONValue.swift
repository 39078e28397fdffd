// The values of a checked document: where each lies and what it is. Nothing is copied out of the text.

import Bytes

/// What a value is (RFC 8259 §3).
public enum JSONKind: UInt8, Sendable, BitwiseCopyable {
  case object, array, string, number, yes, no, null

  /// The kind of the value that begins with `byte`.
  @inline(__always)
  init(first byte: UInt8) {
    switch byte {
    case Mark.openBrace: self = .object
    case Mark.openBracket: self = .array
    case Mark.quote: self = .string
    case 0x74: self = .yes
    case 0x66: self = .no
    case 0x6e: self = .null
    default: self = .number
    }
  }
}

/// One value of a document that `JSON.parse` accepted.
///
/// It is a place in a text, and each method has to be given that text, unchanged. With another text the results mean nothing, though every
/// walk ends.
public struct JSONValue: Equatable, Sendable, BitwiseCopyable {
  /// The place of the first byte, quotes, braces and brackets included.
  public let start: Int
  /// The place after the last byte.
  public let end: Int
  public let kind: JSONKind

  @inline(__always)
  init(start: Int, end: Int, kind: JSONKind) {
    self.start = start
    self.end = end
    self.kind = kind
  }

  /// The value that is all of `text[range]`, which was checked before and stored with no white space around it. Costs nothing. Traps where
  /// `range` is not inside `text`.
  public init(checked range: Range<Int>, of text: Span<UInt8>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= text.count)
    self.init(start: range.lowerBound, end: range.upperBound, kind: JSONKind(first: text.peek(range.lowerBound)))
  }

  /// The bytes of the value as they are written.
  @_lifetime(copy text)
  public func written(in text: Span<UInt8>) -> Span<UInt8> {
    let start = min(max(start, 0), text.count)
    return text.extracting(start..<max(start, min(end, text.count)))
  }

  /// The value of `true` and `false`; nil for all else.
  public var boolean: Bool? {
    switch kind {
    case .yes: true
    case .no: false
    default: nil
    }
  }
}
