// Connections in TIME_WAIT (RFC 9293 §3.6.1): as much as is needed to answer a late FIN and to judge a new SYN.
//
// A ring in order of age. All entries last equally long, so the oldest is always the next to go, and when the ring is full
// it is the one that makes room: reuse cannot exhaust it.

import Base
import Bytes

struct TimeWait: BitwiseCopyable {
  var isLive = false
  var sendNext = SequenceNumber(0)
  var receiveNext = SequenceNumber(0)
  /// The window field of the last segment.
  var window: UInt16 = 0
  var expiresAt = Instant(nanoseconds: 0)
}

struct TimeWaitTable: ~Copyable {
  private var ring: FixedArray<TimeWait>
  private var head = 0
  /// Places between the oldest entry and the newest; some may be dead.
  private var occupied = 0
  /// Live entries.
  private(set) var count = 0

  /// Nil where memory is out.
  init?(capacity: Int) {
    guard let ring = FixedArray<TimeWait>(count: capacity, { _ in TimeWait() }) else { return nil }
    self.ring = ring
  }

  var isFull: Bool { occupied == ring.count }

  subscript(index: Int) -> TimeWait { ring[index] }

  /// Adds the newest entry and returns its index. The table must not be full.
  mutating func append(_ entry: TimeWait) -> Int {
    precondition(!isFull)
    var index = head &+ occupied
    if index >= ring.count { index &-= ring.count }
    ring[index] = entry
    ring[index].isLive = true
    occupied &+= 1
    count &+= 1
    return index
  }

  /// Forgets one entry; its place is free when all older ones are.
  mutating func remove(_ index: Int) {
    guard ring[index].isLive else { return }
    ring[index].isLive = false
    count &-= 1
    while occupied > 0 && !ring[head].isLive { advance() }
  }

  /// The oldest live entry; nil where there is none.
  var oldest: Int? { occupied > 0 ? head : nil }

  /// When the oldest entry is to be forgotten; `.distantFuture` where there is none.
  @inline(__always)
  var nextDeadline: Instant { occupied > 0 ? ring[head].expiresAt : .distantFuture }

  private mutating func advance() {
    head &+= 1
    if head == ring.count { head = 0 }
    occupied &-= 1
  }
}
