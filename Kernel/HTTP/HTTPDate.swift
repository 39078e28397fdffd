// The Date header's form of a time (RFC 9110 §5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".

import Base
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
    let date = CivilDate(days: days)

    var output = text.mutableSpan
    // 1970-01-01 was a Thursday.
    var at = output.copy(Self.weekday((days &+ 4) % 7), to: 0)
    at = output.copy(decimal: date.day, digits: 2, to: at)
    at = output.copy(Self.month(date.month), to: at)
    at = output.copy(decimal: date.year, digits: 4, to: at)
    at = output.copy(" ", to: at)
    at = output.copy(timeOfDay: time % 86_400, to: at)
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
    case 1: " Jan "
    case 2: " Feb "
    case 3: " Mar "
    case 4: " Apr "
    case 5: " May "
    case 6: " Jun "
    case 7: " Jul "
    case 8: " Aug "
    case 9: " Sep "
    case 10: " Oct "
    case 11: " Nov "
    default: " Dec "
    }
  }
}
