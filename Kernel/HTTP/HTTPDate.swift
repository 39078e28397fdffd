// The Date header's form of a time (RFC 9110 §5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".

import Bytes

/// A formatted date that is made anew only when the second changes.
public struct HTTPDate: Sendable {
  private var second: UInt64 = .max
  private var length = 0
  private var text: [29 of UInt8]

  public init() { text = .init(repeating: 0x20) }

  /// The formatted date of the last `set`; empty before the first, for a server that has no clock (RFC 9110 §6.6.1).
  public var span: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { text.span.extracting(0..<length) }
  }

  /// Formats `seconds` since 1970-01-01 00:00:00 UTC; years past 9999 are shown as 9999.
  public mutating func set(_ seconds: UInt64) {
    guard seconds != second else { return }
    second = seconds
    length = 29
    let time = min(seconds, 253_402_300_799)
    let days = time / 86_400
    let daytime = time % 86_400

    // Civil date from days, by eras of 400 years that begin on 1 March.
    let shifted = days &+ 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra &- dayOfEra / 1_460 &+ dayOfEra / 36_524 &- dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra &- (365 &* yearOfEra &+ yearOfEra / 4 &- yearOfEra / 100)
    let shiftedMonth = (5 &* dayOfYear &+ 2) / 153
    let day = dayOfYear &- (153 &* shiftedMonth &+ 2) / 5 &+ 1
    let month = shiftedMonth < 10 ? shiftedMonth &+ 2 : shiftedMonth &- 10
    let year = yearOfEra &+ era &* 400 &+ (month < 2 ? 1 : 0)

    var output = text.mutableSpan
    // 1970-01-01 was a Thursday.
    var at = output.copy(Self.weekday((days &+ 4) % 7), to: 0)
    at = Self.digits(day, in: &output, at: at)
    at = output.copy(Self.month(month), to: at)
    at = Self.digits(year / 100, in: &output, at: at)
    at = Self.digits(year % 100, in: &output, at: at)
    at = output.copy(" ", to: at)
    at = Self.digits(daytime / 3_600, in: &output, at: at)
    at = output.copy(":", to: at)
    at = Self.digits(daytime / 60 % 60, in: &output, at: at)
    at = output.copy(":", to: at)
    at = Self.digits(daytime % 60, in: &output, at: at)
    _ = output.copy(" GMT", to: at)
  }

  private static func weekday(_ index: UInt64) -> StaticString {
    switch index {
    case 0: "Sun, "
    case 1: "Mon, "
    case 2: "Tue, "
    case 3: "Wed, "
    case 4: "Thu, "
    case 5: "Fri, "
    default: "Sat, "
    }
  }

  private static func month(_ index: UInt64) -> StaticString {
    switch index {
    case 0: " Jan "
    case 1: " Feb "
    case 2: " Mar "
    case 3: " Apr "
    case 4: " May "
    case 5: " Jun "
    case 6: " Jul "
    case 7: " Aug "
    case 8: " Sep "
    case 9: " Oct "
    case 10: " Nov "
    default: " Dec "
    }
  }

  /// Two digits of `value` at `position`; returns the place after them.
  private static func digits(_ value: UInt64, in output: inout MutableSpan<UInt8>, at position: Int) -> Int {
    output[position] = 0x30 &+ UInt8(truncatingIfNeeded: value / 10 % 10)
    output[position &+ 1] = 0x30 &+ UInt8(truncatingIfNeeded: value % 10)
    return position &+ 2
  }
}
