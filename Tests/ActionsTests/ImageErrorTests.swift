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
  static var all: [BrokenImage] { [headers, segments, linking].flatMap { $0 } }

  static let headers: [BrokenImage] = [
    BrokenImage("empty", .empty, bytes: []),
    BrokenImage("one byte", .notELF, bytes: [0x7f]),
    BrokenImage("magic only", .truncatedHeader, bytes: Array(whole[..<4])),
    BrokenImage("63 bytes", .truncatedHeader, bytes: Array(whole[..<63])),
    BrokenImage("a script", .notELF, bytes: Array("#!/bin/sh\necho hello".utf8)),
    BrokenImage("a zip", .notELF, bytes: Array("PK\u{3}\u{4} and so on".utf8)),
    BrokenImage("32-bit", .notClass64) { $0.patches[4] = 1 },
    BrokenImage("class 0", .notClass64) { $0.patches[4] = 0 },
    BrokenImage("big-endian", .notLittleEndian) { $0.patches[5] = 2 },
    BrokenImage("identification version", .badVersion) { $0.patches[6] = 0 },
    BrokenImage("object version", .badVersion) { $0.patches[20] = 2 },
    BrokenImage("FreeBSD", .wrongSystem(9)) { $0.patches[7] = 9 },
    BrokenImage("i386", .wrongMachine(3)) { $0.patches[18] = 3 },
    BrokenImage("AArch64", .wrongMachine(183)) { $0.patches[18] = 183 },
    BrokenImage("ET_EXEC", .notPositionIndependent) { $0.patches[16] = 2 },
    BrokenImage("ET_REL", .notExecutableType(1)) { $0.patches[16] = 1 },
    BrokenImage("ET_CORE", .notExecutableType(4)) { $0.patches[16] = 4 },
    BrokenImage("no program headers", .noProgramHeaders) { $0.patches[56] = 0 },
    BrokenImage("65 program headers", .tooManyProgramHeaders(65)) { $0.patches[56] = 65 },
    BrokenImage("65535 program headers", .tooManyProgramHeaders(65535)) {
      $0.patches[56] = 255
      $0.patches[57] = 255
    },
    BrokenImage("program header size", .badHeaderEntrySize(32)) { $0.patches[54] = 32 },
    BrokenImage("program headers past the end", .programHeadersOutsideFile) { $0.patches[33] = 0x38 },
    BrokenImage("program headers at 2^64 - 1", .programHeadersOutsideFile) {
      for offset in 32..<40 { $0.patches[offset] = 255 }
    },
    BrokenImage("cut inside the program headers", .programHeadersOutsideFile, bytes: Array(whole[..<200])),
    BrokenImage("cut inside a segment", .segmentOutsideFile, bytes: Array(whole[..<0x3000])),
    BrokenImage("one byte missing", .segmentOutsideFile, bytes: Array(whole.dropLast())),
  ]

  static let segments: [BrokenImage] = [
    BrokenImage("interpreter", .wantsInterpreter) {
      $0.others.append(.init(type: 3, flags: 4, offset: 0x700, address: 0x700, fileSize: 28, memorySize: 28))
    },
    BrokenImage("executable stack", .executableStack) { $0.others[0].flags = 7 },
    BrokenImage("no segment", .noLoadableSegments) { $0.segments = [] },
    BrokenImage("only empty segments", .noLoadableSegments) {
      for index in 0..<3 {
        $0.segments[index].fileSize = 0
        $0.segments[index].memorySize = 0
      }
    },
    BrokenImage("17 segments", .tooManySegments) {
      for index in 0..<14 {
        $0.segments.append(
          .init(flags: 4, offset: 0, address: UInt64(0x10000 + 0x1000 * index), fileSize: 8, memorySize: 8))
      }
    },
    BrokenImage("file size above memory size", .segmentFileSizeAboveMemorySize) { $0.segments[2].memorySize = 0x17ff },
    BrokenImage("offset past the end", .segmentOutsideFile) { $0.segments[2].offset = 0x4000 },
    BrokenImage("offset 2^64 - 4096", .segmentOutsideFile) { $0.segments[2].offset = 0xffff_ffff_ffff_f000 },
    BrokenImage("file size wraps", .segmentOutsideFile) {
      $0.segments[2].fileSize = 0xffff_ffff_ffff_f000
      $0.segments[2].memorySize = 0xffff_ffff_ffff_f000
    },
    BrokenImage("memory size 1 TiB", .segmentOutsideWindow) { $0.segments[2].memorySize = 1 << 40 },
    BrokenImage("memory size 2^64 - 1", .segmentOutsideWindow) { $0.segments[2].memorySize = .max },
    BrokenImage("one byte past the window", .segmentOutsideWindow) {
      $0.segments[2].memorySize = (512 << 20) - 0x3000 + 1
    },
    BrokenImage("address in the kernel's half", .segmentOutsideWindow) {
      $0.segments[2].address = 0xffff_8000_0000_3000
    },
    BrokenImage("address plus size wraps", .segmentOutsideWindow) { $0.segments[2].address = 0xffff_ffff_ffff_f000 },
    BrokenImage("alignment 3", .segmentBadAlignment) { $0.segments[1].alignment = 3 },
    BrokenImage("alignment 4 MiB", .segmentBadAlignment) { $0.segments[1].alignment = 4 << 20 },
    BrokenImage("alignment 2^64 - 1", .segmentBadAlignment) { $0.segments[1].alignment = .max },
    BrokenImage("offset and address differ in a page", .segmentNotCongruent) { $0.segments[2].address = 0x3008 },
    BrokenImage("not sorted", .segmentsNotSorted) { $0.segments.swapAt(0, 1) },
    BrokenImage("overlap", .segmentsOverlap) { $0.segments[1].memorySize = 0x2001 },
    BrokenImage("same address", .segmentsOverlap) { $0.segments[2].address = 0x1000 },
    BrokenImage("code and headers in one page", .segmentsShareAPage) { $0.segments[0].memorySize = 0x1000 - 0x10
      $0.segments[1].address = 0xff8
      $0.segments[1].offset = 0xff8
    },
    BrokenImage("code and data in one page", .segmentsShareAPage) {
      $0.segments[1].memorySize = 0x1f00
      $0.segments[2].address = 0x2f80
      $0.segments[2].offset = 0x1f80
      $0.segments[2].fileSize = 0x1000
    },
    BrokenImage("W+X", .segmentWritableAndExecutable) { $0.segments[1].flags = 7 },
    BrokenImage("W+X without R", .segmentWritableAndExecutable) { $0.segments[2].flags = 3 },
    BrokenImage("W+X of no size", .segmentWritableAndExecutable) {
      $0.segments.append(.init(flags: 7, offset: 0, address: 0x8000, fileSize: 0, memorySize: 0))
    },
    BrokenImage("no code", .noExecutableSegment) { $0.segments[1].flags = 4 },
    BrokenImage("entry 0", .entryNotExecutable) { $0.entry = 0 },
    BrokenImage("entry in data", .entryNotExecutable) { $0.entry = 0x3000 },
    BrokenImage("entry past the code", .entryNotExecutable) { $0.entry = 0x1200 },
    BrokenImage("entry in the code's zeros", .entryNotExecutable) {
      $0.segments[1].memorySize = 0x400
      $0.entry = 0x1300
    },
    BrokenImage("entry 2^64 - 1", .entryNotExecutable) { $0.entry = .max },
    BrokenImage("entry in the kernel", .entryNotExecutable) { $0.entry = 0x10_0000 },
    BrokenImage("TLS outside the image", .badThreadLocalStorage) {
      $0.others.append(.init(type: 7, flags: 4, offset: 0, address: 0x9000, fileSize: 8, memorySize: 8, alignment: 8))
    },
    BrokenImage("TLS larger in the file", .badThreadLocalStorage) {
      $0.others.append(.init(type: 7, flags: 4, offset: 0, address: 0x3000, fileSize: 16, memorySize: 8, alignment: 8))
    },
    BrokenImage("TLS of 2^63", .badThreadLocalStorage) {
      $0.others.append(
        .init(type: 7, flags: 4, offset: 0, address: 0x3000, fileSize: 8, memorySize: 1 << 63, alignment: 8))
    },
    BrokenImage("TLS alignment", .badThreadLocalStorage) {
      $0.others.append(.init(type: 7, flags: 4, offset: 0, address: 0x3000, fileSize: 8, memorySize: 8, alignment: 24))
    },
  ]

  static let linking: [BrokenImage] = [
    BrokenImage("DT_NEEDED", .needsSharedLibrary) { $0.dynamic = [(1, 5)] },
    BrokenImage("DT_TEXTREL", .textRelocations) { $0.dynamic = [(22, 0)] },
    BrokenImage("DF_TEXTREL", .textRelocations) { $0.dynamic = [(30, 4)] },
    BrokenImage("dynamic section outside", .badDynamicSection) {
      $0.others.append(.init(type: 2, flags: 6, offset: 0, address: 0x4700, fileSize: 0x200, memorySize: 0x200))
    },
    BrokenImage("dynamic section wraps", .badDynamicSection) {
      $0.others.append(.init(type: 2, flags: 6, offset: 0, address: 0x4700, fileSize: .max, memorySize: .max))
    },
    BrokenImage("relocation entry size", .badRelocationTable) { $0.dynamic = [(9, 16)] },
    BrokenImage("relocation table outside", .badRelocationTable) { $0.dynamic = [(7, 0x9000), (8, 24)] },
    BrokenImage("relocation table past its segment", .badRelocationTable) { $0.dynamic = [(7, 0x7f0), (8, 24)] },
    BrokenImage("relocation table of 2^64 - 16 bytes", .badRelocationTable) {
      $0.dynamic = [(7, 0x400), (8, 0xffff_ffff_ffff_fff0)]
    },
    BrokenImage("relocation table of 25 bytes", .badRelocationTable) { $0.dynamic = [(7, 0x400), (8, 25)] },
    BrokenImage("PLT relocation table outside", .badRelocationTable) { $0.dynamic = [(23, 0x9000), (2, 24)] },
    BrokenImage("GLOB_DAT", .unsupportedRelocation(6)) { $0.relocations = [(0x3000, 6, 0)] },
    BrokenImage("COPY", .unsupportedRelocation(5)) { $0.relocations = [(0x3000, 5, 0)] },
    BrokenImage("DTPMOD64 after a good one", .unsupportedRelocation(16)) {
      $0.relocations = [(0x3000, 8, 0), (0x3008, 16, 0)]
    },
    BrokenImage("JUMP_SLOT", .unsupportedRelocation(7)) { $0.pltRelocations = [(0x3000, 7, 0)] },
    BrokenImage("unknown relocation", .unsupportedRelocation(0x1234)) { $0.relocations = [(0x3000, 0x1234, 0)] },
    BrokenImage("target between segments", .relocationOutsideImage) { $0.relocations = [(0x2000, 8, 0)] },
    BrokenImage("target in zeros", .relocationOutsideImage) { $0.relocations = [(0x5000, 8, 0)] },
    BrokenImage("target half outside", .relocationOutsideImage) { $0.relocations = [(0x47f9, 8, 0)] },
    BrokenImage("target 2^64 - 1", .relocationOutsideImage) { $0.relocations = [(.max, 8, 0)] },
    BrokenImage("target in code", .relocationInReadOnlySegment) { $0.relocations = [(0x1000, 8, 0)] },
    BrokenImage("target in headers", .relocationInReadOnlySegment) { $0.relocations = [(0x40, 8, 0)] },
    BrokenImage("IRELATIVE outside", .relocationOutsideImage) { $0.pltRelocations = [(0x9000, 37, 0)] },
  ]

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
