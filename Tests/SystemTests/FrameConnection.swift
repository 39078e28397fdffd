// A TCP connection by hand, over frames: for tests of when the kernel answers and acknowledges.

/// The client's side of one connection on a lossless cable.
final class FrameConnection {
  private let link: FrameLink
  private let port: Int
  private var next: UInt32 = 1001
  private var expected: UInt32

  init(_ link: FrameLink, port: Int) throws {
    self.link = link
    self.port = port
    try link.sendTCP(Segment(flags: .syn, sequence: 1000, options: [2, 4, 5, 180]), from: port)
    guard let answer = try link.receiveTCP(on: port, { $0.tcpFlags == [.syn, .ack] }) else { throw Failure("no SYN, ACK") }
    expected = answer.sequence &+ 1
    try link.sendTCP(Segment(flags: .ack, sequence: next, acknowledgment: expected), from: port)
  }

  /// Sends `bytes`, one segment after another.
  func send(_ bytes: [UInt8]) throws {
    for start in stride(from: 0, to: bytes.count, by: 1460) {
      let payload = Array(bytes[start..<min(start + 1460, bytes.count)])
      try link.sendTCP(Segment(flags: [.ack, .psh], sequence: next, acknowledgment: expected, payload: payload), from: port)
      next &+= UInt32(payload.count)
    }
  }

  /// Waits until all that was sent is acknowledged; false where it is not in time. What the kernel sends meanwhile is left to be sent again.
  func isAcknowledged(within time: Duration) throws -> Bool {
    try link.receiveTCP(on: port, within: time) { $0.tcpFlags.contains(.ack) && $0.acknowledgment == next } != nil
  }

  /// The next bytes that arrive, acknowledged; nil where none do in time.
  func receive(within time: Duration) throws -> [UInt8]? {
    guard let frame = try link.receiveTCP(on: port, within: time, { !$0.tcpPayload.isEmpty && $0.sequence == expected }) else {
      return nil
    }
    expected &+= UInt32(frame.tcpPayload.count)
    try link.sendTCP(Segment(flags: .ack, sequence: next, acknowledgment: expected), from: port)
    return frame.tcpPayload
  }

  /// The status of the reply that arrives; nil where none does in time. The reply has to be one segment.
  func status(within time: Duration = .seconds(5)) throws -> Int? {
    guard let reply = try receive(within: time) else { return nil }
    return Int(String(decoding: reply.prefix(12).suffix(3), as: UTF8.self))
  }
}
