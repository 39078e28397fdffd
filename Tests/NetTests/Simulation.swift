// A stack, a bad wire, any number of clients and a small server, on a virtual clock. Everything follows from the seed.

import Base
import Bytes

@testable import Net

/// What the wire does to frames, in per cent.
struct Faults {
  var loss = 0
  var duplication = 0
  var reordering = 0
  var corruption = 0
  var delay = Interval.microseconds(200)

  static func all(_ percent: Int) -> Faults {
    Faults(loss: percent, duplication: percent, reordering: percent, corruption: percent)
  }
}

/// Byte `index` of stream `salt`.
func pattern(_ count: Int, salt: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8 &+ salt &* 7) }
}

/// What a client asks of the server, in the first 16 bytes of what it sends.
struct Order {
  var upload: Int
  var download: Int
  /// Whether the server closes as soon as its answer is queued.
  var serverCloses = false
  /// Whether the server takes all of the upload at once, through a raised receive limit.
  var takesWhole = false

  static let size = 16

  func bytes(salt: Int) -> [UInt8] {
    let flags: UInt32 = (serverCloses ? 1 : 0) | (takesWhole ? 2 : 0)
    return big32(UInt32(upload)) + big32(UInt32(download)) + big32(flags) + big32(UInt32(salt)) + pattern(upload, salt: salt)
  }
}

final class Simulation {
  private struct Arrival {
    var time: UInt64
    var frame: [UInt8]
    var toStack: Bool
  }

  private struct Session {
    var id: ConnectionID
    var order: Order?
    var salt = 0
    var body: [UInt8] = []
    var answered = false
  }

  var stack: NetworkStack
  var link = TestLink()
  var now = Instant(nanoseconds: 1_000_000_000)
  var faults: Faults
  var clients: [UInt16: PeerClient] = [:]
  private(set) var failures: [String] = []
  private(set) var closed: [CloseReason] = []
  private(set) var opened = 0
  private var random: Random
  private var arrivals: [Arrival] = []
  private var sessions: [Int: Session] = [:]
  /// The right edge last advertised to each port, in the order of sending.
  private var edges: [UInt16: UInt32] = [:]
  private var scales: [UInt16: Int] = [:]

  init(_ limits: NetworkLimits = NetworkLimits(), faults: Faults = Faults(), seed: UInt64, offload: Bool = false) {
    stack = makeStack(limits, now: now)
    self.faults = faults
    random = Random(seed)
    link.offloadsChecksum = offload
  }

  func add(_ client: PeerClient) {
    clients[client.port] = client
    edges[client.port] = nil
    post(client.tick(now: now))
  }

  /// Runs until all clients are done and the wire is empty, or `limit` of virtual time has passed. False in the latter case.
  func run(limit: Interval) -> Bool {
    let end = now + limit
    pump()
    while !(clients.values.allSatisfy(\.isDone) && arrivals.isEmpty) {
      guard step(until: end) else { return false }
    }
    return true
  }

  /// Lets virtual time pass.
  func rest(_ interval: Interval) {
    let end = now + interval
    while step(until: end) {}
    now = end
    pump()
  }

  private func step(until end: Instant) -> Bool {
    var next = stack.nextDeadline
    if let first = arrivals.last { next = min(next, Instant(nanoseconds: first.time)) }
    for client in clients.values { next = min(next, client.nextDeadline) }
    guard next <= end else { return false }
    now = max(now, next)
    while let first = arrivals.last, first.time <= now.nanoseconds {
      arrivals.removeLast()
      deliver(first)
    }
    for client in clients.values where client.nextDeadline <= now { post(client.tick(now: now)) }
    pump()
    return true
  }

  private func deliver(_ arrival: Arrival) {
    if arrival.toStack {
      stack.receive(arrival.frame.span, checksum: .unknown, now: now, link: &link)
      pump()
    } else if let segment = Segment(frame: arrival.frame), let client = clients[segment.destinationPort] {
      post(client.receive(segment, now: now))
      if let failure = client.failure { failures.append("\(client.port): \(failure)") }
    }
  }

  private func post(_ segments: [Segment]) {
    for segment in segments { transmit(segment.frame(), toStack: true) }
  }

  /// The server, the stack's output, and the hosts' answers to ARP.
  private func pump() {
    serve()
    stack.flush(now: now, link: &link)
    for frame in link.take() {
      if read16(frame, 12) == 0x0806 {
        answerARP(frame)
      } else {
        check(frame)
        transmit(frame, toStack: false)
      }
    }
  }

