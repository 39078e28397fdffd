// One installed action: its template pages, its page tables, its place in the address space.
// Out of scope: the running invocation (RunContext.swift), restoring (InstanceRestore.swift).

import ABI
import Actions
import Bytes

/// An action in its slot. Template pages that are never written are mapped for good; a page that the action writes is
/// a private copy, made on the first write and kept ready for as long as invocations go on writing it.
struct Instance: ~Copyable {
  let slot: UInt32
  let generation: UInt32
  let layout: ImageLayout
  var limits: ActionLimits
  let namespace: UInt16
  var templates: TemplateFrames
  var table: SlotPageTable
  var pristine = PristinePages()
  /// The initial stack of requests that say no more than the action's name, which is always the same.
  var preparedStack = PreparedStack()
  /// Where it was written already, for the next invocation: what rsp will be; else 0.
  var readyStack: UInt64 = 0
  /// Invocations that were restored.
  var runs: UInt32 = 0
  /// NX, where the CPU has it.
  let noExecute: UInt64
  /// In loop mode, what invocations begin with; then `templates` are its pages, and `layout` serves no more.
  var snapshot = Snapshot()
  var processorState = ProcessorState()
  /// What the last restoring did, and how long it took.
  var restored = RestoreCounts()
  var restoreNanoseconds: UInt64 = 0

  /// The software's own bit of an entry (AMD64 manual, volume 2, section 5.4.1): the frame belongs to this instance alone.
  static let privateBit: UInt64 = 1 << 9
  /// And another: that the page is one of `pristine`, which frees it.
  static let keptBit: UInt64 = 1 << 10
  /// What stays of a private page's entry when its protection changes.
  static var lasting: UInt64 { privateBit | keptBit | PageEntry.dirty }

  var base: UInt64 { AddressSpace.slotBase(slot) }
  var id: InstanceID { InstanceID(index: slot, generation: generation) }

  /// Builds the template pages of `image`, relocated to the slot's address, and maps those that are never written.
  @_optimize(size)
  init(
    _ image: borrowing ActionImage, slot: UInt32, generation: UInt32, limits: ActionLimits, namespace: UInt16,
    noExecute: UInt64, frames: inout FrameAllocator
  ) throws(InstallError) {
    guard var templates = TemplateFrames(capacity: image.layout.templatePageCount) else { throw .noMemory }
    guard Self.build(&templates, image, AddressSpace.slotBase(slot), &frames),
      var table = SlotPageTable(frames: &frames)
    else {
      templates.free(&frames)
      throw .noMemory
    }
    guard Self.mapReadOnlyPages(templates, image.layout, noExecute, &table, &frames) else {
      templates.free(&frames)
      table.destroy(frames: &frames)
      throw .noMemory
    }
    self.slot = slot
    self.generation = generation
    self.limits = limits
    self.namespace = namespace
    self.noExecute = noExecute
    layout = image.layout
    self.templates = templates
    self.table = table
  }

  /// Gives back all frames.
  @_optimize(size)
  mutating func destroy(frames: inout FrameAllocator) {
    freePrivatePages(&frames)
    if hasSnapshot { frames.deallocate(processorState.frame) }
    templates.free(&frames)
    table.destroy(frames: &frames)
  }

  /// The bits of an entry that maps `frame` with `protection`; an entry of no rights keeps its frame and is absent.
  static func entryBits(_ frame: UInt64, _ protection: Protection, _ noExecute: UInt64) -> UInt64 {
    guard protection != .none else { return frame }
    var bits = frame | PageEntry.present | PageEntry.user
    if protection.contains(.write) { bits |= PageEntry.writable }
    if !protection.contains(.execute) { bits |= noExecute }
    return bits
  }

  @_optimize(size)
  private static func build(
    _ templates: inout TemplateFrames, _ image: borrowing ActionImage, _ slotBase: UInt64, _ frames: inout FrameAllocator
  ) -> Bool {
    for index in 0..<image.layout.templatePageCount {
      guard templates.add(&frames) else { return false }
      templates.withPage(index) { image.fill(template: index, into: &$0) }
    }
    image.relocate(base: slotBase &+ SlotLayout.imageOffset, pages: &templates)
    return true
  }

  @_optimize(size)
  private static func mapReadOnlyPages(
    _ templates: borrowing TemplateFrames, _ layout: ImageLayout, _ noExecute: UInt64, _ table: inout SlotPageTable,
    _ frames: inout FrameAllocator
  ) -> Bool {
    for index in 0..<templates.count {
      guard let place = layout.place(ofTemplate: index), !place.protection.contains(.write) else { continue }
      guard let entry = table.makeEntryAddress(place.page, frames: &frames) else { return false }
      Physical.store(entry, entryBits(templates[index], place.protection, noExecute))
    }
    return true
  }
}
