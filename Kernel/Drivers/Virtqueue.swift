// A split virtqueue (virtio 1.2 §2.7), driver's side: descriptor table, available ring, used ring.
//
// Each buffer is one descriptor, whose number is also the buffer's; no chains, no indirect tables. What the device
// writes is checked: a used entry must name a buffer that the device holds, and there can be no more of them than it was
// given. A device that breaks this is marked failed and never looked at again.
// Out of scope: what the buffers hold, and how the device is notified.

import CDriverSupport

struct Virtqueue: ~Copyable {
  /// The largest queue this driver uses.
  static var largestSize: UInt16 { 256 }

  struct UsedBuffer {
    var id: UInt16
    /// Bytes the device says it wrote: its word only.
    var length: UInt32
  }

  private let descriptors: UInt
  private let available: UInt
  private let used: UInt
  let size: UInt16
  private let hasEventIndex: Bool

  /// The next free index of the available ring; runs ahead of `published` while a batch is made.
  private var nextAvailable: UInt16 = 0
  /// The available index that the device sees.
  private var published: UInt16 = 0
  /// `published` when the device's wish for a notification was last asked.
  private var notified: UInt16 = 0
  /// What `published` was when the device was last notified, or was last known to want nothing.
  private var settled: UInt16 = 0
  /// The next used entry to take.
  private var nextUsed: UInt16 = 0
  /// The used index when last looked at.
  private var usedSeen: UInt16 = 0
  /// For each descriptor the index of the available ring that it was offered at, with bit 16 set; zero where it is not out.
  private var places: [256 of UInt32] = .init(repeating: 0)
  /// Whether the device broke the rules.
  private(set) var hasFailed = false

  /// Bytes of memory for a queue of `size` entries.
  static func memoryLength(size: UInt16) -> Int { usedOffset(size) + 6 + 8 * Int(size) }

  private static func availableOffset(_ size: UInt16) -> Int { 16 * Int(size) }

  /// The used ring starts on a cache line of its own: the device writes it.
  private static func usedOffset(_ size: UInt16) -> Int { (availableOffset(size) + 6 + 2 * Int(size) + 63) & ~63 }

  /// A queue in `memory`, which is zeroed. `size` is a power of two from 2 to `largestSize`; nil where the memory is too small.
  init?(memory: DMARegion, size: UInt16, hasEventIndex: Bool) {
    guard size >= 2, size <= Self.largestSize, size & (size &- 1) == 0,
      memory.length >= Self.memoryLength(size: size)
    else { return nil }
    descriptors = memory.address
    available = memory.address &+ UInt(Self.availableOffset(size))
    used = memory.address &+ UInt(Self.usedOffset(size))
    self.size = size
    self.hasEventIndex = hasEventIndex
    disarmInterrupt()
  }

  var addresses: QueueAddresses {
    QueueAddresses(descriptors: UInt64(descriptors), available: UInt64(available), used: UInt64(used))
  }

  /// Sets buffer `id`, which the device does not hold.
  mutating func setBuffer(_ id: UInt16, address: UInt, length: UInt32, isDeviceWritable: Bool) {
    precondition(id < size)
    let entry = descriptors &+ UInt(id) &* 16
    // SAFETY: id is below size, so the 16 bytes are inside the descriptor table.
    unsafe sharedStore64(entry, UInt64(address))
    unsafe sharedStore32(entry &+ 8, length)
    unsafe sharedStore32(entry &+ 12, isDeviceWritable ? 2 : 0)
  }

  /// Puts buffer `id`, which the device does not hold, on the available ring; the device sees it after `publish`.
  @inline(__always)
  mutating func offer(_ id: UInt16) {
    precondition(id < size)
    places[Int(id)] = 1 << 16 | UInt32(nextAvailable)
    // SAFETY: the index is masked by size - 1.
    unsafe sharedStoreRelease16(available &+ 4 &+ UInt(nextAvailable & (size &- 1)) &* 2, id)
    nextAvailable &+= 1
  }

  /// The same with buffer `id` at `length` bytes.
  @inline(__always)
  mutating func offer(_ id: UInt16, length: UInt32) {
    offer(id)
    // SAFETY: `offer` has checked that id is below size.
    unsafe sharedStore32(descriptors &+ UInt(id) &* 16 &+ 8, length)
  }

  /// Buffers offered since the last `publish`.
  @inline(__always)
  var unpublished: UInt16 { nextAvailable &- published }

