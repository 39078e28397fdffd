import Base
import Bytes
import Testing

@testable import Net

/// The DHCP client, against a server written here.
@Suite struct DHCPTests {
  static let server: UInt32 = 0xc0a8_0001
  static let serverMAC: [UInt8] = [2, 0, 0, 0, 0, 0x77]
  static let offered: UInt32 = 0xc0a8_0064

  /// A message as the server reads it.
  struct Request {
    var type: UInt8 = 0
    var transaction: UInt32
    var clientAddress: UInt32
    var broadcast: Bool
    var requested: UInt32?
    var server: UInt32?
    var destination: UInt32
    var source: UInt32

    init?(frame: [UInt8]) {
      guard frame.count == 14 + 20 + 8 + 300, read16(frame, 12) == 0x0800, frame[23] == 17, read16(frame, 34) == 68,
        read16(frame, 36) == 67, internetSum(Array(frame[14..<34])) == 0
      else { return nil }
      source = read32(frame, 26)
      destination = read32(frame, 30)
      let datagram = Array(frame[34...])
      guard internetSum(datagram, pseudoSum(from: source, to: destination, protocol: 17, length: datagram.count)) == 0,
        Array(datagram[8..<12]) == [1, 1, 6, 0], Array(datagram[36..<42]) == TestHost.mac,
        read32(datagram, 244) == 0x6382_5363
      else { return nil }
      transaction = read32(datagram, 12)
      broadcast = datagram[18] & 0x80 != 0
      clientAddress = read32(datagram, 20)
      var index = 248
      while datagram[index] != 255 {
        let length = Int(datagram[index + 1])
        switch datagram[index] {
        case 53: type = datagram[index + 2]
        case 50: requested = read32(datagram, index + 2)
        case 54: server = read32(datagram, index + 2)
        default: break
        }
        index += 2 + length
      }
    }
  }

  static func payload(
    _ type: UInt8, _ transaction: UInt32, address: UInt32 = offered, lease: UInt32? = 3600, mask: UInt32? = 0xffff_ff00,
    router: UInt32? = server, identifier: UInt32? = server, extra: [UInt8] = []
  ) -> [UInt8] {
    var message: [UInt8] = [2, 1, 6, 0] + big32(transaction) + [UInt8](repeating: 0, count: 8) + big32(address)
    message += [UInt8](repeating: 0, count: 8) + TestHost.mac + [UInt8](repeating: 0, count: 202)
    message += big32(0x6382_5363) + [53, 1, type]
    if let identifier { message += [54, 4] + big32(identifier) }
    if let lease { message += [51, 4] + big32(lease) }
    if let mask { message += [1, 4] + big32(mask) }
    if let router { message += [3, 4] + big32(router) }
    return message + extra + [255]
  }

  static func frame(_ payload: [UInt8], toBroadcast: Bool = false) -> [UInt8] {
    ethernet(
      udp(
        payload, sourcePort: 67, destinationPort: 68, from: server, to: toBroadcast ? 0xffff_ffff : offered),
      to: toBroadcast ? [255, 255, 255, 255, 255, 255] : TestHost.mac, from: serverMAC)
  }

  /// A stack without an address, with the server's station beside it.
  final class Client {
    var stack = makeStack(configuration: .dhcp)
    var link = TestLink()
    var now = Instant(nanoseconds: 0)

    func requests() -> [Request] {
      stack.flush(now: now, link: &link)
      let frames = link.take()
      for frame in frames where read16(frame, 12) == 0x0806 && read16(frame, 20) == 1 && read32(frame, 38) == server {
        feed(arp(operation: 2, senderMAC: serverMAC, sender: server, target: offered, to: TestHost.mac))
      }
      return frames.compactMap { Request(frame: $0) }
    }

    func feed(_ frame: [UInt8]) { stack.receive(frame.span, checksum: .unknown, now: now, link: &link) }

    /// Time passes, flushing at each deadline; what was sent, with the second in which it was.
    func advance(_ interval: Interval) -> [(second: UInt64, request: Request)] {
      let end = now + interval
      var result: [(second: UInt64, request: Request)] = []
      while stack.nextDeadline <= end {
        now = max(now, stack.nextDeadline)
        result += requests().map { (now.milliseconds / 1000, $0) }
      }
      now = end
      return result
    }

    /// From nothing to a lease.
    func bind(lease: UInt32 = 3600, extra: [UInt8] = []) {
      let discover = requests()[0]
      feed(frame(payload(2, discover.transaction)))
      let request = requests()[0]
      feed(frame(payload(5, request.transaction, lease: lease, extra: extra)))
      _ = requests()
    }
  }

