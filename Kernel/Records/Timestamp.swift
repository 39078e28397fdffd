import Base
import Bytes

/// Times as logs show them (ISO 8601): `2026-11-20T23:00:00.000000000Z`.
enum Timestamp {
  /// Writes the time that lies `nanoseconds` after 1970-01-01 00:00 UTC; always 30 bytes.
  @_optimize(size)
  static func write(_ nanoseconds: UInt64, into text: inout TextWriter) {
    let seconds = nanoseconds / 1_000_000_000
    let date = CivilDate(daysSince1970: seconds / 86_400)
    write(date.year, 4, into: &text)
    text.write("-")
    write(date.month, 2, into: &text)
    text.write("-")
    write(date.day, 2, into: &text)
    text.write("T")
    write(seconds / 3_600 % 24, 2, into: &text)
    text.write(":")
    write(seconds / 60 % 60, 2, into: &text)
    text.write(":")
    write(seconds % 60, 2, into: &text)
    text.write(".")
    write(nanoseconds % 1_000_000_000, 9, into: &text)
    text.write("Z")
  }

  /// The last `width` decimal digits of `value`.
  private static func write(_ value: UInt64, _ width: Int, into text: inout TextWriter) {
    var unit: UInt64 = 1
    for _ in 1..<width { unit &*= 10 }
    while unit > 0 {
      text.write(0x30 &+ UInt8(truncatingIfNeeded: value / unit % 10))
      unit /= 10
    }
  }
}
