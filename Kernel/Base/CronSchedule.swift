// Cron expressions, as OpenWhisk's alarms take them (npm's cron, which extends crontab(5)), in UTC.
// Out of scope: time zones, the letters L, W and # of other dialects, and when anything is done about a time.

public import Bytes

/// A field of a cron expression, in their order.
public enum CronField: UInt8, Sendable {
  case second, minute, hour, dayOfMonth, month, dayOfWeek

  /// The least value and the greatest. Sunday is both 0 and 7.
  var bounds: ClosedRange<UInt64> {
    switch self {
    case .second, .minute: 0...59
    case .hour: 0...23
    case .dayOfMonth: 1...31
    case .month: 1...12
    case .dayOfWeek: 0...7
    }
  }

  /// The field's name and what it may hold.
  public var text: StaticString {
    switch self {
    case .second: "second (0-59)"
    case .minute: "minute (0-59)"
    case .hour: "hour (0-23)"
    case .dayOfMonth: "day of the month (1-31)"
    case .month: "month (1-12 or jan-dec)"
    case .dayOfWeek: "day of the week (0-7 or sun-sat)"
    }
  }
}

/// What is wrong with a cron expression. The first fault found is the one reported.
public enum CronError: Error, Equatable, Sendable {
  case fieldCount
  case unknownShorthand
  case malformed(CronField)
  case outOfRange(CronField)
  case backwards(CronField)
  case zeroStep(CronField)

  /// The field at fault, where one is.
  public var field: CronField? {
    switch self {
    case .fieldCount, .unknownShorthand: nil
    case .malformed(let field), .outOfRange(let field), .backwards(let field), .zeroStep(let field): field
    }
  }

  /// Appends what is wrong and what to do; false where memory is out.
  @_optimize(size) @inline(never)
  public func describe(into buffer: inout ByteBuffer) -> Bool {
    let text: StaticString
    switch self {
    case .fieldCount: text = "a cron expression has five fields (minute hour day-of-month month day-of-week), or six with the second first"
    case .unknownShorthand: text = "the shorthands are @yearly, @monthly, @weekly, @daily, @hourly, @minutely, @secondly, @weekdays and @weekends"
    case .malformed: text = "a field holds *, a value or a range (1-5), perhaps with a step (*/2), or several with commas between; see the "
    case .outOfRange: text = "a value lies outside its field; see the "
    case .backwards: text = "a range runs backwards; see the "
    case .zeroStep: text = "a step of zero leads nowhere; see the "
    }
    guard buffer.append(text) else { return false }
    guard let field else { return true }
    return buffer.append(field.text)
  }
}

/// The times that a cron expression matches, as one mask a field.
///
/// Where both the day of the month and the day of the week are restricted, a day that matches either will do. A field is restricted where
/// it leaves a value out, as npm's cron has it: `*/1` is no restriction, `*/2` is one.
public struct CronSchedule: Sendable, BitwiseCopyable {
  private var seconds: UInt64 = 1
  private var minutes: UInt64 = 1
  private var hours: UInt64 = 1
  private var days = allDays
  private var months: UInt64 = 0x1ffe
  private var weekdays = allWeekdays

  private static var allDays: UInt64 { 0xffff_fffe }
  private static var allWeekdays: UInt64 { 0x7f }
  private static var allSixty: UInt64 { 1 << 60 &- 1 }
  private static var allHours: UInt64 { 1 << 24 &- 1 }

  /// Parses all of `text`: five fields with white space between, six with the second first, or a shorthand such as `@daily`.
  @_optimize(size) @inline(never)
  public init(parsing text: Span<UInt8>) throws(CronError) {
    var scanner = CronScanner()
    scanner.skipBlanks(text)
    if scanner.at < text.count, text[scanner.at] == 0x40 {
      try restrict(byShorthand: scanner.word(text))
      scanner.skipBlanks(text)
      guard scanner.at == text.count else { throw .fieldCount }
      return
    }
    let count = CronScanner.countWords(text)
    guard count == 5 || count == 6 else { throw .fieldCount }
    if count == 6 { seconds = try scanner.mask(of: .second, text) }
    minutes = try scanner.mask(of: .minute, text)
    hours = try scanner.mask(of: .hour, text)
    days = try scanner.mask(of: .dayOfMonth, text)
    months = try scanner.mask(of: .month, text)
    let both = try scanner.mask(of: .dayOfWeek, text)
    weekdays = (both | both >> 7) & Self.allWeekdays
  }

