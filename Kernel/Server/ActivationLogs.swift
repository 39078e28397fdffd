// The log of an activation, from what its action wrote to its two streams.

import Actions
import Base
import Bytes
import Records

enum ActivationLogs {
  /// `log` with its `marks`, then the lines of the output that are no result, which are taken for written `at` the end. All
  /// together are at most about `limit` bytes; what memory is out for is left out.
  @_optimize(size) @inline(never)
  static func make(
    _ log: borrowing ByteBuffer, _ marks: borrowing LogMarks, output: Span<UInt8>, at end: Interval, limit: Int
  ) -> ActivationLog {
    var text = ActivationLog()
    if marks.count == 0 { _ = text.add(.error, at: end, log.span) }
    for index in 0..<marks.count {
      let start = min(marks[index].offset, log.count)
      let next = index &+ 1 < marks.count ? min(marks[index &+ 1].offset, log.count) : log.count
      let time = Interval.microseconds(UInt64(marks[index].microseconds))
      _ = text.add(marks[index].stream, at: time, log.span.extracting(start..<max(start, next)))
    }
    let room = max(0, limit &- log.count)
    _ = text.add(.output, at: end, output.extracting(0..<min(output.count, room)))
    if output.count > room { addNotice(limit, end, &text) }
    return text
  }

  /// OpenWhisk's sentence.
  private static func addNotice(_ limit: Int, _ end: Interval, _ text: inout ActivationLog) {
    var notice = ByteBuffer()
    guard notice.append("\nLogs were truncated because the total bytes size exceeds the limit of "),
      notice.append(decimal: UInt64(max(0, limit))), notice.append(" bytes.\n")
    else { return }
    _ = text.add(.output, at: end, notice.span)
  }
}
