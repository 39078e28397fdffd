// What the loader tells: memory, command line. PVH (Xen's hvm_start_info, version 1) and Multiboot2 (section 3.6).
// Out of scope: the meaning of the command line (Settings).

import Bytes
import CBoot

/// One range of usable memory.
struct MemoryRange {
  var start: UInt64
  var end: UInt64
}

/// The loader's words in one form, copied out of the loader's memory.
public struct BootInformation {
  static let commandLineLimit = 4096
  private static let rangeLimit = 32
  /// Below this are the firmware's and loader's own structures; the kernel takes no memory there.
  private static let lowMemoryEnd: UInt64 = 1 << 20

  /// How the kernel was entered; the numbers are those of Boot/entry.asm.
  public enum Loader: UInt32 {
    case pvh = 1
    case multiboot2 = 2
  }

  public let loader: Loader
  private var ranges: [32 of MemoryRange] = .init(repeating: MemoryRange(start: 0, end: 0))
  private(set) var rangeCount = 0
  /// The command line's bytes. The loader's own copy may lie right behind the kernel, where the frame allocator begins.
  private var text: [4096 of UInt8] = .init(repeating: 0)
  private var textLength = 0

  init?(kind: UInt32, address: UInt64) {
    guard let loader = Loader(rawValue: kind) else { return nil }
    self.loader = loader
    switch loader {
    case .pvh: guard readPVH(address) else { return nil }
    case .multiboot2: guard readMultiboot2(address) else { return nil }
    }
    guard rangeCount > 0 else { return nil }
  }

  func range(_ index: Int) -> MemoryRange { ranges[index] }

  /// The end of the highest usable memory.
  var memoryEnd: UInt64 {
    var end: UInt64 = 0
    for index in 0..<rangeCount { end = max(end, ranges[index].end) }
    return end
  }

  /// A copy of the command line; nil where memory is out.
  @_optimize(size)
  func commandLine() -> ByteBuffer? {
    guard var copy = ByteBuffer(capacity: max(textLength, 1)) else { return nil }
    for offset in 0..<textLength {
      guard copy.append(text[offset]) else { return nil }
    }
    return copy
  }

  /// Takes in the command line that begins at `address`: to its zero byte, at most `commandLineLimit` bytes.
  private mutating func readCommandLine(_ address: UInt64) {
    textLength = 0
    guard address != 0 else { return }
    while textLength < Self.commandLineLimit {
      let byte = load8(address &+ UInt64(textLength))
      guard byte != 0 else { return }
      text[textLength] = byte
      textLength &+= 1
    }
  }

  private mutating func add(start: UInt64, length: UInt64) {
    let (end, overflow) = start.addingReportingOverflow(length)
    let first = max(start, max(Self.lowMemoryEnd, 0))
    guard !overflow, first < end, rangeCount < Self.rangeLimit else { return }
    ranges[rangeCount] = MemoryRange(start: first, end: end)
    rangeCount &+= 1
  }

  private mutating func readPVH(_ address: UInt64) -> Bool {
    guard load32(address) == 0x336e_c578, load32(address &+ 4) >= 1 else { return false }
    readCommandLine(Physical.load(address &+ 24))
    let map = Physical.load(address &+ 40)
    let entries = min(load32(address &+ 48), 128)
    for index in 0..<UInt64(entries) {
      let entry = map &+ index &* 24
      if load32(entry &+ 16) == 1 { add(start: Physical.load(entry), length: Physical.load(entry &+ 8)) }
    }
    return true
  }

  private mutating func readMultiboot2(_ address: UInt64) -> Bool {
    let end = address &+ UInt64(load32(address))
    var tag = address &+ 8
    while tag &+ 8 <= end {
      let type = load32(tag)
      let size = UInt64(load32(tag &+ 4))
      guard type != 0, size >= 8 else { break }
      if type == 1 { readCommandLine(tag &+ 8) }
      if type == 6 { readMultiboot2Map(tag, size) }
      tag = alignUp(tag &+ size, 8)
    }
    return true
  }

  private mutating func readMultiboot2Map(_ tag: UInt64, _ size: UInt64) {
    let entrySize = UInt64(load32(tag &+ 8))
    guard entrySize >= 24 else { return }
    var entry = tag &+ 16
    while entry &+ 24 <= tag &+ size {
      if load32(entry &+ 16) == 1 { add(start: Physical.load(entry), length: Physical.load(entry &+ 8)) }
      entry &+= entrySize
    }
  }

  private func load32(_ address: UInt64) -> UInt32 {
    // SAFETY: the loader's structures are in memory that is mapped one to one, and are not changed.
    unsafe Physical.pointer(address).loadUnaligned(as: UInt32.self)
  }

  private func load8(_ address: UInt64) -> UInt8 {
    // SAFETY: as above.
    unsafe Physical.pointer(address).load(as: UInt8.self)
  }
}