  /// From midnight of every day to what `word`, with its @, says.
  private mutating func restrict(byShorthand word: Span<UInt8>) throws(CronError) {
    let name = word.extracting(1..<word.count)
    if name.equalsIgnoringCase("yearly") {
      days = 1 << 1
      months = 1 << 1
    } else if name.equalsIgnoringCase("monthly") {
      days = 1 << 1
    } else if name.equalsIgnoringCase("weekly") {
      weekdays = 1
    } else if name.equalsIgnoringCase("weekdays") {
      weekdays = 0x3e
    } else if name.equalsIgnoringCase("weekends") {
      weekdays = 0x41
    } else if name.equalsIgnoringCase("hourly") {
      hours = Self.allHours
    } else if name.equalsIgnoringCase("minutely") {
      hours = Self.allHours
      minutes = Self.allSixty
    } else if name.equalsIgnoringCase("secondly") {
      hours = Self.allHours
      minutes = Self.allSixty
      seconds = Self.allSixty
    } else if !name.equalsIgnoringCase("daily") {
      throw .unknownShorthand
    }
  }

  /// The first time that matches and is later than `instant`, both in seconds since 1970-01-01 00:00:00 UTC; nil where there is none before the year
  /// 10000, or none ever (30 February).
  @_optimize(size) @inline(never)
  public func next(after instant: UInt64) -> UInt64? {
    guard instant < 253_402_300_799 else { return nil }
    var day = (instant &+ 1) / 86_400
    var time = (instant &+ 1) % 86_400
    // The rarest day there is, 29 February, is at most 8 years away.
    let last = min(day &+ 8 &* 366, CivilDate.lastDay)
    while day <= last {
      let date = CivilDate(days: day)
      if !Self.holds(months, date.month) {
        day &+= CivilDate.daysInMonth(date.month, year: date.year) &- date.day &+ 1
      } else if matches(date.day, day), let found = timeOfDay(from: time) {
        return day &* 86_400 &+ found
      } else {
        day &+= 1
      }
      time = 0
    }
    return nil
  }

  private func matches(_ dayOfMonth: UInt64, _ daysSince1970: UInt64) -> Bool {
    // 1970-01-01 was a Thursday.
    let isWeekday = Self.holds(weekdays, (daysSince1970 &+ 4) % 7)
    let isDay = Self.holds(days, dayOfMonth)
    let areBothRestricted = weekdays != Self.allWeekdays && days != Self.allDays
    return areBothRestricted ? isDay || isWeekday : isDay && isWeekday
  }

  /// The first matching second of a day that is not before `start`.
  private func timeOfDay(from start: UInt64) -> UInt64? {
    let hour = start / 3_600
    let minute = start / 60 % 60
    if Self.holds(hours, hour) {
      if Self.holds(minutes, minute), let second = Self.first(seconds, from: start % 60) { return start / 60 &* 60 &+ second }
      if let later = Self.first(minutes, from: minute &+ 1) { return hour &* 3_600 &+ later &* 60 &+ firstSecond }
    }
    guard let later = Self.first(hours, from: hour &+ 1) else { return nil }
    return later &* 3_600 &+ UInt64(minutes.trailingZeroBitCount) &* 60 &+ firstSecond
  }

  private var firstSecond: UInt64 { UInt64(seconds.trailingZeroBitCount) }

  private static func holds(_ mask: UInt64, _ value: UInt64) -> Bool { mask >> value & 1 == 1 }

  /// The least value that `mask` holds and that is not below `start`, at most 60.
  private static func first(_ mask: UInt64, from start: UInt64) -> UInt64? {
    let rest = mask >> start
    return rest == 0 ? nil : start &+ UInt64(rest.trailingZeroBitCount)
  }
}

/// Goes through an expression from the left.
private struct CronScanner {
  var at = 0

