import Base
import Bytes
import Testing

@testable import Net

/// Handshakes, floods, full tables, and ports that nobody listens on.
@Suite struct ListenTests {
  @Test func synAckOffersWhatItShould() throws {
    let bench = Bench()
    let plain = try #require(bench.exchange(Segment(sequence: 1, flags: Segment.syn)).first)
    #expect(plain.flags == Segment.syn | Segment.ack)
    #expect(plain.acknowledgement == 2)
    // Scaling is offered only to those who offer it.
    #expect(plain.options == [2, 4, 5, 0xb4])
    let scaling = bench.exchange(
      Segment(sequence: 1, flags: Segment.syn, port: 40_001, options: [2, 4, 5, 0xb4, 1, 3, 3, 2]))
    #expect(scaling.first?.options == [2, 4, 5, 0xb4, 1, 3, 3, 5])
    #expect(scaling.first?.window == 16_384)
  }

  @Test func closedPortsAreReset() {
    let bench = Bench()
    var syn = Segment(sequence: 77, flags: Segment.syn, payload: [1, 2])
    syn.destinationPort = 81
    let refusal = bench.exchange(syn).first
    #expect(refusal?.flags == Segment.rst | Segment.ack)
    #expect(refusal?.sequence == 0)
    #expect(refusal?.acknowledgement == 80)
    var stray = Segment(sequence: 77, acknowledgement: 555, flags: Segment.ack)
    stray.destinationPort = 81
    let second = bench.exchange(stray).first
    #expect(second?.flags == Segment.rst)
    #expect(second?.sequence == 555)
    stray.flags = Segment.rst
    #expect(bench.exchange(stray).isEmpty)
  }

  @Test func strayAcknowledgementsToAListenerAreReset() {
    let bench = Bench()
    let sent = bench.exchange(Segment(sequence: 5, acknowledgement: 9, flags: Segment.ack))
    #expect(sent.map(\.flags) == [Segment.rst])
    #expect(bench.exchange(Segment(sequence: 5, flags: 0, payload: [1])).isEmpty)
    #expect(bench.exchange(Segment(sequence: 5, flags: Segment.fin)).isEmpty)
    #expect(bench.exchange(Segment(sequence: 5, flags: Segment.syn | Segment.fin)).isEmpty)
    #expect(bench.stack.halfOpenCount == 0)
  }

  @Test func synAckIsRepeatedAndGivenUp() {
    let bench = Bench()
    _ = bench.exchange(Segment(sequence: 1, flags: Segment.syn))
    let repeats = bench.advance(.seconds(200))
    #expect(repeats.count == 5)
    #expect(repeats.allSatisfy { $0.flags == Segment.syn | Segment.ack })
    #expect(bench.stack.halfOpenCount == 0)
    #expect(bench.stack.counters.handshakesAbandoned == 1)
    #expect(bench.stack.nextDeadline == .distantFuture || bench.stack.timers.nextDeadline == .distantFuture)
  }

  @Test func repeatedSynGetsTheSameAnswer() {
    let bench = Bench()
    let first = bench.exchange(Segment(sequence: 1, flags: Segment.syn))
    let second = bench.exchange(Segment(sequence: 1, flags: Segment.syn))
    #expect(first == second)
    #expect(bench.stack.halfOpenCount == 1)
  }

  @Test func wrongAcknowledgementOfTheHandshake() {
    let bench = Bench()
    let answer = bench.exchange(Segment(sequence: 1, flags: Segment.syn))[0]
    let wrong = bench.exchange(Segment(sequence: 2, acknowledgement: answer.sequence &+ 2, flags: Segment.ack))
    #expect(wrong.map(\.flags) == [Segment.rst])
    #expect(bench.stack.halfOpenCount == 1)
    // RST with the right number ends it, with another it does not.
    _ = bench.exchange(Segment(sequence: 3, flags: Segment.rst))
    #expect(bench.stack.halfOpenCount == 1)
    _ = bench.exchange(Segment(sequence: 2, flags: Segment.rst))
    #expect(bench.stack.halfOpenCount == 0)
  }

