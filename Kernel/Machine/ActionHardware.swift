// The hardware's side of the running action: page table entries, copies to and from its pages, FS base, clock, randomness.
//
// User memory is reached through the physical addresses of its frames, which the page table gives, and never through the
// user's own addresses: so SMAP never has to be opened, and no stale translation can be used.
// Out of scope: what the action may do (ActionMemory and ActionProcess in Actions).

import ABI
import Actions
import Base
import Bytes
import CBoot

@safe struct ActionHardware: ~Copyable, ActionMachine {
  /// The running instance; valid for the length of an invocation.
  var instance: UnsafeMutablePointer<Instance>
  let memory: UnsafeMutablePointer<KernelMemory>
  private let core: UnsafeMutablePointer<ExecutorCore>
  let clock: Clock
  private var generator: RandomGenerator
  private var invocationRandom: InvocationRandom
  private var fsBase: UInt64 = 0
  /// The address of the instance's slot.
  private var slotBase: UInt64 = 0
  /// The private pages that are freed after this invocation.
  var transientPages = TransientPages()
  /// What the invocation that runs, or ran last, cost.
  var figures = InvocationFigures()

  init(
    instance: UnsafeMutablePointer<Instance>, memory: UnsafeMutablePointer<KernelMemory>,
    core: UnsafeMutablePointer<ExecutorCore>, features: CPUFeatures, clock: Clock, generator: consuming RandomGenerator
  ) {
    unsafe self.instance = instance
    unsafe self.memory = memory
    unsafe self.core = core
    self.clock = clock
    self.generator = generator
    invocationRandom = InvocationRandom(features)
  }

  /// Prepares for an invocation of another, or the same, instance; the thread pointer stays as it is.
  @inline(__always)
  mutating func begin(_ instance: UnsafeMutablePointer<Instance>) {
    unsafe self.instance = instance
    slotBase = unsafe instance.pointee.base
    figures = unsafe InvocationFigures(
      after: instance.pointee.restored, restoreNanoseconds: instance.pointee.restoreNanoseconds)
  }

  func isMapped(_ page: UInt32, writing: Bool) -> Bool {
    // SAFETY: the instance is valid for the invocation.
    let entry = unsafe instance.pointee.table.entry(page)
    return entry.isPresent && (!writing || entry.isWritable)
  }

  /// Whether the page table gives user mode this access to `address`, which may be any.
  @inline(__always)
  func allows(_ address: UInt64, _ access: Access) -> Bool {
    // SAFETY: the instance is valid for the invocation.
    let offset = unsafe address &- instance.pointee.base
    guard offset < AddressSpace.slotSize else { return false }
    let entry = unsafe instance.pointee.table.entry(UInt32(truncatingIfNeeded: offset >> 12))
    switch access {
    case .read: return entry.isPresent
    case .write: return entry.isPresent && entry.isWritable
    case .execute: return entry.isPresent && entry.bits & PageEntry.noExecute == 0
    }
  }

  func snapshotTemplate(at page: UInt32) -> Int? {
    // SAFETY: the instance is valid for the invocation.
    unsafe instance.pointee.snapshot.template(at: page)
  }

  mutating func map(_ page: UInt32, _ mapping: PageMapping) -> Bool {
    // SAFETY: the kernel's memory is valid.
    mapNow(page, mapping) || (unsafe reclaim(memory.pointee.frames.free &+ 256) && mapNow(page, mapping))
  }

  /// Has others' kept pages freed until `wanted` frames are free; false where there were none.
  mutating func reclaim(_ wanted: Int) -> Bool {
    // SAFETY: the core lives for ever; the instance is only compared.
    unsafe core.pointee.reclaim(wanted, sparing: instance)
  }

  private mutating func mapNow(_ page: UInt32, _ mapping: PageMapping) -> Bool {
    // SAFETY: the instance and the kernel's memory are valid, and nothing else uses them meanwhile.
    guard let entry = unsafe instance.pointee.table.makeEntryAddress(page, frames: &memory.pointee.frames) else {
      return false
    }
    let old = PageEntry(bits: Physical.load(entry))
    let noExecute = unsafe instance.pointee.noExecute
    switch mapping {
    case .showTemplate(let index, let protection):
      let frame = unsafe instance.pointee.templates[index]
      Physical.store(entry, Instance.entryBits(frame, protection, noExecute))
    case .copyTemplate(let index, let protection):
      guard let (frame, owner) = makePrivate(page) else { return false }
      unsafe copyPage(to: frame, from: instance.pointee.templates[index])
      figures.copiedInRun &+= 1
      Physical.store(entry, Instance.entryBits(frame, protection, noExecute) | owner)
    case .zeroFill(let protection):
      guard let (frame, owner) = makePrivate(page) else { return false }
      zeroPage(frame)
      figures.zeroedInRun &+= 1
      // It counts as written: where a page of the image, or of the snapshot, was unmapped or given back, zeros are not what belongs there.
      Physical.store(entry, Instance.entryBits(frame, protection, noExecute) | owner | PageEntry.dirty)
    }
    if old.isPresent { invalidate(page) }
    return true
  }

