// Deadlines of table nodes: a binary heap that says which is the earliest.
//
// It is lazy: moving a node's deadline later costs nothing. The node comes out at its old time, and whoever takes it
// out puts it in again at its true one. So a deadline that every segment postpones is handled once in its own length.

import Base
import Bytes

struct TimerHeap: ~Copyable {
  struct Entry: BitwiseCopyable {
    var deadline: Instant
    var node: UInt32
  }

  private var heap: FixedArray<Entry>
  /// Place of each node in the heap; -1 where it is not in it.
  private var place: FixedArray<Int32>
  private var count = 0

  /// A heap for the nodes below `capacity`; nil where memory is out.
  init?(capacity: Int) {
    guard let heap = FixedArray<Entry>(count: capacity, { _ in Entry(deadline: .distantFuture, node: 0) }),
      let place = FixedArray<Int32>(count: capacity, { _ in -1 })
    else { return nil }
    self.heap = heap
    self.place = place
  }

  /// The earliest time at which a node comes out; it may have nothing to do then.
  var nextDeadline: Instant { count > 0 ? heap[0].deadline : .distantFuture }

  /// Makes sure that `node` comes out at `deadline` or before.
  @inline(__always)
  mutating func schedule(_ node: Int, at deadline: Instant) {
    guard deadline < .distantFuture else { return }
    let index = Int(place[node])
    if index >= 0 {
      guard deadline < heap[index].deadline else { return }
      moveUp(Entry(deadline: deadline, node: UInt32(truncatingIfNeeded: node)), from: index)
    } else {
      count &+= 1
      moveUp(Entry(deadline: deadline, node: UInt32(truncatingIfNeeded: node)), from: count &- 1)
    }
  }

  /// Takes out the earliest node that is due; nil where none is.
  mutating func removeDue(now: Instant) -> Int? {
    guard count > 0, heap[0].deadline <= now else { return nil }
    let node = Int(heap[0].node)
    place[node] = -1
    count &-= 1
    if count > 0 { moveDown(heap[count]) }
    return node
  }

  private mutating func moveUp(_ entry: Entry, from start: Int) {
    var index = start
    while index > 0 {
      let parent = (index &- 1) / 2
      guard entry.deadline < heap[parent].deadline else { break }
      put(heap[parent], at: index)
      index = parent
    }
    put(entry, at: index)
  }

  private mutating func moveDown(_ entry: Entry) {
    var index = 0
    while true {
      var child = 2 &* index &+ 1
      guard child < count else { break }
      if child &+ 1 < count && heap[child &+ 1].deadline < heap[child].deadline { child &+= 1 }
      guard heap[child].deadline < entry.deadline else { break }
      put(heap[child], at: index)
      index = child
    }
    put(entry, at: index)
  }

  @inline(__always)
  private mutating func put(_ entry: Entry, at index: Int) {
    heap[index] = entry
    place[Int(entry.node)] = Int32(truncatingIfNeeded: index)
  }
}
