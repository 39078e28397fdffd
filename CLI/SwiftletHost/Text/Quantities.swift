// Sizes, durations and times as people read them.

import Foundation

public enum Quantity {
  /// Bytes: "812 bytes", "14 KB", "7.1 MB".
  public static func size(_ bytes: Int) -> String {
    if bytes < 1024 { return bytes == 1 ? "1 byte" : "\(bytes) bytes" }
    for (unit, shift) in [("KB", 10), ("MB", 20)] where bytes < 1 << (shift + 10) {
      return "\(short(Double(bytes) / Double(1 << shift))) \(unit)"
    }
    return "\(short(Double(bytes) / Double(1 << 30))) GB"
  }

  /// Microseconds: "12 µs", "1.4 ms", "2.5 s".
  public static func duration(microseconds: Double) -> String {
    if microseconds < 999.5 { return "\(short(microseconds)) µs" }
    if microseconds < 999_500 { return "\(short(microseconds / 1000)) ms" }
    return "\(short(microseconds / 1_000_000)) s"
  }

  /// Two digits where the first is not enough, none behind the point where they would say nothing.
  public static func short(_ value: Double) -> String {
    let text = String(format: value < 9.95 ? "%.1f" : "%.0f", value)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// A whole number.
  static func count(_ value: Double) -> String { String(format: "%.0f", value) }

  /// How long ago a time (milliseconds since 1970) was: "now", "12 s ago", "3 min ago", "2 h ago", "5 days ago".
  public static func age(of time: Int, at now: Date = Date()) -> String {
    let seconds = Int(now.timeIntervalSince1970) - time / 1000
    switch seconds {
    case ..<1: return "now"
    case ..<60: return "\(seconds) s ago"
    case ..<3600: return "\(seconds / 60) min ago"
    case ..<86400: return "\(seconds / 3600) h ago"
    default: return seconds < 2 * 86400 ? "1 day ago" : "\(seconds / 86400) days ago"
    }
  }

  /// A time (milliseconds since 1970) by this host's time zone: "2026-11-20 23:00:00.123".
  public static func time(_ time: Int, in zone: TimeZone = .current) -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = zone
    formatter.dateFormat = "yyyy-MM-dd HH:mm:ss"
    // The milliseconds apart, so that no rounding of a Double shows.
    let date = Date(timeIntervalSince1970: Double(time / 1000))
    return formatter.string(from: date) + String(format: ".%03d", time % 1000)
  }
}
