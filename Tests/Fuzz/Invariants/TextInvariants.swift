// What must hold of dates, cron expressions and entities' names for any bytes whatever.

import Base
import Bytes
import Entities

enum TextInvariants {
  static func broken(_ bytes: [UInt8]) -> StaticString? { timestamp(bytes) ?? cron(bytes) ?? name(bytes) }

  private static func timestamp(_ bytes: [UInt8]) -> StaticString? {
    guard let milliseconds = Timestamp.milliseconds(parsing: bytes.span) else { return nil }
    if let point = bytes.firstIndex(of: 0x2e) {
      var longer = bytes
      longer.insert(0x30, at: bytes[(point + 1)...].firstIndex { !ASCII.isDigit($0) } ?? bytes.count)
      guard Timestamp.milliseconds(parsing: longer.span) == milliseconds else { return "a zero behind a fraction matters" }
    }
    // What nanoseconds of 64 bits can say ends in 2554.
    guard milliseconds < UInt64.max / 1_000_000 else { return milliseconds < 253_402_387_200_000 ? nil : "a date is past the year 9999" }
    var text = ByteBuffer()
    guard text.append(timestamp: milliseconds * 1_000_000) else { return nil }
    return Timestamp.milliseconds(parsing: text.span) == milliseconds ? nil : "a date that was written is another one"
  }

  private static func cron(_ bytes: [UInt8]) -> StaticString? {
    do throws(CronError) {
      let schedule = try CronSchedule(parsing: bytes.span)
      var instant: UInt64 = 1_700_000_000
      for _ in 0..<4 {
        guard let next = schedule.next(after: instant) else { return nil }
        guard next > instant, schedule.next(after: next - 1) == next else { return "a time follows that does not match" }
        guard schedule.next(after: instant + (next - instant) / 2) == next || next == instant + 1 else { return "a time between is left out" }
        instant = next
      }
      return nil
    } catch {
      var text = ByteBuffer()
      return error.describe(into: &text) && !text.isEmpty ? nil : "an error says nothing"
    }
  }

  /// OpenWhisk's rule, read off its regular expression: a word character, then any of the set, at the end none that is a space.
  private static func name(_ bytes: [UInt8]) -> StaticString? {
    func isWord(_ byte: UInt8) -> Bool { byte == 0x5f || ASCII.isDigit(byte) || (0x61...0x7a).contains(ASCII.lowercased(byte)) }
    let isLegal = (1...256).contains(bytes.count) && isWord(bytes[0]) && bytes.last != 0x20
      && bytes.allSatisfy { isWord($0) || Array("@ .-".utf8).contains($0) }
    guard EntityName.isLegal(bytes.span) == isLegal else { return "a name is legal by one rule and not by the other" }
    let parts = bytes.split(separator: 0x2f, omittingEmptySubsequences: false).map(Array.init)
    let areLegal = parts.allSatisfy { EntityName.isLegal($0.span) }
    guard QualifiedName.parts(bytes.span) == (areLegal ? parts.count : nil) else { return "a path has other parts" }
    return QualifiedName.namespaceLength(bytes.span) == parts[0].count ? nil : "a namespace has another length"
  }
}