  @Test func dataAndFinWithTheHandshakesEnd() {
    let bench = Bench()
    let answer = bench.exchange(Segment(sequence: 1, flags: Segment.syn))[0]
    let sent = bench.exchange(
      Segment(
        sequence: 2, acknowledgement: answer.sequence &+ 1, flags: Segment.ack | Segment.fin, payload: [1, 2, 3]))
    #expect(sent.map(\.acknowledgement) == [6])
    let events = bench.events()
    #expect(events.count == 3)
    guard case .opened(let id) = events[0] else { return #expect(Bool(false)) }
    #expect(events[1...] == [.readable(id), .peerClosed(id)])
    #expect(bench.received(id) == [1, 2, 3])
  }

  /// The acknowledgement of the handshake is lost, the data after it is not: it completes the handshake all the same.
  @Test func laterDataCompletesTheHandshake() {
    let bench = Bench()
    let answer = bench.exchange(Segment(sequence: 1, flags: Segment.syn))[0]
    _ = bench.exchange(
      Segment(sequence: 12, acknowledgement: answer.sequence &+ 1, flags: Segment.ack, payload: [11]))
    #expect(bench.stack.connectionCount == 1)
    let sent = bench.exchange(
      Segment(
        sequence: 2, acknowledgement: answer.sequence &+ 1, flags: Segment.ack, payload: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]))
    #expect(sent.map(\.acknowledgement) == [13])
  }

