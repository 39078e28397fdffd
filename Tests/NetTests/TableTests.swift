import Base
import Bytes
import Testing

@testable import Net

/// The tables beneath the stack, against plain models.
@Suite struct TableTests {
  @Test func timerHeapGivesTheEarliest() {
    var heap = TimerHeap(capacity: 64)!
    var model: [Int: UInt64] = [:]
    var random = Random(3)
    for _ in 0..<20_000 {
      let node = random.below(64)
      let time = UInt64(random.below(10_000))
      heap.schedule(node, at: Instant(nanoseconds: time))
      model[node] = min(model[node] ?? .max, time)
      let next = heap.nextDeadline.nanoseconds
      #expect(next == model.values.min())
      if random.chance(40) {
        let now = UInt64(random.below(10_000))
        let due = heap.removeDue(now: Instant(nanoseconds: now))
        if let due {
          #expect(model[due] == model.values.min() && model[due]! <= now)
          model[due] = nil
        } else {
          #expect(model.values.min().map { $0 > now } ?? true)
        }
      }
    }
    heap.schedule(70 % 64, at: .distantFuture)
    while let node = heap.removeDue(now: .distantFuture) { model[node] = nil }
    #expect(model.isEmpty)
    #expect(heap.nextDeadline == .distantFuture)
  }

  @Test func endpointTableFindsWhatIsInIt() {
    var table = EndpointTable(capacity: 200, seed: 11)!
    var model: [Int: Endpoint] = [:]
    var random = Random(5)
    for _ in 0..<20_000 {
      let node = random.below(200)
      let endpoint = Endpoint(
        remote: IPv4Address(bits: UInt32(random.below(4))), remotePort: UInt16(random.below(100)), localPort: 80)
      let found = table.find(endpoint)
      #expect(found == model.first { $0.value == endpoint }?.key)
      if model[node] != nil {
        table.remove(node)
        model[node] = nil
        // Twice is harmless.
        if random.chance(10) { table.remove(node) }
      } else if found == nil {
        table.insert(node, endpoint)
        model[node] = endpoint
      }
    }
    #expect(model.count > 20)
  }

  @Test func endpointKeepsItsParts() {
    let endpoint = Endpoint(remote: IPv4Address(1, 2, 3, 4), remotePort: 0xabcd, localPort: 0x1234)
    #expect(endpoint.remote == IPv4Address(1, 2, 3, 4))
    #expect(endpoint.remotePort == 0xabcd)
    #expect(endpoint.localPort == 0x1234)
  }

  @Test func indexQueueHoldsEachOnce() {
    var queue = IndexQueue(capacity: 3)!
    for index in [2, 0, 2, 0, 1, 1] { queue.append(index) }
    #expect(queue.count == 3)
    var order: [Int] = []
    while let index = queue.removeFirst() {
      order.append(index)
      if order.count < 5 { queue.append((index + 1) % 3) }
    }
    #expect(order.count >= 5)
    #expect(order.prefix(3) == [2, 0, 1])
    #expect(queue.first == nil)
  }

  @Test func timeWaitTableForgetsTheOldest() {
    var table = TimeWaitTable(capacity: 4)!
    var indices: [Int] = []
    for number: UInt64 in 0..<4 {
      indices.append(table.append(TimeWait(expiresAt: Instant(nanoseconds: number))))
    }
    #expect(table.isFull == true)
    // One in the middle leaves a hole, which is passed over.
    table.remove(indices[1])
    table.remove(indices[1])
    #expect(table.count == 3)
    #expect(table.isFull == true)
    table.remove(indices[0])
    #expect(table.oldest == indices[2])
    #expect(table.isFull == false)
    _ = table.append(TimeWait())
    _ = table.append(TimeWait())
    #expect(table.isFull == true)
    #expect(table.count == 4)
  }

  @Test func rateLimiterEarnsWithTime() {
    var limiter = RateLimiter(burst: 3, interval: .seconds(1), now: Instant(nanoseconds: 0))
    func taken(_ count: Int, at milliseconds: UInt64) -> Int {
      var result = 0
      for _ in 0..<count where limiter.take(now: Instant(nanoseconds: milliseconds * 1_000_000)) { result += 1 }
      return result
    }
    #expect(taken(5, at: 0) == 3)
    #expect(taken(5, at: 999) == 0)
    #expect(taken(5, at: 1500) == 1)
    #expect(taken(5, at: 2000) == 1)
    #expect(taken(5, at: 1_000_000_000) == 3)
  }

  /// The send queue against an array: pieces, acknowledgements, slots.
  @Test func sendQueueKeepsTheBytes() {
    var queue = SendQueue()
    let isPrepared = queue.prepare()
    #expect(isPrepared)
    var model: [UInt8] = []
    var random = Random(21)
    for _ in 0..<3000 {
      if random.chance(50) {
        let bytes = pattern(random.below(50), salt: random.below(100))
        if queue.append(buffer(bytes)) { model += bytes }
      } else if !model.isEmpty {
        let count = random.below(model.count + 1)
        queue.acknowledge(count)
        model.removeFirst(count)
      }
      #expect(queue.count == model.count)
      var read: [UInt8] = []
      while read.count < model.count {
        let count = min(1 + random.below(40), model.count - read.count)
        var piece = [UInt8](repeating: 0xa5, count: count + 2)
        var target = piece.mutableSpan
        queue.copy(from: read.count, count: count, to: &target, at: 1)
        #expect(piece.first == 0xa5 && piece.last == 0xa5)
        read += piece[1...count]
      }
      #expect(read == model)
    }
    queue.removeAll()
    #expect(queue.freeSlots == 8)
  }

