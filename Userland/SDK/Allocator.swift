// Memory for Swift's arrays and classes: `posix_memalign` and `free`.
// Small blocks are cut off an arena one after the other, and go into a list of their size class when freed. Blocks of all sizes share
// pages, so that a short-lived action dirties few; the first arena is static memory and costs no system call. Large blocks have
// pages of their own and give them back when freed.
// Out of scope: threads, giving back arenas, joining freed small blocks.

import CSwiftlet

/// Stands before each block handed out.
private struct Header {
  /// Bytes from `start` on: the size of a class, or of the mapping where that is more than `largestSmall`.
  var size: Int
  /// Address of the memory that the header and the block are part of.
  var start: UInt
}

private let headerSize = 16
private let largestSmall = 32768
private let arenaSize = 262_144

/// Size classes: 16 to 128 in steps of 16, then four to each doubling, up to `largestSmall`.
private let classCount = 40

private func sizeClass(for size: Int) -> (index: Int, size: Int) {
  if size <= 128 {
    let index = (size &- 1) >> 4
    return (index, (index &+ 1) << 4)
  }
  let top = 63 &- (size &- 1).leadingZeroBitCount
  let quarter = (size &- 1) >> (top &- 2)  // 4 ... 7
  return ((top &- 6) &* 4 &+ quarter, (quarter &+ 1) << (top &- 2))
}

// SAFETY (all four): an action has one thread.
/// Heads of the lists of freed blocks; each block's first word is the address of the next.
nonisolated(unsafe) private var freed: [40 of UInt] = [40 of UInt](repeating: 0)
/// The rest of the arena.
nonisolated(unsafe) private var arenaNext: UInt = 0
nonisolated(unsafe) private var arenaEnd: UInt = 0
nonisolated(unsafe) private var usedFirstArena = false

/// Puts the address of `size` bytes, aligned to `alignment` (a power of two), into `result`. Where memory is out, the action ends with a
/// line on stderr: Swift's own code does not look at the result.
@c(posix_memalign)
func allocate(_ result: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ alignment: Int, _ size: Int) -> Int32 {
  let slack = alignment > headerSize ? alignment : 0
  let (needed, overflow) = size.addingReportingOverflow(headerSize &+ slack)
  if overflow || size < 0 || needed > Int.max - 4096 { outOfMemory() }
  let header = needed <= largestSmall ? small(needed) : large(needed)
  let mask = UInt(alignment > headerSize ? alignment : headerSize) &- 1
  let block = (header.start &+ UInt(headerSize) &+ mask) & ~mask
  // SAFETY: `needed` has room for the header, the slack of the alignment and `size` bytes.
  unsafe pointer(block &- UInt(headerSize)).storeBytes(of: header, as: Header.self)
  unsafe result.pointee = pointer(block)
  return 0
}

/// Takes back what `posix_memalign` gave. memory.asm makes it `free`, a name that Swift keeps from Swift code.
@c(swiftlet_free)
func release(_ block: UnsafeMutableRawPointer?) {
  guard let block = unsafe block else { return }
  // SAFETY: each block has its header before it.
  let header = unsafe (block - headerSize).load(as: Header.self)
  if header.size > largestSmall {
    // SAFETY: the mapping is this block's alone.
    _ = unsafe swiftlet_unmap(pointer(header.start), header.size)
  } else {
    let index = sizeClass(for: header.size).index
    // SAFETY: the block is free, so its first word is the list's.
    unsafe pointer(header.start).storeBytes(of: freed[index], as: UInt.self)
    unsafe freed[index] = header.start
  }
}

private func small(_ needed: Int) -> Header {
  let (index, size) = sizeClass(for: needed)
  let first = unsafe freed[index]
  if first != 0 {
    // SAFETY: a freed block's first word is the next one's address.
    unsafe freed[index] = pointer(first).load(as: UInt.self)
    return Header(size: size, start: first)
  }
  if unsafe arenaEnd &- arenaNext < UInt(size) { nextArena() }
  let start = unsafe arenaNext
  unsafe arenaNext = start &+ UInt(size)
  return Header(size: size, start: start)
}

private func nextArena() {
  if unsafe usedFirstArena {
    unsafe arenaNext = map(arenaSize)
    unsafe arenaEnd = arenaNext &+ UInt(arenaSize)
  } else {
    unsafe usedFirstArena = true
    unsafe arenaNext = UInt(bitPattern: swiftlet_get_arena())
    unsafe arenaEnd = arenaNext &+ UInt(SWIFTLET_ARENA_SIZE)
  }
}

private func large(_ needed: Int) -> Header {
  let size = (needed &+ 4095) & ~4095
  return Header(size: size, start: map(size))
}

private func map(_ size: Int) -> UInt {
  let result = swiftlet_map(size)
  if result < 0 { outOfMemory() }
  return UInt(bitPattern: result)
}

private func pointer(_ address: UInt) -> UnsafeMutableRawPointer {
  // SAFETY: only called with addresses of memory this file has mapped.
  unsafe UnsafeMutableRawPointer(bitPattern: address).unsafelyUnwrapped
}

private func outOfMemory() -> Never { Descriptor.fail("swiftlet: out of memory\n") }
