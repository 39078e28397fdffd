// The kernel's heap: small objects in pages cut into equal pieces, larger ones in runs of frames.
// Out of scope: the C symbols that the Swift runtime calls (RuntimeSymbols.swift).

import CBoot

/// Allocates and frees objects of any size, within a bound.
///
/// A page of small objects begins with a header: its class, how many objects are in use, its first free object and
/// its neighbours in the class's list of pages that have room. A page whose objects are all free goes back to the
/// frames, but for one a class, so that a steady load allocates no frames at all.
public struct Heap: ~Copyable {
  static let largestSmall = 2016
  private static let headerSize: UInt64 = 48
  private static let classCount = 22

  /// The header's fields, as byte offsets.
  private enum Header {
    static let sizeClass: UInt64 = 0
    static let used: UInt64 = 8
    static let firstFree: UInt64 = 16
    static let next: UInt64 = 24
    static let previous: UInt64 = 32
  }

  private let sizes: [22 of UInt16] = [
    16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 672, 800, 1008, 1344, 2016,
  ]
  /// The class of each size in steps of 16 bytes.
  private var classOfStep: [127 of UInt8] = .init(repeating: 0)
  private var partial: [22 of UInt64] = .init(repeating: 0)

  /// Frames that the heap may hold, but for those that a large run is rounded up by.
  private let frameLimit: Int
  /// Frames that large objects leave free, for page tables, stacks and small objects.
  private let reserve: Int
  /// Frames that the heap holds.
  public private(set) var framesInUse = 0
  /// Bytes of objects in use, rounded up to their class or to whole frames.
  public private(set) var bytesInUse = 0

  init(frameLimit: Int, reserve: Int) {
    self.frameLimit = frameLimit
    self.reserve = reserve
    var sizeClass = 0
    for step in 0..<127 {
      if step &* 16 > Int(sizes[sizeClass]) { sizeClass &+= 1 }
      classOfStep[step] = UInt8(truncatingIfNeeded: sizeClass)
    }
  }

  /// The address of `size` bytes, aligned to `alignment` (a power of two up to 4096); nil where memory is out.
  mutating func allocate(_ size: Int, alignment: Int, frames: inout FrameAllocator) -> UInt64? {
    guard size <= Self.largestSmall && alignment <= 16 else { return allocateLarge(size, alignment, &frames) }
    let sizeClass = Int(classOfStep[(size &+ 15) >> 4])
    var page = partial[sizeClass]
    if page == 0 {
      guard let fresh = makePage(sizeClass, &frames) else { return nil }
      page = fresh
    }
    let object = Physical.load(page &+ Header.firstFree)
    let next = Physical.load(object)
    Physical.store(page &+ Header.firstFree, next)
    Physical.store(page &+ Header.used, Physical.load(page &+ Header.used) &+ 1)
    if next == 0 { unlink(page, sizeClass) }
    bytesInUse &+= Int(sizes[sizeClass])
    return object
  }

  /// Takes back what `allocate` gave.
  mutating func deallocate(_ address: UInt64, frames: inout FrameAllocator) {
    let page = alignDown(address, PageSize.small)
    guard frames.isSlab(page) else { return deallocateLarge(address, &frames) }
    let sizeClass = Int(Physical.load(page &+ Header.sizeClass))
    let next = Physical.load(page &+ Header.firstFree)
    let used = Physical.load(page &+ Header.used) &- 1
    Physical.store(address, next)
    Physical.store(page &+ Header.firstFree, address)
    Physical.store(page &+ Header.used, used)
    bytesInUse &-= Int(sizes[sizeClass])
    if next == 0 { link(page, sizeClass) }
    let isOnlyOne = partial[sizeClass] == page && Physical.load(page &+ Header.next) == 0
    guard used == 0, !isOnlyOne else { return }
    unlink(page, sizeClass)
    framesInUse &-= 1
    frames.deallocate(page)
  }

  private mutating func allocateLarge(_ size: Int, _ alignment: Int, _ frames: inout FrameAllocator) -> UInt64? {
    guard size >= 0, size <= 1 << 40, alignment <= Int(PageSize.small) else { return nil }
    let pages = max(1, (size &+ 4095) >> 12)
    guard framesInUse &+ pages <= frameLimit, pages &+ reserve <= frames.free else { return nil }
    let before = frames.free
    guard let address = frames.allocate(pages: pages) else { return nil }
    framesInUse &+= before &- frames.free
    bytesInUse &+= (before &- frames.free) << 12
    return address
  }

  private mutating func deallocateLarge(_ address: UInt64, _ frames: inout FrameAllocator) {
    let before = frames.free
    frames.deallocate(address)
    framesInUse &-= frames.free &- before
    bytesInUse &-= (frames.free &- before) << 12
  }

  private mutating func makePage(_ sizeClass: Int, _ frames: inout FrameAllocator) -> UInt64? {
    guard framesInUse < frameLimit, let page = frames.allocate(pages: 1) else { return nil }
    frames.markSlab(page)
    framesInUse &+= 1
    let size = UInt64(sizes[sizeClass])
    var next: UInt64 = 0
    var object = page &+ Self.headerSize &+ ((PageSize.small &- Self.headerSize) / size &- 1) &* size
    while object >= page &+ Self.headerSize {
      Physical.store(object, next)
      next = object
      object &-= size
    }
    Physical.store(page &+ Header.sizeClass, UInt64(sizeClass))
    Physical.store(page &+ Header.used, 0)
    Physical.store(page &+ Header.firstFree, next)
    link(page, sizeClass)
    return page
  }

  private mutating func link(_ page: UInt64, _ sizeClass: Int) {
    let next = partial[sizeClass]
    Physical.store(page &+ Header.next, next)
    Physical.store(page &+ Header.previous, 0)
    if next != 0 { Physical.store(next &+ Header.previous, page) }
    partial[sizeClass] = page
  }

  private mutating func unlink(_ page: UInt64, _ sizeClass: Int) {
    let next = Physical.load(page &+ Header.next)
    let previous = Physical.load(page &+ Header.previous)
    if next != 0 { Physical.store(next &+ Header.previous, previous) }
    if previous != 0 { Physical.store(previous &+ Header.next, next) } else { partial[sizeClass] = next }
  }
}
