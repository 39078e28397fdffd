import Base
import Bytes
import Testing

@testable import Net

/// Address resolution: the cache, and the stack's use of it.
@Suite struct ARPTests {
  private let one = IPv4Address(10, 0, 0, 1)
  private let two = IPv4Address(10, 0, 0, 2)
  private let mac = MACAddress(2, 0, 0, 0, 0, 9)

  private func at(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

  @Test func asksUntilAnswered() {
    var cache = ARPCache(entries: 4)!
    let unknown = cache.lookup(one, now: at(0))
    #expect(unknown == nil)
    var asked: [UInt64] = []
    var failed = false
    for time in stride(from: UInt64(0), through: 10_000, by: 100) {
      while let request = cache.nextRequest(now: at(time)) {
        if case .failed(let address) = request {
          #expect(address == one)
          failed = true
        } else {
          #expect(request == .ask(target: one, mac: .broadcast))
          asked.append(time)
        }
      }
    }
    #expect(asked == [0, 1000, 2000, 3000])
    #expect(failed)
    #expect(cache.count == 0)
    #expect(cache.nextDeadline == .distantFuture)
  }

  @Test func learnsOnlyWhatItAskedFor() {
    var cache = ARPCache(entries: 4)!
    let stranger = cache.learn(two, mac, now: at(0))
    #expect(!stranger)
    #expect(cache.count == 0)
    _ = cache.lookup(one, now: at(0))
    let answered = cache.learn(one, mac, now: at(1))
    #expect(answered)
    let known = cache.lookup(one, now: at(2))
    #expect(known == mac)
    // A later announcement of a known station is followed (fail-over), and whoever kept the address is told.
    let version = cache.version
    let moved = MACAddress(2, 0, 0, 0, 0, 10)
    _ = cache.learn(one, moved, now: at(3))
    #expect(cache.version != version)
    let after = cache.lookup(one, now: at(4))
    #expect(after == moved)
  }

  @Test func knownStationsAreConfirmedWhenUsed() {
    var cache = ARPCache(entries: 4)!
    _ = cache.lookup(one, now: at(0))
    _ = cache.nextRequest(now: at(0))
    _ = cache.learn(one, mac, now: at(0))
    let quiet = cache.nextRequest(now: at(59_999))
    #expect(quiet == nil)
    let version = cache.version
    // After a minute nothing is asked: nobody uses it.
    let unused = cache.nextRequest(now: at(61_000))
    #expect(unused == nil)
    #expect(cache.version != version)
    #expect(cache.nextDeadline == .distantFuture)
    // In use it stays known while it is asked again, first straight, at last by broadcast.
    let used = cache.lookup(one, now: at(70_000))
    #expect(used == mac)
    var asked: [ARPCache.Request] = []
    for time: UInt64 in [70_000, 71_000, 72_000, 73_000, 74_000] {
      while let request = cache.nextRequest(now: at(time)) { asked.append(request) }
    }
    #expect(
      asked == [
        .ask(target: one, mac: mac), .ask(target: one, mac: mac), .ask(target: one, mac: mac),
        .ask(target: one, mac: .broadcast), .failed(one),
      ])
    let gone = cache.lookup(one, now: at(75_000))
    #expect(gone == nil)
  }

  @Test func fullCacheForgetsTheLeastUseful() {
    var cache = ARPCache(entries: 3)!
    for last: UInt8 in 1...3 {
      let address = IPv4Address(10, 0, 0, last)
      _ = cache.lookup(address, now: at(UInt64(last)))
      if last != 2 { _ = cache.learn(address, mac, now: at(UInt64(last))) }
    }
    // The one never answered goes first, then the oldest.
    _ = cache.lookup(IPv4Address(10, 0, 0, 4), now: at(10))
    var known = cache.lookup(IPv4Address(10, 0, 0, 1), now: at(11))
    #expect(known == mac)
    _ = cache.learn(IPv4Address(10, 0, 0, 4), mac, now: at(12))
    _ = cache.lookup(IPv4Address(10, 0, 0, 5), now: at(13))
    known = cache.lookup(IPv4Address(10, 0, 0, 3), now: at(14))
    #expect(known == mac)
    #expect(cache.count == 3)
  }

