import Foundation
import Testing

@testable import SwiftletHost

@Suite struct TextTests {
  @Test func tableAlignsAndLeavesNoBlanksAtTheEnd() {
    var table = TextTable(("NAME", .left), ("SIZE", .right), ("", .left))
    table.add("a", "1", "x")
    table.add("long name", "1000", "")
    #expect(table.text == "NAME       SIZE\na             1  x\nlong name  1000")
    #expect(TextTable(("", .left), ("", .left)).lines.isEmpty)
  }

  @Test(arguments: [
    (0, "0 bytes"), (1, "1 byte"), (1023, "1023 bytes"), (1024, "1 KB"), (14_336, "14 KB"), (1 << 20, "1 MB"), (7_444_889, "7.1 MB"),
    (3 << 30, "3 GB"),
  ]) func sizes(bytes: Int, text: String) {
    #expect(Quantity.size(bytes) == text)
  }

  @Test(arguments: [
    (0, "0 µs"), (7.25, "7.2 µs"), (12, "12 µs"), (999.4, "999 µs"), (999.6, "1 ms"), (1_400, "1.4 ms"), (60_000_000, "60 s"),
    (999_600, "1 s"),
  ]) func durations(microseconds: Double, text: String) {
    #expect(Quantity.duration(microseconds: microseconds) == text)
  }

  @Test(arguments: [
    (-5, "now"), (0, "now"), (1, "1 s ago"), (59, "59 s ago"), (60, "1 min ago"), (7200, "2 h ago"), (86_400, "1 day ago"),
    (500_000, "5 days ago"),
  ]) func ages(seconds: Int, text: String) {
    let now = Date(timeIntervalSince1970: 1_800_000_000)
    #expect(Quantity.age(of: (1_800_000_000 - seconds) * 1000, at: now) == text)
  }

  @Test func times() throws {
    let zone = try #require(TimeZone(secondsFromGMT: 3600))
    #expect(Quantity.time(1_700_000_000_007, in: zone) == "2023-11-14 23:13:20.007")
  }
}
