// A ring of bytes that keeps the newest texts: what is put in takes the place of the oldest, in order.
//
// Positions count all bytes that ever went through, so one comparison tells whether a text is still there, and nobody need be told when
// it goes. A text never wraps: where it does not fit before the end of the memory, the rest is left out.

import Bytes

/// Where a text begins.
struct TextPlace: Sendable, BitwiseCopyable {
  fileprivate(set) var position: UInt64 = 0
}

/// Memory of one fixed size that holds the newest texts. It is taken at once, but not touched before there are texts.
struct TextRing: ~Copyable, Sendable {
  private var bytes = ByteBuffer()
  /// A power of two, or 0.
  let capacity: Int
  /// Where the next text may begin; all from `tail` on is whole.
  private var head: UInt64 = 0
  private var tail: UInt64 = 0

  /// A ring of the power of two next below `capacity`; of none where memory is out, so that nothing is kept.
  init(capacity: Int) {
    let size = capacity > 0 ? 1 << (Int.bitWidth &- 1 &- capacity.leadingZeroBitCount) : 0
    self.capacity = bytes.reserve(size) ? size : 0
  }

  /// The longest text that is kept: one does not drive out all others.
  var longest: Int { capacity / 4 }

  /// Makes room for `length` bytes, for which the oldest texts go; nil where they are more than `longest`.
  mutating func take(_ length: Int) -> TextPlace? {
    guard length >= 0, length <= longest, capacity > 0 else { return nil }
    if offset(head) &+ length > capacity { head &+= UInt64(capacity &- offset(head)) }
    let place = TextPlace(position: head)
    let end = offset(head) &+ length
    // Only in the first round; and what was reserved is not refused.
    if end > bytes.count, !bytes.appendZeros(end &- bytes.count) { return nil }
    head &+= UInt64(length)
    tail = max(tail, head &- min(head, UInt64(capacity)))
    return place
  }

  /// Copies `text` to byte `offset` of what begins at `place`, which `take` made long enough just now.
  mutating func write(_ text: Span<UInt8>, to place: TextPlace, at offset: Int) {
    let start = self.offset(place.position) &+ offset
    var memory = bytes.mutableSpan
    memory.copy(text, to: start)
  }

  /// Whether what begins at `place` is still there.
  func holds(_ place: TextPlace) -> Bool { place.position >= tail }

  /// `length` bytes from byte `offset` on of what begins at `place`; empty where that is gone.
  @_lifetime(borrow self)
  func span(_ place: TextPlace, _ offset: Int, _ length: Int) -> Span<UInt8> {
    let start = self.offset(place.position) &+ offset
    return bytes.span.extracting(holds(place) ? start..<start &+ length : 0..<0)
  }

  /// The place in memory of a position. The capacity must not be 0.
  private func offset(_ position: UInt64) -> Int { Int(truncatingIfNeeded: position) & (capacity &- 1) }
}