  private func answerARP(_ frame: [UInt8]) {
    guard read16(frame, 20) == 1, read32(frame, 38) != TestHost.address else { return }
    transmit(
      arp(
        operation: 2, senderMAC: TestHost.peerMAC, sender: read32(frame, 38), targetMAC: TestHost.mac,
        target: TestHost.address, to: TestHost.mac), toStack: true)
  }

  /// What the stack sends is always whole, and never takes back a window.
  private func check(_ frame: [UInt8]) {
    guard let segment = Segment(frame: frame) else {
      failures.append("a frame of the stack's is not legal")
      return
    }
    let port = segment.destinationPort
    if segment.has(Segment.rst) { return }
    if segment.has(Segment.syn) {
      scales[port] = segment.options.count > 4 ? Int(segment.options[7]) : 0
      edges[port] = segment.acknowledgement &+ UInt32(segment.window)
      return
    }
    let edge = segment.acknowledgement &+ UInt32(segment.window) << UInt32(scales[port] ?? 0)
    if let last = edges[port], Int32(bitPattern: edge &- last) < 0 {
      failures.append("\(port): the window's right edge went back by \(last &- edge)")
    }
    edges[port] = edge
  }

  private func transmit(_ original: [UInt8], toStack: Bool) {
    if random.chance(faults.loss) { return }
    var frame = original
    if random.chance(faults.corruption) && read16(frame, 12) == 0x0800 {
      frame[14 + random.below(frame.count - 14)] ^= UInt8(1 << random.below(8))
    }
    let copies = random.chance(faults.duplication) ? 2 : 1
    for _ in 0..<copies {
      var time = now.nanoseconds + faults.delay.nanoseconds
      if random.chance(faults.reordering) { time += UInt64(random.below(2_000_000)) }
      // Kept with the earliest last; what comes at the same time keeps its order.
      var low = 0
      var high = arrivals.count
      while low < high {
        let middle = (low + high) / 2
        if arrivals[middle].time > time { low = middle + 1 } else { high = middle }
      }
      arrivals.insert(Arrival(time: time, frame: frame, toStack: toStack), at: low)
    }
  }

  private func serve() {
    while let event = stack.nextEvent() {
      switch event {
      case .opened(let id):
        opened += 1
        sessions[id.index] = Session(id: id)
      case .readable(let id):
        read(id)
      case .peerClosed(let id):
        if sessions[id.index]?.answered == true { stack.close(id) }
      case .sent:
        break
      case .closed(let id, let reason):
        closed.append(reason)
        sessions[id.index] = nil
      }
    }
  }

  private func read(_ id: ConnectionID) {
    guard var session = sessions[id.index], session.id == id else { return failures.append("event of a stranger") }
    if session.order == nil {
      let head = unread(stack, id)
      guard head.count >= Order.size else { return }
      let order = Order(
        upload: Int(read32(head, 0)), download: Int(read32(head, 4)), serverCloses: head[11] & 1 != 0,
        takesWhole: head[11] & 2 != 0)
      session.order = order
      session.salt = Int(read32(head, 12))
      stack.consume(id, Order.size)
      if order.takesWhole && !stack.setReceiveLimit(id, max(order.upload, 16_384)) { failures.append("no receive limit") }
    }
    guard let order = session.order, !session.answered else {
      if session.answered { failures.append("more than was ordered") }
      return
    }
    if order.takesWhole {
      if unread(stack, id).count >= order.upload {
        let taken = stack.takeReceived(id)
        session.body = array(taken.span)
      }
    } else {
      let bytes = unread(stack, id)
      session.body += bytes
      stack.consume(id, bytes.count)
    }
    if session.body.count >= order.upload {
      session.answered = true
      if session.body != pattern(order.upload, salt: session.salt) { failures.append("the upload is not what was sent") }
      answer(id, order, session.salt)
    }
    sessions[id.index] = session
  }

  private func answer(_ id: ConnectionID, _ order: Order, _ salt: Int) {
    let body = pattern(order.download, salt: salt + 1)
    let first = min(100, body.count)
    if !stack.send(id, buffer(Array(body[..<first]))) || !stack.send(id, buffer(Array(body[first...]))) {
      failures.append("send refused")
    }
    if order.serverCloses { stack.close(id) }
  }
}