  @Test(arguments: [false, true])
  func fourMessages(toBroadcast: Bool) throws {
    let client = Client()
    #expect(client.stack.address == nil)
    #expect(client.stack.nextDeadline <= client.now)
    let discover = try #require(client.requests().first)
    #expect(discover.type == 1)
    #expect(discover.source == 0)
    #expect(discover.destination == 0xffff_ffff)
    #expect(!discover.broadcast)
    client.feed(Self.frame(Self.payload(2, discover.transaction), toBroadcast: toBroadcast))
    let request = try #require(client.requests().first)
    #expect(request.type == 3)
    #expect(request.transaction == discover.transaction)
    #expect(request.requested == Self.offered)
    #expect(request.server == Self.server)
    #expect(request.clientAddress == 0)
    #expect(client.stack.address == nil)
    client.feed(Self.frame(Self.payload(5, request.transaction), toBroadcast: toBroadcast))
    #expect(client.stack.address == IPv4Address(bits: Self.offered))
    #expect(client.stack.interface?.prefixLength == 24)
    #expect(client.stack.interface?.gateway == IPv4Address(bits: Self.server))
    #expect(client.requests().isEmpty)
  }

  @Test func silenceIsMetWithBackoff() {
    let client = Client()
    let sent = client.advance(.seconds(200))
    #expect(sent.allSatisfy { $0.request.type == 1 })
    #expect(sent.count >= 7 && sent.count <= 11)
    let gaps = zip(sent.dropFirst(), sent).map { $0.second - $1.second }
    #expect(gaps.last.map { $0 >= 40 } == true)
    // Some ask for broadcast, for servers whose unicast does not arrive.
    #expect(Set(sent.map(\.request.broadcast)) == [true, false])
  }

  @Test func refusalBeginsAnew() throws {
    let client = Client()
    let discover = try #require(client.requests().first)
    client.feed(Self.frame(Self.payload(2, discover.transaction)))
    let request = try #require(client.requests().first)
    client.feed(Self.frame(Self.payload(6, request.transaction, lease: nil, mask: nil, router: nil)))
    #expect(client.requests().isEmpty)
    let again = client.advance(.seconds(2))
    #expect(again.first?.request.type == 1)
    #expect(again.first?.request.transaction != discover.transaction)
  }

  @Test func unansweredRequestsBeginAnew() throws {
    let client = Client()
    let discover = try #require(client.requests().first)
    client.feed(Self.frame(Self.payload(2, discover.transaction)))
    let sent = client.advance(.seconds(30)).map(\.request.type)
    #expect(sent.prefix(4) == [3, 3, 3, 3])
    #expect(sent.dropFirst(4).first == 1)
  }

  @Test func othersAnswersAreIgnored() throws {
    let client = Client()
    let discover = try #require(client.requests().first)
    client.feed(Self.frame(Self.payload(2, discover.transaction &+ 1)))
    client.feed(Self.frame(Self.payload(5, discover.transaction)))
    client.feed(Self.frame(Self.payload(2, discover.transaction, identifier: nil)))
    client.feed(Self.frame(Self.payload(2, discover.transaction, address: 0)))
    var otherMAC = Self.payload(2, discover.transaction)
    otherMAC[28] = 9
    client.feed(Self.frame(otherMAC))
    #expect(client.requests().isEmpty)
    #expect(client.stack.counters.droppedDHCP == 5)
    client.feed(Self.frame(Self.payload(2, discover.transaction)))
    let request = try #require(client.requests().first)
    // Another server's acknowledgement, another address, no lease.
    client.feed(Self.frame(Self.payload(5, request.transaction, identifier: Self.server + 1)))
    client.feed(Self.frame(Self.payload(5, request.transaction, address: Self.offered + 1)))
    client.feed(Self.frame(Self.payload(5, request.transaction, lease: nil)))
    client.feed(Self.frame(Self.payload(6, request.transaction, identifier: Self.server + 1)))
    #expect(client.stack.address == nil)
  }

  @Test func leaseIsRenewed() throws {
    let client = Client()
    client.bind(lease: 3600)
    let renewals = client.advance(.seconds(1801))
    let renewal = try #require(renewals.last)
    #expect(renewal.second == 1800)
    #expect(renewal.request.type == 3)
    #expect(renewal.request.clientAddress == Self.offered)
    #expect(renewal.request.source == Self.offered)
    #expect(renewal.request.destination == Self.server)
    #expect(renewal.request.requested == nil)
    #expect(renewal.request.server == nil)
    client.feed(Self.frame(Self.payload(5, renewal.request.transaction)))
    #expect(client.stack.address == IPv4Address(bits: Self.offered))
    let next = client.advance(.seconds(1802))
    #expect(next.last.map { $0.second >= 3600 && $0.second <= 3602 } == true)
  }

