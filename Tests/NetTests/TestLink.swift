// A card for the tests: keeps what is sent, and can be full.

import Base
import Bytes

@testable import Net

/// A small generator with a seed (SplitMix64), so that every run of a test is the same.
struct Random {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
  mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
}

struct TestLink: LinkTransmitter {
  var offloadsChecksum = false
  var frames: [[UInt8]] = []
  /// Frames it still takes.
  var room = Int.max

  private var begun: [UInt8] = []
  private var checksum: ChecksumOffload?

  mutating func begin(length: Int, checksum: ChecksumOffload?) -> Bool {
    guard room > 0 else { return false }
    room -= 1
    self.checksum = checksum
    // What is not written would be something else in each frame.
    begun = [UInt8](repeating: UInt8(truncatingIfNeeded: room), count: length)
    return true
  }

  @_lifetime(&self)
  mutating func frame() -> MutableSpan<UInt8> { begun.mutableSpan }

  mutating func finish() {
    var frame = begun
    if let checksum {
      // What the card does: the sum from `start` to the end, over the partial sum already in the field.
      let start = Int(checksum.start)
      let sum = internetSum(Array(frame[start...]))
      frame.replaceSubrange(start + Int(checksum.field)..<start + Int(checksum.field) + 2, with: big16(sum))
    }
    frames.append(frame)
  }

  mutating func take() -> [[UInt8]] {
    defer { frames = [] }
    return frames
  }

  /// The TCP segments sent since the last call.
  mutating func takeSegments() -> [Segment] { take().compactMap { Segment(frame: $0) } }
}

func buffer(_ bytes: [UInt8]) -> ByteBuffer {
  var result = ByteBuffer()
  precondition(result.append(bytes.span))
  return result
}

func array(_ span: Span<UInt8>) -> [UInt8] {
  var result: [UInt8] = []
  result.reserveCapacity(span.count)
  for index in span.indices { result.append(span[index]) }
  return result
}

/// All unread bytes of a connection.
func unread(_ stack: borrowing NetworkStack, _ id: ConnectionID) -> [UInt8] { array(stack.received(id)) }

func makeStack(
  _ limits: NetworkLimits = NetworkLimits(), configuration: AddressConfiguration? = nil,
  now: Instant = Instant(nanoseconds: 0)
) -> NetworkStack {
  let fixed = AddressConfiguration.fixed(
    IPv4Address(bits: TestHost.address), prefixLength: 8, gateway: IPv4Address(10, 0, 0, 254))
  var stack = NetworkStack(
    mac: MACAddress(2, 0, 0, 0, 0, 1), configuration: configuration ?? fixed, seed: TestHost.seed, limits: limits,
    now: now)!
  stack.listen(port: TestHost.port)
  return stack
}

/// A stack, its card and a clock: one segment in, what it answers out.
final class Bench {
  var stack: NetworkStack
  var link = TestLink()
  var now = Instant(nanoseconds: 1_000_000_000)
  /// The sequence number that the stack's SYN-ACK had, of the last `open`.
  var stackSequence: UInt32 = 0

  var answersARP = true

  init(_ limits: NetworkLimits = NetworkLimits()) {
    stack = makeStack(limits, now: now)
    // Most tests are about TCP: the peer's hardware address is made known first.
    _ = stack.arp.lookup(IPv4Address(bits: TestHost.peer), now: now)
    flush()
    link.frames = []
  }

  func feed(_ frame: [UInt8], checksum: ReceivedChecksum = .unknown) {
    stack.receive(frame.span, checksum: checksum, now: now, link: &link)
  }

  /// Flushes. The peer answers when it is asked for its hardware address.
  func flush() {
    stack.flush(now: now, link: &link)
    guard answersARP else { return }
    let asked = link.frames.contains { read16($0, 12) == 0x0806 && read16($0, 20) == 1 && read32($0, 38) == TestHost.peer }
    guard asked else { return }
    link.frames.removeAll { read16($0, 12) == 0x0806 }
    feed(arp(operation: 2, senderMAC: TestHost.peerMAC, sender: TestHost.peer, target: TestHost.address, to: TestHost.mac))
    stack.flush(now: now, link: &link)
  }

  /// Feeds a segment, flushes, and returns what was sent.
  func exchange(_ segment: Segment) -> [Segment] {
    feed(segment.frame())
    flush()
    return link.takeSegments()
  }

  /// Lets time pass, flushing at each deadline, and returns what was sent.
  func advance(_ interval: Interval) -> [Segment] {
    let end = now + interval
    while stack.nextDeadline <= end {
      now = max(now, stack.nextDeadline)
      flush()
    }
    now = end
    flush()
    return link.takeSegments()
  }

  /// Completes a handshake with SYN number `sequence` and returns the connection.
  func open(
    port: UInt16 = 40_000, sequence: UInt32 = 1000, window: UInt16 = 65_535, options: [UInt8] = []
  ) -> ConnectionID? {
    let answers = exchange(Segment(sequence: sequence, flags: Segment.syn, port: port, options: options))
    guard let answer = answers.first, answer.flags == Segment.syn | Segment.ack else { return nil }
    stackSequence = answer.sequence &+ 1
    feed(
      Segment(
        sequence: sequence &+ 1, acknowledgement: stackSequence, flags: Segment.ack, port: port, window: window
      ).frame())
    guard case .opened(let id) = stack.nextEvent() else { return nil }
    return id
  }

  func events() -> [ConnectionEvent] {
    var result: [ConnectionEvent] = []
    while let event = stack.nextEvent() { result.append(event) }
    return result
  }

  func send(_ id: ConnectionID, _ bytes: [UInt8]) -> Bool { stack.send(id, buffer(bytes)) }

  func received(_ id: ConnectionID) -> [UInt8] { unread(stack, id) }

  func take(_ id: ConnectionID) -> [UInt8] {
    let taken = stack.takeReceived(id)
    return array(taken.span)
  }

  func setReceiveLimit(_ id: ConnectionID, _ bytes: Int) -> Bool { stack.setReceiveLimit(id, bytes) }

  func sendCapacity(_ id: ConnectionID) -> Int { stack.sendCapacity(id) }

  func remotePort(_ id: ConnectionID) -> UInt16? { stack.remoteAddress(id)?.1 }
}