  mutating func unmap(_ pages: Range<UInt32>) -> Int {
    var freed = 0
    forEachEntry(pages) { hardware, page, address in
      let entry = PageEntry(bits: Physical.load(address))
      Physical.store(address, 0)
      if entry.isPresent { hardware.invalidate(page) }
      guard entry.bits & Instance.privateBit != 0 else { return }
      // SAFETY: the frame was this instance's own, and no translation to it is left.
      unsafe hardware.memory.pointee.frames.deallocate(entry.frame)
      freed &+= 1
    }
    guard freed > 0 else { return 0 }
    // SAFETY: the instance is valid for the invocation.
    unsafe instance.pointee.pristine.remove(pages)
    if transientPages.noteUnmapped(freed) { listTransientPages() }
    return freed
  }

  /// Makes the list of pages to free anew, from the page tables.
  @_optimize(size) @inline(never)
  private mutating func listTransientPages() {
    transientPages.removeAll()
    forEachEntry(0..<AddressSpace.pagesPerSlot) { hardware, page, address in
      guard Physical.load(address) & (Instance.privateBit | Instance.keptBit) == Instance.privateBit else { return }
      // Each of them was in the list, so there is room.
      _ = hardware.transientPages.add(page)
    }
  }

  @_optimize(size) @inline(never)
  mutating func releaseKept(_ content: (UInt32) -> PageContent?) -> Int {
    // SAFETY: the instance is valid for the invocation; its list of pages is not used inside.
    let instance = unsafe self.instance
    return unsafe instance.pointee.pristine.remove { page in
      guard let content = content(page), let address = unsafe instance.pointee.table.entryAddress(page) else { return false }
      let template: Int? =
        switch content {
        case .zeros: nil
        case .template(let index): index
        case .snapshot: unsafe instance.pointee.snapshot.template(at: page)
        }
      let entry = PageEntry(bits: Physical.load(address))
      let source = template.map { unsafe instance.pointee.templates[$0] }
      guard entry.bits & Instance.privateBit != 0, holds(entry.frame, source) else { return false }
      Physical.store(address, 0)
      invalidate(page)
      // SAFETY: the frame was this instance's own, and no translation to it is left.
      unsafe memory.pointee.frames.deallocate(entry.frame)
      return true
    }
  }

  /// Whether the page `frame` is a copy of `template`, or of zeros where that is nil.
  private func holds(_ frame: UInt64, _ template: UInt64?) -> Bool {
    for offset in stride(from: UInt64(0), to: 4096, by: 8) {
      let wanted = template.map { Physical.load($0 &+ offset) } ?? 0
      if Physical.load(frame &+ offset) != wanted { return false }
    }
    return true
  }

  mutating func protect(_ pages: Range<UInt32>, _ protection: Protection) {
    forEachEntry(pages) { hardware, page, address in
      let entry = PageEntry(bits: Physical.load(address))
      // SAFETY: the instance is valid for the invocation.
      let noExecute = unsafe hardware.instance.pointee.noExecute
      if entry.bits & Instance.privateBit != 0 {
        Physical.store(address, Instance.entryBits(entry.frame, protection, noExecute) | entry.bits & Instance.lasting)
      } else if protection == .none {
        Physical.store(address, 0)
      } else {
        Physical.store(address, Instance.entryBits(entry.frame, protection.subtracting(.write), noExecute))
      }
      if entry.isPresent { hardware.invalidate(page) }
    }
  }

  // These are mutating, since a borrowed machine would be copied for the call.
  @inline(never)
  mutating func copyIn(from address: UInt64, to bytes: inout MutableSpan<UInt8>) {
    var done = 0
    while done < bytes.count {
      let (source, length) = piece(address &+ UInt64(done), bytes.count &- done, writing: false)
      // SAFETY: `piece` stays inside one mapped frame.
      let part = unsafe Span<UInt8>(_unsafeStart: Physical.pointer(source).assumingMemoryBound(to: UInt8.self), count: length)
      bytes.copy(part, to: done)
      done &+= length
    }
  }

  @inline(never)
  mutating func append(from address: UInt64, count: Int, to buffer: inout ByteBuffer) -> Bool {
    var done = 0
    while done < count {
      let (source, length) = piece(address &+ UInt64(done), count &- done, writing: false)
      // SAFETY: `piece` stays inside one mapped frame.
      let part = unsafe Span<UInt8>(_unsafeStart: Physical.pointer(source).assumingMemoryBound(to: UInt8.self), count: length)
      guard buffer.append(part) else { return false }
      done &+= length
    }
    return true
  }

  @inline(never)
  mutating func copyOut(_ bytes: Span<UInt8>, to address: UInt64) {
    var done = 0
    while done < bytes.count {
      let (target, length) = piece(address &+ UInt64(done), bytes.count &- done, writing: true)
      // SAFETY: `piece` stays inside one mapped frame of the action's own; the span is not part of it.
      unsafe bytes.extracting(done..<(done &+ length)).withUnsafeBytes { source in
        unsafe Physical.pointer(target).copyMemory(from: source.baseAddress!, byteCount: length)
      }
      done &+= length
    }
  }