  /// The receive buffer against a model of the stream: random pieces, reads, takes and returns.
  @Test(arguments: 1...8)
  func receiveBufferKeepsTheStream(seed: Int) {
    let stream = pattern(60_000, salt: seed)
    var memory = ReceiveMemory(budget: 1 << 20, outOfOrderBudget: 1 << 14)
    var received = ReceiveBuffer()
    var random = Random(UInt64(seed))
    /// Bytes of the stream that are in order, and that were read.
    var inOrder = 0
    var read = 0
    var failed = 0
    while read < stream.count && failed < 1_000_000 {
      failed += 1
      let gap = random.chance(50) ? 0 : random.below(3000)
      let start = inOrder + gap
      let length = min(random.below(1500), stream.count - start)
      if length > 0 {
        let piece = Array(stream[start..<start + length])
        inOrder += received.insert(piece.span, gap: gap, &memory) ?? 0
      }
      let unread = array(received.span)
      if unread != Array(stream[read..<inOrder]) { return #expect(Bool(false), "the stream is damaged") }
      switch random.below(4) {
      case 0:
        let count = random.below(unread.count + 1)
        received.consume(count, keep: 2048, &memory)
        read += count
      case 1:
        var taken = received.take(&memory)
        taken.truncate(to: unread.count)
        if random.chance(50) {
          taken.removeFirst(unread.count / 2)
          read += unread.count - taken.count
        }
        let isBack = received.giveBack(taken, &memory)
        #expect(isBack)
        inOrder = read + received.unread
      default:
        break
      }
    }
    #expect(read == stream.count)
    received.removeAll(&memory)
    #expect(memory.used == 0)
    #expect(memory.outOfOrder == 0)
  }

  @Test func newRenoWindows() {
    var control = CongestionControl(segment: 1000, initialSequence: SequenceNumber(0))
    #expect(control.window == 10_000)
    #expect(CongestionControl.initialWindow(1460) == 14_600)
    #expect(CongestionControl.initialWindow(2000) == 14_600)
    #expect(CongestionControl.initialWindow(536) == 5360)
    #expect(CongestionControl.initialWindow(88) == 880)
    _ = control.acknowledge(1000, upTo: SequenceNumber(1000), flight: 9000)
    #expect(control.window == 11_000)
    for _ in 0..<2 {
      let isLoss = control.duplicate(acknowledgement: SequenceNumber(1000), maximum: SequenceNumber(11_000), flight: 10_000)
      #expect(!isLoss)
    }
    let isLoss = control.duplicate(acknowledgement: SequenceNumber(1000), maximum: SequenceNumber(11_000), flight: 10_000)
    #expect(isLoss)
    #expect(control.threshold == 5000)
    #expect(control.window == 8000)
    let partial = control.acknowledge(2000, upTo: SequenceNumber(3000), flight: 8000)
    #expect(partial == .retransmitNext)
    #expect(control.window == 7000)
    let full = control.acknowledge(8000, upTo: SequenceNumber(11_000), flight: 0)
    #expect(full == .proceed)
    #expect(control.window == 2000)
    control.timeout(flight: 2000, maximum: SequenceNumber(20_000), isFirst: true)
    #expect(control.window == 1000)
    #expect(control.threshold == 2000)
    // Duplicates of what was sent before the time-out mean nothing (RFC 6582 §4).
    for acknowledgement: UInt32 in [12_000, 12_000, 20_000, 20_000, 20_000] {
      let again = control.duplicate(acknowledgement: SequenceNumber(acknowledgement), maximum: SequenceNumber(20_000), flight: 2000)
      #expect(!again)
    }
    // Beyond the threshold growth is a segment per round trip.
    for step in 0..<4 { _ = control.acknowledge(1000, upTo: SequenceNumber(UInt32(21_000 + step * 1000)), flight: 0) }
    #expect(control.window > 2000 && control.window < 4000)
  }

  /// What was sent when loss was last noticed may lie more than half of all sequence numbers back: then it says nothing.
  @Test(arguments: [UInt32(1), 0x7fff_ffff, 0x8000_0001, 0xffff_0000])
  func lossIsNoticedHoweverLongThereWasNone(sent: UInt32) {
    let initial = SequenceNumber(0xffff_f000)
    var control = CongestionControl(segment: 1000, initialSequence: initial)
    let acknowledged = initial + Int(sent)
    for count in 1...3 {
      let isLoss = control.duplicate(acknowledgement: acknowledged, maximum: acknowledged + 10_000, flight: 10_000)
      #expect(isLoss == (count == 3))
    }
  }
}
