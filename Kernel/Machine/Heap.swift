// The kernel's heap: small objects in pages cut into equal pieces, larger ones in runs of frames.
// Out of scope: the C symbols that the Swift runtime calls (RuntimeSymbols.swift).

import CBoot

/// Allocates and frees objects of any size, within a bound.
///
/// A page of small objects begins with a header: its class, how many objects are in use, its first free object,
/// its neighbours in the class's list of pages that have room or had until a moment ago, and its objects' size. A page whose
/// objects are all free goes back to the frames, but for one a class, so that a steady load allocates no frames at all.
public struct Heap: ~Copyable {
  static let largestSmall: UInt = 2016
  private static let headerSize: UInt64 = 48

  /// The header's fields, as byte offsets.
  private enum Header {
    static let sizeClass: UInt64 = 0
    /// Objects in use, times two; plus one while the page is in no list.
    static let used: UInt64 = 8
    static let firstFree: UInt64 = 16
    static let next: UInt64 = 24
    static let previous: UInt64 = 32
    static let objectSize: UInt64 = 40
  }

  private let sizes: [22 of UInt16] = [
    16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 672, 800, 1008, 1344, 2016,
  ]
  /// The class of each size in steps of 16 bytes.
  private var classOfStep: [127 of UInt8] = .init(repeating: 0)
  /// The first page of each class's list.
  private var partial: [22 of UInt64] = .init(repeating: 0)
  /// A page of each class that was empty when this was set, and stays whether or not it is; 0 where none ever was.
  private var spare: [22 of UInt64] = .init(repeating: 0)

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

  /// The address of `size` bytes, aligned to 16, where that is an object of a page that has room; else nil, and nothing done.
  @inline(__always)
  mutating func allocateQuickly(_ size: Int) -> UInt64? {
    guard UInt(bitPattern: size) <= Self.largestSmall else { return nil }
    let page = partial[Int(classOfStep[(size &+ 15) >> 4])]
    guard page != 0 else { return nil }
    let object = Physical.load(page &+ Header.firstFree)
    guard object != 0 else { return nil }
    Physical.store(page &+ Header.firstFree, Physical.load(object))
    Physical.store(page &+ Header.used, Physical.load(page &+ Header.used) &+ 2)
    bytesInUse &+= Int(truncatingIfNeeded: Physical.load(page &+ Header.objectSize))
    return object
  }

  /// The address of `size` bytes, aligned to `alignment` (a power of two up to 4096); nil where memory is out.
  @inline(never)
  mutating func allocate(_ size: Int, alignment: Int, frames: inout FrameAllocator) -> UInt64? {
    guard UInt(bitPattern: size) <= Self.largestSmall, alignment <= 16 else { return allocateLarge(size, alignment, &frames) }
    let sizeClass = Int(classOfStep[(size &+ 15) >> 4])
    // A full page leaves the list when room is looked for, not when it becomes full: it may have room again before that.
    while partial[sizeClass] != 0, Physical.load(partial[sizeClass] &+ Header.firstFree) == 0 { unlink(partial[sizeClass], sizeClass) }
    guard partial[sizeClass] != 0 || makePage(sizeClass, &frames) else { return nil }
    return allocateQuickly(size)
  }

  /// Takes back what `allocate` gave, where that is an object of a page that stays where it is; else false, and nothing done.
  @inline(__always)
  mutating func deallocateQuickly(_ address: UInt64, _ frames: borrowing FrameAllocator) -> Bool {
    let page = alignDown(address, PageSize.small)
    guard frames.isSlab(page) else { return false }
    let used = Physical.load(page &+ Header.used)
    guard used & 1 == 0, used != 2 || spare[Int(truncatingIfNeeded: Physical.load(page &+ Header.sizeClass))] == page else { return false }
    takeBack(address, page)
    return true
  }

  /// Takes back what `allocate` gave. A page that has room again is entered into the list; one whose objects are all free is given back
  /// where another such is kept.
  @inline(never)
  mutating func deallocate(_ address: UInt64, frames: inout FrameAllocator) {
    let page = alignDown(address, PageSize.small)
    guard frames.isSlab(page) else { return deallocateLarge(address, &frames) }
    takeBack(address, page)
    let sizeClass = Int(truncatingIfNeeded: Physical.load(page &+ Header.sizeClass))
    if Physical.load(page &+ Header.used) & 1 != 0 { link(page, sizeClass) }
    guard Physical.load(page &+ Header.used) == 0 else { return }
    let kept = spare[sizeClass]
    guard kept != 0, kept != page, Physical.load(kept &+ Header.used) == 0 else {
      spare[sizeClass] = page
      return
    }
    unlink(page, sizeClass)
    framesInUse &-= 1
    frames.deallocate(page)
  }

  @inline(__always)
  private mutating func takeBack(_ object: UInt64, _ page: UInt64) {
    Physical.store(object, Physical.load(page &+ Header.firstFree))
    Physical.store(page &+ Header.firstFree, object)
    Physical.store(page &+ Header.used, Physical.load(page &+ Header.used) &- 2)
    bytesInUse &-= Int(truncatingIfNeeded: Physical.load(page &+ Header.objectSize))
  }

  @inline(never)
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

  @inline(never)
  private mutating func deallocateLarge(_ address: UInt64, _ frames: inout FrameAllocator) {
    let before = frames.free
    frames.deallocate(address)
    framesInUse &-= frames.free &- before
    bytesInUse &-= (frames.free &- before) << 12
  }

  /// Makes a page of free objects the class's only one; false where memory is out.
  private mutating func makePage(_ sizeClass: Int, _ frames: inout FrameAllocator) -> Bool {
    guard framesInUse < frameLimit, let page = frames.allocate(pages: 1) else { return false }
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
    Physical.store(page &+ Header.used, 1)
    Physical.store(page &+ Header.firstFree, next)
    Physical.store(page &+ Header.objectSize, size)
    link(page, sizeClass)
    return true
  }

  /// Enters a page into its class's list, second where there is a first: that one is used up before.
  private mutating func link(_ page: UInt64, _ sizeClass: Int) {
    let first = partial[sizeClass]
    let next = first != 0 ? Physical.load(first &+ Header.next) : 0
    Physical.store(page &+ Header.next, next)
    Physical.store(page &+ Header.previous, first)
    if next != 0 { Physical.store(next &+ Header.previous, page) }
    if first != 0 { Physical.store(first &+ Header.next, page) } else { partial[sizeClass] = page }
    Physical.store(page &+ Header.used, Physical.load(page &+ Header.used) & ~1)
  }

  private mutating func unlink(_ page: UInt64, _ sizeClass: Int) {
    let next = Physical.load(page &+ Header.next)
    let previous = Physical.load(page &+ Header.previous)
    if next != 0 { Physical.store(next &+ Header.previous, previous) }
    if previous != 0 { Physical.store(previous &+ Header.next, next) } else { partial[sizeClass] = next }
    Physical.store(page &+ Header.used, Physical.load(page &+ Header.used) | 1)
  }
}
