import Base
import Bytes
import Testing

@testable import Net

/// Every way a connection ends.
@Suite struct TCPCloseTests {
  private let finAck = Segment.fin | Segment.ack

  private func segment(_ bench: Bench, _ offset: UInt32, acknowledging: UInt32 = 0, _ flags: UInt8, _ payload: [UInt8] = [])
    -> Segment
  {
    Segment(
      sequence: 1001 &+ offset, acknowledgement: bench.stackSequence &+ acknowledging, flags: flags, payload: payload)
  }

  @Test func peerClosesFirst() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    #expect(bench.exchange(segment(bench, 0, finAck)).map(\.acknowledgement) == [1002])
    #expect(bench.events() == [.peerClosed(id)])
    // Half closed: we still send (CLOSE_WAIT).
    #expect(bench.send(id, [1, 2]))
    bench.flush()
    #expect(bench.link.takeSegments().map(\.payload) == [[1, 2]])
    bench.stack.close(id)
    let isSent = bench.send(id, [3])
    #expect(!isSent)
    bench.flush()
    #expect(bench.link.takeSegments().map(\.flags) == [finAck])
    #expect(bench.exchange(segment(bench, 1, acknowledging: 3, Segment.ack)).isEmpty)
    #expect(bench.events() == [.sent(id), .closed(id, .finished)])
    // LAST_ACK ends without TIME_WAIT.
    #expect(bench.stack.timeWaitCount == 0)
    #expect(bench.stack.connectionCount == 0)
  }

  @Test func weCloseFirstAndThePeerGoesOn() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    bench.stack.close(id)
    bench.flush()
    #expect(bench.link.takeSegments().map(\.flags) == [finAck])
    _ = bench.exchange(segment(bench, 0, acknowledging: 1, Segment.ack))
    #expect(bench.stack.connections.slots[id.index].state == .finWait2)
    _ = bench.exchange(segment(bench, 0, acknowledging: 1, Segment.ack, [1, 2, 3]))
    #expect(bench.events() == [.readable(id)])
    let last = bench.exchange(segment(bench, 3, acknowledging: 1, finAck, [4]))
    #expect(last.map(\.acknowledgement) == [1006])
    #expect(bench.stack.timeWaitCount == 1)
    // What came with the FIN is readable until the end was told.
    #expect(bench.stack.nextEvent() == .readable(id))
    #expect(bench.received(id) == [1, 2, 3, 4])
    #expect(bench.stack.nextEvent() == .peerClosed(id))
    #expect(bench.stack.nextEvent() == .closed(id, .finished))
    #expect(bench.received(id).isEmpty)
    #expect(bench.stack.receiveMemoryUsed == 0)
  }

  @Test func simultaneousClose() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    bench.stack.close(id)
    bench.flush()
    _ = bench.link.take()
    // The peer's FIN crosses ours.
    let answer = bench.exchange(segment(bench, 0, finAck))
    #expect(answer.map(\.acknowledgement) == [1002])
    #expect(answer.map(\.sequence) == [bench.stackSequence &+ 1])
    #expect(bench.stack.connections.slots[id.index].state == .closing)
    #expect(bench.exchange(segment(bench, 1, acknowledging: 1, Segment.ack)).isEmpty)
    #expect(bench.events() == [.peerClosed(id), .closed(id, .finished)])
    #expect(bench.stack.timeWaitCount == 1)
  }

  @Test func finAndAcknowledgementInOne() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    bench.stack.close(id)
    bench.flush()
    _ = bench.link.take()
    #expect(bench.exchange(segment(bench, 0, acknowledging: 1, finAck)).map(\.acknowledgement) == [1002])
    #expect(bench.events() == [.peerClosed(id), .closed(id, .finished)])
  }

  @Test func finFollowsAllData() throws {
    let bench = Bench()
    let id = try #require(bench.open(options: [2, 4, 5, 0xb4]))
    #expect(bench.send(id, pattern(20_000, salt: 1)))
    bench.stack.close(id)
    bench.flush()
    var received: [UInt8] = []
    var finAt: Int?
    for _ in 0..<30 where finAt == nil {
      for sent in bench.link.takeSegments() {
        received += sent.payload
        if sent.has(Segment.fin) { finAt = received.count }
      }
      bench.feed(segment(bench, 0, acknowledging: UInt32(received.count), Segment.ack).frame())
      bench.flush()
    }
    #expect(received == pattern(20_000, salt: 1))
    #expect(finAt == 20_000)
  }

  @Test func lostFinIsSentAgain() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    bench.stack.close(id)
    bench.flush()
    _ = bench.link.take()
    let again = bench.advance(.milliseconds(300))
    #expect(again.map(\.flags) == [finAck])
    #expect(again.map(\.sequence) == [bench.stackSequence])
    _ = bench.exchange(segment(bench, 0, acknowledging: 1, finAck))
    #expect(bench.events() == [.peerClosed(id), .closed(id, .finished)])
  }

  @Test func finNeedsWindow() throws {
    let bench = Bench()
    let id = try #require(bench.open(window: 0))
    bench.stack.close(id)
    bench.flush()
    #expect(bench.link.takeSegments().isEmpty)
    // The probe of a closed window is the FIN itself.
    #expect(bench.advance(.seconds(1)).first?.flags == finAck)
    _ = bench.exchange(segment(bench, 0, acknowledging: 1, Segment.ack))
    #expect(bench.stack.connections.slots[id.index].state == .finWait2)
  }

  @Test func finWait2Ends() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    bench.stack.close(id)
    bench.flush()
    _ = bench.exchange(segment(bench, 0, acknowledging: 1, Segment.ack))
    #expect(bench.advance(.seconds(19)).isEmpty)
    #expect(bench.advance(.seconds(2)).map { $0.has(Segment.rst) } == [true])
    #expect(bench.events() == [.closed(id, .timedOut)])
  }

  @Test func dataAfterThePeersFinIsNotTaken() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    _ = bench.exchange(segment(bench, 0, finAck))
    _ = bench.exchange(segment(bench, 1, Segment.ack, [1, 2]))
    #expect(bench.received(id).isEmpty)
    #expect(bench.events() == [.peerClosed(id)])
    // Nor data beyond a FIN that is still waiting for its turn.
    let other = try #require(bench.open(port: 40_001))
    func later(_ offset: UInt32, _ flags: UInt8, _ payload: [UInt8]) -> Segment {
      Segment(sequence: 1001 + offset, acknowledgement: bench.stackSequence, flags: flags, port: 40_001, payload: payload)
    }
    _ = bench.exchange(later(2, finAck, [3]))
    _ = bench.exchange(later(0, Segment.ack, [1, 2, 3, 4, 5]))
    #expect(bench.received(other) == [1, 2, 3])
    #expect(bench.events() == [.readable(other), .peerClosed(other)])
  }

  @Test func abortSendsReset() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    #expect(bench.send(id, [1, 2, 3]))
    bench.flush()
    _ = bench.link.take()
    bench.stack.abort(id)
    bench.flush()
    let sent = bench.link.takeSegments()
    #expect(sent.map { $0.has(Segment.rst) } == [true])
    // Exactly what the peer expects next, so that it need not ask (RFC 5961).
    #expect(sent.first?.sequence == bench.stackSequence &+ 3)
    #expect(bench.events() == [.closed(id, .aborted)])
    // The peer's late segments meet nobody.
    #expect(bench.exchange(segment(bench, 0, Segment.ack, [1])).map { $0.has(Segment.rst) } == [true])
  }

  @Test(arguments: ["established", "finWait1", "finWait2", "closeWait", "closing", "lastAck"])
  func resetInEveryState(state: String) throws {
    let bench = Bench()
    let id = try #require(bench.open())
    var next: UInt32 = 0
    if state == "closeWait" || state == "lastAck" {
      _ = bench.exchange(segment(bench, 0, finAck))
      next = 1
    }
    if state != "established" && state != "closeWait" {
      bench.stack.close(id)
      bench.flush()
    }
    if state == "finWait2" { _ = bench.exchange(segment(bench, 0, acknowledging: 1, Segment.ack)) }
    if state == "closing" {
      _ = bench.exchange(segment(bench, 0, finAck))
      next = 1
    }
    #expect("\(bench.stack.connections.slots[id.index].state)" == state)
    _ = bench.exchange(segment(bench, next, Segment.rst))
    #expect(bench.events().last == .closed(id, .reset))
    #expect(bench.stack.connectionCount == 0)
    #expect(bench.stack.timeWaitCount == 0)
  }

  @Test func timeWaitAnswersAndEnds() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    bench.stack.close(id)
    bench.flush()
    _ = bench.exchange(segment(bench, 0, acknowledging: 1, finAck))
    _ = bench.events()
    // Our acknowledgement was lost: the FIN comes again, and the time starts anew.
    _ = bench.advance(.seconds(40))
    #expect(bench.exchange(segment(bench, 0, acknowledging: 1, finAck)).map(\.acknowledgement) == [1002])
    _ = bench.advance(.seconds(40))
    #expect(bench.stack.timeWaitCount == 1)
    // RST does not cut it short (RFC 1337).
    _ = bench.exchange(segment(bench, 1, acknowledging: 1, Segment.rst))
    #expect(bench.stack.timeWaitCount == 1)
    // A plain acknowledgement is not answered, or two such ends would talk for ever.
    #expect(bench.exchange(segment(bench, 1, acknowledging: 1, Segment.ack)).isEmpty)
    _ = bench.advance(.seconds(21))
    #expect(bench.stack.timeWaitCount == 0)
  }

  @Test func timeWaitIsReusedByALaterSyn() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    bench.stack.close(id)
    bench.flush()
    _ = bench.exchange(segment(bench, 0, acknowledging: 1, finAck))
    _ = bench.events()
    let ended = bench.stackSequence &+ 1
    // An old SYN is answered with what is known; a later one opens a new connection, with numbers beyond the old one's.
    let old = bench.exchange(Segment(sequence: 900, flags: Segment.syn))
    #expect(old.map(\.flags) == [Segment.ack])
    let second = try #require(bench.open(sequence: 2000))
    #expect(Int32(bitPattern: bench.stackSequence &- ended) > 65_535)
    #expect(bench.stack.timeWaitCount == 0)
    #expect(bench.stack.counters.timeWaitReused == 1)
    #expect(bench.stack.connectionCount == 1)
    #expect(second != id)
  }

  @Test func closeIsIdempotent() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    bench.stack.close(id)
    bench.stack.close(id)
    bench.flush()
    bench.stack.close(id)
    bench.flush()
    #expect(bench.link.takeSegments().count == 1)
    bench.stack.abort(id)
    bench.stack.abort(id)
    bench.flush()
    #expect(bench.link.takeSegments().count == 1)
    #expect(bench.events() == [.closed(id, .aborted)])
  }
}