  @Test func leaseIsReboundAndExpires() {
    let client = Client()
    client.bind(lease: 3600)
    let id = openConnection(client)
    let sent = client.advance(.seconds(3599))
    let unicast = sent.filter { $0.request.destination == Self.server }
    let broadcast = sent.filter { $0.request.destination == 0xffff_ffff }
    #expect(unicast.count >= 3)
    #expect(unicast.allSatisfy { $0.second >= 1800 && $0.second < 3150 })
    #expect(broadcast.count >= 2)
    #expect(broadcast.allSatisfy { $0.second >= 3150 })
    #expect(client.stack.address != nil)
    let after = client.advance(.seconds(2))
    #expect(client.stack.address == nil)
    #expect(after.last?.request.type == 1)
    #expect(after.last?.request.clientAddress == 0)
    var events: [ConnectionEvent] = []
    while let event = client.stack.nextEvent() { events.append(event) }
    #expect(id != nil)
    #expect(client.stack.connectionCount == 0)
    if case .closed(_, let reason)? = events.last { #expect(reason == .addressLost || reason == .timedOut) }
  }

  @Test func refusalWhileRenewingTakesTheAddress() throws {
    let client = Client()
    client.bind()
    let id = try #require(openConnection(client))
    let renewal = try #require(client.advance(.seconds(1801)).last)
    client.feed(Self.frame(Self.payload(6, renewal.request.transaction, lease: nil, mask: nil, router: nil)))
    #expect(client.stack.address == nil)
    var events: [ConnectionEvent] = []
    while let event = client.stack.nextEvent() { events.append(event) }
    #expect(events.last.map { "\($0)" }?.contains("closed") == true)
    #expect(client.requests().first?.type == 1)
    #expect(id.index == 0)
  }

  @Test func timesOfTheServerAreUsed() {
    let client = Client()
    client.bind(lease: 3600, extra: [58, 4] + big32(600) + [59, 4] + big32(1200))
    let sent = client.advance(.seconds(1300))
    #expect(sent.first?.second == 600)
    #expect(sent.filter { $0.request.destination == 0xffff_ffff }.first?.second == 1200)
  }

  @Test func nonsenseTimesAreCorrected() {
    let client = Client()
    client.bind(lease: 3600, extra: [58, 4] + big32(9000) + [59, 4] + big32(8000))
    let sent = client.advance(.seconds(3500))
    #expect(sent.first.map { $0.second > 600 && $0.second < 3150 } == true)
    #expect(sent.contains { $0.request.destination == 0xffff_ffff })
  }

  @Test func infiniteLease() {
    let client = Client()
    client.bind(lease: .max)
    #expect(client.advance(.seconds(10_000_000)).isEmpty)
    #expect(client.stack.address != nil)
  }

  @Test func missingOptionsHaveDefaults() throws {
    let client = Client()
    let discover = try #require(client.requests().first)
    client.feed(Self.frame(Self.payload(2, discover.transaction)))
    let request = try #require(client.requests().first)
    client.feed(Self.frame(Self.payload(5, request.transaction, mask: nil, router: nil)))
    #expect(client.stack.interface?.prefixLength == 24)
    #expect(client.stack.interface?.gateway == nil)
  }

  @Test func impossibleOptionsAreRefused() {
    let mac = MACAddress(2, 0, 0, 0, 0, 1)
    func parse(_ bytes: [UInt8]) -> DHCPReply? { DHCPReply(parsing: bytes.span, mac: mac) }
    let good = Self.payload(5, 7)
    #expect(parse(good)?.options.prefixLength == 24)
    #expect(parse(good)?.yourAddress.bits == Self.offered)
    #expect(parse(Self.payload(5, 7, mask: 0xff00_ff00)) == nil)
    #expect(parse(Self.payload(5, 7, mask: 0))?.options.prefixLength == 0)
    #expect(parse(Self.payload(5, 7, mask: .max))?.options.prefixLength == 32)
    #expect(parse(Self.payload(9, 7)) == nil)
    #expect(parse(Self.payload(5, 7, extra: [51, 3, 1, 1, 1])) == nil)
    #expect(parse(Self.payload(5, 7, extra: [3, 0])) == nil)
    #expect(parse(Self.payload(5, 7, extra: [3, 6, 1, 2, 3, 4, 5, 6])) == nil)
    #expect(parse(Self.payload(5, 7, extra: [12, 200, 1])) == nil)
    #expect(parse(Self.payload(5, 7, extra: [0, 0, 12, 3, 1, 2, 3]))?.options.lease == 3600)
    for length in 0..<240 { #expect(parse(Array(good[..<length])) == nil) }
    // Without the end marker it is still whole; cut inside an option it is not.
    #expect(parse(Array(good.dropLast())) != nil)
    #expect(parse(Array(good.dropLast(3))) == nil)
  }

  private func openConnection(_ client: Client) -> ConnectionID? {
    client.feed(arp(operation: 2, senderMAC: Self.serverMAC, sender: Self.server, target: Self.offered, to: TestHost.mac))
    var syn = Segment(sequence: 1, flags: Segment.syn)
    syn.from = Self.server
    syn.to = Self.offered
    client.feed(syn.frame())
    client.stack.flush(now: client.now, link: &client.link)
    guard let answer = client.link.takeSegments().last else { return nil }
    syn.flags = Segment.ack
    syn.sequence = 2
    syn.acknowledgement = answer.sequence &+ 1
    client.feed(syn.frame())
    guard case .opened(let id) = client.stack.nextEvent() else { return nil }
    return id
  }
}

extension Instant {
  fileprivate var milliseconds: UInt64 { nanoseconds / 1_000_000 }
}
