// brk, mmap, munmap, mprotect and madvise for anonymous private memory inside the action's own slot, as Linux defines
// them (man 2 of each). Deviations: a hint address is ignored, and no page that was ever writable becomes executable.

import ABI

extension ActionMemory {
  /// Sets the heap's end to `address`; returns the end that is in force, which is the old one where it cannot be had.
  mutating func brk<M: ActionMachine & ~Copyable>(_ address: UInt64, _ machine: inout M) -> UInt64 {
    let wanted = address &- slotBase
    let old = Self.pageRoundedUp(heapEnd)
    guard address >= slotBase, wanted >= heapStart, wanted <= heapStart &+ SlotLayout.heapLimit else {
      return slotBase &+ heapEnd
    }
    let new = Self.pageRoundedUp(wanted)
    let oldPage = UInt32(old >> AddressSpace.pageShift)
    let newPage = UInt32(new >> AddressSpace.pageShift)
    if newPage > oldPage {
      let firstPage = UInt32(heapStart >> AddressSpace.pageShift)
      guard Int(newPage &- firstPage) <= pageLimit, regions.hasRoom, regions.isFree(oldPage..<newPage) else {
        return slotBase &+ heapEnd
      }
      regions.insert(Region(start: oldPage, end: newPage, protection: [.read, .write], wasWritable: true))
    } else if newPage < oldPage {
      guard regions.canRemove(newPage..<oldPage) else { return slotBase &+ heapEnd }
      unmap(newPage..<oldPage, &machine)
    }
    heapEnd = wanted
    return slotBase &+ heapEnd
  }

  /// Maps `length` bytes of zeros; returns their address.
  mutating func mmap<M: ActionMachine & ~Copyable>(
    _ address: UInt64, length: UInt64, protection bits: UInt64, flags: UInt64, descriptor: Int32, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    let type = flags & MapFlag.typeMask
    guard length > 0, type == MapFlag.private || type == MapFlag.shared else { throw .failed(.invalidArgument) }
    // Files cannot be mapped: there are none but the three pipes.
    guard flags & MapFlag.anonymous != 0 else {
      throw .failed(descriptor >= 0 && descriptor <= 2 ? .noSuchDevice : .badFileDescriptor)
    }
    guard length <= AddressSpace.slotSize else { throw .failed(.outOfMemory) }
    let protection = Protection(bits: bits)
    guard !protection.isWritableAndExecutable else { throw .failed(.accessDenied) }
    let pages = UInt32(Self.pageRoundedUp(length) >> AddressSpace.pageShift)
    // What is more than the action may ever have is refused now rather than at the last page touched.
    guard regions.hasRoom, !protection.contains(.write) || Int(pages) <= pageLimit else {
      throw .failed(.outOfMemory)
    }

    let start: UInt32
    if flags & (MapFlag.fixed | MapFlag.fixedNoReplace) != 0 {
      guard address & (AddressSpace.pageSize - 1) == 0 else { throw .failed(.invalidArgument) }
      let offset = address &- slotBase
      guard address >= slotBase, offset >= SlotLayout.imageOffset, offset <= SlotLayout.mapLimit,
        Self.pageRoundedUp(length) <= SlotLayout.mapLimit &- offset
      else { throw .failed(.outOfMemory) }
      start = UInt32(offset >> AddressSpace.pageShift)
      if !regions.isFree(start..<(start &+ pages)) {
        guard flags & MapFlag.fixedNoReplace == 0 else { throw .failed(.exists) }
        unmap(start..<(start &+ pages), &machine)
      }
    } else {
      guard flags & MapFlag.low == 0, let found = findGap(pages) else { throw .failed(.outOfMemory) }
      start = found
    }
    regions.insert(
      Region(start: start, end: start &+ pages, protection: protection, wasWritable: protection.contains(.write)))
    return slotBase &+ UInt64(start) << AddressSpace.pageShift
  }

  /// Takes memory away; what is not mapped is no error.
  mutating func munmap<M: ActionMachine & ~Copyable>(
    _ address: UInt64, length: UInt64, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    guard let pages = pageRange(address, length), !pages.isEmpty else { throw .failed(.invalidArgument) }
    guard regions.canRemove(pages) else { throw .failed(.outOfMemory) }
    unmap(pages, &machine)
    return 0
  }

