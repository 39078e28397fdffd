import Base
import Testing

@testable import Drivers

@Suite struct TransmitterTests {
  @Test func frameIsHeaderThenPayloadBehindAnEmptyNetHeader() throws {
    let bench = try Bench()
    #expect(bench.send(frame(1, length: 54), frame(2, length: 1460)))
    #expect(bench.send(frame(3, length: 42)))
    #expect(bench.send([], frame(4, length: 14)))
    #expect(bench.card.collect().isEmpty, "nothing is shown before the kick")
    bench.kick()
    let none = [UInt8](repeating: 0, count: 12)
    #expect(
      bench.card.collect() == [
        none + frame(1, length: 54) + frame(2, length: 1460), none + frame(3, length: 42), none + frame(4, length: 14),
      ])
    #expect(bench.sent == 3)
  }

  @Test func checksumOffloadIsInTheHeaderAndLeavesNoTrace() throws {
    let bench = try Bench(ringSize: 2)
    for _ in 0..<4 {
      #expect(bench.send(frame(1, length: 54), [], ChecksumOffload(start: 34, field: 16)))
      #expect(bench.send(frame(1, length: 54)))
      bench.kick()
      let sent = bench.card.collect().map { Array($0.prefix(12)) }
      #expect(sent == [[1, 0, 0, 0, 0, 0, 34, 0, 16, 0, 0, 0], [UInt8](repeating: 0, count: 12)])
    }
  }

  @Test func whatCannotBeSentIsCountedAndRefused() throws {
    let bench = try Bench()
    #expect(!bench.send(frame(1, length: 54), frame(1, length: 2036 - 53)))
    #expect(!bench.send(frame(1, length: 54), [], ChecksumOffload(start: 34, field: 19)))
    #expect(!bench.send(frame(1, length: 54), [], ChecksumOffload(start: .max, field: .max)))
    bench.kick()
    #expect(bench.card.collect().isEmpty)
    #expect(bench.transmitterDrops == 3)
    #expect(bench.send(frame(1, length: 54), frame(1, length: 2036 - 54)), "the longest")
    #expect(bench.send(frame(1, length: 54), [], ChecksumOffload(start: 34, field: 18)))
    bench.kick()
    #expect(bench.card.collect().map(\.count) == [2048, 66])

    let plain = try Bench(FakeNetCard(features: 1 << 32))
    #expect(!plain.send(frame(1), [], ChecksumOffload(start: 34, field: 16)))
    #expect(plain.transmitterDrops == 1)
  }

  @Test(arguments: [FakeNetCard.allFeatures, withoutEventIndex])
  func twoHundredThousandFramesWrapTheIndices(features: UInt64) throws {
    let card = FakeNetCard(features: features)
    let bench = try Bench(card, ringSize: 64)
    var sent = 0
    var seen = 0
    var burst = 1
    while seen < 200_000 {
      var queued = 0
      while queued < burst, bench.send([UInt8](repeating: UInt8(truncatingIfNeeded: sent), count: 14)) {
        sent += 1
        queued += 1
      }
      bench.kick()
      for bytes in card.collect() {
        if bytes.count != 26 || bytes[25] != UInt8(truncatingIfNeeded: seen) { Issue.record("frame \(seen) is wrong"); return }
        seen += 1
      }
      burst = burst % 90 + 3
    }
    #expect(seen == sent)
    #expect(!bench.transmitterHasFailed)
    #expect(card.queues[1].interrupts == 0)
    #expect(bench.memory.isIntact)
  }

  @Test func oneKickForABatch() throws {
    let bench = try Bench()
    for number in 0..<50 { #expect(bench.send(frame(number))) }
    bench.kick()
    #expect(bench.card.queues[1].notifications == 1)
    bench.kick()
    #expect(bench.card.queues[1].notifications == 1, "nothing new")
    // The device has not asked again: it is still at work.
    #expect(bench.send(frame(0)))
    bench.kick()
    #expect(bench.card.queues[1].notifications == 1)
    #expect(bench.card.collect().count == 51)
    #expect(bench.send(frame(0)))
    bench.kick()
    #expect(bench.card.queues[1].notifications == 2)
  }

  /// The device's wish became visible only after the driver had looked for it.
  @Test func wishThatCameLateIsFound() throws {
    let bench = try Bench()
    bench.card.queues[1].setAvailableEvent(200)
    #expect(bench.send(frame(0)))
    bench.kick()
    #expect(bench.send(frame(1)))
    bench.kick()
    #expect(bench.card.queues[1].notifications == 0)
    bench.card.queues[1].setAvailableEvent(0)
    bench.settle()
    #expect(bench.card.queues[1].notifications == 1)
    bench.settle()
    #expect(bench.card.queues[1].notifications == 1, "nothing new")
  }

  /// The loop looks again after the last frame, and once more before it halts: the wish may be later than the first look, too.
  @Test(arguments: [FakeNetCard.allFeatures, withoutEventIndex])
  func aLookThatWasTooEarlyIsNotTheLast(features: UInt64) throws {
    let bench = try Bench(FakeNetCard(features: features))
    bench.card.queues[1].setAvailableEvent(200)
    bench.card.queues[1].setUsedFlags(1)
    #expect(bench.send(frame(0)))
    bench.kick()
    bench.settle()
    #expect(bench.card.queues[1].notifications == 0)
    bench.card.queues[1].setAvailableEvent(0)
    bench.card.queues[1].setUsedFlags(0)
    bench.settle()
    #expect(bench.card.queues[1].notifications == 1)
    bench.settle()
    #expect(bench.card.queues[1].notifications == 1, "nothing new")
  }

  @Test(arguments: [FakeNetCard.allFeatures, withoutEventIndex])
  func aFullRingTurnsFramesAwayUntilThereIsRoom(features: UInt64) throws {
    let bench = try Bench(FakeNetCard(features: features), ringSize: 16)
    let card = bench.card
    for number in 0..<16 { #expect(bench.send(frame(number))) }
    #expect(!bench.send(frame(16)))
    #expect(card.queues[1].notifications == 1, "what is queued was shown to make room")
    #expect(card.collect(limit: 8).count == 8)
    for number in 16..<24 { #expect(bench.send(frame(number))) }
    #expect(!bench.send(frame(24)))
    #expect(card.collect().map { $0[12] } == (8..<24).map { frame($0)[0] })
    #expect(card.queues[1].interrupts == 0)
  }

  @Test func fewBuffersAreInUseWhileTheDeviceKeepsUp() throws {
    let bench = try Bench()
    var ids: Set<UInt64> = []
    for number in 0..<1000 {
      #expect(bench.send(frame(number)))
      bench.kick()
      let buffer = bench.card.queues[1].take()!
      ids.insert(buffer.address)
      bench.card.queues[1].place(UInt32(buffer.id), 0)
      bench.card.queues[1].show()
    }
    #expect(ids.count <= 17)
  }

  @Test(arguments: [UInt32(16), .max, 3])
  func aLyingDeviceIsGivenUp(id: UInt32) throws {
    let bench = try Bench(ringSize: 16)
    #expect(bench.send(frame(0)))
    bench.kick()
    // 3 was never handed over.
    bench.card.queues[1].place(id, 0)
    bench.card.queues[1].show()
    #expect(bench.send(frame(1)))
    bench.kick()
    while bench.send(frame(2)) {}
    #expect(bench.transmitterHasFailed)
    #expect(bench.memory.isIntact)
  }
}
