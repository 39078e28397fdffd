// Brings an instance back to its pristine state after an invocation, and empties it of private pages when it is removed.

import ABI
import Actions
import Bytes
import CBoot

extension Instance {
  /// Every so many invocations the dirty bits are cleared, so that pages which are no longer written can be told. In
  /// between they stay set, which spares the invalidations: a page that was written once is restored each time.
  private static let agingPeriod: UInt32 = 64

  /// Restores the private pages that are kept, and what the last invocation changed of others.
  @inline(__always)
  mutating func restore(_ memory: UnsafePointer<ActionMemory>, frames: inout FrameAllocator) {
    runs &+= 1
    let (base, directory, isAging) = (base, table.directory, runs % Self.agingPeriod == 0)
    // SAFETY: the restorer uses the two pointers only inside this call, and nothing else uses what they name meanwhile.
    restored = unsafe withUnsafeMutablePointer(to: &frames) { frames in
      unsafe withUnsafeMutablePointer(to: &templates) { templates in
        var restorer = unsafe Restorer(
          base: base, directory: directory, isAging: isAging, frames: frames, templates: templates)
        return pristine.restore(&restorer)
      }
    }
    // SAFETY: the caller's memory; a pointer, since a borrowed struct would be copied for the call.
    let (image, stack) = unsafe (memory.pointee.changedImagePages, memory.pointee.changedStackPages)
    if !image.isEmpty { resetProtection(image) }
    if !stack.isEmpty { resetProtection(stack) }
    if hasSnapshot { unsafe resetProtection(memory.pointee.changedOtherPages) }
  }

  /// Frees those pages of `list` that the last invocation left private: the list has all that are not kept. One that was unmapped, and
  /// kept when it was touched again, is in it too.
  @inline(never)
  mutating func freeTransient(_ list: borrowing TransientPages, _ frames: inout FrameAllocator) {
    for index in 0..<list.count {
      let page = list[index]
      guard let address = table.entryAddress(page) else { continue }
      let entry = PageEntry(bits: Physical.load(address))
      guard entry.bits & (Self.privateBit | Self.keptBit) == Self.privateBit else { continue }
      Physical.store(address, 0)
      if entry.isPresent { invalidatePage(base &+ UInt64(page) << 12) }
      frames.deallocate(entry.frame)
    }
  }

  /// Gives pages whose protection or mapping a memory call changed what the image, or the snapshot, says of them. (Mutating,
  /// since a borrowed instance would be copied for the call.)
  @_optimize(size) @inline(never)
  private mutating func resetProtection(_ pages: Range<UInt32>) {
    var page = pages.lowerBound
    while page < pages.upperBound {
      guard let address = table.entryAddress(page) else {
        page = (page | 511) &+ 1
        continue
      }
      defer { page &+= 1 }
      let entry = PageEntry(bits: Physical.load(address))
      // A snapshot's page that is not mapped is shown when it is touched.
      if entry.bits == 0 && hasSnapshot { continue }
      if entry.bits & Self.privateBit != 0 {
        Physical.store(address, Self.entryBits(entry.frame, protection(at: page), noExecute) | entry.bits & Self.lasting)
      } else if let template = template(at: page) {
        let shown = protection(at: page).subtracting(.write)
        Physical.store(address, Self.entryBits(templates[template], shown, noExecute))
      } else {
        Physical.store(address, 0)
      }
      invalidatePage(base &+ UInt64(page) << 12)
    }
  }

  /// Frees every private page, kept ones included.
  @_optimize(size)
  mutating func freePrivatePages(_ frames: inout FrameAllocator) {
    for directoryIndex in 0..<UInt64(512) {
      let entry = Physical.load(table.directory &+ directoryIndex &* 8)
      guard entry & PageEntry.present != 0 else { continue }
      for index in 0..<UInt64(512) {
        let address = (entry & ~0xfff) &+ index &* 8
        let page = PageEntry(bits: Physical.load(address))
        guard page.bits & Self.privateBit != 0 else { continue }
        Physical.store(address, 0)
        frames.deallocate(page.frame)
      }
    }
    pristine.removeAll()
  }
}

/// What `PristinePages` restores through.
@safe private struct Restorer: ~Copyable, PageRestorer {
  let base: UInt64
  let directory: UInt64
  let isAging: Bool
  let frames: UnsafeMutablePointer<FrameAllocator>
  let templates: UnsafeMutablePointer<TemplateFrames>

  @inline(__always)
  mutating func restore(_ page: UInt32, template: Int?) -> Bool {
    let address = entryAddress(page)
    let entry = PageEntry(bits: Physical.load(address))
    guard entry.isDirty else { return false }
    if isAging {
      Physical.store(address, entry.bits & ~PageEntry.dirty)
      invalidatePage(base &+ UInt64(page) << 12)
    }
    if let template {
      copy(template, to: entry.frame)
    } else {
      restoreZeros(to: entry.frame)
    }
    return true
  }

  @inline(never)
  private mutating func copy(_ template: Int, to frame: UInt64) {
    // SAFETY: the frames are the instance's own.
    unsafe restorePage(to: frame, from: templates.pointee[template])
  }

  @_optimize(size) @inline(never)
  mutating func drop(_ page: UInt32) {
    let address = entryAddress(page)
    let entry = PageEntry(bits: Physical.load(address))
    Physical.store(address, 0)
    invalidatePage(base &+ UInt64(page) << 12)
    // SAFETY: the frame is the instance's own, and no translation to it is left.
    unsafe frames.pointee.deallocate(entry.frame)
  }

  /// A kept page's table is always there.
  @inline(__always)
  private func entryAddress(_ page: UInt32) -> UInt64 {
    let table = Physical.load(directory &+ UInt64(page >> 9) &* 8)
    guard table & PageEntry.present != 0 else { panic("a kept page has no page table") }
    return (table & ~0xfff) &+ UInt64(page & 511) &* 8
  }
}
