import Base
import Bytes
import Testing

@testable import Net

@Suite struct TCPBasicTests {
  @Test func handshakeRequestResponseClose() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    #expect(bench.stack.connectionCount == 1)
    #expect(bench.link.takeSegments().isEmpty)
    let request = Segment(
      sequence: 1001, acknowledgement: bench.stackSequence, flags: Segment.ack | Segment.psh, payload: Array("hello".utf8))
    bench.feed(request.frame())
    #expect(bench.events() == [.readable(id)])
    #expect(bench.received(id) == Array("hello".utf8))
    bench.stack.consume(id, 5)
    #expect(bench.send(id, Array("head".utf8)))
    #expect(bench.send(id, Array("body".utf8)))
    bench.flush()
    let sent = bench.link.takeSegments()
    // One frame carries the acknowledgement and both buffers.
    #expect(sent.count == 1)
    #expect(sent.first?.payload == Array("headbody".utf8))
    #expect(sent.first?.acknowledgement == 1006)
    #expect(sent.first?.flags == Segment.ack | Segment.psh)
    let after = bench.exchange(
      Segment(sequence: 1006, acknowledgement: bench.stackSequence &+ 8, flags: Segment.ack))
    #expect(after.isEmpty)
    #expect(bench.events() == [.sent(id)])
    bench.stack.close(id)
    bench.flush()
    let fin = bench.link.takeSegments()
    #expect(fin.map(\.flags) == [Segment.fin | Segment.ack])
    let last = bench.exchange(
      Segment(sequence: 1006, acknowledgement: bench.stackSequence &+ 9, flags: Segment.ack | Segment.fin))
    #expect(last.map(\.acknowledgement) == [1007])
    #expect(bench.events() == [.peerClosed(id), .closed(id, .finished)])
    #expect(bench.stack.connectionCount == 0)
    #expect(bench.stack.timeWaitCount == 1)
    #expect(bench.stack.receiveMemoryUsed == 0)
  }
}
