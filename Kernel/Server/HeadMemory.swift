// The head that a connection's last request had, beside what it was found to mean: most clients that keep a connection send the same
// head again and again, to the byte, or but for a body's length and the values of header lines that only the action looks at.
//
// Only heads of invocations are kept, of an action whose name is plain and in no package, with a body of known length. What such a head means
// depends on its bytes and on nothing that changes, but for the action: that is looked at anew each time (`HTTPServer.recall`). So it does no harm that a head
// outlives its connection, and serves the next one that has the same place.
// Out of scope: whether a request may be run now (quotas, the queue), and its identifier.

import Base
import Bytes
import HTTP

/// One head, of `limit` bytes at most, in memory that is taken when there is one.
struct HeadMemory: ~Copyable {
  static var limit: Int { 1024 }
  /// Digits of a body's length that may be another one: so many cannot overflow.
  private static var lengthDigits: Int { 9 }

  private var text = ByteBuffer()
  /// As long as `text`: 255 for each byte that may be another one of its kind, 0 for each that may not.
  private var free = ByteBuffer()
  /// What the head was found to mean; its number and its arrival are those of another request.
  private(set) var request = PendingRequest()
  /// The digits of the body's length, where they are free.
  private var length = ByteRange.absent
  /// Requests in a row whose head was another one than the one before.
  private var strangers: UInt8 = 0

  /// Whether it is worth a comparison: a client that never sends the same head twice is asked again from time to time only.
  private var isOfUse: Bool { strangers < 4 || strangers & 15 == 0 }

  /// Whether `bytes` begin with the head that is kept, or one that means the same but for the body's length, which `request` then has.
  ///
  /// A head may hold a key: the time tells of nothing but its length and of bytes that are free.
  @inline(__always)
  mutating func matches(_ bytes: Span<UInt8>) -> Bool {
    let count = text.count
    // Heads end alike, so that one of another length mostly differs there.
    guard count > 0, bytes.count >= count, isOfUse, bytes.loadLE32(count &- 4) == 0x0a0d_0a0d else { return false }
    let head = bytes.extracting(0..<count)
    guard head.equals(text.span) || adopts(head) else { return false }
    strangers = 0
    return true
  }

  /// Whether `head` is another one only where that is free. It is then kept in place of the one before.
  @inline(never)
  private mutating func adopts(_ head: Span<UInt8>) -> Bool {
    guard head.equals(text.span, except: free.span) else { return false }
    let id = request.requestID
    // White space around an identifier would be no part of it.
    guard id.isAbsent || head[Int(id.start)] != 0x20 && head[id.end &- 1] != 0x20 else { return false }
    if !length.isAbsent {
      guard let length = ASCII.decimal(head.extracting(length)) else { return false }
      request.bodyLength = Int(length)
      request.totalLength = request.headLength &+ Int(length)
    }
    var bytes = text.mutableSpan
    bytes.copy(head, to: 0)
    return true
  }

  /// Keeps `head`, whose bytes `bytes` begin with and which was found to be `request`, in place of the one before.
  @inline(never)
  mutating func keep(_ request: PendingRequest, _ head: inout RequestHead, _ bytes: Span<UInt8>) {
    strangers = strangers == .max ? 16 : strangers &+ 1
    guard isOfUse else { return }
    text.truncate(to: 0)
    free.truncate(to: 0)
    // Where memory is out nothing is kept.
    guard head.length <= Self.limit, free.appendZeros(head.length), text.append(bytes.extracting(0..<head.length)) else { return }
    self.request = request
    self.request.isRemembered = true
    length = head.hasOneLength && head.lengthDigits.count <= Self.lengthDigits ? head.lengthDigits : .absent
    setFree(length)
    for index in 0..<head.fieldCount where !head.isDecisive(head.fields[index], in: bytes) { setFree(head.fields[index].value) }
  }

  private mutating func setFree(_ range: ByteRange) {
    var bytes = free.mutableSpan
    for index in Int(range.start)..<range.end { bytes[index] = 255 }
  }
}
