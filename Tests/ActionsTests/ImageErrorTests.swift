import Actions
import Testing

/// A file that is broken in one way, and what is to be said of it.
struct BrokenImage: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let error: ImageError
  let bytes: [UInt8]

  init(_ description: String, _ error: ImageError, _ change: (inout ELFBuilder) -> Void) {
    testDescription = description
    self.error = error
    var builder = ELFBuilder()
    change(&builder)
    bytes = builder.bytes()
  }

  init(_ description: String, _ error: ImageError, bytes: [UInt8]) {
    testDescription = description
    self.error = error
    self.bytes = bytes
  }
}

@Suite struct ImageErrorTests {
  static let whole: [UInt8] = ELFBuilder().bytes()
  /// One list per statement: as one array literal they take the type checker minutes.
  static var all: [BrokenImage] {
    var list: [BrokenImage] = []
    addHeaders(to: &list)
    addSegments(to: &list)
    addLinking(to: &list)
    return list
  }

  static func addHeaders(to list: inout [BrokenImage]) {
    list.append(BrokenImage("empty", .empty, bytes: []))
    list.append(BrokenImage("one byte", .notELF, bytes: [0x7f]))
    list.append(BrokenImage("magic only", .truncatedHeader, bytes: Array(whole[..<4])))
    list.append(BrokenImage("63 bytes", .truncatedHeader, bytes: Array(whole[..<63])))
    list.append(BrokenImage("a script", .notELF, bytes: Array("#!/bin/sh\necho hello".utf8)))
    list.append(BrokenImage("a zip", .notELF, bytes: Array("PK\u{3}\u{4} and so on".utf8)))
    list.append(BrokenImage("32-bit", .notClass64) { $0.patches[4] = 1 })
    list.append(BrokenImage("class 0", .notClass64) { $0.patches[4] = 0 })
    list.append(BrokenImage("big-endian", .notLittleEndian) { $0.patches[5] = 2 })
    list.append(BrokenImage("identification version", .badVersion) { $0.patches[6] = 0 })
    list.append(BrokenImage("object version", .badVersion) { $0.patches[20] = 2 })
    list.append(BrokenImage("FreeBSD", .wrongSystem(9)) { $0.patches[7] = 9 })
    list.append(BrokenImage("i386", .wrongMachine(3)) { $0.patches[18] = 3 })
    list.append(BrokenImage("AArch64", .wrongMachine(183)) { $0.patches[18] = 183 })
    list.append(BrokenImage("ET_EXEC", .notPositionIndependent) { $0.patches[16] = 2 })
    list.append(BrokenImage("ET_REL", .notExecutableType(1)) { $0.patches[16] = 1 })
    list.append(BrokenImage("ET_CORE", .notExecutableType(4)) { $0.patches[16] = 4 })
    list.append(BrokenImage("no program headers", .noProgramHeaders) { $0.patches[56] = 0 })
    list.append(BrokenImage("65 program headers", .tooManyProgramHeaders(65)) { $0.patches[56] = 65 })
    list.append(BrokenImage("65535 program headers", .tooManyProgramHeaders(65535)) {
      $0.patches[56] = 255
      $0.patches[57] = 255
    })
    list.append(BrokenImage("program header size", .badHeaderEntrySize(32)) { $0.patches[54] = 32 })
    list.append(BrokenImage("program headers past the end", .programHeadersOutsideFile) { $0.patches[33] = 0x38 })
    list.append(BrokenImage("program headers at 2^64 - 1", .programHeadersOutsideFile) {
      for offset in 32..<40 { $0.patches[offset] = 255 }
    })
    list.append(BrokenImage("cut inside the program headers", .programHeadersOutsideFile, bytes: Array(whole[..<200])))
    list.append(BrokenImage("cut inside a segment", .segmentOutsideFile, bytes: Array(whole[..<0x3000])))
    list.append(BrokenImage("one byte missing", .segmentOutsideFile, bytes: Array(whole.dropLast())))
  }

