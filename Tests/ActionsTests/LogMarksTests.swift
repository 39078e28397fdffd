// The marks of a log: one where a line begins and where the stream changes, with the time.

import ABI
import Actions
import Base
import Bytes
import Testing

@Suite struct LogMarksTests {
  private struct Mark: Equatable {
    var offset: Int
    var stream: LogStream
    var microseconds: UInt32
  }

  private func marks(of action: Harness) -> [Mark] {
    let marks = action.process.takeLogMarks()
    return (0..<marks.count).map { Mark(offset: marks[$0].offset, stream: marks[$0].stream, microseconds: marks[$0].microseconds) }
  }

  /// Writes `text` at `microseconds` after the invocation's begin.
  private func write(_ action: Harness, _ descriptor: UInt64, _ text: String, at microseconds: UInt64) {
    action.machine.now = Instant(nanoseconds: 5_000_000_000 + microseconds * 1000 + 999)
    #expect(action.poke(Array(text.utf8), at: Harness.data))
    #expect(action.call(.write, descriptor, Harness.data, UInt64(text.utf8.count)) == Int64(text.utf8.count))
  }

  @Test func eachLineHasItsTime() {
    let action = Harness()
    write(action, 2, "one\n", at: 7)
    write(action, 2, "tw", at: 20)
    write(action, 2, "o\nthree\nfo", at: 30)
    write(action, 1, "output", at: 40)
    write(action, 2, "ur\n", at: 50)
    write(action, 2, "five", at: 5_000_000)
    #expect(
      marks(of: action) == [
        Mark(offset: 0, stream: .error, microseconds: 7), Mark(offset: 4, stream: .error, microseconds: 20),
        Mark(offset: 19, stream: .error, microseconds: 5_000_000),
      ])
    // They were moved out.
    #expect(marks(of: action).isEmpty)
  }

  @Test func streamsAreToldApart() {
    let action = Harness(mode: .initialising)
    let snapshot = action.takeSnapshot(answersOnResult: true)
    #expect(marks(of: action).isEmpty)
    action.machine.now = Instant(nanoseconds: 5_000_000_000)
    action.begin(snapshot, answersOnResult: true)
    // Until fd 3 is written, what is written to fd 1 may be the result.
    write(action, 1, "a", at: 1)
    write(action, 1, "b\n", at: 2)
    write(action, 2, "c\n", at: 3)
    write(action, 1, "d", at: 4)
    write(action, 3, "{}\n", at: 5)
    write(action, 1, "e", at: 6)
    #expect(action.call(.fork) == -38)
    #expect(text(of: action.log).hasPrefix("c\nab\ndeswiftlet: the action called fork"))
    #expect(
      marks(of: action) == [
        Mark(offset: 0, stream: .error, microseconds: 3), Mark(offset: 2, stream: .output, microseconds: 1),
        Mark(offset: 5, stream: .output, microseconds: 4), Mark(offset: 7, stream: .error, microseconds: 6),
      ])
    // Where it is the result, there is nothing to mark, nor is anything left of it.
    action.begin(snapshot, answersOnResult: true)
    write(action, 1, "a\n", at: 1)
    #expect(marks(of: action).isEmpty)
    action.begin(snapshot, answersOnResult: true)
    write(action, 3, "a\n", at: 1)
    #expect(marks(of: action).isEmpty)
  }

  @Test func offsetsCountFromTheInvocationsLog() {
    let action = Harness(mode: .initialising)
    action.log = buffer(Array("before".utf8))
    let snapshot = action.takeSnapshot()
    write(action, 2, "x", at: 9)
    #expect(marks(of: action).map(\.offset) == [0])
    // Nothing of one invocation is left for the next.
    write(action, 2, "y", at: 9)
    action.begin(snapshot)
    #expect(marks(of: action).isEmpty)
  }

  @Test func thereAreOnlySoMany() {
    let action = Harness()
    for index in 0..<(LogMarks.capacity + 100) { write(action, 2, "\n", at: UInt64(index)) }
    let marks = marks(of: action)
    #expect(marks.count == LogMarks.capacity)
    #expect(marks.last == Mark(offset: 1023, stream: .error, microseconds: 1023))
  }

  @Test func whatTheLimitCutsHasNoMark() {
    let action = Harness(limits: ActionLimits(logBytes: 4))
    write(action, 2, "ab\n", at: 1)
    write(action, 2, "cd\n", at: 2)
    write(action, 2, "ef\n", at: 3)
    // The kernel's remark begins on a line of its own.
    #expect(
      marks(of: action) == [
        Mark(offset: 0, stream: .error, microseconds: 1), Mark(offset: 3, stream: .error, microseconds: 2),
      ])
    let loop = Harness(mode: .initialising)
    _ = loop.takeSnapshot(answersOnResult: true, limits: ActionLimits(logBytes: 4))
    for index in 1...3 { write(loop, 1, "a\n", at: UInt64(index)) }
    write(loop, 3, "{}\n", at: 9)
    #expect(text(of: loop.log).hasPrefix("a\na\n\nswiftlet: the log was cut"))
    #expect(
      marks(of: loop) == [
        Mark(offset: 0, stream: .output, microseconds: 1), Mark(offset: 2, stream: .output, microseconds: 2),
        Mark(offset: 4, stream: .error, microseconds: 9),
      ])
    let none = Harness(limits: ActionLimits(logBytes: 0))
    write(none, 2, "ab\n", at: 1)
    #expect(marks(of: none) == [Mark(offset: 0, stream: .error, microseconds: 1)])
  }
}
