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
  mutating func markLog(_ stream: LogStream, _ now: Instant, _ log: borrowing ByteBuffer) {
    logMarks.add(stream, after: log.span.extracting(logStart..<log.count), microseconds: (now - started).microseconds)
  }

  /// Notes that fd 1 is about to write to the output, which may be log yet, at `now`.
  mutating func markOutput(_ now: Instant, _ output: borrowing ByteBuffer) {
    outputMarks.add(.output, after: output.span.extracting(outputStart..<output.count), microseconds: (now - started).microseconds)
  }

  /// Copies the output, which has turned out to be log, to its end.
  @_optimize(size) @inline(never)
  mutating func logOutput(_ output: borrowing ByteBuffer, _ now: Instant, _ log: inout ByteBuffer) throws(CallError) {
    let text = output.span.extracting(outputStart..<output.count)
    let count = min(text.count, logRoom(log))
    logMarks.append(outputMarks, at: log.count &- logStart, below: count)
    guard log.append(text.extracting(0..<count)) else { throw .end(.noMemory) }
    if count < text.count { cutLog(now, &log) }
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
    hasNoted = true
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
