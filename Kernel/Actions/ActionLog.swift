// The log of an invocation: standard error within its limit, and the kernel's own remarks.

import ABI
import Base
import Bytes

extension ActionProcess {
  /// Bytes that the log may still take.
  func logRoom(_ log: borrowing ByteBuffer) -> Int {
    isLogCut ? 0 : max(0, limits.logBytes &- (log.count &- logStart))
  }

  /// Notes that `stream` is about to write to the log, at `now`.
  @_optimize(size) @inline(never)
  mutating func markLog(_ stream: LogStream, _ now: Instant, _ log: borrowing ByteBuffer) {
    let beginsLine = log.count == logStart || log.span[log.count &- 1] == UInt8(ascii: "\n")
    logMarks.add(log.count &- logStart, stream, microseconds: (now - started).microseconds, beginsLine: beginsLine)
  }

  /// Says once that the log ends here.
  @_optimize(size)
  mutating func cutLog(_ now: Instant, _ log: inout ByteBuffer) {
    guard !isLogCut else { return }
    isLogCut = true
    markLog(.error, now, log)
    _ = log.append("\nswiftlet: the log was cut at its limit of ") && log.append(decimal: UInt64(max(0, limits.logBytes)))
      && log.append(" bytes\n")
  }

  /// Names a call that is not provided, the first time that the invocation makes it.
  @_optimize(size)
  mutating func noteUnknown(_ number: UInt64, _ now: Instant, _ log: inout ByteBuffer) {
    let bit = Int(min(number, 511))
    guard noted[bit / 64] & (1 << UInt64(bit % 64)) == 0 else { return }
    noted[bit / 64] |= 1 << UInt64(bit % 64)
    guard logRoom(log) >= 96 else { return cutLog(now, &log) }
    markLog(.error, now, log)
    if let call = Syscall(rawValue: number) {
      _ = log.append("swiftlet: the action called ") && log.append(call.name) && log.append(" (")
        && log.append(decimal: number) && log.append("), which is not provided (ENOSYS)\n")
    } else {
      _ = log.append("swiftlet: the action called number ") && log.append(decimal: number)
        && log.append(", which is not provided (ENOSYS)\n")
    }
  }

  /// Says that the program ended itself by a signal.
  @_optimize(size)
  mutating func noteSignal(_ signal: UInt64, _ now: Instant, _ log: inout ByteBuffer) {
    guard logRoom(log) >= 64 else { return cutLog(now, &log) }
    markLog(.error, now, log)
    _ = log.append("swiftlet: the action raised signal ") && log.append(decimal: signal)
      && log.append(signal == 6 ? " (SIGABRT)\n" : "\n")
  }
}