  /// Shows the device all that was offered; true where it wants to be notified (virtio 1.2 §2.7.10).
  mutating func publish() -> Bool {
    published = nextAvailable
    let before = notified
    notified = published
    // SAFETY: the index field of the available ring; the flags or the event field of the used ring.
    unsafe sharedStoreRelease16(available &+ 2, published)
    // The store must be seen before the device's wish is read: it looks at the ring after it writes the wish.
    sharedFence()
    // SAFETY: as above.
    let isWanted =
      unsafe hasEventIndex
      ? published &- sharedLoadAcquire16(used &+ 4 &+ UInt(size) &* 8) &- 1 < published &- before
      : sharedLoadAcquire16(used) & 1 == 0
    if isWanted { settled = published }
    return isWanted
  }

  /// Looks again, some time after `publish`, whether the device wanted to be notified of what it was not; to be called before the
  /// processor halts. A device that is emulated by another thread may have written its wish while `publish` looked: QEMU's
  /// TCG before 8.1 leaves out the guest's fences where there is one virtual CPU, and the device would then wait for ever.
  ///
  /// Where `mayBeEarly`, a wish that is not seen may still be on its way, and the next look is for it, too.
  mutating func isNotificationMissed(mayBeEarly: Bool) -> Bool {
    guard settled != published else { return false }
    // SAFETY: as in `publish`. Without event index the wish is a flag, which stays readable and is seen at the next `publish`.
    let isMissed =
      unsafe hasEventIndex
      ? published &- sharedLoadAcquire16(used &+ 4 &+ UInt(size) &* 8) &- 1 < published &- settled
      : sharedLoadAcquire16(used) & 1 == 0
    if isMissed || !mayBeEarly { settled = published }
    return isMissed
  }

  /// The next buffer that the device is done with; nil where there is none or the device failed.
  @inline(__always)
  mutating func takeUsed() -> UsedBuffer? {
    if nextUsed == usedSeen, !lookForUsed() { return nil }
    let entry = used &+ 4 &+ UInt(nextUsed & (size &- 1)) &* 8
    // SAFETY: the index is masked by size - 1.
    let id = unsafe sharedLoad32(entry)
    let length = unsafe sharedLoad32(entry &+ 4)
    guard id < UInt32(size) else { return fail() }
    // The device has what was published of what is out.
    let place = places[Int(id)]
    guard place != 0, published &- UInt16(truncatingIfNeeded: place) &- 1 < size else { return fail() }
    places[Int(id)] = 0
    nextUsed &+= 1
    return UsedBuffer(id: UInt16(truncatingIfNeeded: id), length: length)
  }

  /// Whether the device has given something back that was not taken yet.
  @inline(__always)
  var hasUsed: Bool {
    // SAFETY: the index field of the used ring.
    unsafe sharedLoadAcquire16(used &+ 2) != nextUsed && !hasFailed
  }

  /// Whether the device has put something on the used ring that was not taken yet.
  private mutating func lookForUsed() -> Bool {
    guard !hasFailed else { return false }
    // SAFETY: the index field of the used ring.
    usedSeen = unsafe sharedLoadAcquire16(used &+ 2)
    // The device holds published - nextUsed buffers and cannot give back more.
    guard usedSeen &- nextUsed <= published &- nextUsed else {
      _ = fail()
      return false
    }
    return usedSeen != nextUsed
  }

  /// Marks the device failed: nothing more is taken from it.
  mutating func fail() -> UsedBuffer? {
    hasFailed = true
    usedSeen = nextUsed
    return nil
  }

  /// Asks for an interrupt once the device has used another buffer than those that were taken; true where none is waiting, so
  /// that the interrupt will tell. The look comes after the wish: a buffer used in between is seen here or interrupts.
  mutating func armInterrupt() -> Bool {
    guard !hasFailed else { return true }
    // SAFETY: the event field or the flags of the available ring; the index of the used ring.
    if hasEventIndex {
      unsafe sharedStoreRelease16(available &+ 4 &+ UInt(size) &* 2, nextUsed)
    } else {
      unsafe sharedStoreRelease16(available, 0)
    }
    sharedFence()
    // SAFETY: as above.
    return unsafe sharedLoadAcquire16(used &+ 2) == nextUsed
  }

  /// Asks for no interrupts. One may still come: it is a hint (virtio 1.2 §2.7.7).
  mutating func disarmInterrupt() {
    // SAFETY: the event field and the flags of the available ring. An event index that was just passed is reached
    // again only after 65,535 more buffers.
    if hasEventIndex {
      unsafe sharedStoreRelease16(available &+ 4 &+ UInt(size) &* 2, nextUsed &- 1)
    } else {
      unsafe sharedStoreRelease16(available, 1)
    }
  }
}