  static func addSegments(to list: inout [BrokenImage]) {
    list.append(BrokenImage("interpreter", .wantsInterpreter) {
      $0.others.append(.init(type: 3, flags: 4, offset: 0x700, address: 0x700, fileSize: 28, memorySize: 28))
    })
    list.append(BrokenImage("executable stack", .executableStack) { $0.others[0].flags = 7 })
    list.append(BrokenImage("no segment", .noLoadableSegments) { $0.segments = [] })
    list.append(BrokenImage("only empty segments", .noLoadableSegments) {
      for index in 0..<3 {
        $0.segments[index].fileSize = 0
        $0.segments[index].memorySize = 0
      }
    })
    list.append(BrokenImage("17 segments", .tooManySegments) {
      for index in 0..<14 {
        $0.segments.append(
          .init(flags: 4, offset: 0, address: UInt64(0x10000 + 0x1000 * index), fileSize: 8, memorySize: 8))
      }
    })
    list.append(BrokenImage("file size above memory size", .segmentFileSizeAboveMemorySize) { $0.segments[2].memorySize = 0x17ff })
    list.append(BrokenImage("offset past the end", .segmentOutsideFile) { $0.segments[2].offset = 0x4000 })
    list.append(BrokenImage("offset 2^64 - 4096", .segmentOutsideFile) { $0.segments[2].offset = 0xffff_ffff_ffff_f000 })
    list.append(BrokenImage("file size wraps", .segmentOutsideFile) {
      $0.segments[2].fileSize = 0xffff_ffff_ffff_f000
      $0.segments[2].memorySize = 0xffff_ffff_ffff_f000
    })
    list.append(BrokenImage("memory size 1 TiB", .segmentOutsideWindow) { $0.segments[2].memorySize = 1 << 40 })
    list.append(BrokenImage("memory size 2^64 - 1", .segmentOutsideWindow) { $0.segments[2].memorySize = .max })
    list.append(BrokenImage("one byte past the window", .segmentOutsideWindow) {
      $0.segments[2].memorySize = (512 << 20) - 0x3000 + 1
    })
    list.append(BrokenImage("address in the kernel's half", .segmentOutsideWindow) {
      $0.segments[2].address = 0xffff_8000_0000_3000
    })
    list.append(BrokenImage("address plus size wraps", .segmentOutsideWindow) { $0.segments[2].address = 0xffff_ffff_ffff_f000 })
    list.append(BrokenImage("alignment 3", .segmentBadAlignment) { $0.segments[1].alignment = 3 })
    list.append(BrokenImage("alignment 4 MiB", .segmentBadAlignment) { $0.segments[1].alignment = 4 << 20 })
    list.append(BrokenImage("alignment 2^64 - 1", .segmentBadAlignment) { $0.segments[1].alignment = .max })
    list.append(BrokenImage("offset and address differ in a page", .segmentNotCongruent) { $0.segments[2].address = 0x3008 })
    list.append(BrokenImage("not sorted", .segmentsNotSorted) { $0.segments.swapAt(0, 1) })
    list.append(BrokenImage("overlap", .segmentsOverlap) { $0.segments[1].memorySize = 0x2001 })
    list.append(BrokenImage("same address", .segmentsOverlap) { $0.segments[2].address = 0x1000 })
    list.append(BrokenImage("code and headers in one page", .segmentsShareAPage) { 
      $0.segments[0].memorySize = 0xff0
      $0.segments[1].address = 0xff8
      $0.segments[1].offset = 0xff8
    })
    list.append(BrokenImage("code and data in one page", .segmentsShareAPage) {
      $0.segments[1].memorySize = 0x1f00
      $0.segments[2].address = 0x2f80
      $0.segments[2].offset = 0x1f80
      $0.segments[2].fileSize = 0x1000
    })
    list.append(BrokenImage("W+X", .segmentWritableAndExecutable) { $0.segments[1].flags = 7 })
    list.append(BrokenImage("W+X without R", .segmentWritableAndExecutable) { $0.segments[2].flags = 3 })
    list.append(BrokenImage("W+X of no size", .segmentWritableAndExecutable) {
      $0.segments.append(.init(flags: 7, offset: 0, address: 0x8000, fileSize: 0, memorySize: 0))
    })
    list.append(BrokenImage("no code", .noExecutableSegment) { $0.segments[1].flags = 4 })
    list.append(BrokenImage("entry 0", .entryNotExecutable) { $0.entry = 0 })
    list.append(BrokenImage("entry in data", .entryNotExecutable) { $0.entry = 0x3000 })
    list.append(BrokenImage("entry past the code", .entryNotExecutable) { $0.entry = 0x1200 })
    list.append(BrokenImage("entry in the code's zeros", .entryNotExecutable) {
      $0.segments[1].memorySize = 0x400
      $0.entry = 0x1300
    })
    list.append(BrokenImage("entry 2^64 - 1", .entryNotExecutable) { $0.entry = .max })
    list.append(BrokenImage("entry in the kernel", .entryNotExecutable) { $0.entry = 0x10_0000 })
    list.append(BrokenImage("TLS outside the image", .badThreadLocalStorage) {
      $0.others.append(.init(type: 7, flags: 4, offset: 0, address: 0x9000, fileSize: 8, memorySize: 8, alignment: 8))
    })
    list.append(BrokenImage("TLS larger in the file", .badThreadLocalStorage) {
      $0.others.append(.init(type: 7, flags: 4, offset: 0, address: 0x3000, fileSize: 16, memorySize: 8, alignment: 8))
    })
    list.append(BrokenImage("TLS of 2^63", .badThreadLocalStorage) {
      $0.others.append(
        .init(type: 7, flags: 4, offset: 0, address: 0x3000, fileSize: 8, memorySize: 1 << 63, alignment: 8))
    })
    list.append(BrokenImage("TLS alignment", .badThreadLocalStorage) {
      $0.others.append(.init(type: 7, flags: 4, offset: 0, address: 0x3000, fileSize: 8, memorySize: 8, alignment: 24))
    })
  }

