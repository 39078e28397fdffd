// The dynamic section and relocations of an image.
//
// A static-PIE relocates itself at its start, as it does under Linux. R_X86_64_RELATIVE with addends is done by the
// loader as well, since that is harmless (base + addend, whatever was there) and saves programs without such start code.
// Packed relative relocations (DT_RELR) add to what is there, so doing them twice would be wrong; IRELATIVE calls the
// program's own code: both are left to the program.

import ABI
import Bytes

/// The template's pages of one image while it is being built.
public protocol TemplatePages: ~Copyable {
  /// Calls `body` with the 4096 bytes of template page `index`, to change in place.
  mutating func withPage(_ index: Int, _ body: (inout MutableSpan<UInt8>) -> Void)
}

extension ImageParts {
  @_optimize(size)
  mutating func readDynamicSection(
    _ file: Span<UInt8>, _ section: (address: UInt64, size: UInt64)
  ) throws(ImageError) {
    guard let range = fileRange(at: section.address, count: section.size) else { throw .badDynamicSection }
    var table: (address: UInt64, size: UInt64) = (0, 0)
    var plt: (address: UInt64, size: UInt64) = (0, 0)
    var entrySize = UInt64(ELF.relocationSize)
    var position = range.lowerBound
    scan: while position <= range.upperBound &- ELF.dynamicEntrySize {
      let value = file.loadLE64(position &+ 8)
      switch DynamicTag(rawValue: file.loadLE64(position)) {
      case .null: break scan
      case .needed: throw .needsSharedLibrary
      case .textRelocations: throw .textRelocations
      case .flags: guard value & 4 == 0 else { throw .textRelocations }
      case .relocationTable: table.address = value
      case .relocationTableSize: table.size = value
      case .relocationEntrySize: entrySize = value
      case .pltRelocations: plt.address = value
      case .pltRelocationSize: plt.size = value
      case nil: break
      }
      position &+= ELF.dynamicEntrySize
    }
    guard entrySize == UInt64(ELF.relocationSize) else { throw .badRelocationTable }
    relocations = try tableRange(table)
    pltRelocations = try tableRange(plt)
  }

  private func tableRange(_ table: (address: UInt64, size: UInt64)) throws(ImageError) -> Range<Int> {
    guard table.size > 0 else { return 0..<0 }
    guard table.size % UInt64(ELF.relocationSize) == 0, let range = fileRange(at: table.address, count: table.size)
    else { throw .badRelocationTable }
    return range
  }

  /// Checks every entry of one table: its kind, and that its target is 8 writable bytes that come from the file.
  @_optimize(size)
  func checkRelocations(_ file: Span<UInt8>, _ table: Range<Int>) throws(ImageError) {
    var segment = segments[0]
    var position = table.lowerBound
    while position < table.upperBound {
      let entry = Relocation(file, at: position)
      position &+= ELF.relocationSize
      switch RelocationKind(rawValue: entry.kind) {
      case .some(.none): continue
      case .relative, .indirectRelative: break
      default: throw .unsupportedRelocation(entry.kind)
      }
      // Neighbouring entries almost always fall into the same segment.
      if !holds(segment, entry.offset) {
        guard let index = (0..<segmentCount).first(where: { holds(segments[$0], entry.offset) }) else {
          throw .relocationOutsideImage
        }
        segment = segments[index]
      }
      guard segment.protection.contains(.write) else { throw .relocationInReadOnlySegment }
    }
  }

  private func holds(_ segment: ImageSegment, _ offset: UInt64) -> Bool {
    segment.fileSize >= 8 && offset >= UInt64(segment.address) && offset <= UInt64(segment.fileEnd &- 8)
  }
}

extension ActionImage {
  /// Applies the image's relocations for an image that is based at address `base`. One pass over the tables.
  @_optimize(size) @inline(never)
  public func relocate<Pages: TemplatePages & ~Copyable>(base: UInt64, pages: inout Pages) {
    relocate(relocations, base: base, pages: &pages)
    relocate(pltRelocations, base: base, pages: &pages)
  }

  @_optimize(size) @inline(never)
  private func relocate<Pages: TemplatePages & ~Copyable>(_ table: Range<Int>, base: UInt64, pages: inout Pages) {
    let file = self.file
    var position = table.lowerBound
    while position < table.upperBound {
      let entry = Relocation(file, at: position)
      position &+= ELF.relocationSize
      guard entry.kind == RelocationKind.relative.rawValue,
        let template = layout.template(at: SlotLayout.imagePage &+ UInt32(entry.offset >> 12))
      else { continue }
      let value = base &+ entry.addend
      let offset = Int(entry.offset & 4095)
      if offset <= 4088 {
        pages.withPage(template) { page in page.storeLE64(value, at: offset) }
      } else {
        // The target straddles a page border: its segment, hence its template, goes on there.
        let first = 4096 &- offset
        pages.withPage(template) { page in
          for index in 0..<first { page[offset &+ index] = UInt8(truncatingIfNeeded: value >> UInt64(8 &* index)) }
        }
        pages.withPage(template &+ 1) { page in
          for index in first..<8 { page[index &- first] = UInt8(truncatingIfNeeded: value >> UInt64(8 &* index)) }
        }
      }
    }
  }
}
