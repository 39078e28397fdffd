// ELF64 as it lies in a file: offsets, constants and raw views of table entries (System V gABI chapters 4 and 5,
// x86-64 psABI chapter 4). Nothing here judges a value; that is ActionImage's work.

import Bytes

enum ELF {
  static var headerSize: Int { 64 }
  static var programHeaderSize: Int { 56 }
  static var dynamicEntrySize: Int { 16 }
  static var relocationSize: Int { 24 }

  static var typeExecutable: UInt16 { 2 }  // ET_EXEC
  static var typeShared: UInt16 { 3 }  // ET_DYN
  static var machineX86_64: UInt16 { 62 }  // EM_X86_64
}

/// Program header types that matter here; all others are for tools.
enum SegmentType: UInt32 {
  case load = 1
  case dynamic = 2
  case interpreter = 3
  case threadLocalStorage = 7
  case gnuStack = 0x6474_e551
}

/// Dynamic section tags that matter here.
enum DynamicTag: UInt64 {
  case null = 0
  case needed = 1
  case pltRelocationSize = 2
  case relocationTable = 7
  case relocationTableSize = 8
  case relocationEntrySize = 9
  case textRelocations = 22
  case pltRelocations = 23
  case flags = 30
}

/// Relocation types of x86-64 that may turn up in a linked file.
enum RelocationKind: UInt32 {
  case none = 0
  case absolute64 = 1
  case pc32 = 2
  case copy = 5
  case globalData = 6
  case jumpSlot = 7
  case relative = 8
  case absolute32 = 10
  case moduleID = 16
  case moduleOffset = 17
  case threadOffset = 18
  case threadDescriptor = 36
  case indirectRelative = 37

  var name: StaticString {
    switch self {
    case .none: "R_X86_64_NONE"
    case .absolute64: "R_X86_64_64"
    case .pc32: "R_X86_64_PC32"
    case .copy: "R_X86_64_COPY"
    case .globalData: "R_X86_64_GLOB_DAT"
    case .jumpSlot: "R_X86_64_JUMP_SLOT"
    case .relative: "R_X86_64_RELATIVE"
    case .absolute32: "R_X86_64_32"
    case .moduleID: "R_X86_64_DTPMOD64"
    case .moduleOffset: "R_X86_64_DTPOFF64"
    case .threadOffset: "R_X86_64_TPOFF64"
    case .threadDescriptor: "R_X86_64_TLSDESC"
    case .indirectRelative: "R_X86_64_IRELATIVE"
    }
  }
}

/// One entry of the program header table, as found.
struct ProgramHeader {
  var type: UInt32
  var flags: UInt32
  var offset: UInt64
  var address: UInt64
  var fileSize: UInt64
  var memorySize: UInt64
  var alignment: UInt64

  /// Reads the entry at byte `at` of `file`, which must hold all of it.
  init(_ file: Span<UInt8>, at: Int) {
    type = file.loadLE32(at)
    flags = file.loadLE32(at + 4)
    offset = file.loadLE64(at + 8)
    address = file.loadLE64(at + 16)
    fileSize = file.loadLE64(at + 32)
    memorySize = file.loadLE64(at + 40)
    alignment = file.loadLE64(at + 48)
  }
}

/// One entry of a relocation table with addends, as found.
struct Relocation {
  var offset: UInt64
  var kind: UInt32
  var addend: UInt64

  /// Reads the entry at byte `at` of `file`, which must hold all of it.
  init(_ file: Span<UInt8>, at: Int) {
    offset = file.loadLE64(at)
    kind = file.loadLE32(at + 8)
    addend = file.loadLE64(at + 16)
  }
}
