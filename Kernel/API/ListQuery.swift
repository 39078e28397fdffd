// The query parameters of lists, and what is said of those that are wrong: OpenWhisk's words, with the value in them.

import Base
import Bytes
public import Entities
import HTTP

/// A part of a list's address that is not what it has to be. Ranges are places in the query.
public enum QueryError: Error, Equatable, Sendable {
  case limit(Range<Int>)
  case skip(Range<Int>)
  /// No whole number; of `limit` where that is true, else of `skip`.
  case notInteger(Range<Int>, isLimit: Bool)
  /// Neither true nor false; of `count` where that is true, else of `docs`.
  case notBoolean(Range<Int>, isCount: Bool)
  /// No time; of `since` where that is true, else of `upto`.
  case time(Range<Int>, isSince: Bool)
  case name(Range<Int>)
  case docsWithCount
  /// An activation's identifier of this length.
  case activation(length: Int)

  /// Bytes of a value that are shown.
  private static var shown: Int { 128 }

  /// Writes what is wrong. `collection` is what was to be listed.
  @_optimize(size) @inline(never)
  public func write(_ query: Span<UInt8>, _ collection: StaticString, into text: inout TextWriter) {
    switch self {
    case .limit(let value): Self.write("limit", "The value '", value, query, "' is not in the range of 0 to 200 for ", collection, into: &text)
    case .skip(let value): Self.write("skip", "The value '", value, query, "' is not greater than or equal to 0 for ", collection, into: &text)
    case .notInteger(let value, let isLimit):
      Self.write(isLimit ? "limit" : "skip", "The value '", value, query, "' is not an integer for ", collection, into: &text)
    case .notBoolean(let value, let isCount):
      Self.write(isCount ? "count" : "docs", "'", value, query, "' is not a valid Boolean value", into: &text)
    case .time(let value, let isSince):
      Self.write(isSince ? "since" : "upto", "Parameter is not a valid value for epoch seconds: ", value, query, "", into: &text)
    case .name(let value):
      Self.write("name", "Parameter may be a 'simple' name or 'package-name/simple' name: ", value, query, "", into: &text)
    case .docsWithCount: text.write("The parameter 'docs' is not permitted with 'count'.")
    case .activation(let length):
      guard length != 32 else { return text.write("The activation id is not valid.") }
      text.write("Activation id length is ")
      text.write(decimal: UInt64(max(0, length)))
      text.write(" but must be 32.")
    }
  }

  /// Writes what is wrong with the parameter `name`: `before`, its value, and `after`, with the collection and a full stop where there is one.
  @_optimize(size) @inline(never)
  private static func write(
    _ name: StaticString, _ before: StaticString, _ value: Range<Int>, _ query: Span<UInt8>, _ after: StaticString,
    _ collection: StaticString? = nil, into text: inout TextWriter
  ) {
    text.write("The query parameter '")
    text.write(name)
    text.write("' was malformed:\n")
    text.write(before)
    let raw = query.extracting(value.lowerBound..<min(value.upperBound, value.lowerBound &+ shown))
    var decoded: [128 of UInt8] = .init(repeating: 0)
    var output = decoded.mutableSpan
    if let length = PercentEncoding.decode(raw, into: &output, isQuery: true) {
      text.write(decoded.span.extracting(0..<length))
    } else {
      text.write(raw)
    }
    text.write(after)
    guard let collection else { return }
    text.write(collection)
    text.write(".")
  }
}

extension ListPage {
  /// What `?limit=&skip=&count=` asks of a list: no more than 200 entries, which 0 stands for, too.
  public init(parsing query: Span<UInt8>) throws(QueryError) {
    self.init()
    if let place = QueryString.value(of: "limit", in: query) {
      guard let number = SignedNumber.parse(query.extracting(place), limit: 1 << 31) else { throw .notInteger(place, isLimit: true) }
      guard number >= 0, number <= 200 else { throw .limit(place) }
      limit = number == 0 ? 200 : Int(number)
    }
    if let place = QueryString.value(of: "skip", in: query) {
      guard let number = SignedNumber.parse(query.extracting(place), limit: 1 << 31) else { throw .notInteger(place, isLimit: false) }
      guard number >= 0 else { throw .skip(place) }
      skip = Int(number)
    }
    if let place = QueryString.value(of: "count", in: query) {
      guard let flag = QueryFlag.parse(query.extracting(place)) else { throw .notBoolean(place, isCount: true) }
      countsOnly = flag
    }
  }
}

/// What `?limit=&skip=&count=&since=&upto=&name=&docs=` asks of the list of activations.
public struct ActivationQuery: Sendable {
  public var page: ListPage
  /// Where in the query the name is that activations must have, percent-encoded.
  public var name: Range<Int>?
  /// Whether whole records are wanted.
  public var isFull = false
  /// Milliseconds since 1970 between which activations began, both included.
  public var since: UInt64
  public var upto: UInt64

  public init(parsing query: Span<UInt8>) throws(QueryError) {
    page = try ListPage(parsing: query)
    name = QueryString.value(of: "name", in: query)
    since = try Self.time("since", isSince: true, in: query)
    let upto = try Self.time("upto", isSince: false, in: query)
    // To OpenWhisk's clients 0 is no bound.
    self.upto = upto == 0 ? .max : upto
    if let place = QueryString.value(of: "docs", in: query) {
      guard let flag = QueryFlag.parse(query.extracting(place)) else { throw .notBoolean(place, isCount: false) }
      isFull = flag
    }
    guard !isFull || !page.countsOnly else { throw .docsWithCount }
  }

  /// Before 1970 is 1970.
  private static func time(_ name: StaticString, isSince: Bool, in query: Span<UInt8>) throws(QueryError) -> UInt64 {
    guard let place = QueryString.value(of: name, in: query) else { return 0 }
    guard let number = SignedNumber.parse(query.extracting(place), limit: 1 << 63) else { throw .time(place, isSince: isSince) }
    return UInt64(max(0, number))
  }
}

/// Numbers as Scala's `toInt` and `toLong` read them.
private enum SignedNumber {
  /// The number that is all of `text`: digits, perhaps after a sign, from `-limit` up to `limit - 1`; nil for all else.
  static func parse(_ text: Span<UInt8>, limit: UInt64) -> Int64? {
    let isNegative = text.count > 0 && text[0] == 0x2d
    let start = text.count > 0 && (isNegative || text[0] == 0x2b) ? 1 : 0
    guard let magnitude = ASCII.decimal(text.extracting(start..<text.count), limit: isNegative ? limit : limit &- 1) else { return nil }
    return isNegative ? 0 &- Int64(truncatingIfNeeded: magnitude) : Int64(truncatingIfNeeded: magnitude)
  }
}

private enum QueryFlag {
  /// `true` or `false`; nil for all else.
  static func parse(_ text: Span<UInt8>) -> Bool? {
    if text.equalsIgnoringCase("true") { return true }
    return text.equalsIgnoringCase("false") ? false : nil
  }
}
