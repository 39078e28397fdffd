// What must hold of executables for any bytes whatever. The plan of an image is compared with the program headers as the System V gABI
// reads them, byte by byte where they are few.

import ABI
import Actions
import Bytes

enum ELFInvariants {
  private static let base: UInt64 = 0x80_0020_0000
  /// Template pages that are looked at; a plan may have 131,072.
  private static let pageLimit = 32

  static func broken(_ bytes: [UInt8]) -> StaticString? {
    do throws(ImageError) {
      let image = try ActionImage(parsing: bytes.buffer)
      guard image.file.equals(bytes.span) else { return "an image is not its file" }
      if let broken = plan(image.layout) ?? templates(image.layout) ?? content(image, bytes) ?? relocations(image) { return broken }
      let inside = try ActionImage(parsing: ([1, 2, 3] + bytes + [4]).buffer, range: 3..<(3 + bytes.count))
      guard inside.layout.entry == image.layout.entry, inside.layout.endPage == image.layout.endPage else { return "the place of a file matters" }
      return nil
    } catch {
      var text = ByteBuffer()
      return error.describe(into: &text) && !text.isEmpty ? nil : "an error says nothing"
    }
  }

  /// Regions ascend, lie in the image's window and are never both writable and executable; the entry is executable.
  private static func plan(_ layout: ImageLayout) -> StaticString? {
    var end = SlotLayout.imagePage
    var templates: UInt32 = 0
    guard layout.regionCount > 0, layout.regionCount <= ImageLayout.capacity else { return "there are too few regions or too many" }
    for index in 0..<layout.regionCount {
      let region = layout.region(index)
      guard region.start >= end, region.start < region.end else { return "regions overlap" }
      guard region.firstTemplate == templates, region.templateCount <= region.end - region.start else { return "templates are not dense" }
      guard !region.protection.isWritableAndExecutable else { return "a region is writable and executable" }
      end = region.end
      templates += region.templateCount
    }
    guard end == layout.endPage, end <= SlotLayout.imagePage + UInt32(SlotLayout.imageLimit >> 12) else { return "the image ends elsewhere" }
    guard templates == layout.templatePageCount else { return "templates are counted otherwise" }
    let entry = SlotLayout.imagePage &+ UInt32(truncatingIfNeeded: layout.entry >> 12)
    guard layout.protection(at: entry).contains(.execute), layout.template(at: entry) != nil else { return "the entry is not code of the file" }
    guard layout.programHeaderCount == 0 || layout.template(at: SlotLayout.imagePage + UInt32(layout.programHeaders >> 12)) != nil else {
      return "the program headers are not in memory"
    }
    return nil
  }

  /// Pages and templates name each other.
  private static func templates(_ layout: ImageLayout) -> StaticString? {
    guard layout.place(ofTemplate: -1) == nil, layout.place(ofTemplate: layout.templatePageCount) == nil else { return "there is a template too many" }
    for index in 0..<min(layout.templatePageCount, pageLimit) {
      guard let place = layout.place(ofTemplate: index), layout.template(at: place.page) == index,
        layout.protection(at: place.page) == place.protection, !layout.isZeroAtEntry(place.page)
      else { return "a template is at no page" }
    }
    return nil
  }

  /// Each byte of a loadable segment is where its header says, with what that allows; all others of the pages are zero.
  private static func content(_ image: borrowing ActionImage, _ bytes: [UInt8]) -> StaticString? {
    let count = min(image.layout.templatePageCount, pageLimit)
    var expected = [UInt8](repeating: 0, count: 4096 * count)
    var found = expected
    for index in 0..<count {
      var page = [UInt8](repeating: 0xee, count: 4096)
      var span = page.mutableSpan
      image.fill(template: index, into: &span)
      found.replaceSubrange((4096 * index)..<(4096 * (index + 1)), with: page)
    }
    let (table, entries) = (Int(bytes.span.loadLE64(32)), Int(bytes.span.loadLE16(56)))
    for header in (0..<entries).map({ table + 56 * $0 }) where bytes.span.loadLE32(header) == 1 {
      let flags = bytes.span.loadLE32(header + 4)
      let (offset, address) = (Int(bytes.span.loadLE64(header + 8)), Int(bytes.span.loadLE64(header + 16)))
      let (fileSize, size) = (Int(bytes.span.loadLE64(header + 32)), Int(bytes.span.loadLE64(header + 40)))
      guard size > 0 else { continue }
      for place in [address, address + size - 1] {
        let protection = image.layout.protection(at: SlotLayout.imagePage + UInt32(place >> 12))
        guard protection.contains(.execute) == (flags & 1 != 0), protection.contains(.write) == (flags & 2 != 0) else {
          return "a segment has other permissions"
        }
      }
      for index in 0..<fileSize {
        guard let template = image.layout.template(at: SlotLayout.imagePage + UInt32((address + index) >> 12)) else {
          return "a byte of the file has no template"
        }
        guard template < count else { break }
        expected[4096 * template + (address + index) % 4096] = bytes[offset + index]
      }
    }
    return found == expected ? nil : "a template holds something else"
  }

  /// Relocating twice is relocating once, and writes only to writable pages.
  private static func relocations(_ image: borrowing ActionImage) -> StaticString? {
    guard image.layout.templatePageCount <= pageLimit else { return nil }
    var pages = ArrayPages(image)
    let before = pages.pages
    image.relocate(base: base, pages: &pages)
    let once = pages.pages
    image.relocate(base: base, pages: &pages)
    guard pages.pages == once else { return "relocating again changes something" }
    for index in once.indices where once[index] != before[index] {
      guard image.layout.place(ofTemplate: index)?.protection.contains(.write) == true else { return "a page that is not writable is relocated" }
    }
    return nil
  }

  /// Template pages in arrays.
  private struct ArrayPages: TemplatePages, ~Copyable {
    var pages: [[UInt8]] = []

    init(_ image: borrowing ActionImage) {
      for index in 0..<image.layout.templatePageCount {
        var page = [UInt8](repeating: 0, count: 4096)
        var span = page.mutableSpan
        image.fill(template: index, into: &span)
        pages.append(page)
      }
    }

    mutating func withPage(_ index: Int, _ body: (inout MutableSpan<UInt8>) -> Void) {
      var span = pages[index].mutableSpan
      body(&span)
    }
  }
}
