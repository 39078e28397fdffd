// The generator's loop: one thread, one epoll, a fixed number of connections. Nothing is allocated while it measures.

import CLinux
import Glibc

/// One connection's state.
private struct Slot {
  enum State { case free, connecting, waiting, closing }

  var state = State.free
  var socket: Int32 = -1
  /// When the request was due, and its number.
  var due: UInt64 = 0
  /// When it was sent, or connecting began.
  var began: UInt64 = 0
  var sequence: UInt64 = 0
  var sent = 0
  var received = 0
  var head: MessageHead?
  let request: UnsafeMutableBufferPointer<UInt8>
  let response: UnsafeMutableBufferPointer<UInt8>

  init(_ plan: LoadPlan) {
    request = .allocate(capacity: plan.request.count)
    _ = request.initialize(from: plan.request)
    response = .allocate(capacity: max(plan.request.count, plan.expected?.count ?? 0) + 4096)
  }
}

struct Generator {
  private let plan: LoadPlan
  private let poll = Poll()
  private let slots: UnsafeMutableBufferPointer<Slot>
  private let expected: UnsafeMutableBufferPointer<UInt8>
  /// The free slots, as a stack.
  private var free: [Int]
  private var sequence: UInt64 = 0
  private var timer: Int32 = -1
  /// When the measured time begins and ends, and when no request is sent any more.
  private var start: UInt64 = 0
  private var end: UInt64 = 0
  /// Open loop: how many requests were due so far, and how many of them are sent.
  private var due = 0
  private var taken = 0
  /// Right answers and faults that were counted when the last interim line was printed.
  private var reported = 0
  private var reportedFaults = 0
  private(set) var result = LoadResult()

  init(_ plan: LoadPlan) {
    self.plan = plan
    slots = .allocate(capacity: plan.connections)
    for index in 0..<plan.connections { slots.initializeElement(at: index, to: Slot(plan)) }
    let body = plan.expected ?? Array(plan.request[plan.echoOffset...])
    expected = .allocate(capacity: body.count)
    _ = expected.initialize(from: body)
    free = Array((0..<plan.connections).reversed())
  }

  mutating func run() {
    let began = now()
    start = began + plan.warmup
    end = start + plan.length
    var next = plan.interval > 0 ? start + plan.interval : UInt64.max
    var checked = began
    if plan.rate > 0 { startTimer() }
    var time = began
    while time < end {
      feed(time)
      for event in poll.wait(milliseconds: 20) { handle(event) }
      time = now()
      if time - checked > 100_000_000 {
        endLate(time)
        checked = time
      }
      if time >= next {
        report(time)
        next += plan.interval
      }
      if plan.requests > 0, sequence >= plan.requests, free.count == slots.count { break }
    }
    result.length = min(time, end) - start
    if plan.rate > 0 { result.unsent = max(0, due - taken) }
    drain()
  }

  /// Waits for what was sent, so that late answers count as latencies.
  private mutating func drain() {
    let limit = now() + plan.timeout
    while free.count < slots.count {
      for event in poll.wait(milliseconds: 20) { handle(event) }
      let time = now()
      endLate(time)
      if time > limit { break }
    }
    for index in 0..<slots.count where slots[index].socket >= 0 { close(slots[index].socket) }
  }

  private mutating func report(_ time: UInt64) {
    print("interval answers=\(result.answers - reported) faults=\(result.faults - reportedFaults) p99=\(result.latencies.value(at: 0.99))")
    fflush(nil)
    reported = result.answers
    reportedFaults = result.faults
  }

  // MARK: what is sent when

  /// The timer wakes the open loop for each request that is due, or for several at once where they are less than 50 µs apart.
  private mutating func startTimer() {
    timer = check(periodic_timer(max(50_000, UInt64(1e9 / plan.rate))), "timerfd")
    poll.add(timer, poll_input, data: UInt64.max)
  }

  /// Sends what is to be sent now, as far as there are free connections.
  private mutating func feed(_ time: UInt64) {
    if time >= end { return }
    if plan.rate <= 0 {
      while !free.isEmpty, plan.requests == 0 || sequence < plan.requests { begin(free.removeLast(), due: now()) }
      return
    }
    let origin = start - plan.warmup
    due = Int(Double(time - origin) / 1e9 * plan.rate) + 1
    while taken < due, !free.isEmpty {
      begin(free.removeLast(), due: origin + UInt64(Double(taken) * 1e9 / plan.rate))
      taken += 1
    }
  }

  private mutating func begin(_ index: Int, due: UInt64) {
    slots[index].due = due
    slots[index].began = now()
    slots[index].sequence = sequence
    slots[index].sent = 0
    slots[index].received = 0
    slots[index].head = nil
    sequence += 1
    if plan.echoOffset < plan.request.count { write(slots[index].sequence, to: slots[index].request.baseAddress! + plan.echoOffset) }
    if slots[index].socket >= 0 {
      slots[index].state = .waiting
      transmit(index)
    } else {
      connect(index)
    }
  }

