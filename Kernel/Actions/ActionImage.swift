// An ELF file turned into a legal value: nothing that uses an ActionImage checks its numbers again.
// Reading of headers and segments is here; relocations are in ImageRelocations.swift, pages in ImagePages.swift.

import ABI
public import Bytes

/// One loadable segment; all ranges were checked. Positions are bytes from the image's base and the file's start.
struct ImageSegment: BitwiseCopyable, Sendable {
  var address: UInt32 = 0
  var memorySize: UInt32 = 0
  var fileOffset: UInt32 = 0
  var fileSize: UInt32 = 0
  var protection: Protection = .none

  var end: UInt32 { address &+ memorySize }
  var fileEnd: UInt32 { address &+ fileSize }
}

/// A checked static position independent x86-64 executable together with its file's bytes.
public struct ActionImage: ~Copyable, Sendable {
  /// Where its pages lie; stays valid after the image is gone.
  public internal(set) var layout: ImageLayout
  let buffer: ByteBuffer
  let range: Range<Int>
  var segments: [16 of ImageSegment]
  var segmentCount: Int
  /// The tables that hold relocations, as ranges of the file.
  var relocations: Range<Int>
  var pltRelocations: Range<Int>

  /// Checks all of the file in `buffer` and takes it over. On an error the bytes are gone.
  public init(parsing buffer: consuming ByteBuffer) throws(ImageError) {
    let count = buffer.count
    try self.init(parsing: buffer, range: 0..<count)
  }

  /// As `init(parsing:)`, for a file that is only a part of `buffer`; `range` is cut to what lies inside.
  public init(parsing buffer: consuming ByteBuffer, range: Range<Int>) throws(ImageError) {
    let whole = 0..<buffer.count
    let inside = range.clamped(to: whole)
    let parts = try ImageParts(parsing: buffer.span.extracting(inside))
    layout = parts.layout
    segments = parts.segments
    segmentCount = parts.segmentCount
    relocations = parts.relocations
    pltRelocations = parts.pltRelocations
    self.range = inside
    self.buffer = buffer
  }

  /// The file's bytes.
  public var file: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { buffer.span.extracting(range) }
  }
}

/// What parsing finds, before it is joined with the bytes.
struct ImageParts {
  var layout = ImageLayout()
  var segments: [16 of ImageSegment] = .init(repeating: ImageSegment())
  var segmentCount = 0
  var relocations: Range<Int> = 0..<0
  var pltRelocations: Range<Int> = 0..<0

  @_optimize(size)
  init(parsing file: Span<UInt8>) throws(ImageError) {
    let table = try Self.checkHeader(file)
    let dynamic = try readProgramHeaders(file, table)
    try checkEntry(file.loadLE64(24))
    placeProgramHeaders(table)
    if let dynamic { try readDynamicSection(file, dynamic) }
    try checkRelocations(file, relocations)
    try checkRelocations(file, pltRelocations)
    planPages()
  }

  /// Checks the file header; returns where the program headers lie.
  @_optimize(size)
  private static func checkHeader(_ file: Span<UInt8>) throws(ImageError) -> Range<Int> {
    guard file.count > 0 else { throw .empty }
    guard file.count <= 512 << 20 else { throw .tooLarge }
    guard file.count >= 4, file.loadLE32(0) == 0x464c_457f else { throw .notELF }
    guard file.count >= ELF.headerSize else { throw .truncatedHeader }
    guard file[4] == 2 else { throw .notClass64 }
    guard file[5] == 1 else { throw .notLittleEndian }
    guard file[6] == 1, file.loadLE32(20) == 1 else { throw .badVersion }
    guard file[7] == 0 || file[7] == 3 else { throw .wrongSystem(file[7]) }
    let machine = file.loadLE16(18)
    guard machine == ELF.machineX86_64 else { throw .wrongMachine(machine) }
    let type = file.loadLE16(16)
    guard type != ELF.typeExecutable else { throw .notPositionIndependent }
    guard type == ELF.typeShared else { throw .notExecutableType(type) }
    let count = file.loadLE16(56)
    guard count > 0 else { throw .noProgramHeaders }
    let entrySize = file.loadLE16(54)
    guard entrySize == UInt16(ELF.programHeaderSize) else { throw .badHeaderEntrySize(entrySize) }
    guard count <= 64 else { throw .tooManyProgramHeaders(count) }
    let offset = file.loadLE64(32)
    let size = Int(count) &* ELF.programHeaderSize
    guard offset <= UInt64(file.count), size <= file.count &- Int(offset) else { throw .programHeadersOutsideFile }
    return Int(offset)..<(Int(offset) &+ size)
  }

