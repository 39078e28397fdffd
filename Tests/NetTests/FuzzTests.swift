import Base
import Bytes
import Testing

@testable import Net

/// Nothing that comes from the wire may trap, whatever state the stack is in.
@Suite struct FuzzTests {
  /// A stack with handshakes, connections in several states, TIME_WAIT and a DHCP exchange.
  private func busy(_ seed: UInt64) throws -> Bench {
    var limits = NetworkLimits()
    limits.connections = 24
    limits.halfOpen = 16
    limits.timeWait = 8
    limits.receiveBudget = 1 << 20
    limits.outOfOrderBudget = 1 << 16
    let bench = Bench(limits)
    bench.stack.dhcp = DHCPClient(mac: MACAddress(2, 0, 0, 0, 0, 1), seed: seed, now: bench.now)
    for port: UInt16 in 0..<16 {
      let id = try #require(bench.open(port: 30_000 + port, options: [2, 4, 5, 0xb4, 1, 3, 3, 7]))
      if port % 4 == 1 { _ = bench.send(id, pattern(5000, salt: Int(port))) }
      if port % 4 == 2 { bench.stack.close(id) }
      if port % 8 == 3 { _ = bench.stack.setReceiveLimit(id, 100_000) }
    }
    for port: UInt16 in 0..<8 { _ = bench.exchange(Segment(sequence: 5, flags: Segment.syn, port: 31_000 + port)) }
    return bench
  }

  /// One valid frame of each kind.
  private func corpus(_ bench: Bench) -> [[UInt8]] {
    var frames: [[UInt8]] = []
    for port: UInt16 in 0..<16 {
      let slot = bench.stack.connections.slots.indices.first {
        bench.stack.connections.slots[$0].remotePort == 30_000 + port && bench.stack.connections.slots[$0].isLive
      }
      guard let slot else { continue }
      let next = bench.stack.connections.slots[slot].receiveNext.bits
      let maximum = bench.stack.connections.slots[slot].sendMaximum.bits
      let first = bench.stack.connections.slots[slot].sendUnacknowledged.bits
      let flags: [UInt8] = [Segment.ack, Segment.ack | Segment.psh, Segment.ack | Segment.fin, Segment.rst, Segment.syn]
      for flag in flags {
        frames.append(
          Segment(
            sequence: next, acknowledgement: maximum, flags: flag, port: 30_000 + port, payload: pattern(40, salt: 1)
          ).frame())
      }
      frames.append(
        Segment(
          sequence: next &+ 100, acknowledgement: first, flags: Segment.ack, port: 30_000 + port,
          payload: pattern(1400, salt: 1)
        ).frame())
    }
    let options: [UInt8] = [2, 4, 5, 0xb4, 4, 2, 1, 3, 3, 7, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]
    frames.append(Segment(sequence: 9, flags: Segment.syn, port: 32_000, options: options).frame())
    frames.append(Segment(sequence: 6, acknowledgement: 1, flags: Segment.ack, port: 31_001).frame())
    frames.append(icmpEcho(pattern(60, salt: 2)))
    frames.append(ethernet(udp([1, 2, 3, 4], sourcePort: 9, destinationPort: 10)))
    frames.append(ethernet(ipv4([1, 2, 3], protocol: 6, options: [7, 7, 4, 0, 0, 0, 0, 0])))
    frames.append(arp(operation: 1, senderMAC: TestHost.peerMAC, sender: TestHost.peer, target: TestHost.address))
    frames.append(arp(operation: 2, senderMAC: TestHost.peerMAC, sender: TestHost.peer, target: TestHost.address))
    frames.append(DHCPTests.frame(DHCPTests.payload(2, 5)))
    frames.append(DHCPTests.frame(DHCPTests.payload(5, 5), toBroadcast: true))
    return frames
  }

  /// Makes the checksums of a damaged frame right again, so that what is behind them is reached.
  private func repair(_ frame: inout [UInt8]) {
    guard frame.count >= 34, read16(frame, 12) == 0x0800 else { return }
    let length = Int(frame[14] & 15) * 4
    guard length >= 20, 14 + length <= frame.count else { return }
    frame.replaceSubrange(24..<26, with: [0, 0])
    frame.replaceSubrange(24..<26, with: big16(internetSum(Array(frame[14..<14 + length]))))
  }