  static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte &- 9 < 5 }

  static func countWords(_ text: Span<UInt8>) -> Int {
    var count = 0
    var isInside = false
    for index in text.indices {
      let isBlank = isBlank(text[index])
      if !isBlank && !isInside { count &+= 1 }
      isInside = !isBlank
    }
    return count
  }

  mutating func skipBlanks(_ text: Span<UInt8>) {
    while at < text.count, Self.isBlank(text[at]) { at &+= 1 }
  }

  /// The bytes up to the next blank, which are passed.
  @_lifetime(copy text)
  mutating func word(_ text: Span<UInt8>) -> Span<UInt8> {
    let start = at
    while at < text.count, !Self.isBlank(text[at]) { at &+= 1 }
    return text.extracting(start..<at)
  }

  /// The values that the next word has for `field`, one bit each: never none.
  @_optimize(size) @inline(never)
  mutating func mask(of field: CronField, _ text: Span<UInt8>) throws(CronError) -> UInt64 {
    skipBlanks(text)
    var mask = try item(of: field, text)
    while skip(0x2c, text) { mask |= try item(of: field, text) }
    guard at == text.count || Self.isBlank(text[at]) else { throw .malformed(field) }
    return mask
  }

  /// `*`, a value or a range, perhaps with a step. A value with a step begins a range to the field's end.
  private mutating func item(of field: CronField, _ text: Span<UInt8>) throws(CronError) -> UInt64 {
    var low = field.bounds.lowerBound
    var high = field.bounds.upperBound
    var isOneValue = false
    if !skip(0x2a, text) {
      low = try value(of: field, text)
      isOneValue = !skip(0x2d, text)
      if !isOneValue { high = try value(of: field, text) }
      guard low <= high else { throw .backwards(field) }
    }
    var step: UInt64 = 1
    if skip(0x2f, text) {
      guard let given = number(text) else { throw .malformed(field) }
      guard given > 0 else { throw .zeroStep(field) }
      step = given
    } else if isOneValue {
      high = low
    }
    var mask: UInt64 = 0
    while low <= high {
      mask |= 1 << low
      low &+= step
    }
    return mask
  }

  /// A number or a name within the field's bounds.
  private mutating func value(of field: CronField, _ text: Span<UInt8>) throws(CronError) -> UInt64 {
    guard let value = number(text) ?? name(of: field, text) else { throw .malformed(field) }
    guard field.bounds.contains(value) else { throw .outOfRange(field) }
    return value
  }

  /// The number whose digits follow; what is above 999 is shown as some number above that.
  private mutating func number(_ text: Span<UInt8>) -> UInt64? {
    let start = at
    var value: UInt64 = 0
    while at < text.count, ASCII.isDigit(text[at]) {
      if value < 1000 { value = value &* 10 &+ UInt64(text[at] &- 0x30) }
      at &+= 1
    }
    return at > start ? value : nil
  }

  /// The value of the three letters that follow.
  private mutating func name(of field: CronField, _ text: Span<UInt8>) -> UInt64? {
    guard text.count &- at >= 3 else { return nil }
    let word = text.extracting(at..<at &+ 3)
    var place: UInt64?
    if field == .month { place = Self.place(of: word, in: "janfebmaraprmayjunjulaugsepoctnovdec").map { $0 &+ 1 } }
    if field == .dayOfWeek { place = Self.place(of: word, in: "sunmontuewedthufrisat") }
    if place != nil { at &+= 3 }
    return place
  }

  /// The number of names before `word` in `names`, all of three letters; nil where it is none of them.
  @_optimize(size) @inline(never)
  private static func place(of word: Span<UInt8>, in names: StaticString) -> UInt64? {
    let bytes = names.bytes
    var start = 0
    while start < bytes.count {
      var isSame = true
      for index in 0..<3 where ASCII.lowercased(word[index]) != bytes[start &+ index] { isSame = false }
      if isSame { return UInt64(start / 3) }
      start &+= 3
    }
    return nil
  }

  private mutating func skip(_ byte: UInt8, _ text: Span<UInt8>) -> Bool {
    guard at < text.count, text[at] == byte else { return false }
    at &+= 1
    return true
  }
}