  @Test func floodOfStrangersIsBounded() {
    var cache = ARPCache(entries: 16)!
    for index in 0..<10_000 { _ = cache.lookup(IPv4Address(bits: 0x0a00_0000 + UInt32(index)), now: at(UInt64(index))) }
    #expect(cache.count == 16)
  }

  @Test func requestsAreAnswered() {
    let bench = Bench()
    let asker: [UInt8] = [2, 9, 9, 9, 9, 9]
    bench.feed(arp(operation: 1, senderMAC: asker, sender: 0x0a00_0077, target: TestHost.address))
    let expected = arp(
      operation: 2, senderMAC: TestHost.mac, sender: TestHost.address, targetMAC: asker, target: 0x0a00_0077, to: asker)
    #expect(bench.link.take() == [expected])
    // The asker is not remembered: it was not asked for.
    #expect(bench.stack.arp.count == 2)
    bench.feed(arp(operation: 1, senderMAC: asker, sender: 0x0a00_0077, target: 0x0a00_0078))
    #expect(bench.link.take() == [])
    // A probe has no sender (RFC 5227).
    bench.feed(arp(operation: 1, senderMAC: asker, sender: 0, target: TestHost.address))
    #expect(bench.link.take().count == 1)
  }

  @Test func conflictsAreDefendedAtALimitedRate() {
    let bench = Bench()
    let thief: [UInt8] = [2, 6, 6, 6, 6, 6]
    for _ in 0..<10 {
      bench.feed(arp(operation: 1, senderMAC: thief, sender: TestHost.address, target: TestHost.address))
    }
    #expect(bench.stack.counters.addressConflicts == 10)
    let defence = arp(operation: 1, senderMAC: TestHost.mac, sender: TestHost.address, target: TestHost.address)
    #expect(bench.link.take() == [defence, defence])
  }

