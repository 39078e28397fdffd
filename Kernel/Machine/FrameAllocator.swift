// Physical memory in 4 KiB frames: a binary buddy allocator that also gives runs of any number of frames.
// Out of scope: small objects (Heap.swift), the memory map (BootInformation.swift).

import CBoot

/// Hands out and takes back runs of physically contiguous frames.
///
/// Free blocks are linked through their own first bytes; one 32-bit word a frame, in a table at the start of the
/// largest range, says what a frame is.
///
/// Memory is some hundreds of chunks. What is small fits into chunks that are in use already, at O(log n), or begins the
/// lowest free one; a large run takes whole chunks, the highest that are free. So what lives long lies together, and not
/// between the large runs of requests that come and go. Finding a chunk costs a step for each that is in use, at most.
public struct FrameAllocator: ~Copyable {
  private static let orders = 19
  private static let stateMask: UInt32 = 0xf
  private static let none: UInt64 = 0

  /// What a frame is: the low four bits of its word; the rest is a number that belongs to it.
  enum State: UInt32 {
    /// Not memory, or never given to the allocator.
    case reserved = 0
    /// The first frame of a free block; the number is its order.
    case free = 1
    /// The first frame of an allocated run; the number is its length in frames.
    case run = 2
    /// A page of small objects.
    case slab = 3
  }

  private let table: UInt64
  private let frameLimit: UInt64
  private var heads: [19 of UInt64] = .init(repeating: 0)
  /// A chunk is a block of this order: 1/512 to 1/256 of memory, at most 2 MiB.
  private let chunkOrder: Int
  /// No chunk below this frame is wholly free.
  private var lowestChunk: UInt64 = 0

  /// Frames that the allocator was given in all.
  public private(set) var total = 0
  /// Frames that are free.
  public private(set) var free = 0

  /// Frames that no action may take.
  private var kernelReserve: Int { max(32, total >> 6) }

  /// An allocator for memory below `limit`, whose table of `tableBytes(limit)` zeroed bytes is at `table`.
  init(table: UInt64, limit: UInt64) {
    self.table = table
    frameLimit = limit >> 12
    chunkOrder = max(0, min(9, UInt64.bitWidth &- 9 &- frameLimit.leadingZeroBitCount))
  }

  static func tableBytes(limit: UInt64) -> UInt64 { alignUp((limit >> 12) &* 4, PageSize.small) }

  /// Gives the frames that lie wholly in `start..<end` to the allocator.
  mutating func add(start: UInt64, end: UInt64) {
    let first = alignUp(start, PageSize.small) >> 12
    let last = min(end >> 12, frameLimit)
    guard first < last else { return }
    total &+= Int(last &- first)
    release(first: first, count: last &- first)
  }

  /// The address of `pages` contiguous frames, contents undefined; nil where there is no such run. A large run may be
  /// longer, by less than a chunk; `free` tells.
  mutating func allocate(pages: Int) -> UInt64? {
    guard pages > 0, pages <= 1 << (Self.orders - 1) else { return nil }
    let wanted = pages == 1 ? 0 : Int.bitWidth &- (pages &- 1).leadingZeroBitCount
    var order = wanted
    while order < chunkOrder && heads[order] == Self.none { order &+= 1 }
    guard order < chunkOrder else { return allocateChunks(pages) }
    let address = heads[order]
    unlink(address, order)
    free &-= 1 << order
    let frame = address >> 12
    let surplus = (1 << order) &- pages
    if surplus > 0 { release(first: frame &+ UInt64(pages), count: UInt64(surplus)) }
    setWord(frame, .run, UInt32(truncatingIfNeeded: pages))
    return address
  }

  /// A run that begins in free chunks. From eight chunks on it is rounded up to whole ones: what it left of the last
  /// would soon hold something small, which stays.
  @_optimize(size) @inline(never)
  private mutating func allocateChunks(_ pages: Int) -> UInt64? {
    let unit: UInt64 = 1 << UInt64(chunkOrder)
    let isLarge = pages >> chunkOrder >= 8
    let count = isLarge ? alignUp(UInt64(pages), unit) : UInt64(pages)
    guard let (area, start) = findChunks(count, highest: isLarge) else { return nil }
    take(start, count, from: area)
    setWord(start, .run, UInt32(truncatingIfNeeded: count))
    return start << 12
  }

  /// The lowest or the highest `count` frames in adjacent free chunks, and the first free chunk before them.
  @_optimize(size) @inline(never)
  private mutating func findChunks(_ count: UInt64, highest: Bool) -> (area: UInt64, start: UInt64)? {
    let unit: UInt64 = 1 << UInt64(chunkOrder)
    var found: (area: UInt64, start: UInt64)? = nil
    var frame = lowestChunk
    var area = frame
    lowestChunk = frameLimit
    while frame < frameLimit {
      let length = UInt64(number(frame))
      guard state(frame) == .free, length >= chunkOrder else {
        frame &+= state(frame) == .run ? alignUp(length, unit) : unit
        area = frame
        continue
      }
      lowestChunk = min(lowestChunk, frame)
      frame &+= 1 << length
      guard frame &- area >= count else { continue }
      found = (area, highest ? frame &- count : area)
      if !highest { break }
    }
    return found
  }

