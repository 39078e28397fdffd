import Base
import Bytes
import Testing

@Suite struct CivilDateTests {
  /// Day by day to 2105, and then in larger steps, by counting.
  @Test func dates() {
    var year: UInt64 = 1970
    var month: UInt64 = 1
    var day: UInt64 = 1
    for days in 0...CivilDate.lastDay {
      if days < 50_000 || days % 97 == 0 || days == CivilDate.lastDay {
        let date = CivilDate(days: days)
        #expect(date.year == year && date.month == month && date.day == day)
        #expect(date.days == days)
        #expect(CivilDate(year: year, month: month, day: day) == date)
      }
      day += 1
      let isLeap = year % 4 == 0 && year % 100 != 0 || year % 400 == 0
      guard day > [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][Int(month) - 1] else { continue }
      day = 1
      month = month % 12 + 1
      if month == 1 { year += 1 }
    }
    #expect(year == 10_000)
    #expect(CivilDate(days: .max) == CivilDate(year: 9999, month: 12, day: 31))
  }

  @Test(arguments: [
    (1969, 12, 31), (10_000, 1, 1), (2026, 0, 1), (2026, 13, 1), (2026, 1, 0), (2026, 1, 32), (2026, 4, 31), (2026, 2, 29),
    (2100, 2, 29), (2024, 2, 30),
    (.max, .max, .max),
  ] as [(UInt64, UInt64, UInt64)])
  func noSuchDay(_ year: UInt64, _ month: UInt64, _ day: UInt64) {
    #expect(CivilDate(year: year, month: month, day: day) == nil)
  }
}

@Suite struct TimestampTests {
  /// Milliseconds by Python's datetime.
  @Test(arguments: [
    ("2026-11-25T10:00:00.000Z", 1_795_600_800_000), ("2026-11-25T10:00:00.123Z", 1_795_600_800_123),
    ("2026-11-25t10:00:00z", 1_795_600_800_000),
    ("2026-11-25 10:00:00Z", 1_795_600_800_000), ("2026-11-25T10:00:00", 1_795_600_800_000), ("2026-11-25T10:00", 1_795_600_800_000),
    ("2026-11-25T10:05Z", 1_795_601_100_000), ("2026-11-25T10:00:00+05:30", 1_795_581_000_000),
    ("2000-02-29T23:59:59.999-08:00", 951_897_599_999),
    ("2026-11-25T10:00:00.1Z", 1_795_600_800_100), ("2026-11-25T10:00:00.12+00:00", 1_795_600_800_120),
    ("2026-11-25T10:00:00.123999999Z", 1_795_600_800_123),
    ("1970-01-01T00:00:00Z", 0), ("1970-01-01T01:00:00+01:00", 0), ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    ("2019-12-25T12:30:00.000Z", 1_577_277_000_000),
    ("2100-02-28T24:00:00Z", 4_107_542_400_000), ("2026", 1_767_225_600_000), ("2026-11", 1_793_491_200_000),
    ("2026-11-25", 1_795_564_800_000),
  ] as [(String, UInt64)])
  func parsed(_ text: String, _ milliseconds: UInt64) {
    #expect(parse(text) == milliseconds)
  }

  @Test(arguments: [
    "", "2", "202", "20260", "2026-", "2026-1", "2026-11-", "2026-11-2", "2026-11-25T", "2026-11-25Z", "2026-11-25T10",
    "2026-11-25T10:0", "2026-11-25T10:00:",
    "2026-11-25T10:00:0", "2026-11-25T10:00:00.", "2026-11-25T10:00:00.Z", "2026-11-25T10:00:00,5Z", "2026-11-25T10:00:00Zz",
    "2026-11-25T10:00:00 Z",
    "2026-11-25T10:00:00+", "2026-11-25T10:00:00+1", "2026-11-25T10:00:00+0100", "2026-11-25T10:00:00+01:", "2026-11-25T10:00:00+24:00",
    "2026-11-25T10:00:00+01:60", "2026-11-25T25:00Z", "2026-11-25T10:60Z", "2026-11-25T10:00:60Z", "2026-11-25T24:01Z",
    "2026-11-25T24:00:00.001Z", "2026-02-29",
    "2026-13-01", "2026-00-01", "2026-01-00", "1969-12-31", "1970-01-01T00:00:00+00:01", "+02026-01-01", "-2026-01-01", "2026/11/25",
    " 2026-11-25", "2026-11-25 ",
    "Wed, 25 Nov 2026 10:00:00 GMT", "1795600800000", "2026-11-25T10:00:00\0",
  ])
  func refused(_ text: String) {
    #expect(parse(text) == nil)
  }

  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000000000Z"), (1_795_600_800_000_000_000, "2026-11-25T10:00:00.000000000Z"),
    (951_868_799_999_999_999, "2000-02-29T23:59:59.999999999Z"),
    (1_795_600_800_123_456_789, "2026-11-25T10:00:00.123456789Z"), (.max, "2554-07-21T23:34:33.709551615Z"),
  ] as [(UInt64, String)])
  func written(_ nanoseconds: UInt64, _ text: String) {
    var buffer = ByteBuffer()
    check(buffer.append(timestamp: nanoseconds))
    #expect(buffer.span.text == text)
    #expect(parse(text) == nanoseconds / 1_000_000)
  }

  private func parse(_ text: String) -> UInt64? { Timestamp.milliseconds(parsing: Array(text.utf8).span) }
}
