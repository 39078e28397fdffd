import Base
import Testing

@testable import Drivers

@Suite struct ReceiverTests {
  @Test(arguments: [
    (0, ReceivedChecksum.unknown), (1, .verified), (2, .verified), (3, .verified), (4, .unknown),
  ] as [(UInt8, ReceivedChecksum)])
  func frameComesWholeWithItsChecksumState(flags: UInt8, expected: ReceivedChecksum) throws {
    let bench = try Bench()
    for length in [14, 15, 60, 1514, 2036] {
      #expect(bench.card.deliver(frame(length, length: length), flags: flags))
      let received = bench.receive()
      #expect(received?.bytes == frame(length, length: length))
      #expect(received?.checksum == expected)
    }
    #expect(bench.receive() == nil)
    #expect(bench.received == 5)
    #expect(bench.receiverDrops == 0)
  }

  @Test(arguments: [FakeNetCard.allFeatures, withoutEventIndex])
  func twoHundredThousandFramesWrapTheIndices(features: UInt64) throws {
    let card = FakeNetCard(features: features)
    let bench = try Bench(card)
    var sent = 0
    var received = 0
    var burst = 1
    while received < 200_000 {
      for _ in 0..<burst {
        let isTaken = card.deliver([UInt8](repeating: UInt8(truncatingIfNeeded: sent), count: 14), isShown: false)
        if isTaken { sent += 1 }
      }
      card.showReceived()
      var isRight = true
      while bench.receive({ bytes, _ in
        isRight = isRight && bytes.count == 14 && bytes[13] == UInt8(truncatingIfNeeded: received)
        received += 1
      }) {}
      if !isRight || received != sent {
        Issue.record("frame \(received) of \(sent) is wrong")
        return
      }
      burst = burst % 300 + 7
    }
    #expect(!bench.receiverHasFailed)
    #expect(bench.received == UInt64(received))
    #expect(bench.memory.isIntact)
  }