  @Test func fullTableRefusesAndRecovers() throws {
    var limits = NetworkLimits()
    limits.connections = 4
    let bench = Bench(limits)
    var ids: [ConnectionID] = []
    for index: UInt16 in 0..<4 { ids.append(try #require(bench.open(port: 41_000 + index))) }
    #expect(bench.exchange(Segment(sequence: 1, flags: Segment.syn)).map { $0.has(Segment.rst) } == [true])
    #expect(bench.stack.counters.connectionsRefused == 1)
    bench.stack.abort(ids[2])
    bench.flush()
    _ = bench.link.take()
    #expect(bench.events() == [.closed(ids[2], .aborted)])
    let fresh = try #require(bench.open(port: 42_000))
    #expect(fresh.index == ids[2].index)
  }

  /// Handshakes that began while there was room wait for a slot, and get it.
  @Test func handshakesWaitForASlot() throws {
    var limits = NetworkLimits()
    limits.connections = 1
    let bench = Bench(limits)
    let waiting = bench.exchange(Segment(sequence: 500, flags: Segment.syn, port: 50_000))[0]
    let id = try #require(bench.open())
    let late = Segment(sequence: 501, acknowledgement: waiting.sequence &+ 1, flags: Segment.ack, port: 50_000)
    #expect(bench.exchange(late).isEmpty)
    #expect(bench.stack.halfOpenCount == 1)
    bench.stack.abort(id)
    bench.flush()
    #expect(bench.events() == [.closed(id, .aborted)])
    _ = bench.exchange(late)
    #expect(bench.stack.connectionCount == 1)
  }

  @Test func synFloodIsMetWithCookies() throws {
    let bench = Bench()
    for index in 0..<20_000 {
      var syn = Segment(sequence: UInt32(index) &* 7919, flags: Segment.syn, port: UInt16(1024 + index % 60_000))
      syn.from = TestHost.peer + UInt32(index / 60_000)
      bench.feed(syn.frame(), checksum: .verified)
      bench.link.frames = []
    }
    #expect(bench.stack.halfOpenCount == 128)
    #expect(bench.stack.counters.synCookiesSent == 20_000 - 128)
    #expect(bench.stack.connectionCount == 0)
    // An honest peer gets through, with its segment size, without scaling.
    bench.flush()
    bench.link.frames = []
    let answer = try #require(
      bench.exchange(
        Segment(sequence: 4000, flags: Segment.syn, port: 999, options: [2, 4, 5, 0x78, 1, 3, 3, 7])).first)
    #expect(answer.options == [2, 4, 5, 0xb4])
    #expect(bench.stack.counters.synCookiesSent == 20_001 - 128)
    _ = bench.advance(.seconds(60))
    bench.feed(
      Segment(
        sequence: 4001, acknowledgement: answer.sequence &+ 1, flags: Segment.ack | Segment.psh, port: 999,
        payload: [1, 2, 3]
      ).frame())
    let events = bench.events()
    #expect(events.count == 2)
    #expect(bench.stack.counters.synCookiesAccepted == 1)
    guard case .opened(let id) = events[0] else { return #expect(Bool(false)) }
    #expect(bench.received(id) == [1, 2, 3])
    // 1,400 was offered; the cookie carries the next lower size it can.
    #expect(bench.stack.connections.slots[id.index].segmentSize == 1220)
    // Guessed and stale cookies open nothing.
    for guess: UInt32 in 1...1000 {
      bench.feed(Segment(sequence: 1, acknowledgement: guess &* 4_294_967, flags: Segment.ack, port: 998).frame())
    }
    #expect(bench.stack.counters.synCookiesAccepted == 1)
  }

  @Test func cookiesExpire() {
    let generator = SequenceGenerator(seed: 7)
    let endpoint = Endpoint(remote: IPv4Address(1, 2, 3, 4), remotePort: 5, localPort: 6)
    let start = Instant(nanoseconds: 500_000_000_000)
    let cookie = generator.cookie(endpoint, initialReceive: SequenceNumber(9), segmentSize: 1460, now: start)
    func redeem(_ after: Interval, _ other: Endpoint? = nil, _ initial: UInt32 = 9, _ value: SequenceNumber? = nil) -> UInt16? {
      generator.redeem(
        value ?? cookie, other ?? endpoint, initialReceive: SequenceNumber(initial), now: start + after)
    }
    #expect(redeem(.zero) == 1460)
    #expect(redeem(.seconds(68)) == 1460)
    #expect(redeem(.seconds(140)) == nil)
    #expect(redeem(.zero, nil, 10) == nil)
    #expect(redeem(.zero, nil, 9, cookie + 1) == nil)
    #expect(redeem(.zero, Endpoint(remote: IPv4Address(1, 2, 3, 4), remotePort: 7, localPort: 6)) == nil)
    for size: UInt16 in [88, 536, 1219, 1220, 1300, 1440, 1459, 1460] {
      let made = generator.cookie(endpoint, initialReceive: SequenceNumber(1), segmentSize: size, now: start)
      let redeemed = generator.redeem(made, endpoint, initialReceive: SequenceNumber(1), now: start)
      #expect(redeemed != nil && (redeemed! <= size || size < 536))
    }
  }

  @Test func initialNumbersFollowTheClockAndThePeer() {
    let generator = SequenceGenerator(seed: 7)
    let other = SequenceGenerator(seed: 8)
    let local = IPv4Address(10, 0, 0, 1)
    let endpoint = Endpoint(remote: IPv4Address(1, 2, 3, 4), remotePort: 5, localPort: 6)
    let neighbour = Endpoint(remote: IPv4Address(1, 2, 3, 4), remotePort: 6, localPort: 6)
    let first = generator.initialSequence(endpoint, local: local, now: Instant(nanoseconds: 0))
    let later = generator.initialSequence(endpoint, local: local, now: Instant(nanoseconds: 1_000_000_000))
    #expect(later.distance(from: first) == 1_000_000_000 >> 12)
    #expect(first != generator.initialSequence(neighbour, local: local, now: Instant(nanoseconds: 0)))
    #expect(first != other.initialSequence(endpoint, local: local, now: Instant(nanoseconds: 0)))
  }

  /// Far more connections than any table holds, one after the other; some reuse ports. Memory and tables stay flat.
  @Test func fiftyThousandShortConnections() {
    let bench = Bench()
    var failed = 0
    let request = [UInt8](repeating: 65, count: 64)
    for index in 0..<50_000 {
      // 20,000 ports, so that each is used again while it may be in TIME_WAIT.
      let port = UInt16(10_000 + index % 20_000)
      let initial = UInt32(truncatingIfNeeded: index &* 20_000)
      let weCloseFirst = index % 2 == 0
      bench.now = bench.now + .microseconds(200)
      if !shortConnection(bench, port, initial, request, weCloseFirst) { failed += 1 }
    }
    #expect(failed == 0)
    #expect(bench.stack.counters.connectionsOpened == 50_000)
    #expect(bench.stack.connectionCount == 0)
    #expect(bench.stack.halfOpenCount == 0)
    #expect(bench.stack.timeWaitCount == 1024)
    #expect(bench.stack.receiveMemoryUsed == 0)
    #expect(bench.stack.shared.memory.outOfOrder == 0)
    #expect(bench.stack.counters.timeWaitRecycled > 20_000)
    _ = bench.advance(.seconds(300))
    #expect(bench.stack.timeWaitCount == 0)
    #expect(bench.stack.timers.nextDeadline == .distantFuture)
  }

  private func shortConnection(
    _ bench: Bench, _ port: UInt16, _ initial: UInt32, _ request: [UInt8], _ weCloseFirst: Bool
  ) -> Bool {
    func feed(_ segment: Segment) { bench.feed(segment.frame(), checksum: .verified) }
    /// The sequence number of the last frame sent to this port, without a full parse.
    func lastSequence() -> UInt32? {
      defer { bench.link.frames.removeAll(keepingCapacity: true) }
      return bench.link.frames.last { $0.count >= 54 && read16($0, 36) == port }.map { read32($0, 38) }
    }
    feed(Segment(sequence: initial, flags: Segment.syn, port: port))
    guard let first = lastSequence() else { return false }
    var next = first &+ 1
    feed(Segment(sequence: initial &+ 1, acknowledgement: next, flags: Segment.ack, port: port, payload: request))
    guard case .opened(let id) = bench.stack.nextEvent(), bench.stack.nextEvent() == .readable(id) else { return false }
    bench.stack.consume(id, request.count)
    guard bench.send(id, request) else { return false }
    if weCloseFirst { bench.stack.close(id) }
    bench.flush()
    guard lastSequence() == next else { return false }
    next = next &+ UInt32(request.count) &+ (weCloseFirst ? 1 : 0)
    feed(
      Segment(
        sequence: initial &+ 65, acknowledgement: next, flags: Segment.ack | Segment.fin, port: port))
    if weCloseFirst {
      bench.flush()
      _ = lastSequence()
      return bench.events() == [.peerClosed(id), .sent(id), .closed(id, .finished)]
    }
    guard bench.events() == [.peerClosed(id), .sent(id)] else { return false }
    bench.stack.close(id)
    bench.flush()
    guard lastSequence() == next else { return false }
    feed(Segment(sequence: initial &+ 66, acknowledgement: next &+ 1, flags: Segment.ack, port: port))
    return bench.events() == [.closed(id, .finished)]
  }

  @Test func fourPorts() {
    var stack = makeStack()
    var accepted: [Bool] = []
    for port: UInt16 in [81, 82, 83, 84, 80, 0] { accepted.append(stack.listen(port: port)) }
    #expect(accepted == [true, true, true, false, true, false])
  }

  @Test func limitsAreChecked() {
    func isMade(_ change: (inout NetworkLimits) -> Void, _ configuration: AddressConfiguration = .dhcp) -> Bool {
      var limits = NetworkLimits()
      change(&limits)
      let stack = NetworkStack(
        mac: MACAddress(2, 0, 0, 0, 0, 1), configuration: configuration, seed: 1, limits: limits,
        now: Instant(nanoseconds: 0))
      return stack != nil
    }
    #expect(isMade { _ in })
    #expect(isMade { $0.connections = 1 })
    #expect(!isMade { $0.connections = 0 })
    #expect(!isMade { $0.connections = 65_537 })
    #expect(!isMade { $0.timeWait = 0 })
    #expect(!isMade { $0.halfOpen = -1 })
    #expect(!isMade { $0.receiveWindow = 1000 })
    #expect(!isMade { $0.windowScale = 15 })
    #expect(!isMade { $0.arpEntries = 0 })
    #expect(!isMade { $0.receiveBudget = -1 })
    #expect(!isMade({ _ in }, .fixed(IPv4Address(0, 0, 0, 0), prefixLength: 8, gateway: nil)))
    #expect(!isMade({ _ in }, .fixed(IPv4Address(10, 0, 0, 1), prefixLength: 40, gateway: nil)))
  }
}
