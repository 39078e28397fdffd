// The slots of connections: allocation, names, and the queue of events.

import Bytes

struct ConnectionTable: ~Copyable {
  /// All slots, in use or not.
  var slots: FixedArray<TCPConnection>
  /// Free slots; a stack, so that the last one used is used next.
  private var freeSlots: FixedArray<UInt32>
  private var freeCount: Int
  /// Slots that have something to tell.
  private var telling: IndexQueue

  /// Nil where memory is out.
  @_optimize(size)
  init?(capacity: Int) {
    guard let slots = FixedArray<TCPConnection>(count: capacity, { _ in TCPConnection() }),
      let freeSlots = FixedArray<UInt32>(count: capacity, { UInt32(truncatingIfNeeded: capacity &- 1 &- $0) }),
      let telling = IndexQueue(capacity: capacity)
    else { return nil }
    self.slots = slots
    self.freeSlots = freeSlots
    freeCount = capacity
    self.telling = telling
  }

  var capacity: Int { slots.count }
  /// Slots in use.
  var count: Int { slots.count &- freeCount }
  var isFull: Bool { freeCount == 0 }

  /// A slot for a new connection; nil where all are in use.
  mutating func allocate() -> Int? {
    guard freeCount > 0 else { return nil }
    freeCount &-= 1
    return Int(freeSlots[freeCount])
  }

  /// The slot that `id` names; nil where that connection is no more.
  @inline(__always)
  func index(of id: ConnectionID) -> Int? {
    let index = id.index
    guard index < slots.count, slots[index].generation == id.generation else { return nil }
    return index
  }

  func id(of index: Int) -> ConnectionID {
    ConnectionID(slot: UInt32(truncatingIfNeeded: index), generation: slots[index].generation)
  }

  /// Queues slot `index` for telling, where it has something to tell.
  @inline(__always)
  mutating func tell(_ index: Int) {
    if !slots[index].events.isEmpty { telling.append(index) }
  }

  /// The next event. After `.closed` the slot is free and its name stale.
  mutating func nextEvent(_ memory: inout ReceiveMemory) -> ConnectionEvent? {
    while let index = telling.first {
      let id = id(of: index)
      let event = slots[index].events.first
      slots[index].events.remove(event)
      if slots[index].events.isEmpty { _ = telling.removeFirst() }
      switch event {
      case .opened: return .opened(id)
      case .readable: return .readable(id)
      case .peerClosed: return .peerClosed(id)
      case .sent: return .sent(id)
      case .closed:
        let reason = slots[index].closeReason
        release(index, &memory)
        return .closed(id, reason)
      default: continue
      }
    }
    return nil
  }

  /// Whether `nextEvent` has something to tell.
  @inline(__always)
  var hasEvents: Bool { telling.count > 0 }

  @inline(never)
  private mutating func release(_ index: Int, _ memory: inout ReceiveMemory) {
    slots[index].received.removeAll(&memory)
    slots[index].events = []
    slots[index].generation &+= 1
    free(index)
  }

  /// Gives slot `index` back.
  mutating func free(_ index: Int) {
    freeSlots[freeCount] = UInt32(truncatingIfNeeded: index)
    freeCount &+= 1
  }
}
