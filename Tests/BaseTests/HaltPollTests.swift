import Base
import Testing

@Suite struct HaltPollTests {
  @Test func beginsWithoutLooking() {
    #expect(HaltPoll(longest: .microseconds(200)).window == .zero)
  }

  @Test func growsWhileWorkComesSoon() {
    var poll = HaltPoll(longest: .microseconds(200))
    var windows: [UInt64] = []
    for _ in 0..<4 {
      poll.halted(for: .microseconds(200))
      windows.append(poll.window.nanoseconds / 1000)
    }
    #expect(windows == [50, 100, 200, 200])
  }

  /// A halt inside the window, as by a timer, says nothing about looking longer.
  @Test func staysWhereTheWindowWasLongEnough() {
    var poll = HaltPoll(longest: .microseconds(200))
    poll.halted(for: .microseconds(60))
    poll.halted(for: .microseconds(50))
    #expect(poll.window == .microseconds(50))
  }

  @Test func shrinksToNothingWhileWorkComesLate() {
    var poll = HaltPoll(longest: .microseconds(200))
    for _ in 0..<3 { poll.halted(for: .microseconds(200)) }
    var windows: [UInt64] = []
    for _ in 0..<4 {
      poll.halted(for: .milliseconds(1))
      windows.append(poll.window.nanoseconds / 1000)
    }
    #expect(windows == [100, 50, 0, 0])
  }

  @Test func neverLooksWhereItMayNot() {
    var poll = HaltPoll(longest: .zero)
    for time in [0, 1, 50_000, 1 << 40] { poll.halted(for: Interval(nanoseconds: UInt64(time))) }
    #expect(poll.window == .zero)
  }

  @Test func keepsToALongestBelowTheShortest() {
    var poll = HaltPoll(longest: .microseconds(10))
    poll.halted(for: .microseconds(10))
    #expect(poll.window == .microseconds(10))
    poll.halted(for: .milliseconds(1))
    #expect(poll.window == .zero)
  }
}
