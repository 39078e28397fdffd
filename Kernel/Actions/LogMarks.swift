// Which descriptor each part of a log was written to, and when: what an activation's log lines are stamped with.
// Out of scope: the log's text, which is in a buffer of its own (ActionLog.swift).

import Bytes

/// The descriptor that log text was written to. The kernel's own remarks count as standard error.
public enum LogStream: UInt8, Sendable, BitwiseCopyable {
  case output = 1
  case error = 2
}

/// From here to the next mark, or to the log's end, the log is one stream's, written at one time.
public struct LogMark: Equatable, Sendable, BitwiseCopyable {
  /// Bit 31: standard error. The rest is the offset.
  private let place: UInt32
  /// Since the invocation began.
  public let microseconds: UInt32

  init(offset: Int, _ stream: LogStream, microseconds: UInt64) {
    place = UInt32(truncatingIfNeeded: offset) & 0x7fff_ffff | (stream == .error ? 1 << 31 : 0)
    self.microseconds = UInt32(clamping: microseconds)
  }

  /// Bytes from where the invocation's log begins.
  public var offset: Int { Int(place & 0x7fff_ffff) }
  public var stream: LogStream { place >> 31 == 1 ? .error : .output }
}

/// The marks of one invocation's log, in the order of their offsets, which need not be that of their times. There is one where a write
/// begins a line, and where the stream changes.
public struct LogMarks: ~Copyable, Sendable {
  /// Most marks. What is written once they are used up, or where memory is out, belongs to the last.
  public static var capacity: Int { 1024 }

  private var marks = FailableArray<LogMark>()

  /// No marks.
  public init() {}

  public var count: Int { marks.count }

  /// Traps where `index` is not below `count`.
  public subscript(_ index: Int) -> LogMark { marks[index] }

  /// Forgets all marks; the memory stays.
  @inline(__always)
  mutating func removeAll() { marks.truncate(to: 0) }

  /// Notes that `stream` writes to the end of `log`.
  @_optimize(size) @inline(never)
  mutating func add(_ stream: LogStream, after log: Span<UInt8>, microseconds: UInt64) {
    let beginsLine = log.isEmpty || log[log.count &- 1] == UInt8(ascii: "\n")
    let isContinued = count > 0 && marks[count &- 1].stream == stream && !beginsLine
    guard !isContinued, count < Self.capacity else { return }
    _ = marks.append(LogMark(offset: log.count, stream, microseconds: microseconds))
  }

  /// Adds those of `others` whose offset is below `length`, as if their log began at `offset`.
  @_optimize(size) @inline(never)
  mutating func append(_ others: borrowing LogMarks, at offset: Int, below length: Int) {
    for index in 0..<others.count where count < Self.capacity && others[index].offset < length {
      let mark = others[index]
      _ = marks.append(LogMark(offset: offset &+ mark.offset, mark.stream, microseconds: UInt64(mark.microseconds)))
    }
  }
}
