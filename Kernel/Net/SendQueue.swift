// What the application handed over to be sent, kept until it is acknowledged.

import Bytes

/// A run of bytes made of up to eight buffers, which are released as they are acknowledged.
struct SendQueue: ~Copyable {
  static let slotCount = 8

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
  @inline(__always)
  mutating func append(_ buffer: consuming ByteBuffer) -> Bool {
    guard buffer.count > 0 else { return true }
    guard used < Self.slotCount else { return false }
    count &+= buffer.count
    slots[(head &+ used) & 7] = buffer
    used &+= 1
    return true
  }

  /// Drops the first `length` bytes, which the caller has checked to be queued.
  @inline(__always)
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

  /// Takes the first buffer's memory, with no bytes, when all is to be removed. There must be one.
  @inline(__always)
  mutating func takeFirst() -> ByteBuffer {
    var first = exchange(&slots[head], with: ByteBuffer())
    first.truncate(to: 0)
    return first
  }

  /// Gives all memory back.
  @inline(__always)
  mutating func removeAll() {
    while used > 0 {
      slots[head] = ByteBuffer()
      head = (head &+ 1) & 7
      used &-= 1
    }
    headOffset = 0
    count = 0
  }

  /// Copies `count` bytes, at least one, from the `offset`-th queued on to byte `place` of `target`. They must be queued.
  @inline(__always)
  mutating func copy(from offset: Int, count: Int, to target: inout MutableSpan<UInt8>, at place: Int) {
    let start = headOffset &+ offset
    // The common case: all of it is in the first buffer.
    if start &+ count <= slots[head].count {
      target.copy(slots[head].span, from: start, length: count, to: place)
    } else {
      gather(from: offset, count: count, to: &target, at: place)
    }
  }

  @inline(never)
  private mutating func gather(from offset: Int, count: Int, to target: inout MutableSpan<UInt8>, at place: Int) {
    var start = headOffset &+ offset
    var slot = head
    var done = 0
    for _ in 0..<used where done < count {
      let size = slots[slot].count
      if start < size {
        let length = min(count &- done, size &- start)
        target.copy(slots[slot].span, from: start, length: length, to: place &+ done)
        done &+= length
      }
      start = max(start &- size, 0)
      slot = (slot &+ 1) & 7
    }
    precondition(done == count)
  }
}
