import Base
import Bytes
import Testing

private func schedule(_ text: String) throws(CronError) -> CronSchedule { try CronSchedule(parsing: Array(text.utf8).span) }

private func seconds(_ text: String) -> UInt64 { Timestamp.milliseconds(parsing: Array(text.utf8).span)! / 1000 }

@Suite struct CronTests {
  /// By Python's datetime, but for the last two, which are past what it can add.
  @Test(arguments: [
    ("* * * * *", "2026-11-25T10:00:00Z", "2026-11-25T10:01:00Z"),
    ("* * * * *", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"),
    ("* * * * * *", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"),
    ("*/2 * * * *", "2019-01-01T00:01:30Z", "2019-01-01T00:02:00Z"),
    ("0 */2 * * *", "2026-11-25T22:00:00Z", "2026-11-26T00:00:00Z"),
    ("0 9 8 * *", "2026-11-08T09:00:00Z", "2026-12-08T09:00:00Z"),
    ("*/30 * * * * *", "2026-11-25T10:00:30Z", "2026-11-25T10:01:00Z"),
    ("15 10 * * 1-5", "2026-11-27T10:15:00Z", "2026-11-30T10:15:00Z"),
    ("0 0 29 2 *", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z"),
    ("0 0 29 2 *", "2096-02-29T00:00:00Z", "2104-02-29T00:00:00Z"),
    ("0 0 31 * *", "2026-03-31T00:00:00Z", "2026-05-31T00:00:00Z"),
    ("59 23 31 12 *", "2026-12-31T23:59:00Z", "2027-12-31T23:59:00Z"),
    ("0 0 13 * 5", "2026-02-01T00:00:00Z", "2026-02-06T00:00:00Z"),
    ("0 0 13 * FRI", "2026-02-07T00:00:00Z", "2026-02-13T00:00:00Z"),
    ("0 0 * * 7", "2026-11-25T00:00:00Z", "2026-11-29T00:00:00Z"),
    ("0 0 * * 0", "2026-11-25T00:00:00Z", "2026-11-29T00:00:00Z"),
    ("0 0 * JAN,jul Sun", "2026-02-01T00:00:00Z", "2026-07-05T00:00:00Z"),
    ("5/20 4 * * *", "2026-02-01T04:25:00Z", "2026-02-01T04:45:00Z"),
    ("0 0 1-7 * 1", "2026-11-07T12:00:00Z", "2026-11-09T00:00:00Z"),
    ("0 0 */2 * 1", "2026-11-29T00:00:01Z", "2026-11-30T00:00:00Z"),
    ("0 0 1-31 * 1", "2026-11-25T00:00:00Z", "2026-11-30T00:00:00Z"),
    ("10-20/5,50 8-10 1 1,6-8 *", "2026-01-01T10:50:00Z", "2026-06-01T08:10:00Z"),
    ("30 5 4 3 2 1", "2026-01-01T00:00:00Z", "2026-02-02T04:05:30Z"),
    ("0 0 * * 1/3", "2026-11-23T00:00:00Z", "2026-11-26T00:00:00Z"),
    ("0 0 28 2 *", "1999-12-31T23:59:59Z", "2000-02-28T00:00:00Z"),
    ("0 0 * * mon-fri", "2026-11-27T00:00:00Z", "2026-11-30T00:00:00Z"),
    ("0 0 * 2 *", "2100-02-28T00:00:00Z", "2101-02-01T00:00:00Z"),
    ("59 59 23 31 12 *", "9999-12-30T00:00:00Z", "9999-12-31T23:59:59Z"),
  ])
  func next(_ expression: String, _ after: String, _ expected: String) throws {
    #expect(try schedule(expression).next(after: seconds(after)) == seconds(expected))
  }

  @Test(arguments: ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 30-31 feb *"])
  func never(_ expression: String) throws {
    for start in ["2026-11-25", "2096-02-29", "9999-12-01"] { #expect(try schedule(expression).next(after: seconds(start)) == nil) }
  }

  @Test func theEndOfTime() throws {
    let last = seconds("9999-12-31T23:59:59Z")
    #expect(try schedule("* * * * * *").next(after: last - 1) == last)
    for instant in [last, last + 1, .max - 1, .max] { #expect(try schedule("* * * * * *").next(after: instant) == nil) }
    #expect(try schedule("0 0 1 * *").next(after: seconds("9999-12-01")) == nil)
  }

  @Test(arguments: [
    ("@yearly", "0 0 0 1 1 *"), ("@monthly", "0 0 0 1 * *"), ("@weekly", "0 0 0 * * 0"), ("@daily", "0 0 0 * * *"),
    ("@hourly", "0 0 * * * *"),
    ("@minutely", "0 * * * * *"), ("@secondly", "* * * * * *"), ("@weekdays", "0 0 0 * * 1-5"), (" @Weekends ", "0 0 0 * * 0,6"),
    ("  1\t2 \n 3  4 5 ", "0 1 2 3 4 5"), ("* * * * 0-7", "0 * * * * *"), ("* * * jan-DEC sun-sat", "0 * * * * *"),
    ("007 * * * *", "0 7 * * * *"),
    ("*/99999999999999999999 * * * *", "0 0 * * * *"), ("*/1 */1 */1 */1 */1", "0 * * * * *"),
    ("1-5,3-9/2,7 * * * *", "0 1,2,3,4,5,7,9 * * * *"),
    ("*,5 * * * *", "0 * * * * *"), ("* * * * */7", "0 * * * * 0"), ("* * * * 5-7", "0 * * * * 5,6,0"),
  ])
  func meansTheSame(_ one: String, _ other: String) throws {
    let first = try schedule(one)
    let second = try schedule(other)
    var instant = seconds("2026-11-25T10:00:00Z")
    for _ in 0..<100 {
      let next = try #require(first.next(after: instant))
      #expect(second.next(after: instant) == next)
      instant = next
    }
  }

  @Test(arguments: [
    ("", .fieldCount), ("   ", .fieldCount), ("*", .fieldCount), ("* * * *", .fieldCount), ("* * * * * * *", .fieldCount),
    ("@daily 5", .fieldCount),
    ("@", .unknownShorthand), ("@reboot", .unknownShorthand), ("`daily", .fieldCount), ("@dailyx", .unknownShorthand),
    ("60 * * * *", .outOfRange(.minute)), ("60 * * * * *", .outOfRange(.second)), ("* 24 * * *", .outOfRange(.hour)),
    ("* * 32 * *", .outOfRange(.dayOfMonth)),
    ("* * 0 * *", .outOfRange(.dayOfMonth)), ("* * * 0 *", .outOfRange(.month)), ("* * * 13 *", .outOfRange(.month)),
    ("* * * * 8", .outOfRange(.dayOfWeek)),
    ("1-60 * * * *", .outOfRange(.minute)), ("18446744073709551617 * * * *", .outOfRange(.minute)), ("5-1 * * * *", .backwards(.minute)),
    ("* * * * fri-sun", .backwards(.dayOfWeek)), ("*/0 * * * *", .zeroStep(.minute)), ("* 1-5/00 * * *", .zeroStep(.hour)),
    ("-1 * * * *", .malformed(.minute)),
    ("1- * * * *", .malformed(.minute)), ("1--2 * * * *", .malformed(.minute)), ("*/ * * * *", .malformed(.minute)),
    ("1/2/3 * * * *", .malformed(.minute)),
    (", * * * *", .malformed(.minute)), ("1, * * * *", .malformed(.minute)), (",1 * * * *", .malformed(.minute)),
    ("** * * * *", .malformed(.minute)),
    ("*-5 * * * *", .malformed(.minute)), ("1-* * * * *", .malformed(.minute)), ("5* * * * *", .malformed(.minute)),
    ("1.5 * * * *", .malformed(.minute)),
    ("mon * * * *", .malformed(.minute)), ("* * * mon *", .malformed(.month)), ("* * * * jan", .malformed(.dayOfWeek)),
    ("* * * * monday", .malformed(.dayOfWeek)),
    ("* * * * mo", .malformed(.dayOfWeek)), ("* * * * 5L", .malformed(.dayOfWeek)), ("* * L * *", .malformed(.dayOfMonth)),
    ("? * * * *", .malformed(.minute)),
    ("* * * * \u{e9}", .malformed(.dayOfWeek)), ("*\0 * * * *", .malformed(.minute)), ("+1 * * * *", .malformed(.minute)),
  ] as [(String, CronError)])
  func refused(_ expression: String, _ error: CronError) {
    do throws(CronError) {
      _ = try schedule(expression)
      Issue.record("\(expression) was taken")
    } catch let found {
      #expect(found == error)
    }
  }

  @Test func words() {
    func text(_ error: CronError) -> String {
      var buffer = ByteBuffer()
      check(error.describe(into: &buffer))
      return buffer.span.text
    }
    #expect(text(.outOfRange(.hour)) == "a value lies outside its field; see the hour (0-23)")
    #expect(text(.malformed(.dayOfWeek)).hasSuffix("see the day of the week (0-7 or sun-sat)"))
    #expect(text(.fieldCount).contains("five fields"))
    let fields: [CronField] = [.second, .minute, .hour, .dayOfMonth, .month, .dayOfWeek]
    let errors = [.fieldCount, .unknownShorthand] + fields.flatMap { [CronError.malformed($0), .outOfRange($0), .backwards($0), .zeroStep($0)] }
    #expect(Set(errors.map(text)).count == 26)
  }

  /// Against a search that looks at one minute after the other, with a calendar of its own.
  @Test func againstEveryMinute() throws {
    var random = Random(9)
    // Days since 1970 that begin at year, month, day and day of the week.
    let starts = [
      (20_782, 2026, 11, 25, 3), (11_014, 2000, 2, 27, 0), (47_480, 2099, 12, 30, 3), (21_182, 2027, 12, 30, 4), (0, 1970, 1, 1, 4),
      (47_538, 2100, 2, 26, 5),
    ]
    for round in 0..<120 {
      let minutes = set(0...59, 1 + random.below(4), &random)
      let hours = set(0...23, random.below(3) == 0 ? 24 : 1 + random.below(3), &random)
      let days = set(1...31, random.below(2) == 0 ? 31 : 1 + random.below(3), &random)
      let months = set(1...12, random.below(2) == 0 ? 12 : 1 + random.below(3), &random)
      let weekdays = set(0...6, random.below(2) == 0 ? 7 : 1 + random.below(2), &random)
      let expression = [minutes, hours, days, months, weekdays].map { $0.sorted().map(String.init).joined(separator: ",") }.joined(separator: " ")
      let parsed = try schedule(expression)
      let start = starts[round % starts.count]
      var calendar = MinuteCalendar(year: start.1, month: start.2, day: start.3, weekday: start.4)
      // What is looked for from a time within a minute of the start.
      let instant = UInt64(start.0) * 86_400 + UInt64(random.below(60))
      var expected: UInt64?
      for minute in 1...600_000 {
        calendar.advance()
        guard minutes.contains(calendar.minute), hours.contains(calendar.hour), months.contains(calendar.month) else { continue }
        let isDay = days.contains(calendar.day)
        let isWeekday = weekdays.contains(calendar.weekday)
        if days.count == 31 || weekdays.count == 7 ? isDay && isWeekday : isDay || isWeekday {
          expected = UInt64(start.0) * 86_400 + UInt64(minute) * 60
          break
        }
      }
      let found = parsed.next(after: instant)
      if let expected {
        #expect(found == expected, "\(expression) after \(instant)")
      } else {
        #expect(found == nil || found! > instant + 599_000 * 60, "\(expression) after \(instant)")
      }
    }
  }

  private func set(_ range: ClosedRange<Int>, _ count: Int, _ random: inout Random) -> Set<Int> {
    count >= range.count ? Set(range) : Set((0..<count).map { _ in range.lowerBound + random.below(range.count) })
  }

  /// Whatever the text, it is taken or refused; what is taken has times that only grow.
  @Test func noise() throws {
    var random = Random(10)
    let pieces = ["*", "/", ",", "-", " ", "0", "1", "5", "59", "7", "mon", "feb", "@daily", "\t", "31", "9999999999", "x", "\u{0}", "é"]
    var taken = 0
    for _ in 0..<20_000 {
      let text = (0..<random.below(14)).map { _ in pieces[random.below(random.below(2) == 0 ? 6 : pieces.count)] }.joined()
      guard let parsed = try? schedule(text) else { continue }
      taken += 1
      let instant = random.next()
      if let next = parsed.next(after: instant) { #expect(next > instant) }
    }
    #expect(taken > 20)
  }
}

/// A clock that goes minute by minute.
private struct MinuteCalendar {
  var year: Int
  var month: Int
  var day: Int
  var weekday: Int
  var hour = 0
  var minute = 0

  mutating func advance() {
    minute += 1
    guard minute == 60 else { return }
    minute = 0
    hour += 1
    guard hour == 24 else { return }
    hour = 0
    weekday = (weekday + 1) % 7
    day += 1
    let isLeap = year % 4 == 0 && year % 100 != 0 || year % 400 == 0
    guard day > [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] else { return }
    day = 1
    month += 1
    guard month == 13 else { return }
    month = 1
    year += 1
  }
}