  @Test func buffersGoBackInBatchesWithOneNotification() throws {
    let bench = try Bench()
    let card = bench.card
    for number in 0..<64 { #expect(card.deliver(frame(number))) }
    card.queues[0].setAvailableEvent(256)
    for _ in 0..<63 { #expect(bench.receive() != nil) }
    #expect(bench.armReceiver() == false, "one more is there")
    #expect(card.queues[0].availableIndex == 256, "nothing is shown before a quarter of the buffers is back")
    #expect(card.queues[0].notifications == 0)
    #expect(bench.receive() != nil)
    #expect(bench.receive() == nil)
    #expect(card.queues[0].availableIndex == 320)
    #expect(card.queues[0].notifications == 1)
  }

  /// With four buffers a batch is one.
  @Test func notificationFollowsTheEventIndex() throws {
    let bench = try Bench(ringSize: 4)
    let card = bench.card
    func round(event: UInt16) -> Int {
      card.queues[0].notifications = 0
      #expect(card.deliver(frame(0)))
      card.queues[0].setAvailableEvent(event)
      #expect(bench.receive() != nil)
      #expect(bench.receive() == nil)
      return card.queues[0].notifications
    }
    #expect(round(event: 4) == 1)
    #expect(round(event: 4) == 0)
    #expect(round(event: 6) == 1)
    #expect(round(event: 0x8000) == 0)
  }

  @Test func notificationFollowsTheFlagWithoutEventIndex() throws {
    let bench = try Bench(FakeNetCard(features: withoutEventIndex), ringSize: 4)
    let card = bench.card
    for (flags, count) in [(0, 1), (1, 1), (0, 2)] as [(UInt16, Int)] {
      card.queues[0].setUsedFlags(flags)
      #expect(card.deliver(frame(0)))
      #expect(bench.receive() != nil)
      #expect(bench.receive() == nil)
      #expect(card.queues[0].notifications == count)
    }
  }

  @Test func aFullRingIsDrainedAndNothingIsLost() throws {
    let bench = try Bench(ringSize: 16)
    for number in 0..<16 { #expect(bench.card.deliver(frame(number))) }
    #expect(!bench.card.deliver(frame(16)), "the device has no more buffers")
    for number in 0..<16 { #expect(bench.receive()?.bytes == frame(number)) }
    #expect(bench.receive() == nil)
    for number in 0..<16 { #expect(bench.card.deliver(frame(number))) }
  }

  @Test func aLongBatchIsShownOnTheWay() throws {
    let bench = try Bench(ringSize: 16)
    for number in 0..<16 { #expect(bench.card.deliver(frame(number))) }
    for _ in 0..<4 { #expect(bench.receive() != nil) }
    #expect(bench.card.queues[0].availableIndex == 20)
  }

  @Test(arguments: [FakeNetCard.allFeatures, withoutEventIndex])
  func noWakeUpIsLost(features: UInt64) throws {
    let bench = try Bench(FakeNetCard(features: features))
    let card = bench.card
    // Polling: no interrupts.
    #expect(card.deliver(frame(0)))
    #expect(card.queues[0].interrupts == 0)
    // A frame that came before arming is seen by arming.
    #expect(!bench.armReceiver())
    #expect(bench.receive() != nil)
    // And no interrupt was left armed.
    #expect(card.deliver(frame(1)))
    #expect(card.queues[0].interrupts == 0)
    #expect(bench.receive() != nil)
    // Nothing waits: armed. The next frame interrupts.
    #expect(bench.armReceiver())
    #expect(card.deliver(frame(2)))
    #expect(card.queues[0].interrupts == 1)
    bench.disarmReceiver()
    #expect(card.deliver(frame(3)))
    #expect(card.queues[0].interrupts == 1)
    #expect(bench.receive()?.bytes == frame(2))
    #expect(bench.receive()?.bytes == frame(3))
    // Armed, then disarmed with nothing in between.
    #expect(bench.armReceiver())
    bench.disarmReceiver()
    #expect(card.deliver(frame(4)))
    #expect(card.queues[0].interrupts == 1)
  }

  /// However many frames came before, the device has three quarters of the buffers while the processor halts.
  @Test func mostBuffersAreWithTheDeviceWhenArmed() throws {
    let bench = try Bench(ringSize: 16)
    for round in 1...100 {
      for number in 0..<(round % 13) {
        #expect(bench.card.deliver(frame(number)))
        #expect(bench.receive() != nil)
      }
      #expect(bench.armReceiver())
      #expect(bench.card.queues[0].availableIndex &- bench.card.queues[0].taken > 12)
    }
  }

  /// Arm, halt, wake, drain, over many index wraps: each round must interrupt exactly once.
  @Test(arguments: [FakeNetCard.allFeatures, withoutEventIndex])
  func everyHaltIsEndedByAnInterrupt(features: UInt64) throws {
    let bench = try Bench(FakeNetCard(features: features), ringSize: 32)
    let card = bench.card
    var state: UInt32 = 1
    for round in 0..<70_000 {
      if !bench.armReceiver() { Issue.record("round \(round): a frame that nobody sent"); return }
      let before = card.queues[0].interrupts
      state = state &* 1_664_525 &+ 1_013_904_223
      for _ in 0...(state >> 24) % 5 { _ = card.deliver([UInt8](repeating: 1, count: 14)) }
      if card.queues[0].interrupts <= before { Issue.record("round \(round): no interrupt"); return }
      bench.disarmReceiver()
      while bench.receive({ _, _ in }) {}
    }
    #expect(bench.received > 140_000)
  }

  @Test func malformedFramesAreSkippedAndTheirBuffersReturn() throws {
    let bench = try Bench(ringSize: 16)
    let card = bench.card
    for round in 0..<100 {
      let buffer = card.queues[0].take()!
      // Shorter than the header, or than an Ethernet header behind it; or segmented, which was not agreed on.
      card.queues[0].place(UInt32(buffer.id), UInt32(round % 26))
      card.showReceived()
      #expect(card.deliver(frame(round), gsoType: 1))
      #expect(card.deliver(frame(round)))
      var frames = 0
      var calls = 0
      while bench.receive({ _, _ in frames += 1 }) { calls += 1 }
      #expect(frames == 1 && calls == 3)
    }
    #expect(bench.receiverDrops == 200)
    #expect(!bench.receiverHasFailed)
  }

  enum Lie: CaseIterable {
    case idTooLarge, idHuge, idTwice, idNotHeld, tooLong, lengthHuge, indexTooFar, indexBack
  }

  @Test(arguments: Lie.allCases)
  func aLyingDeviceIsGivenUp(lie: Lie) throws {
    let bench = try Bench(ringSize: 16)
    let card = bench.card
    #expect(card.deliver(frame(1)))
    #expect(bench.receive()?.bytes == frame(1))
    let buffer = card.queues[0].take()!
    switch lie {
    case .idTooLarge: card.queues[0].place(16, 100)
    case .idHuge: card.queues[0].place(.max, 100)
    case .idTwice:
      card.queues[0].place(UInt32(buffer.id), 100)
      card.queues[0].place(UInt32(buffer.id), 100)
    case .idNotHeld:
      for _ in 0..<15 { card.queues[0].place(UInt32(buffer.id), 100) }
    case .tooLong: card.queues[0].place(UInt32(buffer.id), 2049)
    case .lengthHuge: card.queues[0].place(UInt32(buffer.id), .max)
    case .indexTooFar:
      // Good entries all, but more than the 16 buffers that there are.
      for id in 1...17 { card.queues[0].place(UInt32(id % 16), 100) }
    case .indexBack: card.queues[0].usedIndex &-= 1
    }
    card.queues[0].show()
    var frames = 0
    while bench.receive({ bytes, _ in frames += bytes.count }) {}
    #expect(bench.receiverHasFailed)
    #expect(bench.receiverDrops == 0)
    #expect(frames == (lie == .idTwice || lie == .idNotHeld ? 88 : 0))
    #expect(bench.armReceiver(), "the loop may halt")
    // Nothing it does later is looked at.
    card.queues[0].place(5, 100)
    card.queues[0].show()
    #expect(bench.receive() == nil)
    #expect(bench.memory.isIntact)
  }

  /// A device that writes anything anywhere it may write: no trap, no access outside.
  @Test func randomDevices() throws {
    var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state >> 20
    }
    for _ in 0..<300 {
      let bench = try Bench(FakeNetCard(features: next() & 1 == 0 ? FakeNetCard.allFeatures : withoutEventIndex), ringSize: 8)
      let card = bench.card
      for _ in 0..<60 {
        let index = Int(next() % 2)
        switch next() % 8 {
        case 0: Bus.store(UInt16(truncatingIfNeeded: next()), card.queues[index].used + 2)
        case 1: card.queues[index].setAvailableEvent(UInt16(truncatingIfNeeded: next()))
        case 2:
          card.queues[index].place(UInt32(next() % 10), UInt32(next() % 2200))
          card.queues[index].show()
        case 3: _ = card.deliver(frame(Int(next() % 100), length: Int(next() % 2000)), flags: UInt8(next() % 4))
        case 4: _ = card.collect()
        case 5: _ = bench.armReceiver()
        case 6:
          let checksum = next() % 2 == 0 ? nil : ChecksumOffload(start: 34, field: 16)
          _ = bench.send(frame(1), frame(2, length: Int(next() % 2100)), checksum)
          bench.kick()
        default: while bench.receive({ _, _ in }) {}
        }
      }
      #expect(bench.memory.isIntact)
    }
  }
}
