// Loop mode: turns what an action has made of its memory and its CPU state into what its invocations begin with.

import ABI
import Actions
import Bytes
import CBoot

/// The CPU's part of a snapshot, in one frame: the XSAVE area (at most 2,688 bytes, with AVX-512), then a `user_state`.
struct ProcessorState {
  private static let registersOffset: UInt64 = 3072
  /// The frame; 0 for no snapshot.
  var frame: UInt64 = 0

  var registers: UnsafeMutablePointer<user_state> {
    // SAFETY: the caller asks only where there is a frame, which is this value's own.
    unsafe Physical.pointer(frame &+ Self.registersOffset).assumingMemoryBound(to: user_state.self)
  }
}

extension Instance {
  /// Makes the state that `process` is in, and the CPU's, that of each invocation from now on. No page is copied: private pages
  /// become template pages. False, and nothing changed, where memory is out. Translations must be flushed after it.
  @_optimize(size) @inline(never)
  mutating func takeSnapshot(
    of process: borrowing ActionProcess, _ registers: user_state, _ floatingPoint: FloatingPointReset,
    memory: UnsafeMutablePointer<KernelMemory>
  ) -> Bool {
    // SAFETY: the kernel's memory is reached only from here meanwhile.
    guard let frame = unsafe memory.pointee.frames.allocateForAction() else { return false }
    guard let list = TemplateFrames(capacity: process.memory.usedPages) else {
      unsafe memory.pointee.frames.deallocate(frame)
      return false
    }
    var collector = unsafe PageCollector(
      directory: table.directory, noExecute: noExecute, memory: memory, kept: list)
    swap(&templates, &collector.image)
    guard let snapshot = Snapshot(of: process, from: &collector) else {
      swap(&templates, &collector.image)
      unsafe memory.pointee.frames.deallocate(frame)
      return false
    }
    collector.freeTemplates(before: collector.image.count)
    swap(&templates, &collector.kept)
    self.snapshot = snapshot
    pristine.removeAll()
    zeroPage(frame)
    floatingPoint.save(to: frame)
    processorState = ProcessorState(frame: frame)
    unsafe processorState.registers.initialize(to: registers)
    return true
  }

  /// Whether invocations begin with a snapshot.
  var hasSnapshot: Bool { processorState.frame != 0 }

  /// Notes that page `page` became private; false where it is freed after the run.
  mutating func keep(_ page: UInt32) -> Bool {
    // Kept pages count for the memory limit of the next invocation, whatever that writes: an eighth of it is the most that they may take.
    guard pristine.count < limits.memoryBytes >> 15 else { return false }
    let template = template(at: page)
    return pristine.add(page, template: template, isMapped: template != nil || protection(at: page) != .none)
  }

  // Mutating, since a borrowed instance would be copied for the call.
  @inline(never)
  mutating func template(at page: UInt32) -> Int? { hasSnapshot ? snapshot.template(at: page) : layout.template(at: page) }

  @inline(never)
  mutating func protection(at page: UInt32) -> Protection {
    hasSnapshot ? snapshot.protection(at: page) : layout.protection(at: page)
  }
}

/// Collects the frames of a snapshot's template pages.
@safe private struct PageCollector: ~Copyable, SnapshotSource {
  let directory: UInt64
  let noExecute: UInt64
  let memory: UnsafeMutablePointer<KernelMemory>
  /// The image's template pages; those before `next` were kept or freed.
  var image = TemplateFrames()
  var next = 0
  /// The snapshot's, with room for all that there can be.
  var kept: TemplateFrames

  init(
    directory: UInt64, noExecute: UInt64, memory: UnsafeMutablePointer<KernelMemory>, kept: consuming TemplateFrames
  ) {
    self.directory = directory
    self.noExecute = noExecute
    unsafe self.memory = memory
    self.kept = kept
  }

  @_optimize(size) @inline(never)
  func firstPrivatePage(in pages: Range<UInt32>) -> UInt32? {
    var page = pages.lowerBound
    while page < pages.upperBound {
      let table = Physical.load(directory &+ UInt64(page >> 9) &* 8)
      guard table & PageEntry.present != 0 else {
        page = (page | 511) &+ 1
        continue
      }
      if Physical.load((table & ~0xfff) &+ UInt64(page & 511) &* 8) & Instance.privateBit != 0 { return page }
      page &+= 1
    }
    return nil
  }

  @inline(never)
  mutating func movePrivate(_ page: UInt32, _ protection: Protection) {
    let table = Physical.load(directory &+ UInt64(page >> 9) &* 8)
    let address = (table & ~0xfff) &+ UInt64(page & 511) &* 8
    let frame = PageEntry(bits: Physical.load(address)).frame
    let bits = protection == .none ? 0 : Instance.entryBits(frame, protection.subtracting(.write), noExecute)
    Physical.store(address, bits)
    kept.append(frame)
  }

  @inline(never)
  mutating func keepTemplate(_ index: Int) {
    freeTemplates(before: index)
    kept.append(image[index])
    next = index &+ 1
  }

  @_optimize(size) @inline(never)
  mutating func freeTemplates(before end: Int) {
    while next < end {
      // SAFETY: the frame is the instance's own; what showed it is private by now or unmapped.
      unsafe memory.pointee.frames.deallocate(image[next])
      next &+= 1
    }
  }
}
