// Why a file is not an image that can run as an action, in words that say what to do.

public import Bytes
import Base

/// What is wrong with an ELF file. The first fault found is the one reported.
public enum ImageError: Error, Equatable, Sendable {
  case empty
  case tooLarge
  case truncatedHeader
  case notELF
  case notClass64
  case notLittleEndian
  case badVersion
  case wrongSystem(UInt8)
  case wrongMachine(UInt16)
  case notPositionIndependent
  case notExecutableType(UInt16)
  case badHeaderEntrySize(UInt16)
  case noProgramHeaders
  case tooManyProgramHeaders(UInt16)
  case programHeadersOutsideFile
  case wantsInterpreter
  case needsSharedLibrary
  case executableStack
  case noLoadableSegments
  case tooManySegments
  case segmentFileSizeAboveMemorySize
  case segmentOutsideFile
  case segmentOutsideWindow
  case segmentBadAlignment
  case segmentNotCongruent
  case segmentsNotSorted
  case segmentsOverlap
  case segmentsShareAPage
  case segmentWritableAndExecutable
  case noExecutableSegment
  case entryNotExecutable
  case badThreadLocalStorage
  case badDynamicSection
  case textRelocations
  case badRelocationTable
  case unsupportedRelocation(UInt32)
  case relocationOutsideImage
  case relocationInReadOnlySegment

  /// What is wrong, why that matters and what to do.
  public var text: StaticString {
    switch self {
    case .empty: "the file is empty; send the ELF executable as the request's body"
    case .tooLarge: "the file is larger than 512 MiB"
    case .truncatedHeader: "the file ends inside the ELF header; was it cut on the way?"
    case .notELF: "not an ELF file (no 7f 45 4c 46 at its start); send the linked executable"
    case .notClass64: "not a 64-bit ELF file; build for x86-64"
    case .notLittleEndian: "not a little-endian ELF file; build for x86-64"
    case .badVersion: "unknown ELF version"
    case .wrongSystem: "built for another operating system; build for Linux or freestanding, EI_OSABI is "
    case .wrongMachine: "built for another processor; build for x86-64, e_machine is "
    case .notPositionIndependent: "not position independent (ET_EXEC); relink with -static-pie"
    case .notExecutableType: "not an executable; link it with -static-pie, e_type is "
    case .badHeaderEntrySize: "the program headers' entry size is not 56 but "
    case .noProgramHeaders: "no program headers; send the linked executable, not an object file"
    case .tooManyProgramHeaders: "more than 64 program headers: "
    case .programHeadersOutsideFile: "the program headers lie outside the file; was it cut on the way?"
    case .wantsInterpreter: "dynamically linked (wants an interpreter, PT_INTERP); link statically, with -static-pie"
    case .needsSharedLibrary: "needs shared libraries (DT_NEEDED); link statically, with -static-pie"
    case .executableStack: "wants an executable stack (PT_GNU_STACK); relink with -z noexecstack"
    case .noLoadableSegments: "nothing to load (no PT_LOAD segment)"
    case .tooManySegments: "more than 16 loadable segments"
    case .segmentFileSizeAboveMemorySize: "a segment has more bytes in the file than in memory"
    case .segmentOutsideFile: "a segment lies outside the file; was it cut on the way?"
    case .segmentOutsideWindow: "a segment lies outside the 512 MiB that an image may span; make the program or its static data smaller"
    case .segmentBadAlignment: "a segment's alignment is not a power of two up to 2 MiB; relink with -z max-page-size=4096"
    case .segmentNotCongruent: "a segment's address and file offset differ within a page; relink with -z max-page-size=4096"
    case .segmentsNotSorted: "the loadable segments are not in the order of their addresses"
    case .segmentsOverlap: "two segments overlap"
    case .segmentsShareAPage: "two segments of different permissions share a page; relink with -z max-page-size=4096"
    case .segmentWritableAndExecutable: "a segment is writable and executable; relink without -N, --omagic or -z rwx"
    case .noExecutableSegment: "no segment is executable"
    case .entryNotExecutable: "the entry point is not inside an executable segment; is _start missing?"
    case .badThreadLocalStorage: "the thread-local storage segment (PT_TLS) is not inside the image or badly aligned"
    case .badDynamicSection: "the dynamic section (PT_DYNAMIC) is not inside a loaded segment"
    case .textRelocations: "has text relocations (DT_TEXTREL); compile with -fPIE and link with -z text"
    case .badRelocationTable: "a relocation table is not inside a loaded segment or its entry size is not 24"
    case .unsupportedRelocation: "has a relocation that only a dynamic linker can do; link statically, with -static-pie: "
    case .relocationOutsideImage: "a relocation's target is not inside the bytes loaded from the file"
    case .relocationInReadOnlySegment: "a relocation's target is in a read-only segment; compile with -fPIE and link with -z text"
    }
  }

  /// The value at fault, where one number says more than the text.
  public var number: UInt64? {
    switch self {
    case .wrongSystem(let value): UInt64(value)
    case .wrongMachine(let value), .notExecutableType(let value), .badHeaderEntrySize(let value),
      .tooManyProgramHeaders(let value):
      UInt64(value)
    case .unsupportedRelocation(let kind): UInt64(kind)
    default: nil
    }
  }

  /// Appends the text and what goes after it; false where memory is out.
  public func describe(into buffer: inout ByteBuffer) -> Bool {
    guard buffer.append(text) else { return false }
    if case .unsupportedRelocation(let kind) = self, let name = RelocationKind(rawValue: kind)?.name {
      return buffer.append(name)
    }
    guard let number else { return true }
    return buffer.append(decimal: number)
  }
}
