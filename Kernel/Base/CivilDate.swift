// The Gregorian calendar in UTC, by whole numbers. Out of scope: time zones, leap seconds, years past 9999.

/// A day of the proleptic Gregorian calendar, 1970-01-01 to 9999-12-31.
public struct CivilDate: Equatable, Sendable, BitwiseCopyable {
  /// 1970 to 9999.
  public private(set) var year: UInt64
  /// 1 to 12.
  public private(set) var month: UInt64
  /// 1 to 31.
  public private(set) var day: UInt64

  /// Days from 1970-01-01 to 9999-12-31.
  public static var lastDay: UInt64 { 2_932_896 }

  /// The date `days` after 1970-01-01; the last day there is where that is later.
  public init(days: UInt64) {
    // By eras of 400 years whose years begin on 1 March, so that a leap day is a year's last.
    let shifted = min(days, Self.lastDay) &+ 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra &- dayOfEra / 1_460 &+ dayOfEra / 36_524 &- dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra &- (365 &* yearOfEra &+ yearOfEra / 4 &- yearOfEra / 100)
    let shiftedMonth = (5 &* dayOfYear &+ 2) / 153
    day = dayOfYear &- (153 &* shiftedMonth &+ 2) / 5 &+ 1
    month = shiftedMonth < 10 ? shiftedMonth &+ 3 : shiftedMonth &- 9
    year = yearOfEra &+ era &* 400 &+ (month < 3 ? 1 : 0)
  }

  /// Nil where the calendar has no such day, or the year is not 1970 to 9999.
  public init?(year: UInt64, month: UInt64, day: UInt64) {
    guard year >= 1970, year <= 9999, month >= 1, month <= 12, day >= 1, day <= Self.daysInMonth(month, year: year) else { return nil }
    self.year = year
    self.month = month
    self.day = day
  }

  /// Days since 1970-01-01.
  public var days: UInt64 {
    let shiftedYear = month < 3 ? year &- 1 : year
    let yearOfEra = shiftedYear % 400
    let dayOfYear = (153 &* (month < 3 ? month &+ 9 : month &- 3) &+ 2) / 5 &+ day &- 1
    let dayOfEra = yearOfEra &* 365 &+ yearOfEra / 4 &- yearOfEra / 100 &+ dayOfYear
    return shiftedYear / 400 &* 146_097 &+ dayOfEra &- 719_468
  }

  /// Days that `month`, 1 to 12, has in `year`.
  public static func daysInMonth(_ month: UInt64, year: UInt64) -> UInt64 {
    switch month {
    case 2: year & 3 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}