  private func settle(_ bench: Bench, _ random: inout Random) {
    while let event = bench.stack.nextEvent() {
      if case .readable(let id) = event {
        switch random.below(6) {
        case 0: bench.stack.consume(id, random.below(3000))
        case 1: bench.stack.giveBack(id, bench.stack.takeReceived(id))
        case 2: _ = bench.stack.setReceiveLimit(id, random.below(200_000))
        case 3: _ = bench.send(id, pattern(random.below(4000), salt: 3))
        case 4: bench.stack.consume(id, .max)
        default: break
        }
        if random.chance(1) { bench.stack.close(id) }
        if random.chance(1) { bench.stack.abort(id) }
      }
    }
  }

  @Test func truncations() throws {
    let bench = try busy(1)
    var random = Random(1)
    for frame in corpus(bench) where frame.count < 200 {
      for length in 0...frame.count {
        var cut = Array(frame[..<length])
        bench.feed(cut)
        // With a total length that fits what is left.
        if length >= 34, read16(cut, 12) == 0x0800 {
          cut.replaceSubrange(16..<18, with: big16(UInt16(length - 14)))
          repair(&cut)
          bench.feed(cut, checksum: .verified)
        }
      }
      bench.flush()
      settle(bench, &random)
      bench.link.frames.removeAll(keepingCapacity: true)
    }
    #expect(bench.stack.counters.framesReceived > 10_000)
  }

  @Test(arguments: 1...4)
  func mutations(seed: Int) throws {
    var random = Random(UInt64(seed))
    var fed = 0
    while fed < 25_000 {
      let bench = try busy(UInt64(seed))
      for _ in 0..<10 {
        let frames = corpus(bench)
        for _ in 0..<250 {
          var frame = frames[random.below(frames.count)]
          for _ in 0..<(1 + random.below(4)) {
            switch random.below(4) {
            case 0: frame[random.below(frame.count)] ^= UInt8(1 << random.below(8))
            case 1: frame[random.below(frame.count)] = UInt8(truncatingIfNeeded: random.next())
            case 2: frame[min(14 + random.below(40), frame.count - 1)] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)]
            default:
              if frame.count > 60 && random.chance(20) { frame.removeLast(random.below(frame.count - 54)) }
            }
          }
          if random.chance(80) { repair(&frame) }
          bench.feed(frame, checksum: random.chance(80) ? .verified : .unknown)
          fed += 1
          if random.chance(30) {
            bench.link.room = random.chance(80) ? .max : random.below(3)
            bench.now = bench.now + .milliseconds(UInt64(random.below(300)))
            bench.flush()
            bench.link.frames.removeAll(keepingCapacity: true)
            settle(bench, &random)
          }
        }
      }
      check(bench)
    }
  }

  @Test func noise() throws {
    let bench = try busy(9)
    var random = Random(77)
    for _ in 0..<10_000 {
      var frame = (0..<random.below(120)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      if frame.count >= 15 {
        frame.replaceSubrange(0..<6, with: TestHost.mac)
        frame[6] &= 0xfe
        frame.replaceSubrange(12..<14, with: random.chance(80) ? [8, 0] : [8, 6])
        if random.chance(80) { frame[14] = 0x45 }
      }
      if random.chance(90) && frame.count >= 34 {
        frame.replaceSubrange(16..<18, with: big16(UInt16(frame.count - 14)))
        frame.replaceSubrange(20..<22, with: [0, 0])
        frame.replaceSubrange(30..<34, with: big32(TestHost.address))
        frame[23] = [1, 6, 17][random.below(3)]
        repair(&frame)
      }
      bench.feed(frame, checksum: .verified)
      if random.chance(10) { bench.flush() }
      bench.link.frames.removeAll(keepingCapacity: true)
    }
    check(bench)
  }

  /// The books balance when everything has been closed.
  private func check(_ bench: Bench) {
    bench.link.room = .max
    for index in bench.stack.connections.slots.indices {
      bench.stack.abort(bench.stack.connections.id(of: index))
    }
    bench.flush()
    _ = bench.events()
    _ = bench.advance(.seconds(400))
    _ = bench.events()
    #expect(bench.stack.connectionCount == 0)
    #expect(bench.stack.halfOpenCount == 0)
    #expect(bench.stack.receiveMemoryUsed == 0)
    #expect(bench.stack.shared.memory.outOfOrder == 0)
  }
}
