import Base
import Bytes
import Testing

@testable import Net

/// The short way of expected segments.
@Suite struct ExpectedTests {
  /// Two stacks are told the same; one sees options in each datagram, which the short way leaves to the long one.
  @Test(arguments: 1...12)
  func theShortWayDoesWhatTheLongWayDoes(seed: Int) throws {
    let short = Bench()
    let long = Bench()
    let id = try #require(short.open())
    _ = try #require(long.open())
    #expect(short.stackSequence == long.stackSequence)
    var random = Random(UInt64(seed))
    /// Bytes that arrived in order.
    var arrived: UInt32 { short.stack.connections.slots[id.index].receiveNext.bits &- 1001 }
    for step in 0..<400 {
      var segment = Segment(sequence: 1001 &+ arrived, acknowledgement: 0, flags: random.chance(60) ? 24 : 16)
      let flight = short.stack.connections.slots[id.index].sendMaximum.bits &- short.stackSequence
      segment.acknowledgement = short.stackSequence &+ (random.chance(80) ? flight : UInt32(random.below(Int(flight) + 3)))
      segment.payload = random.chance(20) ? [] : pattern(random.below(600), salt: step)
      segment.window = random.chance(80) ? 65_535 : UInt16(random.below(65_536))
      if random.chance(5) { segment.flags |= UInt8(random.below(256)) & ~(Segment.rst | Segment.syn | Segment.fin) }
      if random.chance(10) { segment.sequence &+= UInt32(random.below(500)) }
      for bench in [short, long] {
        let options: [UInt8] = bench === long ? [1, 1, 1, 1] : []
        bench.feed(ethernet(ipv4(segment.bytes, protocol: 6, options: options)), checksum: step % 3 == 0 ? .verified : .unknown)
      }
      if random.chance(50) {
        let bytes = pattern(random.below(900) + 1, salt: step)
        #expect(short.send(id, bytes) == long.send(id, bytes))
      }
      let pause = Interval.milliseconds(UInt64(random.below(60)))
      if random.chance(70) {
        short.flush()
        long.flush()
      }
      if random.chance(30) { #expect(short.advance(pause) == long.advance(pause)) }
      #expect(short.link.takeSegments() == long.link.takeSegments())
      #expect(short.events() == long.events())
      #expect(short.received(id) == long.received(id))
      short.stack.consume(id, 300)
      long.stack.consume(id, 300)
      var counters = long.stack.counters
      counters.bytesReceived = short.stack.counters.bytesReceived
      #expect(short.stack.counters == counters)
      #expect(short.stack.nextDeadline == long.stack.nextDeadline)
    }
    #expect(arrived > 50_000)
  }

  /// Whatever bit of the headers is wrong, nothing is taken in by the short way that the long way would not take.
  @Test func noBitOfTheHeadersIsOverlooked() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    let segment = Segment(
      sequence: 1001, acknowledgement: bench.stackSequence, flags: Segment.ack | Segment.psh, payload: [1, 2, 3])
    let frame = segment.frame()
    // The sender's station is not part of any sum, but for the bit that says that there are several.
    for bit in 0..<54 * 8 where !(48..<96).contains(bit) || bit == 48 {
      var wrong = frame
      wrong[bit / 8] ^= 1 << UInt8(bit % 8)
      bench.feed(wrong)
      #expect(bench.received(id).isEmpty, "bit \(bit)")
    }
    bench.feed(frame)
    #expect(bench.received(id) == [1, 2, 3])
  }

  /// Memory of bytes that were taken out is used for the next ones, and is not kept where it is much.
  @Test func memoryGivenBackEmptyIsKept() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    bench.feed(Segment(sequence: 1001, acknowledgement: bench.stackSequence, flags: 24, payload: [1, 2, 3]).frame())
    var taken = bench.stack.takeReceived(id)
    #expect(bench.stack.receiveMemoryUsed == 0)
    let capacity = taken.capacity
    taken.truncate(to: 0)
    bench.stack.giveBack(id, taken)
    #expect(bench.stack.receiveMemoryUsed == capacity)
    bench.feed(Segment(sequence: 1004, acknowledgement: bench.stackSequence, flags: 24, payload: [4, 5]).frame())
    #expect(bench.received(id) == [4, 5])
    #expect(bench.stack.receiveMemoryUsed == capacity)
    // There is memory already.
    bench.stack.giveBack(id, ByteBuffer(capacity: 100)!)
    #expect(bench.stack.receiveMemoryUsed == capacity)
    _ = bench.stack.takeReceived(id)
    bench.stack.giveBack(id, ByteBuffer(capacity: 100_000)!)
    #expect(bench.stack.receiveMemoryUsed == 0, "too much to keep while idle")
  }

  /// An answer that was acknowledged leaves its memory to the next request; a large one does not.
  @Test func memoryOfAnAnswerServesTheNextRequest() throws {
    let bench = Bench()
    let id = try #require(bench.open())
    func answer(_ capacity: Int, acknowledged offset: UInt32, with payload: [UInt8], at start: UInt32) {
      var reply = ByteBuffer(capacity: capacity)!
      _ = reply.append(pattern(100, salt: 1).span)
      let isTaken = bench.stack.send(id, reply)
      #expect(isTaken)
      bench.flush()
      #expect(bench.link.takeSegments().map(\.payload) == [pattern(100, salt: 1)])
      let number = bench.stackSequence &+ offset
      bench.feed(Segment(sequence: 1001 &+ start, acknowledgement: number, flags: 24, payload: payload).frame())
    }
    answer(512, acknowledged: 100, with: [1, 2, 3], at: 0)
    #expect(bench.received(id) == [1, 2, 3])
    #expect(bench.stack.receiveMemoryUsed == 512)
    #expect(bench.take(id) == [1, 2, 3])
    #expect(bench.stack.receiveMemoryUsed == 0)
    answer(100_000, acknowledged: 200, with: [], at: 3)
    #expect(bench.stack.receiveMemoryUsed == 0)
    #expect(bench.events() == [.readable(id), .sent(id)])
  }
}
