// The upper part of the single address space: which slot has which page directory, and which one user mode may touch.


import CBoot

/// PML4 entries 1 to 255 and their page directory pointer tables, which only the PML4 itself lists.
///
/// All slots stay mapped, supervisor only; at most one, the active one, is open to user mode. It stays open after its
/// action has ended, when only the kernel runs, so that the next invocation of the same action pays nothing.
struct SlotSpace: ~Copyable {
  private var active: UInt32? = nil
  /// A slot numbers its PML4 entry in the high bits and the entry of that table in the low nine.
  private static let firstPML4: UInt32 = 1

  /// Gives slot `slot` its page directory; false where memory for a table is out.
  mutating func attach(_ slot: UInt32, directory: UInt64, frames: inout FrameAllocator) -> Bool {
    let root = rootEntry(slot)
    if Physical.load(root) == 0 {
      guard let table = frames.allocate(pages: 1) else { return false }
      zeroPage(table)
      // The border of user mode is the next level's entry.
      let flags = PageEntry.present | PageEntry.writable | PageEntry.user
      Physical.store(root, table | flags)
    }
    Physical.store(entryAddress(slot), directory | PageEntry.present | PageEntry.writable)
    return true
  }

  /// Takes slot `slot` out of the address space and forgets every translation of it.
  mutating func detach(_ slot: UInt32) {
    Physical.store(entryAddress(slot), 0)
    if active == slot { active = nil }
    flush()
  }

  /// Opens `slot` to user mode, and closes the one that was open. A reload of CR3 drops every translation that is not
  /// global, and with them all that the last action left; one INVLPG would not.
  @inline(__always)
  mutating func activate(_ slot: UInt32) {
    guard active != slot else { return }
    if let old = active {
      let entry = entryAddress(old)
      Physical.store(entry, Physical.load(entry) & ~PageEntry.user)
    }
    let entry = entryAddress(slot)
    Physical.store(entry, Physical.load(entry) | PageEntry.user)
    active = slot
    flush()
  }

  /// Drops every translation of user pages.
  func flush() { writeCR3(KernelMap.root) }

  @inline(__always)
  private func entryAddress(_ slot: UInt32) -> UInt64 {
    Physical.load(rootEntry(slot)) & ~0xfff &+ UInt64(slot & 511) &* 8
  }

  @inline(__always)
  private func rootEntry(_ slot: UInt32) -> UInt64 { KernelMap.root &+ UInt64(slot >> 9 &+ Self.firstPML4) &* 8 }
}
