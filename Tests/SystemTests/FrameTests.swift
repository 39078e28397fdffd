// The network at the level of frames: what QEMU's user network would hide.

import Foundation
import SwiftletHost
import Testing

extension SystemTests {
  @Suite(.serialized) struct FrameTests {
    static let machines = Project.machines.filter { $0 != .iso }

    init() { SharedGuest.shared.stop() }

    @Test(.timeLimit(.minutes(1)), arguments: machines) func arpAndPing(machine: MachineModel) throws {
      let link = try FrameLink.fixed(machine)
      var noise = Noise(seed: 7)
      for size in [0, 1, 8, 56, 57, 1000, 1471, 1472] { #expect(try link.ping(noise.bytes(size)), "\(size) bytes") }
      // Nobody else's address is answered for.
      #expect(try !link.resolve([10, 9, 0, 3], tries: 1))
    }

    @Test(.timeLimit(.minutes(1))) func closedPortsAnswerRST() throws {
      let link = try FrameLink.fixed(.microvm)
      for (index, port) in [1, 81, 8080, 65_535].enumerated() {
        try link.sendTCP(Segment(flags: .syn, sequence: 1000), from: 4000 + index, to: port)
        let reply = try link.receiveTCP(on: 4000 + index)
        #expect(reply?.tcpFlags == [.rst, .ack] && reply?.acknowledgment == 1001 && reply?.checksumsAreRight == true)
      }
      // A segment of no connection is answered with RST too, but RST with nothing (RFC 9293 §3.10.7.1).
      try link.sendTCP(Segment(flags: .ack, sequence: 5, acknowledgment: 77), from: 5000)
      let reply = try link.receiveTCP(on: 5000)
      #expect(reply?.tcpFlags == .rst && reply?.sequence == 77)
      try link.sendTCP(Segment(flags: .rst, sequence: 5), from: 5001)
      #expect(try link.receiveTCP(on: 5001, within: .milliseconds(200)) == nil)
    }

    /// A connection by hand: its answer is sent again while it is not acknowledged, and both directions end in order.
    @Test(.timeLimit(.minutes(1)), arguments: machines) func oneConnection(machine: MachineModel) throws {
      let link = try FrameLink.fixed(machine)
      let port = 6000
      try link.sendTCP(Segment(flags: .syn, sequence: 100, options: [2, 4, 5, 180]), from: port)
      let synAck = try #require(try link.receiveTCP(on: port))
      #expect(synAck.tcpFlags == [.syn, .ack] && synAck.acknowledgment == 101 && synAck.checksumsAreRight)
      #expect(synAck.tcpOptions.starts(with: [2, 4]) || synAck.tcpOptions.contains(2))
      let request = Array("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".utf8)
      let first = synAck.sequence &+ 1
      try link.sendTCP(Segment(flags: [.ack], sequence: 101, acknowledgment: first), from: port)
      try link.sendTCP(Segment(flags: [.ack, .psh], sequence: 101, acknowledgment: first, payload: request), from: port)
      let answer = try #require(try link.receiveTCP(on: port) { !$0.tcpPayload.isEmpty })
      #expect(answer.sequence == first && answer.acknowledgment == 101 &+ UInt32(request.count) && answer.checksumsAreRight)
      #expect(String(decoding: answer.tcpPayload, as: UTF8.self).hasPrefix("HTTP/1.1 200 OK\r\n"))
      let again = try #require(try link.receiveTCP(on: port, within: .seconds(4)) { !$0.tcpPayload.isEmpty })
      #expect(again.sequence == first && again.tcpPayload == answer.tcpPayload)

      var next = first &+ UInt32(answer.tcpPayload.count)
      let mine = 101 &+ UInt32(request.count)
      try link.sendTCP(Segment(flags: .ack, sequence: mine, acknowledgment: next), from: port)
      if !answer.tcpFlags.contains(.fin) {
        let fin = try #require(try link.receiveTCP(on: port, within: .seconds(4)) { $0.tcpFlags.contains(.fin) })
        #expect(fin.sequence &+ UInt32(fin.tcpPayload.count) == next)
      }
      next &+= 1
      try link.sendTCP(Segment(flags: [.fin, .ack], sequence: mine, acknowledgment: next), from: port)
      let last = try #require(try link.receiveTCP(on: port) { $0.acknowledgment == mine &+ 1 })
      #expect(last.tcpFlags == .ack)
      #expect(try link.ping([1, 2, 3]))
    }

    /// RFC 2131: discover, offer, request, acknowledge.
    @Test(.timeLimit(.minutes(1)), arguments: machines) func dhcp(machine: MachineModel) throws {
      let link = try FrameLink(machine, arguments: [])
      let leased: IPv4 = [10, 9, 0, 77]
      let discover = try #require(try link.receive(within: .seconds(15)) { $0.isUDP && $0.destinationPort == 67 }, "\(link.lastWords)")
      #expect(discover.destination == .broadcast && discover.sourcePort == 68 && discover.checksumsAreRight)
      #expect(discover.ipSource == [0, 0, 0, 0] && discover.ipDestination == [255, 255, 255, 255])
      #expect(DHCP.option(53, in: discover.udpPayload) == [1])
      try link.send(DHCP.reply(type: 2, to: discover, address: leased, server: FrameLink.testerIP))
      let request = try #require(try link.receive(within: .seconds(5)) { $0.isUDP && DHCP.option(53, in: $0.udpPayload) == [3] })
      #expect(DHCP.option(50, in: request.udpPayload) == leased)
      #expect(DHCP.option(54, in: request.udpPayload) == FrameLink.testerIP)
      #expect(request.udpPayload[4..<8] == discover.udpPayload[4..<8])
      try link.send(DHCP.reply(type: 5, to: request, address: leased, server: FrameLink.testerIP))
      let ready = try link.machine.waitForReadyLine(until: .now + .seconds(10))
      #expect(ready.text.contains("10.9.0.77"), "\(ready.text)")
      #expect(try link.resolve(leased))
    }

    /// A server that stays silent, or refuses, is asked again.
    @Test(.timeLimit(.minutes(1))) func dhcpTriesAgain() throws {
      let link = try FrameLink(arguments: [])
      func next() throws -> Frame {
        try #require(try link.receive(within: .seconds(15)) { $0.isUDP && DHCP.option(53, in: $0.udpPayload) == [1] })
      }
      _ = try next()
      let second = try next()
      try link.send(DHCP.reply(type: 2, to: second, address: [10, 9, 0, 78], server: FrameLink.testerIP))
      let request = try #require(try link.receive(within: .seconds(5)) { $0.isUDP && DHCP.option(53, in: $0.udpPayload) == [3] })
      try link.send(DHCP.reply(type: 6, to: request, address: [0, 0, 0, 0], server: FrameLink.testerIP))
      _ = try next()
    }

    /// Pings, acknowledgements and replies that need no action do not wait for the action that runs.
    @Test(.timeLimit(.minutes(1)), arguments: machines) func theNetworkLivesWhileAnActionComputes(machine: MachineModel) throws {
      let link = try FrameLink.fixed(machine)
      let caller = try FrameConnection(link, port: 6100)
      let attack = try Project.action("attack")
      let target = Guest.actionTarget("computing") + "?public=true&timeout=2000"
      let put = HTTPConnection.request("PUT", target, credentials: Guest.key, body: attack)
      // No more at once than the window that a connection begins with.
      for start in stride(from: 0, to: put.count, by: 8192) {
        try caller.send(Array(put[start..<min(start + 8192, put.count)]))
        if start + 8192 < put.count { #expect(try caller.isAcknowledged(within: .seconds(2))) }
      }
      #expect(try caller.status() == 200)

      let other = try FrameConnection(link, port: 6101)
      try caller.send(HTTPConnection.request("POST", "/function/computing", body: Array("loop".utf8)))
      let start = ContinuousClock.now
      #expect(try caller.isAcknowledged(within: .milliseconds(500)))
      var times: [Duration] = []
      func timed(_ what: String, _ body: () throws -> Bool) throws {
        let begin = ContinuousClock.now
        #expect(try body(), "\(what)\n\(link.lastWords)")
        times.append(ContinuousClock.now - begin)
      }
      var rounds = 0
      while ContinuousClock.now - start < .milliseconds(1200) {
        rounds += 1
        // The kernel answers a thousand pings a second.
        Thread.sleep(forTimeInterval: 0.003)
        try timed("ping") { try link.ping([UInt8](repeating: UInt8(rounds & 255), count: 100), sequence: rounds & 0xffff) }
        try other.send(HTTPConnection.request("GET", "/healthz"))
        try timed("reply") { try other.status() == 200 }
        // The acknowledgement of half a request comes by itself, delayed by 40 ms at most (RFC 9293 §3.8.6.3 allows 500).
        if rounds == 5 {
          let half = try FrameConnection(link, port: 6102)
          try half.send(Array("POST /function/computing HTTP/1.1\r\n".utf8))
          try timed("acknowledgement") { try half.isAcknowledged(within: .milliseconds(500)) }
        }
      }
      times.sort()
      // One in ten may be late because the host was busy.
      #expect(rounds >= 10 && times[times.count * 9 / 10] < .milliseconds(100), "\(rounds) rounds, slowest \(times.suffix(4))")
      Summary.shared.add("while an action computes: \(machine), \(rounds) pings and replies by frame, the slowest after \(times[times.count - 1].milliseconds)")
      #expect(try caller.status() == 502)
      #expect(ContinuousClock.now - start >= .milliseconds(1990))
    }

    @Test(.timeLimit(.minutes(1)), arguments: machines) func malformedFrames(machine: MachineModel) throws {
      let link = try FrameLink.fixed(machine)
      for frame in Self.malformed(to: link.guestMAC) {
        try link.send(frame)
        #expect(try link.resolve() && link.ping([1, 2, 3]), "after \(frame.prefix(60))\n\(link.lastWords)")
      }
    }

    @Test(.timeLimit(.minutes(2)), arguments: machines) func mutatedFrames(machine: MachineModel) throws {
      let link = try FrameLink.fixed(machine)
      let mac = link.guestMAC
      let seeds = Self.good(to: mac) + Self.malformed(to: mac)
      var noise = Noise(seed: 8)
      for round in 0..<4000 {
        var frame = seeds[Int(noise.next() % UInt64(seeds.count))]
        for _ in 0..<Int.random(in: 1...8, using: &noise) {
          switch noise.next() % 8 {
          case 0 where frame.count > 15: frame.removeLast(Int.random(in: 1..<frame.count - 14, using: &noise))
          case 1: frame += noise.bytes(Int.random(in: 1...200, using: &noise))
          default:
            // The addresses stay, so that the frame is looked at.
            if frame.count > 12 { frame[Int.random(in: 12..<frame.count, using: &noise)] = UInt8.random(in: 0...255, using: &noise) }
          }
        }
        try link.send(frame)
        if round % 50 == 49 { #expect(try link.resolve() && link.ping([UInt8(round & 255)]), "round \(round)\n\(link.lastWords)") }
      }
      #expect(!link.machine.console.contains { $0.isPanic }, "\(link.lastWords)")
    }

    // MARK: frames

    private static let tester = FrameLink.testerIP
    private static let guest = FrameLink.guestIP

    static func good(to mac: MAC) -> [[UInt8]] {
      func ip(_ number: UInt8, _ payload: [UInt8]) -> [UInt8] {
        Packet.ethernet(to: mac, type: 0x0800, Packet.ipv4(protocol: number, from: tester, to: guest, payload))
      }
      func tcp(_ segment: Segment) -> [UInt8] { ip(6, Packet.tcp(segment, from: (tester, 7000), to: (guest, 80))) }
      return [
        Packet.arp(operation: 1, to: .broadcast, senderIP: tester, targetMAC: mac, targetIP: guest),
        Packet.arp(operation: 2, to: mac, senderIP: tester, targetMAC: mac, targetIP: guest),
        ip(1, Packet.echoRequest(identifier: 1, sequence: 1, [1, 2, 3, 4])),
        ip(17, Packet.udp(from: (tester, 53), to: (guest, 9), [1, 2, 3])),
        ip(17, Packet.udp(from: (tester, 67), to: (guest, 68), [UInt8](repeating: 2, count: 300))),
        tcp(Segment(flags: .syn, sequence: 1, options: [2, 4, 5, 180, 1, 3, 3, 7, 4, 2, 1, 0])),
        tcp(Segment(flags: [.ack, .psh], sequence: 2, acknowledgment: 1, payload: Array("GET / HTTP/1.1\r\n\r\n".utf8))),
        tcp(Segment(flags: [.fin, .ack], sequence: 2, acknowledgment: 1)), tcp(Segment(flags: .rst, sequence: 2)),
      ]
    }

    static func malformed(to mac: MAC) -> [[UInt8]] {
      let ping = Packet.echoRequest(identifier: 1, sequence: 1, [1, 2, 3, 4])
      let packet = Packet.ipv4(protocol: 1, from: tester, to: guest, ping)
      let syn = Packet.tcp(Segment(flags: .syn, sequence: 1), from: (tester, 7001), to: (guest, 80))
      func ethernet(_ payload: [UInt8], type: Int = 0x0800) -> [UInt8] { mac.bytes + MAC.tester.bytes + Packet.be16(type) + payload }
      /// The packet with byte `index` of its IPv4 header changed, and a right checksum.
      func header(_ index: Int, _ value: UInt8) -> [UInt8] {
        var bytes = packet
        bytes[index] = value
        bytes.replaceSubrange(10..<12, with: [0, 0])
        bytes.replaceSubrange(10..<12, with: Packet.checksum(Array(bytes[0..<20])))
        return ethernet(bytes)
      }
      /// A segment with byte `index` changed, and a right checksum.
      func tcp(_ index: Int, _ value: UInt8, options: [UInt8] = []) -> [UInt8] {
        var bytes = syn + options
        bytes[index] = value
        bytes.replaceSubrange(16..<18, with: [0, 0])
        let sum = Packet.checksum(tester + guest + [0, 6] + Packet.be16(bytes.count) + bytes)
        bytes.replaceSubrange(16..<18, with: sum)
        return ethernet(Packet.ipv4(protocol: 6, from: tester, to: guest, bytes))
      }
      var frames = [
        ethernet([]), ethernet([0x45]), ethernet(Array(packet.prefix(19))), ethernet(Array(packet.prefix(20))),
        header(0, 0x44), header(0, 0x4f), header(0, 0x65), header(0, 0x05), header(2, 0xff), header(3, 19), header(3, 0),
        header(6, 0x20), header(7, 1), header(6, 0x3f), header(8, 0), header(9, 250), header(12, 127), header(12, 224),
        header(12, 255), header(16, 127), header(16, 224),
        ethernet(packet, type: 0x86dd), ethernet(packet, type: 0x8100), ethernet(packet, type: 5), ethernet(packet, type: 0xffff),
        ethernet([0, 1], type: 0x0806), ethernet([UInt8](repeating: 255, count: 28), type: 0x0806),
        ethernet(Packet.ipv4(protocol: 1, from: tester, to: guest, [8])),
        ethernet(Packet.ipv4(protocol: 1, from: tester, to: guest, [8, 0, 0, 0, 1, 2, 3])),
        ethernet(Packet.ipv4(protocol: 1, from: guest, to: guest, ping)),
        ethernet(Packet.ipv4(protocol: 6, from: guest, to: guest, syn)),
        ethernet(Packet.ipv4(protocol: 17, from: tester, to: guest, [0, 1, 0, 2, 0, 7, 0, 0])),
        ethernet(Packet.ipv4(protocol: 17, from: tester, to: guest, [0, 1, 0, 2, 0xff, 0xff, 0, 0])),
        ethernet(Packet.ipv4(protocol: 17, from: tester, to: guest, [0, 1])),
        tcp(12, 0), tcp(12, 0x40), tcp(12, 0xf0), tcp(13, 0), tcp(13, 0xff), tcp(13, 3), tcp(13, 6), tcp(0, 0),
      ]
      for length in 0..<20 { frames.append(ethernet(Packet.ipv4(protocol: 6, from: tester, to: guest, Array(syn.prefix(length))))) }
      let badOptions: [[UInt8]] = [
        [2, 0, 5, 180], [2, 255, 5, 180], [3, 3, 255, 0], [5, 1, 0, 0], [2, 4, 0, 0], [254, 40, 1, 1], [8, 10, 0, 0],
      ]
      for options in badOptions {
        frames.append(tcp(12, 0x60, options: options))
      }
      return frames
    }
  }
}

/// DHCP as far as the tests' server speaks it (RFC 2131, RFC 2132).
enum DHCP {
  /// The value of an option; nil where it is absent.
  static func option(_ code: UInt8, in message: [UInt8]) -> [UInt8]? {
    var position = 240
    while position + 1 < message.count, message[position] != 255 {
      if message[position] == 0 {
        position += 1
        continue
      }
      let end = position + 2 + Int(message[position + 1])
      guard end <= message.count else { return nil }
      if message[position] == code { return Array(message[position + 2..<end]) }
      position = end
    }
    return nil
  }

  /// An offer (type 2), acknowledgement (5) or refusal (6) of what `request` asks.
  static func reply(type: UInt8, to request: Frame, address: IPv4, server: IPv4) -> [UInt8] {
    let question = request.udpPayload
    var message: [UInt8] = [2, 1, 6, 0] + question[4..<8] + [0, 0, 0, 0] + [0, 0, 0, 0] + address + server + [0, 0, 0, 0]
    message += question[28..<44] + [UInt8](repeating: 0, count: 192) + [99, 130, 83, 99, 53, 1, type, 54, 4] + server
    if type != 6 { message += [51, 4, 0, 0, 14, 16, 1, 4, 255, 255, 255, 0, 3, 4] + server }
    message.append(255)
    let datagram = Packet.udp(from: (server, 67), to: ([255, 255, 255, 255], 68), message)
    return Packet.ethernet(
      to: .broadcast, type: 0x0800, Packet.ipv4(protocol: 17, from: server, to: [255, 255, 255, 255], datagram))
  }
}
