// The head that a connection's last request had, beside what it was found to mean: most clients that keep a connection send the same
// head again and again, to the byte.
//
// Only heads of `/function/NAME` are kept, with a plain name and a body of known length. What such a head means depends on its bytes and
// on nothing that changes, but for the action: that is looked at anew each time (`HTTPServer.recall`). So it does no harm that a head
// outlives its connection, and serves the next one that has the same place.
// Out of scope: whether a request may be run now (quotas, the queue), and its identifier.

import Bytes
import HTTP

/// One head, of `limit` bytes at most, in memory that is taken when there is one.
struct HeadMemory: ~Copyable {
  static var limit: Int { 512 }

  private var text = ByteBuffer()
  /// What the head was found to mean; its number and its arrival are those of another request.
  private(set) var request = PendingRequest()
  /// Requests in a row whose head was another one than the one before.
  private var strangers: UInt8 = 0

  /// Whether it is worth a comparison: a client that never sends the same head twice is asked again from time to time only.
  private var isOfUse: Bool { strangers < 4 || strangers & 15 == 0 }

  /// Whether `bytes` begin with the head that is kept. A head may hold a key: the time tells of its length at most.
  @inline(__always)
  mutating func matches(_ bytes: Span<UInt8>) -> Bool {
    let length = text.count
    // Heads end alike, so that one of another length mostly differs there.
    guard length > 0, bytes.count >= length, isOfUse, bytes.loadLE32(length &- 4) == 0x0a0d_0a0d,
      bytes.extracting(0..<length).equals(text.span)
    else { return false }
    strangers = 0
    return true
  }

  /// Keeps the head of `request`, whose bytes are `bytes`, in place of the one before.
  mutating func keep(_ request: PendingRequest, _ bytes: Span<UInt8>) {
    strangers = strangers == .max ? 16 : strangers &+ 1
    guard isOfUse else { return }
    text.truncate(to: 0)
    guard request.headLength <= Self.limit else { return }
    // Where memory is out nothing is kept.
    _ = text.append(bytes.extracting(0..<request.headLength))
    self.request = request
    self.request.isRemembered = true
  }
}
