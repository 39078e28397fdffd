// The four-level page tables (AMD64 manual, volume 2, section 5.3): the kernel's own part, and the table of one slot.
// Out of scope: which pages an action may have (Actions), when they change (Instance.swift).

import CBoot

/// Bits of a page table entry.
struct PageEntry: Equatable {
  var bits: UInt64

  static let present: UInt64 = 1 << 0
  static let writable: UInt64 = 1 << 1
  static let user: UInt64 = 1 << 2
  static let writeThrough: UInt64 = 1 << 3
  static let uncached: UInt64 = 1 << 4
  static let accessed: UInt64 = 1 << 5
  static let dirty: UInt64 = 1 << 6
  static let large: UInt64 = 1 << 7
  static let global: UInt64 = 1 << 8
  static let noExecute: UInt64 = 1 << 63
  private static let addressMask: UInt64 = 0x000f_ffff_ffff_f000

  static var absent: PageEntry { PageEntry(bits: 0) }

  var isPresent: Bool { bits & Self.present != 0 }
  var isWritable: Bool { bits & Self.writable != 0 }
  var isDirty: Bool { bits & Self.dirty != 0 }
  var frame: UInt64 { bits & Self.addressMask }
}

/// The kernel's half of the address space: all physical memory, one to one, in PML4 entry 0.
enum KernelMap {
  /// The PML4's address. Set once, at boot.
  nonisolated(unsafe) private static var pml4: UInt64 = 0

  static var root: UInt64 {
    // SAFETY: set at boot, before anything else asks.
    unsafe pml4
  }

  /// Moves the tables that entry.asm built in the kernel's stack to frames of their own, and unmaps page 0. Nothing above
  /// 1 GiB is mapped yet. False where memory is out.
  static func adopt(frames: inout FrameAllocator) -> Bool {
    var from = readCR3()
    var parent: UInt64 = 0
    // PML4, its first entry's table, that one's, and that one's: down to the small pages of the first 2 MiB.
    for _ in 0..<4 {
      guard let table = frames.allocate(pages: 1) else { return false }
      copyPage(to: table, from: from)
      if parent == 0 {
        // SAFETY: boot; nobody has asked for it yet.
        unsafe pml4 = table
      } else {
        Physical.store(parent, Physical.load(parent) & 0xfff | table)
      }
      parent = table
      from = Physical.load(table) & ~0xfff
    }
    // The last is that of the small pages: from now on a null pointer faults.
    Physical.store(parent, 0)
    // The entries are global, so reloading CR3 alone would keep what is cached of page 0.
    writeCR3(root)
    invalidatePage(0)
    return true
  }

  /// Maps all other memory below `end` (at most 512 GiB), and everything below 4 GiB: what is above 3 GiB there is for devices
  /// and uncached. False where memory for the tables is out.
  static func extend(to end: UInt64, features: CPUFeatures, frames: inout FrameAllocator) -> Bool {
    let directory = Physical.load(root) & ~0xfff
    var address = PageSize.huge
    while address < max(end, 4 << 30) {
      var base = PageEntry.present | PageEntry.writable | PageEntry.large | PageEntry.global | noExecute(features)
      if address == 3 << 30 { base |= PageEntry.uncached | PageEntry.writeThrough }
      let entry = directory &+ (address >> 30) &* 8
      if features.gigabytePages {
        Physical.store(entry, address | base)
      } else {
        guard let table = frames.allocate(pages: 1) else { return false }
        for index in 0..<UInt64(512) { Physical.store(table &+ index &* 8, (address &+ index << 21) | base) }
        Physical.store(entry, table | PageEntry.present | PageEntry.writable)
      }
      address &+= PageSize.huge
    }
    return true
  }

  static func noExecute(_ features: CPUFeatures) -> UInt64 { features.noExecute ? PageEntry.noExecute : 0 }
}

/// The page directory and page tables of one slot.
///
/// Page numbers count from the slot's base. The frames that the entries name belong to others; those of the tables
/// belong to this value, and `destroy` gives them back.
struct SlotPageTable: ~Copyable {
  /// The page directory's physical address.
  let directory: UInt64
  /// Frames that the directory and the tables take.
  private(set) var frameCount = 1
  private static let tableFlags = PageEntry.present | PageEntry.writable | PageEntry.user

  /// Nil where memory is out.
  init?(frames: inout FrameAllocator) {
    guard let page = frames.allocate(pages: 1) else { return nil }
    zeroPage(page)
    directory = page
  }

  /// The address of the page's entry; nil where its table does not exist.
  @inline(__always)
  func entryAddress(_ page: UInt32) -> UInt64? {
    let table = Physical.load(directory &+ UInt64(page >> 9) &* 8)
    guard table & PageEntry.present != 0 else { return nil }
    return (table & ~0xfff) &+ UInt64(page & 511) &* 8
  }

  /// The address of the page's entry, whose table is made where it does not exist; nil where memory is out.
  mutating func makeEntryAddress(_ page: UInt32, frames: inout FrameAllocator) -> UInt64? {
    if let address = entryAddress(page) { return address }
    guard let table = frames.allocateForAction() else { return nil }
    zeroPage(table)
    frameCount &+= 1
    Physical.store(directory &+ UInt64(page >> 9) &* 8, table | Self.tableFlags)
    return table &+ UInt64(page & 511) &* 8
  }

  @inline(__always)
  func entry(_ page: UInt32) -> PageEntry {
    guard let address = entryAddress(page) else { return .absent }
    return PageEntry(bits: Physical.load(address))
  }

  /// Gives back the frames of the directory and the tables.
  mutating func destroy(frames: inout FrameAllocator) {
    for index in 0..<UInt64(512) {
      let table = Physical.load(directory &+ index &* 8)
      if table & PageEntry.present != 0 { frames.deallocate(table & ~0xfff) }
    }
    frames.deallocate(directory)
    frameCount = 0
  }
}
