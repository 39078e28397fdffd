/// A day of the Gregorian calendar, carried back before its beginning.
public struct CivilDate: Equatable, Sendable, BitwiseCopyable {
  public let year: UInt64
  /// 1 to 12.
  public let month: UInt64
  /// 1 to 31.
  public let day: UInt64

  /// The day that lies `days` after 1970-01-01; those past 1 << 40 are taken for that.
  public init(daysSince1970 days: UInt64) {
    // By eras of 400 years that begin on 1 March.
    let shifted = min(days, 1 << 40) &+ 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra &- dayOfEra / 1_460 &+ dayOfEra / 36_524 &- dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra &- (365 &* yearOfEra &+ yearOfEra / 4 &- yearOfEra / 100)
    let shiftedMonth = (5 &* dayOfYear &+ 2) / 153
    day = dayOfYear &- (153 &* shiftedMonth &+ 2) / 5 &+ 1
    month = shiftedMonth < 10 ? shiftedMonth &+ 3 : shiftedMonth &- 9
    year = yearOfEra &+ era &* 400 &+ (month < 3 ? 1 : 0)
  }
}
