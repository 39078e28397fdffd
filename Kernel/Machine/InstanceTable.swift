// Which slot holds which instance.

import ABI
import Actions
import CBoot

/// Instances by slot number, in a table of two levels that grows by frames.
///
/// Each entry of a leaf is two words: the instance's address and the slot's generation. A slot that holds no instance has an odd first
/// word, which links it to the next free one.
struct InstanceTable: ~Copyable {
  private static let entriesPerLeaf: UInt32 = 256
  /// The root is one frame of leaf addresses.
  private let root: UInt64
  /// Slots that were ever given out are below this.
  private(set) var limit: UInt32 = 0
  /// The free slot that was given back last, as its number times two plus three; 1 where there is none.
  private var freeHead: UInt64 = 1
  private(set) var count = 0

  /// Nil where memory is out.
  init?(frames: inout FrameAllocator) {
    guard let page = frames.allocate(pages: 1) else { return nil }
    zeroPage(page)
    root = page
  }

  /// Takes a slot and counts its generation up; nil where slots, or memory for the table, are out.
  mutating func reserve(frames: inout FrameAllocator) -> (slot: UInt32, generation: UInt32)? {
    let slot: UInt32
    if freeHead != 1 {
      slot = UInt32(truncatingIfNeeded: freeHead >> 1 &- 1)
      freeHead = Physical.load(entry(slot))
    } else {
      guard limit < AddressSpace.slotCount, limit / Self.entriesPerLeaf < 512 else { return nil }
      let leaf = root &+ UInt64(limit / Self.entriesPerLeaf) &* 8
      if Physical.load(leaf) == 0 {
        guard let page = frames.allocate(pages: 1) else { return nil }
        zeroPage(page)
        Physical.store(leaf, page)
      }
      slot = limit
      limit &+= 1
    }
    let generation = Physical.load(entry(slot) &+ 8) &+ 1
    Physical.store(entry(slot), 1)
    Physical.store(entry(slot) &+ 8, generation)
    return (slot, UInt32(truncatingIfNeeded: generation))
  }

  /// Gives a reserved slot back that holds no instance.
  mutating func release(_ slot: UInt32) {
    Physical.store(entry(slot), freeHead)
    freeHead = UInt64(slot) << 1 &+ 3
  }

  /// Memory for one instance; nil where it is out.
  static func allocatePlace() -> UnsafeMutablePointer<Instance>? {
    let place = UnsafeMutablePointer<Instance>.allocate(capacity: 1)
    return UInt(bitPattern: place) == 0 ? nil : unsafe place
  }

  /// Enters an instance into its reserved slot; `place` came from `allocatePlace`.
  mutating func put(_ instance: consuming Instance, _ slot: UInt32, at place: UnsafeMutablePointer<Instance>) {
    // SAFETY: the allocation is of the type's own size, and initialised before it is entered.
    unsafe place.initialize(to: instance)
    Physical.store(entry(slot), UInt64(UInt(bitPattern: place)))
    count &+= 1
  }

  @inline(__always)
  func find(_ id: InstanceID) -> UnsafeMutablePointer<Instance>? {
    guard id.index < limit, Physical.load(entry(id.index) &+ 8) == UInt64(id.generation) else { return nil }
    return unsafe instance(at: id.index)
  }

  /// What is in `slot`, which is below `limit`; nil where it is free.
  @inline(__always)
  func instance(at slot: UInt32) -> UnsafeMutablePointer<Instance>? {
    let address = Physical.load(entry(slot))
    guard address & 1 == 0 else { return nil }
    // SAFETY: an even entry is the address of an instance that `put` made.
    return unsafe Physical.pointer(address).assumingMemoryBound(to: Instance.self)
  }

  /// Frees the instance's own memory and its slot; its frames were given back before.
  mutating func remove(_ slot: UInt32) {
    // SAFETY: as in `find`.
    let place = unsafe Physical.pointer(Physical.load(entry(slot))).assumingMemoryBound(to: Instance.self)
    unsafe place.deinitialize(count: 1)
    unsafe place.deallocate()
    count &-= 1
    release(slot)
  }

  @inline(__always)
  private func entry(_ slot: UInt32) -> UInt64 {
    Physical.load(root &+ UInt64(slot / Self.entriesPerLeaf) &* 8) &+ UInt64(slot % Self.entriesPerLeaf) &* 16
  }
}
