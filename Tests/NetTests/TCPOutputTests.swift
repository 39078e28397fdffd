import Base
import Bytes
import Testing

@testable import Net

/// What a connection sends, and when it sends it again.
@Suite struct TCPOutputTests {
  private let mss: [UInt8] = [2, 4, 5, 0xb4]

  private func acknowledge(_ bench: Bench, _ count: Int, window: UInt16 = 65_535) -> [Segment] {
    bench.exchange(
      Segment(
        sequence: 1001, acknowledgement: bench.stackSequence &+ UInt32(count), flags: Segment.ack, window: window))
  }

  @Test func initialWindowIsTenSegments() throws {
    let bench = Bench()
    let id = try #require(bench.open(options: mss))
    #expect(bench.send(id, pattern(40_000, salt: 0)))
    bench.flush()
    let first = bench.link.takeSegments()
    #expect(first.count == 10)
    #expect(first.allSatisfy { $0.payload.count == 1460 })
    #expect(first.flatMap(\.payload) == Array(pattern(40_000, salt: 0)[..<14_600]))
    // Slow start: two for each one acknowledged.
    #expect(acknowledge(bench, 1460).count == 2)
    #expect(acknowledge(bench, 2920).count == 2)
  }

  @Test func segmentsGatherAcrossBuffers() throws {
    let bench = Bench()
    let id = try #require(bench.open(options: mss))
    let bytes = pattern(4000, salt: 5)
    var start = 0
    for length in [1, 1459, 700, 3, 1000, 0, 837] {
      #expect(bench.send(id, Array(bytes[start..<start + length])))
      start += length
    }
    bench.flush()
    let sent = bench.link.takeSegments()
    #expect(sent.map(\.payload.count) == [1460, 1460, 1080])
    #expect(sent.flatMap(\.payload) == bytes)
    #expect(sent.map { $0.has(Segment.psh) } == [false, false, true])
    #expect(acknowledge(bench, 2000).isEmpty)
    _ = bench.advance(.milliseconds(100))
    #expect(acknowledge(bench, 4000).isEmpty)
    #expect(bench.events() == [.sent(id)])
  }