  @inline(__always)
  mutating func tryCopyOut(_ bytes: Span<UInt8>, to address: UInt64) -> Bool {
    guard let target = place(address, bytes.count, writing: true) else { return false }
    // SAFETY: `place` found as many bytes in one mapped frame of the action's own; the span is not part of it.
    unsafe bytes.withUnsafeBytes { source in
      unsafe Physical.pointer(target).copyMemory(from: source.baseAddress.unsafelyUnwrapped, byteCount: source.count)
    }
    return true
  }

  @inline(__always)
  mutating func tryAppend(from address: UInt64, count: Int, to buffer: inout ByteBuffer) -> Bool {
    guard let source = place(address, count, writing: false) else { return false }
    // SAFETY: `place` found as many bytes in one mapped frame.
    return buffer.append(unsafe Span<UInt8>(_unsafeStart: Physical.pointer(source).assumingMemoryBound(to: UInt8.self), count: count))
  }

  var threadPointer: UInt64 {
    get { fsBase }
    set {
      fsBase = newValue
      writeMSR(MSR.fsBase, newValue)
    }
  }

  mutating func random() -> UInt64 { generator.next64() }

  /// 16 bytes for AT_RANDOM.
  @inline(__always)
  mutating func auxiliaryRandom() -> (UInt64, UInt64) { invocationRandom.next(&generator) }

  var now: Instant { clock.now }

  var wallClock: UInt64 { clock.wallClockNanoseconds }

  /// The physical address of the byte at user address `address`, and how many of `count` bytes lie in the same page. The
  /// caller has checked that the page is mapped.
  @inline(__always)
  private func piece(_ address: UInt64, _ count: Int, writing: Bool) -> (address: UInt64, length: Int) {
    // SAFETY: the instance is valid for the invocation.
    let offset = unsafe address &- instance.pointee.base
    guard let entryAddress = unsafe instance.pointee.table.entryAddress(UInt32(truncatingIfNeeded: offset >> 12)) else {
      panic("a user copy met a page that is not mapped")
    }
    let entry = PageEntry(bits: Physical.load(entryAddress))
    guard entry.isPresent else { panic("a user copy met a page that is not mapped") }
    // A write through the frame's own address does not mark the page, so that is done here.
    if writing { Physical.store(entryAddress, entry.bits | PageEntry.dirty | PageEntry.accessed) }
    let inPage = Int(offset & 4095)
    return (entry.frame &+ UInt64(inPage), min(count, 4096 &- inPage))
  }

  /// The physical address of the `count` bytes (1 or more) at user address `address`, which may be any; nil where they are not all in one
  /// page that user mode itself could access so, now and without a fault.
  @inline(__always)
  private func place(_ address: UInt64, _ count: Int, writing: Bool) -> UInt64? {
    let offset = address &- slotBase
    let inPage = offset & 4095
    guard offset < AddressSpace.slotSize, inPage &+ UInt64(truncatingIfNeeded: count) <= 4096 else { return nil }
    // SAFETY: the instance is valid for the invocation.
    guard let entryAddress = unsafe instance.pointee.table.entryAddress(UInt32(truncatingIfNeeded: offset >> 12)) else { return nil }
    let entry = PageEntry(bits: Physical.load(entryAddress))
    guard entry.isPresent, !writing || entry.isWritable else { return nil }
    // As in `piece`.
    if writing { Physical.store(entryAddress, entry.bits | PageEntry.dirty | PageEntry.accessed) }
    return entry.frame &+ inPage
  }

  private func invalidate(_ page: UInt32) {
    // SAFETY: the instance is valid for the invocation.
    unsafe invalidatePage(instance.pointee.base &+ UInt64(page) << 12)
  }

  /// A frame for private page `page`, entered in one of the two lists, and the bits of its entry that say which; nil where memory is out.
  private mutating func makePrivate(_ page: UInt32) -> (frame: UInt64, owner: UInt64)? {
    // SAFETY: as in `map`.
    guard let frame = unsafe memory.pointee.frames.allocateForAction() else { return nil }
    let isKept = unsafe instance.pointee.keep(page)
    guard isKept || transientPages.add(page) else {
      unsafe memory.pointee.frames.deallocate(frame)
      return nil
    }
    return (frame, isKept ? Instance.privateBit | Instance.keptBit : Instance.privateBit)
  }

  /// Calls `body` with every page of `pages` whose entry is not zero, and the entry's address.
  private mutating func forEachEntry(_ pages: Range<UInt32>, _ body: (inout ActionHardware, UInt32, UInt64) -> Void) {
    var page = pages.lowerBound
    while page < pages.upperBound {
      // SAFETY: the instance is valid for the invocation.
      if let address = unsafe instance.pointee.table.entryAddress(page) {
        if Physical.load(address) != 0 { body(&self, page, address) }
        page &+= 1
      } else {
        page = (page | 511) &+ 1
      }
    }
  }
}
