// Points in time as text: ISO 8601 in the profiles of RFC 3339 and ECMAScript. Out of scope: local time, week and ordinal dates,
// leap seconds, years before 1970.

public import Bytes

/// Reading of dates such as `2026-11-25T10:00:00.000Z`.
public enum Timestamp {
  /// Milliseconds since 1970-01-01 00:00:00 UTC of the date that is all of `text`: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, then perhaps `T` and
  /// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.f…`, then perhaps `Z`, `+hh:mm` or `-hh:mm` (ECMA-262 §21.4.1.32, RFC 3339 §5.6).
  ///
  /// What is left out is the first of its kind, UTC among the offsets; digits past the milliseconds are dropped; 24:00 is the end of the day.
  /// Nil for all else, among it dates before 1970 and past 9999.
  @_optimize(size) @inline(never)
  public static func milliseconds(parsing text: Span<UInt8>) -> UInt64? {
    var scanner = DigitScanner()
    guard let year = scanner.number(in: text, digits: 4) else { return nil }
    var month: UInt64 = 1
    var day: UInt64 = 1
    if scanner.skip("-", in: text) {
      guard let value = scanner.number(in: text, digits: 2) else { return nil }
      month = value
      if scanner.skip("-", in: text) {
        guard let value = scanner.number(in: text, digits: 2) else { return nil }
        day = value
      }
    }
    guard let date = CivilDate(year: year, month: month, day: day) else { return nil }
    let midnight = date.days &* 86_400_000
    guard !scanner.isAtEnd(of: text) else { return midnight }
    guard scanner.skip("t", in: text) || scanner.skip(" ", in: text), let time = timeOfDay(&scanner, text),
      let offset = offset(&scanner, text), scanner.isAtEnd(of: text)
    else { return nil }
    let result = Int64(midnight &+ time) &- offset
    return result >= 0 ? UInt64(result) : nil
  }

  /// Milliseconds since midnight.
  private static func timeOfDay(_ scanner: inout DigitScanner, _ text: Span<UInt8>) -> UInt64? {
    guard let hour = scanner.number(in: text, digits: 2), scanner.skip(":", in: text),
      let minute = scanner.number(in: text, digits: 2), hour <= 24, minute < 60
    else { return nil }
    var rest: UInt64 = 0
    if scanner.skip(":", in: text) {
      guard let second = scanner.number(in: text, digits: 2), second < 60 else { return nil }
      rest = second &* 1000
      if scanner.skip(".", in: text) {
        guard let fraction = scanner.fraction(in: text) else { return nil }
        rest &+= fraction
      }
    }
    let time = hour &* 3_600_000 &+ minute &* 60_000 &+ rest
    return time <= 86_400_000 ? time : nil
  }

  /// Milliseconds that local time is ahead of UTC.
  private static func offset(_ scanner: inout DigitScanner, _ text: Span<UInt8>) -> Int64? {
    if scanner.isAtEnd(of: text) || scanner.skip("z", in: text) { return 0 }
    let isAhead = scanner.skip("+", in: text)
    guard isAhead || scanner.skip("-", in: text), let hour = scanner.number(in: text, digits: 2), scanner.skip(":", in: text),
      let minute = scanner.number(in: text, digits: 2), hour < 24, minute < 60
    else { return nil }
    let distance = Int64(hour &* 3_600_000 &+ minute &* 60_000)
    return isAhead ? distance : 0 &- distance
  }
}

/// Goes through a date's text from the left.
private struct DigitScanner {
  private var at = 0

  func isAtEnd(of text: Span<UInt8>) -> Bool { at == text.count }

  /// The number that the next `digits` bytes are; nil where one is no digit.
  mutating func number(in text: Span<UInt8>, digits: Int) -> UInt64? {
    guard digits <= text.count &- at, let value = ASCII.decimal(text.extracting(at..<at &+ digits)) else { return nil }
    at &+= digits
    return value
  }

  /// Thousandths from all digits that follow, of which there must be one.
  mutating func fraction(in text: Span<UInt8>) -> UInt64? {
    let start = at
    var value: UInt64 = 0
    while at < text.count, ASCII.isDigit(text[at]) {
      if at &- start < 3 { value = value &* 10 &+ UInt64(text[at] &- 0x30) }
      at &+= 1
    }
    guard at > start else { return nil }
    return at &- start == 1 ? value &* 100 : at &- start == 2 ? value &* 10 : value
  }

  /// Whether the next byte is `character`, a letter in either case; then it is passed.
  mutating func skip(_ character: Unicode.Scalar, in text: Span<UInt8>) -> Bool {
    guard at < text.count, ASCII.lowercased(text[at]) == UInt8(truncatingIfNeeded: character.value) else { return false }
    at &+= 1
    return true
  }
}

extension ByteBuffer {
  /// Appends the time `nanoseconds` after 1970-01-01 00:00:00 UTC as `2026-11-25T10:00:00.000000000Z` (RFC 3339 §5.6); false where memory is out.
  @_optimize(size) @inline(never)
  public mutating func append(timestamp nanoseconds: UInt64) -> Bool {
    let seconds = nanoseconds / 1_000_000_000
    let date = CivilDate(days: seconds / 86_400)
    var text: [30 of UInt8] = .init(repeating: 0)
    var output = text.mutableSpan
    var at = output.copy(decimal: date.year, digits: 4, to: 0)
    at = output.copy("-", to: at)
    at = output.copy(decimal: date.month, digits: 2, to: at)
    at = output.copy("-", to: at)
    at = output.copy(decimal: date.day, digits: 2, to: at)
    at = output.copy("T", to: at)
    at = output.copy(timeOfDay: seconds % 86_400, to: at)
    at = output.copy(".", to: at)
    at = output.copy(decimal: nanoseconds % 1_000_000_000, digits: 9, to: at)
    _ = output.copy("Z", to: at)
    return append(text.span)
  }
}

extension MutableSpan where Element == UInt8 {
  /// Writes the time `seconds` after midnight as `10:00:00` at byte `offset`; returns the offset just past it. Traps where it does not fit.
  public mutating func copy(timeOfDay seconds: UInt64, to offset: Int) -> Int {
    var at = copy(decimal: seconds / 3_600, digits: 2, to: offset)
    at = copy(":", to: at)
    at = copy(decimal: seconds / 60 % 60, digits: 2, to: at)
    at = copy(":", to: at)
    return copy(decimal: seconds % 60, digits: 2, to: at)
  }
}