  /// Collects the loadable segments and checks all other headers that matter; returns the dynamic section's address and size.
  @_optimize(size)
  private mutating func readProgramHeaders(
    _ file: Span<UInt8>, _ table: Range<Int>
  ) throws(ImageError) -> (address: UInt64, size: UInt64)? {
    var dynamic: (address: UInt64, size: UInt64)? = nil
    var threadLocal: ProgramHeader? = nil
    var position = table.lowerBound
    while position < table.upperBound {
      let header = ProgramHeader(file, at: position)
      position &+= ELF.programHeaderSize
      switch SegmentType(rawValue: header.type) {
      case .load: try addSegment(header, fileSize: file.count)
      case .dynamic: dynamic = (header.address, header.fileSize)
      case .interpreter: throw .wantsInterpreter
      case .threadLocalStorage: threadLocal = header
      case .gnuStack: guard header.flags & 1 == 0 else { throw .executableStack }
      case nil: continue
      }
    }
    guard segmentCount > 0 else { throw .noLoadableSegments }
    var hasCode = false
    for index in 0..<segmentCount where segments[index].protection.contains(.execute) { hasCode = true }
    guard hasCode else { throw .noExecutableSegment }
    if let threadLocal { try checkThreadLocal(threadLocal) }
    return dynamic
  }

  @_optimize(size)
  private mutating func addSegment(_ header: ProgramHeader, fileSize: Int) throws(ImageError) {
    guard header.fileSize <= header.memorySize else { throw .segmentFileSizeAboveMemorySize }
    guard header.offset <= UInt64(fileSize), header.fileSize <= UInt64(fileSize) &- header.offset else {
      throw .segmentOutsideFile
    }
    guard header.address <= SlotLayout.imageLimit, header.memorySize <= SlotLayout.imageLimit &- header.address else {
      throw .segmentOutsideWindow
    }
    guard header.alignment & (header.alignment &- 1) == 0 || header.alignment == 0,
      header.alignment <= SlotLayout.imageAlignment
    else { throw .segmentBadAlignment }
    guard header.fileSize == 0 || (header.address ^ header.offset) & (AddressSpace.pageSize - 1) == 0 else {
      throw .segmentNotCongruent
    }
    guard header.flags & 3 != 3 else { throw .segmentWritableAndExecutable }
    guard header.memorySize > 0 else { return }

    var protection: Protection = header.flags & 7 == 0 ? .none : .read
    if header.flags & 1 != 0 { protection.insert(.execute) }
    if header.flags & 2 != 0 { protection.insert(.write) }
    if segmentCount > 0 {
      let previous = segments[segmentCount &- 1]
      guard header.address >= UInt64(previous.address) else { throw .segmentsNotSorted }
      guard header.address >= UInt64(previous.end) else { throw .segmentsOverlap }
      // Linkers give segments of different permissions pages of their own; parts of one permission may meet in a page.
      let sharesPage = (previous.end &- 1) >> 12 == UInt32(header.address) >> 12
      guard !sharesPage || previous.protection == protection else { throw .segmentsShareAPage }
    }
    guard segmentCount < ImageLayout.capacity else { throw .tooManySegments }
    segments[segmentCount] = ImageSegment(
      address: UInt32(header.address), memorySize: UInt32(header.memorySize), fileOffset: UInt32(header.offset),
      fileSize: UInt32(header.fileSize), protection: protection)
    segmentCount &+= 1
  }

  private func checkThreadLocal(_ header: ProgramHeader) throws(ImageError) {
    guard header.fileSize <= header.memorySize, header.memorySize <= SlotLayout.imageLimit,
      header.alignment & (header.alignment &- 1) == 0 || header.alignment == 0,
      header.alignment <= AddressSpace.pageSize,
      header.fileSize == 0 || fileRange(at: header.address, count: header.fileSize) != nil
    else { throw .badThreadLocalStorage }
  }

  private mutating func checkEntry(_ entry: UInt64) throws(ImageError) {
    for index in 0..<segmentCount {
      let segment = segments[index]
      if segment.protection.contains(.execute), entry >= UInt64(segment.address), entry < UInt64(segment.fileEnd) {
        layout.entry = entry
        return
      }
    }
    throw .entryNotExecutable
  }

  /// Finds where in memory the program headers are, for AT_PHDR.
  private mutating func placeProgramHeaders(_ table: Range<Int>) {
    for index in 0..<segmentCount {
      let segment = segments[index]
      let start = Int(segment.fileOffset)
      if start <= table.lowerBound, table.upperBound <= start &+ Int(segment.fileSize) {
        layout.programHeaders = UInt64(segment.address) &+ UInt64(table.lowerBound &- start)
        layout.programHeaderCount = table.count / ELF.programHeaderSize
        return
      }
    }
  }

  /// The file's bytes that are loaded at `address`; nil where not all `count` of them are in one segment's file part.
  func fileRange(at address: UInt64, count: UInt64) -> Range<Int>? {
    for index in 0..<segmentCount {
      let segment = segments[index]
      guard address >= UInt64(segment.address), address <= UInt64(segment.fileEnd),
        count <= UInt64(segment.fileEnd) &- address
      else { continue }
      let start = Int(segment.fileOffset) &+ Int(address &- UInt64(segment.address))
      return start..<(start &+ Int(count))
    }
    return nil
  }
}