  static func addLinking(to list: inout [BrokenImage]) {
    list.append(BrokenImage("DT_NEEDED", .needsSharedLibrary) { $0.dynamic = [(1, 5)] })
    list.append(BrokenImage("DT_TEXTREL", .textRelocations) { $0.dynamic = [(22, 0)] })
    list.append(BrokenImage("DF_TEXTREL", .textRelocations) { $0.dynamic = [(30, 4)] })
    list.append(BrokenImage("dynamic section outside", .badDynamicSection) {
      $0.others.append(.init(type: 2, flags: 6, offset: 0, address: 0x4700, fileSize: 0x200, memorySize: 0x200))
    })
    list.append(BrokenImage("dynamic section wraps", .badDynamicSection) {
      $0.others.append(.init(type: 2, flags: 6, offset: 0, address: 0x4700, fileSize: .max, memorySize: .max))
    })
    list.append(BrokenImage("relocation entry size", .badRelocationTable) { $0.dynamic = [(9, 16)] })
    list.append(BrokenImage("relocation table outside", .badRelocationTable) { $0.dynamic = [(7, 0x9000), (8, 24)] })
    list.append(BrokenImage("relocation table past its segment", .badRelocationTable) { $0.dynamic = [(7, 0x7f0), (8, 24)] })
    list.append(BrokenImage("relocation table of 2^64 - 16 bytes", .badRelocationTable) {
      $0.dynamic = [(7, 0x400), (8, 0xffff_ffff_ffff_fff0)]
    })
    list.append(BrokenImage("relocation table of 25 bytes", .badRelocationTable) { $0.dynamic = [(7, 0x400), (8, 25)] })
    list.append(BrokenImage("PLT relocation table outside", .badRelocationTable) { $0.dynamic = [(23, 0x9000), (2, 24)] })
    list.append(BrokenImage("GLOB_DAT", .unsupportedRelocation(6)) { $0.relocations = [(0x3000, 6, 0)] })
    list.append(BrokenImage("COPY", .unsupportedRelocation(5)) { $0.relocations = [(0x3000, 5, 0)] })
    list.append(BrokenImage("DTPMOD64 after a good one", .unsupportedRelocation(16)) {
      $0.relocations = [(0x3000, 8, 0), (0x3008, 16, 0)]
    })
    list.append(BrokenImage("JUMP_SLOT", .unsupportedRelocation(7)) { $0.pltRelocations = [(0x3000, 7, 0)] })
    list.append(BrokenImage("unknown relocation", .unsupportedRelocation(0x1234)) { $0.relocations = [(0x3000, 0x1234, 0)] })
    list.append(BrokenImage("target between segments", .relocationOutsideImage) { $0.relocations = [(0x2000, 8, 0)] })
    list.append(BrokenImage("target in zeros", .relocationOutsideImage) { $0.relocations = [(0x5000, 8, 0)] })
    list.append(BrokenImage("target half outside", .relocationOutsideImage) { $0.relocations = [(0x47f9, 8, 0)] })
    list.append(BrokenImage("target 2^64 - 1", .relocationOutsideImage) { $0.relocations = [(.max, 8, 0)] })
    list.append(BrokenImage("target in code", .relocationInReadOnlySegment) { $0.relocations = [(0x1000, 8, 0)] })
    list.append(BrokenImage("target in headers", .relocationInReadOnlySegment) { $0.relocations = [(0x40, 8, 0)] })
    list.append(BrokenImage("IRELATIVE outside", .relocationOutsideImage) { $0.pltRelocations = [(0x9000, 37, 0)] })
  }

  @Test(arguments: all)
  func isRefused(_ image: BrokenImage) {
    do throws(ImageError) {
      _ = try ActionImage(parsing: buffer(image.bytes))
      Issue.record("was accepted")
    } catch {
      #expect(error == image.error)
    }
  }

  @Test(arguments: all)
  func hasWords(_ image: BrokenImage) {
    var words = buffer([])
    let complete = image.error.describe(into: &words)
    #expect(complete)
    #expect(words.count > 10)
  }

  @Test func words() {
    func describe(_ error: ImageError) -> String {
      var words = buffer([])
      _ = error.describe(into: &words)
      return text(of: words)
    }
    #expect(describe(.notPositionIndependent) == "not position independent (ET_EXEC); relink with -static-pie")
    #expect(describe(.unsupportedRelocation(6)).hasSuffix("-static-pie: R_X86_64_GLOB_DAT"))
    #expect(describe(.unsupportedRelocation(999)).hasSuffix("-static-pie: 999"))
    #expect(describe(.wrongMachine(3)).hasSuffix("e_machine is 3"))
  }
}
