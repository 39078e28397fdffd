import ABI
import Actions
import Base
import Bytes

/// Page tables and memory of one slot in a dictionary. Any access that real page tables would not allow is counted.
struct FakeMachine: ActionMachine, ~Copyable {
  struct Page {
    var bytes: [UInt8]
    var protection: Protection
    var isPrivate: Bool
  }

  let slotBase: UInt64
  var templates: [[UInt8]]
  var pages: [UInt32: Page] = [:]
  /// Frames left for private pages.
  var frames = 10_000
  /// Accesses to pages that were not mapped for them: a bug in the policy.
  var violations: [UInt64] = []
  var threadPointer: UInt64 = 0
  var now = Instant(nanoseconds: 5_000_000_007)
  var wallClock: UInt64 = 1_700_000_000_123_456_789
  var generator = Random(7)
  /// Private pages that are kept from run to run.
  var kept: Set<UInt32> = []
  /// The snapshot's template pages, by page.
  var snapshotTemplates: [UInt32: Int] = [:]

  init(slotBase: UInt64, templates: [[UInt8]] = []) {
    self.slotBase = slotBase
    self.templates = templates
  }

  var privatePages: Int { pages.values.count { $0.isPrivate } }

  func isMapped(_ page: UInt32, writing: Bool) -> Bool {
    guard let entry = pages[page], entry.protection != .none else { return false }
    return !writing || entry.protection.contains(.write)
  }

  func snapshotTemplate(at page: UInt32) -> Int? { snapshotTemplates[page] }

  mutating func map(_ page: UInt32, _ mapping: PageMapping) -> Bool {
    switch mapping {
    case .zeroFill(let protection):
      guard frames > 0 else { return false }
      frames -= 1
      pages[page] = Page(bytes: Array(repeating: 0, count: 4096), protection: protection, isPrivate: true)
    case .copyTemplate(let index, let protection):
      guard frames > 0 else { return false }
      frames -= 1
      pages[page] = Page(bytes: templates[index], protection: protection, isPrivate: true)
    case .showTemplate(let index, let protection):
      pages[page] = Page(bytes: templates[index], protection: protection, isPrivate: false)
    }
    return true
  }

  mutating func unmap(_ range: Range<UInt32>) -> Int {
    var freed = 0
    for page in pages.keys where range.contains(page) {
      if pages[page]!.isPrivate { freed += 1 }
      pages[page] = nil
    }
    frames += freed
    return freed
  }

  mutating func releaseKept(_ content: (UInt32) -> PageContent?) -> Int {
    var released = 0
    for page in kept {
      guard let entry = pages[page], entry.isPrivate, let content = content(page) else { continue }
      let template: Int? =
        switch content {
        case .zeros: nil
        case .template(let index): index
        case .snapshot: snapshotTemplates[page]
        }
      guard entry.bytes == template.map({ templates[$0] }) ?? Array(repeating: 0, count: 4096) else { continue }
      pages[page] = nil
      kept.remove(page)
      released += 1
    }
    frames += released
    return released
  }

  mutating func protect(_ range: Range<UInt32>, _ protection: Protection) {
    for page in pages.keys where range.contains(page) {
      pages[page]!.protection = pages[page]!.isPrivate ? protection : protection.subtracting(.write)
    }
  }

  func copyIn(from address: UInt64, to bytes: inout MutableSpan<UInt8>) {
    for index in bytes.indices { bytes[index] = load(address + UInt64(index)) }
  }

  func append(from address: UInt64, count: Int, to buffer: inout ByteBuffer) -> Bool {
    for index in 0..<count where !buffer.append(load(address + UInt64(index))) { return false }
    return true
  }

  mutating func copyOut(_ bytes: Span<UInt8>, to address: UInt64) {
    for index in bytes.indices {
      let offset = address + UInt64(index) - slotBase
      let page = UInt32(offset >> 12)
      guard isMapped(page, writing: true) else {
        violations.append(address)
        return
      }
      pages[page]!.bytes[Int(offset & 4095)] = bytes[index]
    }
  }

  mutating func tryCopyOut(_ bytes: Span<UInt8>, to address: UInt64) -> Bool {
    guard isInOnePage(address, bytes.count, writing: true) else { return false }
    copyOut(bytes, to: address)
    return true
  }

  func tryAppend(from address: UInt64, count: Int, to buffer: inout ByteBuffer) -> Bool {
    isInOnePage(address, count, writing: false) && append(from: address, count: count, to: &buffer)
  }

  private func isInOnePage(_ address: UInt64, _ count: Int, writing: Bool) -> Bool {
    let (offset, wrapped) = address.subtractingReportingOverflow(slotBase)
    guard !wrapped, offset < AddressSpace.slotSize, offset % 4096 + UInt64(count) <= 4096 else { return false }
    return isMapped(UInt32(offset >> 12), writing: writing)
  }

