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
  /// Maps what entry.asm did not: memory from 4 GiB to `end`. False where memory for the tables is out.
  static func extend(to end: UInt64, features: CPUFeatures, frames: inout FrameAllocator) -> Bool {
    let base = PageEntry.present | PageEntry.writable | PageEntry.large | PageEntry.global | noExecute(features)
    let directory = Physical.load(bootPML4()) & ~0xfff
    var address: UInt64 = 4 << 30
    while address < min(end, 512 << 30) {
      let slot = directory &+ (address >> 30) &* 8
      if features.gigabytePages {
        Physical.store(slot, address | base)
      } else {
        guard let table = frames.allocate(pages: 1) else { return false }
        for index in 0..<UInt64(512) { Physical.store(table &+ index &* 8, (address &+ index << 21) | base) }
        Physical.store(slot, table | PageEntry.present | PageEntry.writable)
      }
      address &+= PageSize.huge
    }
    writeCR3(bootPML4())
    return true
  }

  /// Makes the 2 MiB pages of a device window below 4 GiB uncached.
  static func mapDevice(start: UInt64, length: UInt64) {
    let directory = Physical.load(bootPML4()) & ~0xfff
    var address = alignDown(start, PageSize.large)
    while address < min(start &+ length, 4 << 30) {
      let table = Physical.load(directory &+ (address >> 30) &* 8) & ~0xfff
      let entry = table &+ (address >> 21 & 511) &* 8
      // The first 2 MiB are the kernel's own, in small pages.
      if address >= PageSize.large {
        Physical.store(entry, Physical.load(entry) | PageEntry.uncached | PageEntry.writeThrough)
        invalidatePage(address)
      }
      address &+= PageSize.large
    }
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
    guard let table = frames.allocate(pages: 1) else { return nil }
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