  /// Changes the protection of memory that is all mapped; otherwise nothing is changed.
  mutating func mprotect<M: ActionMachine & ~Copyable>(
    _ address: UInt64, length: UInt64, protection bits: UInt64, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    guard address & (AddressSpace.pageSize - 1) == 0, bits & ~7 == 0 else { throw .failed(.invalidArgument) }
    guard length > 0 else { return 0 }
    guard let pages = pageRange(address, length), regions.hasRoom, regions.covers(pages) else {
      throw .failed(.outOfMemory)
    }
    let protection = Protection(bits: bits)
    guard !protection.isWritableAndExecutable else { throw .failed(.accessDenied) }
    if protection.contains(.execute), regions.wasWritable(anyOf: pages) { throw .failed(.accessDenied) }
    regions.protect(pages, protection)
    noteChange(pages)
    machine.protect(pages, protection)
    return 0
  }

  /// Refuses to resize or to move memory, as Linux does where there is no room. For what is not mapped that is another error: musl's
  /// pthread_getattr_np looks for the stack's end by it.
  func mremap(_ address: UInt64, length: UInt64) throws(CallError) -> UInt64 {
    guard address & (AddressSpace.pageSize - 1) == 0 else { throw .failed(.invalidArgument) }
    guard let pages = pageRange(address, length), regions.covers(pages) else { throw .failed(.badAddress) }
    throw .failed(.outOfMemory)
  }

  /// MADV_DONTNEED and MADV_FREE put memory back to how it began (zeros, or the image's bytes); other advice changes nothing.
  mutating func madvise<M: ActionMachine & ~Copyable>(
    _ address: UInt64, length: UInt64, advice: UInt64, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    guard address & (AddressSpace.pageSize - 1) == 0 else { throw .failed(.invalidArgument) }
    guard length > 0 else { return 0 }
    guard let pages = pageRange(address, length), regions.covers(pages) else { throw .failed(.outOfMemory) }
    if advice == MemoryAdvice.dontNeed || advice == MemoryAdvice.free {
      if hasSnapshot, regions.hasSnapshot(anyOf: pages) {
        // To forget pages of the snapshot takes regions, of which an allocator that frees here and there would soon leave none for its next
        // mapping. MADV_FREE allows that they stay as they are.
        if advice == MemoryAdvice.free { return 0 }
        guard regions.hasRoom else { throw .failed(.outOfMemory) }
        regions.forgetSnapshot(pages)
      }
      noteChange(pages)
      releasePages(machine.unmap(pages))
    }
    return 0
  }

  private mutating func unmap<M: ActionMachine & ~Copyable>(_ pages: Range<UInt32>, _ machine: inout M) {
    regions.remove(pages)
    noteChange(pages)
    releasePages(machine.unmap(pages))
  }

  /// The highest free run of `pages` pages between the heap's window and `mapLimit`, the stack's guard left out.
  private func findGap(_ pages: UInt32) -> UInt32? {
    let floor = UInt32(heapStart >> AddressSpace.pageShift) &+ SlotLayout.heapPages
    var top = SlotLayout.mapEndPage
    var index = regions.count
    while true {
      let below = index > 0 ? max(regions[index &- 1].end, floor) : floor
      if top >= below, top &- below >= pages { return top &- pages }
      guard index > 0, regions[index &- 1].start > floor else { return nil }
      index &-= 1
      top = min(top, regions[index].start)
      if top == SlotLayout.stackFirstPage { top &-= SlotLayout.stackGuardPages }
    }
  }

  /// The pages of a page-aligned run inside the slot; nil for any other.
  private func pageRange(_ address: UInt64, _ length: UInt64) -> Range<UInt32>? {
    let offset = address &- slotBase
    guard address & (AddressSpace.pageSize - 1) == 0, offset < AddressSpace.slotSize,
      length <= AddressSpace.slotSize &- offset
    else { return nil }
    let first = UInt32(offset >> AddressSpace.pageShift)
    return first..<(first &+ UInt32(Self.pageRoundedUp(length) >> AddressSpace.pageShift))
  }

  /// `value` is at most the slot's size.
  private static func pageRoundedUp(_ value: UInt64) -> UInt64 {
    (value &+ (AddressSpace.pageSize - 1)) & ~(AddressSpace.pageSize - 1)
  }
}

extension Protection {
  /// What the PROT_* bits of a call ask for. On x86 all that may be written or executed may be read: a template page that is shown
  /// without the right to write must be there all the same.
  fileprivate init(bits: UInt64) {
    self.init(rawValue: UInt8(bits & 7))
    if self != .none { insert(.read) }
  }
}