  @Test func configurationIsAnnouncedAndTheGatewayAskedFor() {
    var stack = makeStack()
    var link = TestLink()
    stack.flush(now: Instant(nanoseconds: 0), link: &link)
    #expect(
      link.frames == [
        arp(operation: 1, senderMAC: TestHost.mac, sender: TestHost.address, target: TestHost.address),
        arp(operation: 1, senderMAC: TestHost.mac, sender: TestHost.address, target: 0x0a00_00fe),
      ])
  }

  @Test func synAckWaitsForTheAddress() throws {
    var stack = makeStack()
    var link = TestLink()
    let now = Instant(nanoseconds: 1_000_000)
    stack.flush(now: now, link: &link)
    _ = link.take()
    let syn = Segment(sequence: 1, flags: Segment.syn).frame()
    stack.receive(syn.span, checksum: .unknown, now: now, link: &link)
    stack.flush(now: now, link: &link)
    #expect(link.take() == [arp(operation: 1, senderMAC: TestHost.mac, sender: TestHost.address, target: TestHost.peer)])
    let answer = arp(
      operation: 2, senderMAC: TestHost.peerMAC, sender: TestHost.peer, target: TestHost.address, to: TestHost.mac)
    stack.receive(answer.span, checksum: .unknown, now: now, link: &link)
    stack.flush(now: now, link: &link)
    let sent = link.takeSegments()
    #expect(sent.map(\.flags) == [Segment.syn | Segment.ack])
  }

  /// Another network's peers are reached through the gateway.
  @Test func gatewayIsUsed() throws {
    let configuration = AddressConfiguration.fixed(
      IPv4Address(192, 168, 1, 5), prefixLength: 24, gateway: IPv4Address(192, 168, 1, 1))
    var stack = makeStack(configuration: configuration)
    var link = TestLink()
    let now = Instant(nanoseconds: 1_000_000)
    stack.flush(now: now, link: &link)
    let gateway: [UInt8] = [2, 1, 1, 1, 1, 1]
    let answer = arp(operation: 2, senderMAC: gateway, sender: 0xc0a8_0101, target: 0xc0a8_0105, to: TestHost.mac)
    stack.receive(answer.span, checksum: .unknown, now: now, link: &link)
    _ = link.take()
    var syn = Segment(sequence: 1, flags: Segment.syn)
    syn.from = 0x0808_0808
    syn.to = 0xc0a8_0105
    stack.receive(syn.frame().span, checksum: .unknown, now: now, link: &link)
    let sent = link.take()
    #expect(sent.count == 1)
    #expect(sent.first.map { Array($0[..<6]) } == gateway)
  }

  @Test func echoAndItsLimits() {
    let bench = Bench()
    let payload = pattern(1000, salt: 4)
    bench.feed(icmpEcho(payload))
    let reply = bench.link.take()
    #expect(reply.count == 1)
    #expect(reply.first.map { Array($0[42...]) } == payload)
    #expect(reply.first.map { $0[34] } == 0)
    #expect(reply.first.map { internetSum(Array($0[34...])) } == 0)
    #expect(reply.first.map { Array($0[..<6]) } == TestHost.peerMAC)
    // The largest that fits a frame.
    bench.feed(icmpEcho([UInt8](repeating: 1, count: 1472)))
    #expect(bench.link.take().first?.count == 1514)
    bench.feed(icmpEcho([UInt8](repeating: 1, count: 1473)))
    #expect(bench.link.take().isEmpty)
    // Replies, errors and damaged requests are not answered.
    bench.feed(icmpEcho([1], type: 0))
    bench.feed(icmpEcho([1], type: 3))
    var damaged = icmpEcho([1, 2, 3])
    damaged[44] ^= 1
    bench.feed(damaged)
    #expect(bench.link.take().isEmpty)
    #expect(bench.stack.counters.droppedMalformedICMP == 1)
    for _ in 0..<1000 { bench.feed(icmpEcho([])) }
    #expect(bench.link.take().count <= 100)
  }

  @Test func closedUDPPortsAreUnreachableAtALimitedRate() {
    let bench = Bench()
    let datagram = udp([1, 2, 3], sourcePort: 5, destinationPort: 6)
    bench.feed(ethernet(datagram))
    let answer = bench.link.take()
    #expect(answer.count == 1)
    #expect(answer.first.map { Array($0[34..<36]) } == [3, 3])
    #expect(answer.first.map { Array($0[42...]) } == Array(datagram[..<28]))
    for _ in 0..<1000 { bench.feed(ethernet(datagram)) }
    #expect(bench.link.take().count <= 10)
    bench.feed(ethernet(datagram, to: [255, 255, 255, 255, 255, 255]))
    #expect(bench.stack.counters.droppedOtherAddress == 1)
  }

  @Test func othersFramesAreDropped() {
    let bench = Bench()
    bench.feed(Segment(sequence: 1, flags: Segment.syn).frame(to: [2, 3, 3, 3, 3, 3]))
    #expect(bench.stack.counters.droppedOtherStation == 1)
    var elsewhere = Segment(sequence: 1, flags: Segment.syn)
    elsewhere.to = 0x0a00_0099
    bench.feed(elsewhere.frame())
    // TCP by broadcast is never right (RFC 9293 §3.9.2.3).
    bench.feed(Segment(sequence: 1, flags: Segment.syn).frame(to: [255, 255, 255, 255, 255, 255]))
    #expect(bench.stack.counters.droppedOtherAddress == 2)
    for source: UInt32 in [0, 0x7f00_0001, 0xe000_0001, 0xffff_ffff, TestHost.address] {
      var forged = Segment(sequence: 1, flags: Segment.syn)
      forged.from = source
      bench.feed(forged.frame())
    }
    #expect(bench.stack.counters.droppedBadSource == 5)
    bench.feed(ethernet([0x60] + [UInt8](repeating: 0, count: 60), type: 0x86dd))
    #expect(bench.stack.counters.droppedUnknownEtherType == 1)
    bench.feed(ethernet(ipv4([1, 2, 3], protocol: 132)))
    #expect(bench.stack.counters.droppedUnknownProtocol == 1)
    bench.feed(ethernet(ipv4(Segment(sequence: 1, flags: Segment.syn).bytes, protocol: 6, fragment: 0x2000)))
    #expect(bench.stack.counters.droppedFragment == 1)
    #expect(bench.link.take().isEmpty)
    #expect(bench.stack.halfOpenCount == 0)
  }
}