  private mutating func connect(_ index: Int) {
    let socket = check(socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0), "socket")
    setNoDelay(socket)
    slots[index].socket = socket
    slots[index].state = .connecting
    var address = plan.address
    let outcome = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    if outcome < 0, errno != EINPROGRESS {
      drop(index, \.refused)
      return
    }
    poll.add(socket, poll_input | poll_output | poll_edges, data: UInt64(index) << 32 | UInt64(UInt32(socket)))
  }

  private mutating func transmit(_ index: Int) {
    let request = slots[index].request
    while slots[index].sent < request.count {
      let count = send(slots[index].socket, request.baseAddress! + slots[index].sent, request.count - slots[index].sent, 0)
      if count < 0 {
        if errno != EAGAIN { drop(index, \.broken) }
        return
      }
      slots[index].sent += count
    }
  }

  // MARK: what comes

  private mutating func handle(_ event: poll_event) {
    if event.data == UInt64.max {
      var expirations: UInt64 = 0
      _ = read(timer, &expirations, 8)
      return
    }
    let index = Int(event.data >> 32)
    // The event of a connection that was closed within the same batch.
    guard slots[index].socket == Int32(truncatingIfNeeded: event.data) else { return }
    if slots[index].state == .connecting {
      guard event.events & poll_ended == 0 else { return drop(index, \.refused) }
      guard event.events & poll_output != 0 else { return }
      slots[index].state = .waiting
      transmit(index)
    } else if event.events & poll_output != 0, slots[index].state == .waiting {
      transmit(index)
    }
    if event.events & (poll_input | poll_ended) != 0 { receive(index) }
  }

  private mutating func receive(_ index: Int) {
    let room = slots[index].response
    while slots[index].socket >= 0 {
      let used = slots[index].received
      if used == room.count { return drop(index, \.wrong) }
      let count = recv(slots[index].socket, room.baseAddress! + used, room.count - used, 0)
      if count < 0 {
        if errno != EAGAIN { drop(index, \.broken) }
        return
      }
      if count == 0 { return peerEnded(index) }
      slots[index].received += count
      examine(index)
      // A short read has emptied the socket and what comes later is a new edge, but the end may have come with the data.
      if used + count < room.count, slots[index].socket < 0 || slots[index].state != .closing { return }
    }
  }

  private mutating func peerEnded(_ index: Int) {
    if slots[index].state == .closing {
      release(index)
    } else if slots[index].state == .free {
      // Between requests: the next one connects again.
      close(slots[index].socket)
      slots[index].socket = -1
    } else {
      drop(index, \.broken)
    }
  }

  private mutating func examine(_ index: Int) {
    let bytes = UnsafeBufferPointer(rebasing: slots[index].response[0..<slots[index].received])
    if slots[index].head == nil {
      switch MessageHead.parse(bytes) {
      case .incomplete: return
      case .malformed: return drop(index, \.status)
      case .head(let head): slots[index].head = head
      }
    }
    guard let head = slots[index].head else { return }
    let length = head.bodyOffset + head.bodyLength
    if bytes.count < length { return }
    complete(index, head, isExact: bytes.count == length)
  }

  private mutating func complete(_ index: Int, _ head: MessageHead, isExact: Bool) {
    let time = now()
    if head.status == 503 {
      result.busy += time >= start && time < end ? 1 : 0
    } else if head.status != 200 {
      result.status += 1
    } else if !isExact || !isExpected(index, head) {
      result.wrong += 1
    } else if time >= start {
      if time < end { result.answers += 1 }
      if slots[index].due >= start { result.latencies.record(time - slots[index].due) }
    }
    if plan.isNew || head.closes {
      slots[index].state = .closing
    } else {
      slots[index].state = .free
      free.append(index)
      if plan.rate <= 0 { feed(time) }
    }
  }

  private func isExpected(_ index: Int, _ head: MessageHead) -> Bool {
    guard head.bodyLength == expected.count else { return false }
    if plan.expected == nil, head.bodyLength > 0 { write(slots[index].sequence, to: expected.baseAddress!) }
    return memcmp(slots[index].response.baseAddress! + head.bodyOffset, expected.baseAddress!, expected.count) == 0
  }

  // MARK: ends

  /// Gives a connection up for the reason that is counted.
  private mutating func drop(_ index: Int, _ reason: WritableKeyPath<LoadResult, Int>) {
    result[keyPath: reason] += 1
    release(index)
  }

  private mutating func release(_ index: Int) {
    close(slots[index].socket)
    slots[index].socket = -1
    slots[index].state = .free
    free.append(index)
  }

  private mutating func endLate(_ time: UInt64) {
    for index in 0..<slots.count where slots[index].state != .free && time - min(time, slots[index].began) > plan.timeout {
      drop(index, slots[index].state == .closing ? \.unclosed : \.late)
    }
  }

  /// Writes a sequence number in 16 hexadecimal digits.
  private func write(_ sequence: UInt64, to place: UnsafeMutablePointer<UInt8>) {
    for digit in 0..<LoadPlan.sequenceDigits {
      let value = UInt8(truncatingIfNeeded: sequence >> UInt64(60 - 4 * digit)) & 15
      place[digit] = value < 10 ? 48 + value : 87 + value
    }
  }
}
