import Base
import Testing

/// A host on which waits last `halting` or `looking` microseconds, by the way that is taken.
private struct Host {
  var poll = HaltPoll(longest: .microseconds(200))
  var halting: UInt64
  var looking: UInt64

  /// Of `count` waits, how many were looked through.
  mutating func wait(_ count: Int) -> Int {
    var looks = 0
    for _ in 0..<count {
      let isLooking = poll.window > .zero
      if isLooking { looks += 1 }
      poll.ended(after: .microseconds(isLooking ? looking : halting))
    }
    return looks
  }
}

@Suite struct HaltPollTests {
  @Test func beginsByHalting() {
    #expect(HaltPoll(longest: .microseconds(200)).window == .zero)
  }

  @Test func looksWhereThatIsSooner() {
    var host = Host(halting: 80, looking: 40)
    #expect(host.poll.window == .zero)
    _ = host.wait(200)
    #expect(host.wait(100_000) > 97_000)
    #expect(host.poll.window == .microseconds(200))
  }

  @Test func haltsWhereLookingKeepsTheWorkAway() {
    var host = Host(halting: 40, looking: 150)
    #expect(host.wait(100_000) < 3_000)
  }

  @Test func followsTheHost() {
    var host = Host(halting: 80, looking: 40)
    _ = host.wait(10_000)
    (host.halting, host.looking) = (30, 120)
    // A phase and a trial later at the latest.
    _ = host.wait(2048 + 32)
    #expect(host.wait(10_000) < 700)
    (host.halting, host.looking) = (80, 40)
    _ = host.wait(2048 + 32)
    #expect(host.wait(10_000) > 9_300)
  }

  /// A trial ends when its waits are longer than all that it is compared with, however few they were.
  @Test func aBadTrialIsShort() {
    var host = Host(halting: 10, looking: 400)
    #expect(host.wait(128 + 32) == 1)
  }

  /// Nothing is gained by looking where work comes later than the longest look.
  @Test func anIdleMachineHalts() {
    var host = Host(halting: 4_000_000, looking: 4_000_000)
    #expect(host.wait(100_000) < 3_000)
    host = Host(halting: 80, looking: 40)
    _ = host.wait(10_000)
    (host.halting, host.looking) = (1_000, 1_000)
    _ = host.wait(2048 + 32)
    #expect(host.wait(10_000) < 700)
  }

  @Test func alwaysHaltsWhereItMayNotLook() {
    var poll = HaltPoll(longest: .zero)
    for time in 0..<10_000 {
      #expect(poll.window == .zero)
      poll.ended(after: .microseconds(UInt64(time)))
    }
  }
}
