import Base
import Bytes
import Testing

@testable import Net

/// What arrives on a connection: order, windows, forged segments.
@Suite struct TCPReceiveTests {
  private let ack = Segment.ack
  private let data = Segment.ack | Segment.psh

  private func segment(_ bench: Bench, _ offset: UInt32, _ payload: [UInt8] = [], flags: UInt8 = Segment.ack) -> Segment {
    Segment(sequence: 1001 &+ offset, acknowledgement: bench.stackSequence, flags: flags, payload: payload)
  }

  @Test func smallDataIsAcknowledgedAfter40ms() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    #expect(bench.exchange(segment(bench, 0, [1, 2, 3])).isEmpty)
    #expect(bench.advance(.milliseconds(39)).isEmpty)
    let late = bench.advance(.milliseconds(2))
    #expect(late.map(\.acknowledgement) == [1004])
    #expect(late.first?.payload == [])
    #expect(bench.advance(.seconds(1)).isEmpty)
    #expect(bench.received(id) == [1, 2, 3])
  }

  /// A kernel with nothing else to do does not wait: a peer with a last small segment would wait for it (RFC 896).
  @Test func idlenessSendsWhatIsOwed() throws {
    let bench = Bench()
    _ = try #require(bench.open())
    #expect(bench.exchange(segment(bench, 0, [1, 2, 3])).isEmpty)
    bench.stack.acknowledge(now: bench.now, link: &bench.link)
    #expect(bench.link.takeSegments().map(\.acknowledgement) == [1004])
    bench.stack.acknowledge(now: bench.now, link: &bench.link)
    #expect(bench.link.takeSegments().isEmpty)
    #expect(bench.advance(.seconds(1)).isEmpty)
  }

  @Test func everySecondFullSegmentIsAcknowledgedAtOnce() throws {
    let bench = Bench()
    _ = try #require(bench.open(options: [2, 4, 5, 0xb4]))
    let full = [UInt8](repeating: 7, count: 1460)
    #expect(bench.exchange(segment(bench, 0, full)).isEmpty)
    #expect(bench.exchange(segment(bench, 1460, full)).map(\.acknowledgement) == [1001 + 2920])
    #expect(bench.exchange(segment(bench, 2920, full)).isEmpty)
  }

  @Test func outOfOrderIsReassembled() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    let bytes = pattern(5000, salt: 1)
    // Pieces of 500, in a stirred order, some twice, some overlapping.
    for piece in [3, 1, 7, 3, 5, 2, 9, 8, 6, 4] {
      let start = piece * 500
      let sent = bench.exchange(segment(bench, UInt32(start), Array(bytes[start..<min(start + 700, 5000)])))
      #expect(sent.map(\.acknowledgement) == [1001])
    }
    #expect(bench.received(id).isEmpty)
    #expect(bench.exchange(segment(bench, 0, Array(bytes[..<500]))).map(\.acknowledgement) == [1001 + 5000])
    #expect(bench.received(id) == bytes)
    bench.stack.consume(id, 5000)
    #expect(bench.stack.receiveMemoryUsed == 0)
    #expect(bench.stack.shared.memory.outOfOrder == 0)
  }

  @Test func finBeforeItsDataWaits() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    #expect(bench.exchange(segment(bench, 3, [4], flags: Segment.ack | Segment.fin)).map(\.acknowledgement) == [1001])
    #expect(bench.events() == [])
    #expect(bench.exchange(segment(bench, 0, [1, 2, 3])).map(\.acknowledgement) == [1006])
    #expect(bench.events() == [.readable(id), .peerClosed(id)])
    #expect(bench.received(id) == [1, 2, 3, 4])
  }

  @Test func moreThanFourGapsAreRefused() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    for piece in 1...6 { _ = bench.exchange(segment(bench, UInt32(piece * 10), [UInt8(piece)])) }
    #expect(bench.stack.counters.droppedOutOfOrder == 2)
    _ = bench.exchange(segment(bench, 0, [UInt8](repeating: 0, count: 10)))
    #expect(bench.received(id).count == 11)
  }

  @Test func outOfOrderBudgetHolds() throws {
    var limits = NetworkLimits()
    limits.outOfOrderBudget = 3000
    let bench = Bench(limits)
    _ = try #require(bench.open())
    _ = bench.exchange(segment(bench, 1000, [UInt8](repeating: 1, count: 1000)))
    _ = bench.exchange(segment(bench, 2000, [UInt8](repeating: 1, count: 1400)))
    #expect(bench.stack.counters.droppedOutOfOrder == 1)
    #expect(bench.stack.shared.memory.outOfOrder == 2000)
  }

  @Test func receiveBudgetHolds() throws {
    var limits = NetworkLimits()
    limits.receiveBudget = 4096
    let bench = Bench(limits)
    let id = try #require(bench.open())
    for piece in 0..<6 {
      _ = bench.exchange(segment(bench, UInt32(piece * 1000), [UInt8](repeating: 1, count: 1000)))
    }
    #expect(bench.received(id).count <= 4096)
    #expect(bench.stack.counters.droppedReceiveMemory > 0)
    #expect(bench.stack.receiveMemoryUsed <= 4096)
    #expect(!bench.setReceiveLimit(id, 1 << 20))
    let held = bench.received(id).count
    bench.stack.consume(id, held)
    _ = bench.exchange(segment(bench, UInt32(held), [9]))
    #expect(bench.received(id) == [9])
  }

  @Test func receiveLimitBounds() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    #expect(bench.setReceiveLimit(id, 64 << 20))
    #expect(bench.stack.receiveMemoryUsed >= 64 << 20)
    let raised = bench.setReceiveLimit(id, Int.max)
    #expect(!raised)
    let negative = bench.setReceiveLimit(id, -1)
    #expect(!negative)
    #expect(bench.setReceiveLimit(id, 16_384))
    #expect(bench.stack.receiveMemoryUsed == 0)
  }

  /// The peer fills the window; nothing beyond it is taken; reading opens it again, at once.
  @Test func zeroWindowAndUpdate() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    var offset: UInt32 = 0
    var last = Segment(sequence: 0, flags: 0)
    for _ in 0..<40 {
      let sent = bench.exchange(segment(bench, offset, [UInt8](repeating: 3, count: 1000)))
      if let answer = sent.last {
        last = answer
        offset = answer.acknowledgement &- 1001
      } else {
        offset += 1000
      }
    }
    #expect(last.window == 0)
    let held = bench.received(id).count
    #expect(held >= 16_384 && held <= 16_384 + 1460)
    // A probe is answered, and not taken.
    let answer = bench.exchange(segment(bench, offset, [1]))
    #expect(answer.map(\.acknowledgement) == [1001 &+ offset])
    #expect(answer.map(\.window) == [0])
    #expect(bench.received(id).count == held)
    // Reading a little opens nothing, reading much does.
    bench.stack.consume(id, 100)
    bench.flush()
    #expect(bench.link.takeSegments().isEmpty)
    bench.stack.consume(id, 8000)
    bench.flush()
    #expect(bench.link.takeSegments().map { $0.window > 7000 } == [true])
  }

  /// Whoever waits for as many bytes as the limit permits gets them, however the last of them lie.
  @Test(arguments: [16_384, 16_400, 17_000, 20_000, 100_000])
  func limitIsReachable(limit: Int) throws {
    let bench = Bench()
    let id = try #require(bench.open())
    _ = bench.exchange(segment(bench, 0, [UInt8](repeating: 1, count: 20)))
    bench.stack.consume(id, 20)
    #expect(bench.setReceiveLimit(id, limit))
    var edge = bench.stackSequence
    bench.flush()
    edge = 1001 &+ 20 &+ 16_384 &- 20
    for answer in bench.link.takeSegments() { edge = answer.acknowledgement &+ UInt32(answer.window) }
    var next: UInt32 = 1021
    var rounds = 0
    while next != 1021 &+ UInt32(limit) && rounds < 1000 {
      rounds += 1
      let room = min(Int(edge &- next), 1460, Int(1021 &+ UInt32(limit) &- next))
      var answers: [Segment] = []
      if room > 0 {
        answers = bench.exchange(
          Segment(
            sequence: next, acknowledgement: bench.stackSequence, flags: ack,
            payload: [UInt8](repeating: 2, count: room)))
        next &+= UInt32(room)
      } else {
        answers = bench.advance(.milliseconds(50))
      }
      for answer in answers { edge = answer.acknowledgement &+ UInt32(answer.window) }
    }
    #expect(bench.received(id).count == limit)
  }

  /// Tiny segments must not make the edge creep without bound, whatever the scale.
  @Test(arguments: [UInt8(0), 5, 10])
  func tinySegmentsStayNearTheLimit(scale: UInt8) throws {
    var limits = NetworkLimits()
    limits.windowScale = scale
    let bench = Bench(limits)
    let id = try #require(bench.open(options: [3, 3, 7, 0]))
    var offset: UInt32 = 0
    for _ in 0..<30_000 {
      bench.feed(segment(bench, offset, [1]).frame(), checksum: .verified)
      bench.flush()
      if let answer = bench.link.takeSegments().last { offset = answer.acknowledgement &- 1001 } else { offset += 1 }
    }
    #expect(bench.received(id).count >= 16_384)
    #expect(bench.received(id).count <= 16_384 + 1460 + 1024 + 2048 + 1 << Int(scale))
  }

  @Test func resetNeedsTheExactNumber() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    // Outside the window: nothing. Inside, but not the next: a challenge (RFC 5961 §3.2).
    #expect(bench.exchange(segment(bench, 1 << 20, flags: Segment.rst)).isEmpty)
    #expect(bench.exchange(segment(bench, UInt32.max, flags: Segment.rst)).isEmpty)
    let challenge = bench.exchange(segment(bench, 5, flags: Segment.rst))
    #expect(challenge.map(\.acknowledgement) == [1001])
    #expect(bench.events() == [])
    #expect(bench.exchange(segment(bench, 0, flags: Segment.rst)).isEmpty)
    #expect(bench.events() == [.closed(id, .reset)])
    #expect(bench.stack.connectionCount == 0)
  }

  @Test func synIsChallenged() throws {
    let bench = Bench()
    _ = try #require(bench.open())
    for sequence: UInt32 in [1000, 1001, 5000, 0x9000_0000] {
      let sent = bench.exchange(Segment(sequence: sequence, flags: Segment.syn))
      #expect(sent.map(\.flags) == [ack])
      #expect(sent.map(\.acknowledgement) == [1001])
    }
    #expect(bench.stack.connectionCount == 1)
  }

  @Test func impossibleAcknowledgementsAreChallenged() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    for acknowledgement in [bench.stackSequence &+ 1, bench.stackSequence &- 100_000] {
      let forged = Segment(sequence: 1001, acknowledgement: acknowledgement, flags: data, payload: [66])
      #expect(bench.exchange(forged).map(\.acknowledgement) == [1001])
    }
    #expect(bench.received(id).isEmpty)
    #expect(bench.stack.counters.droppedBadAcknowledgement == 2)
  }

  @Test func challengesAreLimited() throws {
    let bench = Bench()
    _ = try #require(bench.open())
    for _ in 0..<500 { bench.feed(segment(bench, 5, flags: Segment.rst).frame()) }
    #expect(bench.stack.counters.challengeAcksSent == 100)
    #expect(bench.stack.counters.challengeAcksWithheld == 400)
  }

  @Test func segmentsWithoutAckAreDropped() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    #expect(bench.exchange(segment(bench, 0, [1], flags: 0)).isEmpty)
    #expect(bench.exchange(segment(bench, 0, [1], flags: Segment.fin)).isEmpty)
    #expect(bench.received(id).isEmpty)
    #expect(bench.events() == [])
  }

  @Test func oldDataIsAcknowledgedAgain() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    _ = bench.exchange(segment(bench, 0, [1, 2, 3]))
    #expect(bench.exchange(segment(bench, 0, [1, 2, 3])).map(\.acknowledgement) == [1004])
    // Half old, half new.
    #expect(bench.exchange(segment(bench, 1, [2, 3, 4, 5])).map(\.acknowledgement) == [1006])
    #expect(bench.received(id) == [1, 2, 3, 4, 5])
  }

  @Test func wrongChecksumIsDropped() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    var frame = segment(bench, 0, [1, 2, 3]).frame()
    frame[frame.count - 1] ^= 1
    bench.feed(frame)
    #expect(bench.stack.counters.droppedTCPChecksum == 1)
    #expect(bench.received(id).isEmpty)
    // The card's word is taken.
    bench.feed(frame, checksum: .verified)
    #expect(bench.received(id) == [1, 2, 2])
  }

  @Test func takeAndGiveBack() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    _ = bench.exchange(segment(bench, 0, [1, 2, 3, 4]))
    // Something beyond a gap stays behind when the rest is taken.
    _ = bench.exchange(segment(bench, 6, [7, 8]))
    bench.stack.consume(id, 1)
    let taken = bench.take(id)
    #expect(taken == [2, 3, 4])
    #expect(bench.received(id).isEmpty)
    _ = bench.exchange(segment(bench, 4, [5, 6]))
    #expect(bench.received(id) == [5, 6, 7, 8])
    bench.stack.giveBack(id, buffer(taken))
    #expect(bench.received(id) == [2, 3, 4, 5, 6, 7, 8])
    _ = bench.exchange(segment(bench, 10, [11]))
    bench.stack.giveBack(id, buffer([0, 1]))
    _ = bench.exchange(segment(bench, 8, [9, 10]))
    #expect(bench.received(id) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    bench.stack.consume(id, 100)
    #expect(bench.stack.receiveMemoryUsed <= 2048)
    #expect(bench.stack.shared.memory.outOfOrder == 0)
  }

  @Test func staleNamesAreHarmless() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    _ = bench.exchange(segment(bench, 0, flags: Segment.rst))
    #expect(bench.events() == [.closed(id, .reset)])
    let second = try #require(bench.open(port: 40_001))
    #expect(second.index == id.index)
    #expect(second != id)
    bench.feed(
      Segment(sequence: 1001, acknowledgement: bench.stackSequence, flags: data, port: 40_001, payload: [1]).frame())
    bench.stack.consume(id, 1)
    bench.stack.abort(id)
    bench.stack.close(id)
    bench.stack.giveBack(id, buffer([9]))
    let isSent = bench.send(id, [1])
    #expect(!isSent)
    let isRaised = bench.setReceiveLimit(id, 1000)
    #expect(!isRaised)
    #expect(bench.remotePort(id) == nil)
    #expect(bench.sendCapacity(id) == 0)
    #expect(bench.received(id).isEmpty)
    #expect(bench.received(second) == [1])
    bench.flush()
    #expect(bench.link.takeSegments().allSatisfy { !$0.has(Segment.rst) })
    #expect(bench.remotePort(second) == 40_001)
  }
}
