// What the application handed over to be sent, kept until it is acknowledged.

import Bytes

/// A run of bytes made of up to eight buffers, which are released as they are acknowledged.
struct SendQueue: ~Copyable {
  static let slotCount = 8

  /// Where a run of contiguous queued bytes lies.
  struct Piece: BitwiseCopyable {
    let slot: Int
    let start: Int
    let count: Int
  }

  /// Made when the queue is first used. (Inline storage would be copied whole to lend out one buffer's bytes.)
  private var slots = FixedArray<ByteBuffer>()
  private var head = 0
  private var used = 0
  /// Acknowledged bytes of the first buffer.
  private var headOffset = 0
  /// Bytes queued and not acknowledged.
  private(set) var count = 0

  init() {}

  var freeSlots: Int { Self.slotCount &- used }

  /// Makes the slots where they are not made yet; false where memory is out.
  mutating func prepare() -> Bool {
    guard slots.count == 0 else { return true }
    guard let made = FixedArray<ByteBuffer>(count: Self.slotCount, { _ in ByteBuffer() }) else { return false }
    slots = made
    return true
  }

  /// Queues all of `buffer`; false, and the buffer gone, where all slots are taken.
  mutating func append(_ buffer: consuming ByteBuffer) -> Bool {
    guard buffer.count > 0 else { return true }
    guard used < Self.slotCount else { return false }
    count &+= buffer.count
    slots[(head &+ used) & 7] = buffer
    used &+= 1
    return true
  }

  /// Drops the first `length` bytes, which the caller has checked to be queued.
  mutating func acknowledge(_ length: Int) {
    var rest = length
    count &-= length
    while rest > 0 {
      let available = slots[head].count &- headOffset
      if rest < available {
        headOffset &+= rest
        return
      }
      rest &-= available
      slots[head] = ByteBuffer()
      head = (head &+ 1) & 7
      used &-= 1
      headOffset = 0
    }
  }

  /// Gives all memory back.
  mutating func removeAll() { acknowledge(count) }

  /// The contiguous bytes from the `offset`-th on, at most `limit`; empty where there are none.
  mutating func piece(at offset: Int, limit: Int) -> Piece {
    var start = headOffset &+ offset
    var slot = head
    for _ in 0..<used {
      let size = slots[slot].count
      if start < size { return Piece(slot: slot, start: start, count: min(limit, size &- start)) }
      start &-= size
      slot = (slot &+ 1) & 7
    }
    return Piece(slot: 0, start: 0, count: 0)
  }

  /// The bytes of `piece`, which was made since the queue last changed.
  @inline(__always) @_lifetime(borrow self)
  func bytes(_ piece: Piece) -> Span<UInt8> {
    slots[piece.slot].span.extracting(piece.start..<piece.start &+ piece.count)
  }
}