  mutating func random() -> UInt64 { generator.next() }

  /// A byte of a page that must be mapped; 0xbd where it is not.
  func load(_ address: UInt64) -> UInt8 {
    let offset = address - slotBase
    let page = UInt32(offset >> 12)
    return isMapped(page, writing: false) ? pages[page]!.bytes[Int(offset & 4095)] : 0xbd
  }
}

/// A process in slot 3 with the default image of `ELFBuilder`, its machine and its buffers.
final class Harness {
  static let slotBase = AddressSpace.slotBase(3)
  static var imageBase: UInt64 { slotBase + SlotLayout.imageOffset }
  /// The data segment: two pages from the file, two of zeros.
  static var data: UInt64 { imageBase + 0x3000 }
  static var stackTop: UInt64 { slotBase + SlotLayout.stackTop }

  let layout: ImageLayout
  var process = ActionProcess()
  var machine: FakeMachine
  var request: InvocationRequest
  var output = ByteBuffer()
  var log = ByteBuffer()
  /// The image's template pages that a snapshot took over.
  var keptTemplates: [Int] = []

  init(input: [UInt8] = [], limits: ActionLimits = ActionLimits(), mode: ActionMode = .process) {
    let image = try! ActionImage(parsing: buffer(ELFBuilder().bytes()))
    layout = image.layout
    machine = FakeMachine(slotBase: Self.slotBase, templates: ArrayPages(image).pages)
    request = InvocationRequest(input: buffer(input), body: 0..<input.count)
    precondition(request.addArgument(Array("echo".utf8).span))
    process.begin(
      layout, slotBase: Self.slotBase, limits: limits, privatePages: 0, outputStart: 0, logStart: 0,
      now: Instant(nanoseconds: 5_000_000_000), mode: mode)
  }

  /// Whether `step` asks for the quick answers first, as the kernel does.
  var isQuick = true

  func step(_ call: SystemCall) -> ProcessStep {
    let quick =
      switch isQuick ? Syscall(rawValue: call.number) : nil {
      case .read: process.quickRead(call.first, call.second, call.third, &request, &machine)
      case .write: process.quickWrite(call.first, call.second, call.third, &output, &machine)
      default: UInt64?.none
      }
    if let quick { return .resume(returning: quick) }
    return process.systemCall(call, request: &request, output: &output, log: &log, machine: &machine)
  }

  /// What rax holds afterwards; nil where the invocation ended.
  func call(
    _ number: Syscall, _ first: UInt64 = 0, _ second: UInt64 = 0, _ third: UInt64 = 0, _ fourth: UInt64 = 0,
    _ fifth: UInt64 = 0, _ sixth: UInt64 = 0
  ) -> Int64? {
    guard
      case .resume(let value) = step(
        SystemCall(number: number.rawValue, first, second, third, fourth, fifth, sixth))
    else { return nil }
    return Int64(bitPattern: value)
  }

  /// Stores bytes as the action itself would, faults and all; false where it would have faulted for good.
  func poke(_ bytes: [UInt8], at address: UInt64) -> Bool {
    for (index, byte) in bytes.enumerated() {
      let place = address &+ UInt64(index)
      guard touch(place, .write) else { return false }
      let offset = place - Self.slotBase
      machine.pages[UInt32(offset >> 12)]!.bytes[Int(offset & 4095)] = byte
    }
    return true
  }

  func poke(words: [UInt64], at address: UInt64) -> Bool {
    poke(words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) } }, at: address)
  }

  /// Loads bytes as the action itself would; nil where it would have faulted for good.
  func peek(_ count: Int, at address: UInt64) -> [UInt8]? {
    var bytes: [UInt8] = []
    for index in 0..<count {
      guard touch(address &+ UInt64(index), .read) else { return nil }
      bytes.append(machine.load(address &+ UInt64(index)))
    }
    return bytes
  }

  func word(at address: UInt64) -> UInt64? {
    peek(8, at: address).map { littleEndian($0[...]) }
  }

  /// One access by the action: through the page tables, or by a fault that maps the page.
  func touch(_ address: UInt64, _ access: Access) -> Bool {
    let offset = address &- Self.slotBase
    if offset < AddressSpace.slotSize {
      let page = UInt32(offset >> 12)
      if let entry = machine.pages[page] {
        switch access {
        case .read: if entry.protection != .none { return true }
        case .write: if entry.protection.contains(.write) { return true }
        case .execute: if entry.protection.contains(.execute) { return true }
        }
      }
    }
    if case .resume = process.pageFault(at: address, access, instructionPointer: Self.imageBase, machine: &machine) {
      return true
    }
    return false
  }
}