  /// Takes `count` frames from `start` on out of the free blocks that follow each other from `area` on.
  @_optimize(size) @inline(never)
  private mutating func take(_ start: UInt64, _ count: UInt64, from area: UInt64) {
    let end = start &+ count
    var frame = area
    while frame < end {
      let order = Int(number(frame))
      let next = frame &+ 1 << UInt64(order)
      if next > start {
        unlink(frame << 12, order)
        free &-= 1 << order
        if frame < start { release(first: frame, count: start &- frame) }
        if next > end { release(first: end, count: next &- end) }
      }
      frame = next
    }
  }

  /// One frame for an action's page; nil also where so few are left that the kernel's own small objects might get none.
  mutating func allocateForAction() -> UInt64? {
    free > kernelReserve ? allocate(pages: 1) : nil
  }

  /// Takes back a run that `allocate` gave.
  mutating func deallocate(_ address: UInt64) {
    let frame = address >> 12
    guard state(frame) == .run || state(frame) == .slab else { panic("a frame was freed that was not allocated") }
    let count = state(frame) == .slab ? 1 : UInt64(number(frame))
    setWord(frame, .reserved, 0)
    release(first: frame, count: count)
  }

  /// Marks a one-frame run as a page of small objects.
  mutating func markSlab(_ address: UInt64) { setWord(address >> 12, .slab, 0) }

  @inline(__always)
  func isSlab(_ address: UInt64) -> Bool {
    let frame = address >> 12
    return frame < frameLimit && word(frame) == Self.encode(.slab, 0)
  }

  /// Adds `count` frames from `first` on to the free lists, as the largest aligned blocks that they form.
  private mutating func release(first: UInt64, count: UInt64) {
    var frame = first
    var left = count
    while left > 0 {
      let alignment = min(frame.trailingZeroBitCount, Self.orders &- 1)
      let size = UInt64.bitWidth &- 1 &- left.leadingZeroBitCount
      let order = min(alignment, size)
      releaseBlock(frame, order)
      frame &+= 1 << UInt64(order)
      left &-= 1 << UInt64(order)
    }
  }

  /// Frees one block, merging it with its buddy for as long as that is free and of the same order.
  private mutating func releaseBlock(_ start: UInt64, _ startOrder: Int) {
    var frame = start
    var order = startOrder
    free &+= 1 << order
    while order < Self.orders &- 1 {
      let buddy = frame ^ (1 << UInt64(order))
      guard buddy < frameLimit, word(buddy) == Self.encode(.free, UInt32(truncatingIfNeeded: order)) else { break }
      unlink(buddy << 12, order)
      frame = min(frame, buddy)
      order &+= 1
    }
    if order >= chunkOrder { lowestChunk = min(lowestChunk, frame) }
    link(frame << 12, order)
  }

  private mutating func link(_ address: UInt64, _ order: Int) {
    let next = heads[order]
    Physical.store(address, next)
    Physical.store(address &+ 8, Self.none)
    if next != Self.none { Physical.store(next &+ 8, address) }
    heads[order] = address
    setWord(address >> 12, .free, UInt32(truncatingIfNeeded: order))
  }

  private mutating func unlink(_ address: UInt64, _ order: Int) {
    let next = Physical.load(address)
    let previous = Physical.load(address &+ 8)
    if next != Self.none { Physical.store(next &+ 8, previous) }
    if previous != Self.none { Physical.store(previous, next) } else { heads[order] = next }
    setWord(address >> 12, .reserved, 0)
  }

  private static func encode(_ state: State, _ number: UInt32) -> UInt32 { number << 4 | state.rawValue }

  private func word(_ frame: UInt64) -> UInt32 {
    // SAFETY: the table has a word for every frame below frameLimit; callers check or own the frame.
    unsafe Physical.pointer(table &+ frame &* 4).load(as: UInt32.self)
  }

  private func setWord(_ frame: UInt64, _ state: State, _ number: UInt32) {
    // SAFETY: as in `word`.
    unsafe Physical.pointer(table &+ frame &* 4).storeBytes(of: Self.encode(state, number), as: UInt32.self)
  }

  private func state(_ frame: UInt64) -> State {
    guard frame < frameLimit else { return .reserved }
    return State(rawValue: word(frame) & Self.stateMask) ?? .reserved
  }

  private func number(_ frame: UInt64) -> UInt32 { word(frame) >> 4 }
}