  @Test func eightBuffersAtOnce() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    for index in 0..<8 {
      #expect(bench.sendCapacity(id) == 8 - index)
      #expect(bench.send(id, [UInt8(index)]))
    }
    let ninth = bench.send(id, [9])
    #expect(!ninth)
    bench.flush()
    #expect(bench.link.takeSegments().map(\.payload) == [[0, 1, 2, 3, 4, 5, 6, 7]])
    _ = acknowledge(bench, 3)
    #expect(bench.sendCapacity(id) == 3)
  }

  @Test func timeoutsDoubleAndThenGiveUp() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    #expect(bench.send(id, [1, 2, 3]))
    bench.flush()
    _ = bench.link.take()
    var times: [UInt64] = []
    let start = bench.now
    var reset = false
    while !reset, bench.now - start < .seconds(600) {
      for segment in bench.advance(.milliseconds(50)) {
        if segment.has(Segment.rst) {
          reset = true
        } else {
          #expect(segment.payload == [1, 2, 3])
          times.append((bench.now - start).milliseconds)
        }
      }
    }
    #expect(reset)
    #expect(times.count == 9)
    let gaps = zip(times.dropFirst(), times).map { $0 - $1 }
    for (gap, next) in zip(gaps, gaps.dropFirst()) where next < 50_000 { #expect(next >= 2 * gap - 100) }
    // R2 is at least 100 s (RFC 9293 §3.8.3).
    #expect(bench.now - start > .seconds(100))
    #expect(bench.events() == [.closed(id, .timedOut)])
    #expect(bench.stack.connectionCount == 0)
  }

  /// Karn's rule: the acknowledgement of a segment that was sent twice measures nothing.
  @Test func retransmittedSegmentsAreNotTimed() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    #expect(bench.send(id, [1]))
    bench.flush()
    let before = bench.stack.connections.slots[id.index].estimator.timeout
    _ = bench.advance(.milliseconds(300))
    #expect(bench.stack.counters.retransmissionTimeouts == 1)
    _ = bench.advance(.milliseconds(90))
    _ = acknowledge(bench, 1)
    #expect(bench.stack.connections.slots[id.index].estimator.timeout == before)
  }

  @Test func estimatorFollowsTheRFC() {
    var estimator = RoundTripEstimator()
    #expect(estimator.timeout == .seconds(1))
    estimator.sample(.seconds(1))
    #expect(estimator.timeout == .seconds(3))
    estimator.sample(.seconds(1))
    #expect(estimator.timeout == .milliseconds(2500))
    estimator.backOff()
    #expect(estimator.timeout == .seconds(5))
    for _ in 0..<30 { estimator.backOff() }
    #expect(estimator.timeout == .seconds(60))
    estimator.resetBackoff()
    for _ in 0..<200 { estimator.sample(.microseconds(50)) }
    #expect(estimator.timeout == RoundTripEstimator.minimum)
    estimator.sample(Interval(nanoseconds: .max))
    #expect(estimator.timeout == .seconds(60))
  }

  @Test func threeDuplicatesRetransmitAtOnce() throws {
    let bench = Bench()
    let id = try #require(bench.open(options: mss))
    #expect(bench.send(id, pattern(14_600, salt: 0)))
    bench.flush()
    _ = bench.link.take()
    #expect(acknowledge(bench, 1460).isEmpty)
    #expect(acknowledge(bench, 1460).isEmpty)
    #expect(acknowledge(bench, 1460).isEmpty)
    let again = acknowledge(bench, 1460)
    #expect(again.count == 1)
    #expect(again.first?.sequence == bench.stackSequence &+ 1460)
    #expect(again.first?.payload.count == 1460)
    #expect(bench.stack.counters.fastRetransmits == 1)
    // A partial acknowledgement: the next hole is filled without waiting for three more (RFC 6582).
    let next = acknowledge(bench, 4380)
    #expect(next.first?.sequence == bench.stackSequence &+ 4380)
    #expect(acknowledge(bench, 14_600).isEmpty)
    #expect(bench.events() == [.sent(id)])
    #expect(bench.stack.counters.retransmissionTimeouts == 0)
    let congestion = bench.stack.connections.slots[id.index].congestion
    #expect(!congestion.isRecovering)
    #expect(congestion.window < 14_600)
  }

  @Test func lossOfTheVeryFirstSegmentIsNoticed() throws {
    let bench = Bench()
    let id = try #require(bench.open(options: mss))
    #expect(bench.send(id, pattern(14_600, salt: 0)))
    bench.flush()
    _ = bench.link.take()
    var sent: [Segment] = []
    for _ in 0..<3 { sent += acknowledge(bench, 0) }
    #expect(sent.map(\.sequence) == [bench.stackSequence])
    #expect(bench.stack.counters.fastRetransmits == 1)
  }

  /// Window updates and data are no duplicate acknowledgements (RFC 5681 §2).
  @Test func otherSegmentsAreNoDuplicates() throws {
    let bench = Bench()
    let id = try #require(bench.open(options: mss))
    #expect(bench.send(id, pattern(14_600, salt: 0)))
    bench.flush()
    for window: UInt16 in [60_000, 50_000, 40_000, 30_000, 20_000] { _ = acknowledge(bench, 0, window: window) }
    for index: UInt32 in 0..<5 {
      _ = bench.exchange(
        Segment(
          sequence: 1001 &+ index, acknowledgement: bench.stackSequence, flags: Segment.ack, payload: [1], window: 20_000))
    }
    #expect(bench.stack.counters.fastRetransmits == 0)
  }

  @Test func timeoutGoesBackToTheFirst() throws {
    let bench = Bench()
    let id = try #require(bench.open(options: mss))
    #expect(bench.send(id, pattern(8000, salt: 0)))
    bench.flush()
    _ = bench.link.take()
    let again = bench.advance(.milliseconds(300))
    #expect(again.map(\.sequence) == [bench.stackSequence])
    // The peer had the rest: it acknowledges all of it.
    #expect(acknowledge(bench, 8000).isEmpty)
    #expect(bench.events() == [.sent(id)])
  }

  @Test func peerWindowIsRespected() throws {
    let bench = Bench()
    let id = try #require(bench.open(window: 5000, options: mss))
    #expect(bench.send(id, pattern(20_000, salt: 0)))
    bench.flush()
    #expect(bench.link.takeSegments().map(\.payload.count) == [1460, 1460, 1460])
    // 620 bytes are left: no silly segment (§3.8.6.2.1).
    #expect(acknowledge(bench, 1460, window: 3540).isEmpty)
    #expect(acknowledge(bench, 4380, window: 5000).map(\.payload.count) == [1460, 1460, 1460])
  }

  @Test func zeroWindowIsProbed() throws {
    let bench = Bench()
    let id = try #require(bench.open(window: 0, options: mss))
    #expect(bench.send(id, pattern(3000, salt: 2)))
    bench.flush()
    #expect(bench.link.takeSegments().isEmpty)
    var probes: [UInt64] = []
    let start = bench.now
    while bench.now - start < .seconds(20) {
      for probe in bench.advance(.milliseconds(100)) {
        #expect(probe.payload == [pattern(1, salt: 2)[0]])
        probes.append((bench.now - start).milliseconds)
        _ = acknowledge(bench, 0, window: 0)
      }
    }
    #expect(probes.count >= 5 && probes.count <= 8)
    #expect(bench.events() == [])
    // The window opens by the answer to a probe, and everything flows.
    let sent = acknowledge(bench, 0, window: 10_000)
    #expect(sent.flatMap(\.payload) == pattern(3000, salt: 2))
    _ = acknowledge(bench, 3000)
    #expect(bench.events() == [.sent(id)])
  }

  /// A probed byte that the peer takes is not sent twice.
  @Test func probedByteIsTaken() throws {
    let bench = Bench()
    let id = try #require(bench.open(window: 0, options: mss))
    #expect(bench.send(id, [1, 2, 3]))
    bench.flush()
    #expect(bench.advance(.seconds(1)).first?.payload == [1])
    let rest = acknowledge(bench, 1, window: 100)
    #expect(rest.map(\.payload) == [[2, 3]])
    #expect(rest.first?.sequence == bench.stackSequence &+ 1)
  }

  @Test func stalledPeersAreGivenUp() throws {
    let bench = Bench()
    let id = try #require(bench.open(window: 0))
    #expect(bench.send(id, [1, 2, 3]))
    let start = bench.now
    while bench.now - start < .seconds(300) {
      for _ in bench.advance(.milliseconds(200)) { _ = acknowledge(bench, 0, window: 0) }
    }
    #expect(bench.events() == [.closed(id, .timedOut)])
  }

  /// The peer withdraws a window that was used: what was sent is sent again all the same.
  @Test func withdrawnWindow() throws {
    let bench = Bench()
    let id = try #require(bench.open(window: 10_000, options: mss))
    #expect(bench.send(id, pattern(2000, salt: 0)))
    bench.flush()
    _ = bench.link.take()
    _ = acknowledge(bench, 1460, window: 0)
    let again = bench.advance(.milliseconds(400))
    #expect(again.first?.sequence == bench.stackSequence &+ 1460)
    #expect(again.first?.payload.count == 540)
    _ = acknowledge(bench, 2000, window: 0)
    #expect(bench.events() == [.sent(id)])
  }

  @Test func silentPeersAreProbedAndGivenUp() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    let early = bench.advance(.seconds(119))
    #expect(early.isEmpty)
    let probe = bench.advance(.seconds(2))
    #expect(probe.map(\.sequence) == [bench.stackSequence &- 1])
    _ = acknowledge(bench, 0)
    #expect(bench.advance(.seconds(119)).isEmpty)
    let silent = bench.advance(.seconds(100))
    #expect(silent.filter { $0.has(Segment.rst) }.count == 1)
    #expect(silent.count == 5)
    #expect(bench.events() == [.closed(id, .timedOut)])
  }

  @Test func fullLinkLosesNothing() throws {
    let bench = Bench()
    let id = try #require(bench.open(options: mss))
    let bytes = pattern(14_000, salt: 3)
    #expect(bench.send(id, bytes))
    bench.stack.close(id)
    var received: [UInt8] = []
    var rounds = 0
    bench.link.room = 0
    bench.flush()
    #expect(bench.stack.nextDeadline <= bench.now + .milliseconds(1))
    while received.count < bytes.count && rounds < 100 {
      rounds += 1
      bench.link.room = rounds % 3
      bench.flush()
      received += bench.link.takeSegments().flatMap(\.payload)
    }
    #expect(received == bytes)
    #expect(bench.stack.counters.linkFull > 0)
    bench.link.room = .max
    bench.flush()
    #expect(bench.stack.counters.retransmissionTimeouts == 0)
  }

  @Test func fullLinkKeepsAcknowledgementsAndResets() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    bench.link.room = 0
    bench.feed(
      Segment(sequence: 1001, acknowledgement: bench.stackSequence, flags: Segment.ack | Segment.fin).frame())
    bench.flush()
    bench.link.room = .max
    bench.flush()
    #expect(bench.link.takeSegments().map(\.acknowledgement) == [1002])
    bench.stack.abort(id)
    bench.link.room = 0
    bench.flush()
    #expect(bench.events() == [.peerClosed(id)])
    bench.link.room = 1
    bench.flush()
    #expect(bench.link.takeSegments().map { $0.has(Segment.rst) } == [true])
    #expect(bench.events() == [.closed(id, .aborted)])
  }

  @Test func offloadGivesTheSameBytes() throws {
    let plain = Bench()
    let offloading = Bench()
    offloading.link.offloadsChecksum = true
    for bench in [plain, offloading] {
      let id = try #require(bench.open(options: mss))
      #expect(bench.send(id, pattern(1001, salt: 1)))
      #expect(bench.send(id, pattern(2002, salt: 1)))
      bench.flush()
    }
    #expect(plain.link.frames == offloading.link.frames)
    #expect(plain.link.takeSegments().count == 3)
  }

  @Test func congestionWindowRestartsAfterIdle() throws {
    let bench = Bench()
    let id = try #require(bench.open(options: mss))
    var total = 0
    for _ in 0..<6 {
      #expect(bench.send(id, pattern(60_000, salt: 0)))
      bench.flush()
      while !bench.link.takeSegments().isEmpty {
        total = bench.stack.connections.slots[id.index].sendMaximum.distance(from: SequenceNumber(bench.stackSequence))
        bench.feed(
          Segment(
            sequence: 1001, acknowledgement: bench.stackSequence &+ UInt32(total), flags: Segment.ack).frame())
        bench.flush()
      }
    }
    #expect(bench.stack.connections.slots[id.index].congestion.window > 14_600)
    _ = bench.advance(.seconds(5))
    #expect(bench.send(id, pattern(60_000, salt: 0)))
    bench.flush()
    #expect(bench.link.takeSegments().count == 10)
  }

  /// A segment may acknowledge the last reply and bring the next request, whose reply is then on its way when the acknowledgement is told.
  @Test func whatIsQueuedMeanwhileIsNotTakenForSent() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    let number = bench.stackSequence
    #expect(bench.send(id, Array("first".utf8)))
    bench.flush()
    bench.feed(Segment(sequence: 1001, acknowledgement: number &+ 5, flags: Segment.ack | Segment.psh, payload: [1]).frame())
    #expect(bench.stack.nextEvent() == .readable(id))
    #expect(bench.send(id, Array("second".utf8)))
    #expect(bench.events().isEmpty)
    bench.flush()
    #expect(bench.link.takeSegments().last?.payload == Array("second".utf8))
    bench.feed(Segment(sequence: 1002, acknowledgement: number &+ 11, flags: Segment.ack).frame())
    #expect(bench.events() == [.sent(id)])
  }
}
