// A queue of table indices, each in it at most once: it cannot overflow.

import Bytes

struct IndexQueue: ~Copyable {
  private var ring: FixedArray<UInt32>
  private var isMember: FixedArray<Bool>
  private var head = 0
  private(set) var count = 0

  /// A queue for the indices below `capacity`; nil where memory is out.
  init?(capacity: Int) {
    guard let ring = FixedArray<UInt32>(count: capacity, { _ in 0 }),
      let isMember = FixedArray<Bool>(count: capacity, { _ in false })
    else { return nil }
    self.ring = ring
    self.isMember = isMember
  }

  /// Puts `index` at the end, where it is not in the queue yet.
  @inline(__always)
  mutating func append(_ index: Int) {
    guard !isMember[index] else { return }
    isMember[index] = true
    var place = head &+ count
    if place >= ring.count { place &-= ring.count }
    ring[place] = UInt32(truncatingIfNeeded: index)
    count &+= 1
  }

  /// The first index, which stays.
  var first: Int? { count > 0 ? Int(ring[head]) : nil }

  /// Takes the first index out.
  @inline(__always)
  mutating func removeFirst() -> Int? {
    guard count > 0 else { return nil }
    let index = Int(ring[head])
    isMember[index] = false
    head &+= 1
    if head == ring.count { head = 0 }
    count &-= 1
    return index
  }
}
