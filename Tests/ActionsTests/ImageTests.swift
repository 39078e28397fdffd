import ABI
import Actions
import Bytes
import Testing

/// Template pages in arrays.
struct ArrayPages: TemplatePages, ~Copyable {
  var pages: [[UInt8]]

  init(_ image: borrowing ActionImage) {
    pages = []
    for index in 0..<image.layout.templatePageCount {
      var page = [UInt8](repeating: 0xee, count: 4096)
      var span = page.mutableSpan
      image.fill(template: index, into: &span)
      pages.append(page)
    }
  }

  mutating func withPage(_ index: Int, _ body: (inout MutableSpan<UInt8>) -> Void) {
    var span = pages[index].mutableSpan
    body(&span)
  }

  func word(_ page: Int, _ offset: Int) -> UInt64 { littleEndian(pages[page][offset..<(offset + 8)]) }
}

@Suite struct ImageTests {
  let imagePage = UInt32(SlotLayout.imageOffset / 4096)

  /// A page that begins with `bytes` and goes on with zeros.
  func page(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var page = [UInt8](repeating: 0, count: 4096)
    page.replaceSubrange(0..<bytes.count, with: bytes)
    return page
  }

  @Test func pagePlan() throws {
    let builder = ELFBuilder()
    let file = builder.bytes()
    let image = try ActionImage(parsing: buffer(file))
    #expect(image.layout.entry == 0x1010)
    #expect(image.layout.programHeaders == 64)
    #expect(image.layout.programHeaderCount == 4)
    #expect(image.layout.regionCount == 3)
    #expect(image.layout.templatePageCount == 4)
    #expect(image.layout.endPage == imagePage + 7)
    let data = image.layout.region(2)
    #expect(data.start == imagePage + 3 && data.end == imagePage + 7)
    #expect(data.firstTemplate == 2 && data.templateCount == 2 && data.protection == [.read, .write])
    #expect(image.layout.region(1).protection == [.read, .execute])
    #expect(image.layout.place(ofTemplate: 3)?.page == imagePage + 4)
    #expect(image.layout.place(ofTemplate: 4) == nil)
    #expect(image.layout.place(ofTemplate: -1) == nil)
    #expect(image.layout.template(at: imagePage + 4) == 3)
    #expect(image.layout.template(at: imagePage + 5) == nil)
    #expect(image.layout.isZeroAtEntry(imagePage + 5))
    #expect(!image.layout.isZeroAtEntry(imagePage + 2))

    let pages = ArrayPages(image)
    let expected = [0..<0x800, 0x1000..<0x1200, 0x2000..<0x3000, 0x3000..<0x3800].map { page(file[$0]) }
    #expect(pages.pages == expected)
  }

  @Test func aFileInsideALargerBuffer() throws {
    let file = ELFBuilder().bytes()
    let image = try ActionImage(
      parsing: buffer([[1, 2, 3], file, [4]].flatMap { $0 }), range: 3..<(3 + file.count))
    #expect(bytes(of: image.file) == file)
    #expect(ArrayPages(image).pages[2] == Array(file[0x2000..<0x3000]))
    #expect(throws: ImageError.empty) { _ = try ActionImage(parsing: buffer(file), range: 1_000_000..<1_000_001) }
  }

  @Test func relocations() throws {
    var builder = ELFBuilder()
    builder.relocations = [
      (0x3010, 8, 0x1234), (0x3ffc, 8, 0x5566_7788), (0, 0, 0), (0x47f8, 8, 0xffff_ffff_ffff_fff0), (0x3020, 37, 0x1100),
    ]
    builder.pltRelocations = [(0x3018, 8, 1)]
    let image = try ActionImage(parsing: buffer(builder.bytes()))
    var pages = ArrayPages(image)
    let before = pages.pages
    let base: UInt64 = 0x0000_0080_0020_0000
    image.relocate(base: base, pages: &pages)
    #expect(pages.word(2, 0x10) == base + 0x1234)
    #expect(pages.word(2, 0x18) == base + 1)
    #expect(pages.word(3, 0x7f8) == base - 16)
    let straddling: [UInt8] = [pages.pages[2][0xffc...], pages.pages[3][..<4]].flatMap { $0 }
    #expect(littleEndian(straddling[...]) == base + 0x5566_7788)
    // IRELATIVE is the program's own work.
    #expect(pages.pages[2][0x20..<0x28] == before[2][0x20..<0x28])
    // Nothing else changed.
    var expected = before
    for offset in (0x10..<0x20) { expected[2][offset] = pages.pages[2][offset] }
    for offset in (0xffc..<0x1000) { expected[2][offset] = pages.pages[2][offset] }
    for offset in 0..<4 { expected[3][offset] = pages.pages[3][offset] }
    for offset in (0x7f8..<0x800) { expected[3][offset] = pages.pages[3][offset] }
    #expect(pages.pages == expected)
  }

  /// Relocating again, as the program's own start code does, changes nothing.
  @Test func relocatingIsIdempotent() throws {
    var builder = ELFBuilder()
    builder.addRelocations(20)
    let image = try ActionImage(parsing: buffer(builder.bytes()))
    var pages = ArrayPages(image)
    image.relocate(base: 0x80_0020_0000, pages: &pages)
    let once = pages.pages
    image.relocate(base: 0x80_0020_0000, pages: &pages)
    #expect(pages.pages == once)
  }

  /// GNU ld without -z separate-code: headers, code and constants in one segment, which ends where the data's file bytes begin.
  @Test func oneSegmentForHeadersAndCode() throws {
    var builder = ELFBuilder()
    builder.segments = [
      .init(flags: 5, offset: 0, address: 0, fileSize: 0x1300, memorySize: 0x1300),
      .init(flags: 6, offset: 0x1300, address: 0x2300, fileSize: 0x100, memorySize: 0x200),
    ]
    let file = builder.bytes()
    let image = try ActionImage(parsing: buffer(file))
    #expect(image.layout.templatePageCount == 3)
    let pages = ArrayPages(image)
    #expect(Array(pages.pages[2][0x300..<0x400]) == Array(file[0x1300..<0x1400]))
    #expect(pages.pages[2][..<0x300].allSatisfy { $0 == 0 })
    #expect(pages.pages[2][0x400...].allSatisfy { $0 == 0 })
  }

  /// Two read-write segments that meet in a page (RELRO and data with a small common page size).
  @Test func segmentsOfOnePermissionMeetInAPage() throws {
    var builder = ELFBuilder()
    builder.segments[2] = .init(flags: 6, offset: 0x2000, address: 0x3000, fileSize: 0x100, memorySize: 0x1200)
    builder.segments.append(.init(flags: 6, offset: 0x2300, address: 0x4300, fileSize: 0x200, memorySize: 0x200))
    builder.segments.append(.init(flags: 6, offset: 0x2600, address: 0x4600, fileSize: 0, memorySize: 0x2000))
    let file = builder.bytes()
    let image = try ActionImage(parsing: buffer(file))
    #expect(image.layout.regionCount == 4)
    #expect(image.layout.region(2).end == imagePage + 4)
    #expect(image.layout.region(3).start == imagePage + 4)
    #expect(image.layout.region(3).end == imagePage + 7)
    #expect(image.layout.region(3).templateCount == 1)
    let pages = ArrayPages(image)
    #expect(Array(pages.pages[3][0x300..<0x500]) == Array(file[0x2300..<0x2500]))
    #expect(pages.pages[3][0x500...].allSatisfy { $0 == 0 })
  }

  @Test func programHeadersThatAreNotLoaded() throws {
    var builder = ELFBuilder()
    builder.segments.removeFirst()
    let image = try ActionImage(parsing: buffer(builder.bytes()))
    #expect(image.layout.programHeaderCount == 0)
  }

  @Test func extremesThatAreLegal() throws {
    var builder = ELFBuilder()
    builder.segments[2].memorySize = (512 << 20) - 0x3000
    builder.segments[1].alignment = 2 << 20
    builder.segments[0].alignment = 0
    builder.patches[7] = 3
    let image = try ActionImage(parsing: buffer(builder.bytes()))
    #expect(image.layout.templatePageCount == 4)
    #expect(image.layout.endPage == imagePage + (512 << 8))
  }

  /// 120,000 files with random damage: each is refused with an error or is a plan that holds.
  @Test func damagedFilesNeverTrap() {
    var builder = ELFBuilder()
    builder.size = 0x3800
    builder.addRelocations(8)
    builder.pltRelocations = [(0x3018, 37, 1)]
    builder.others.append(.init(type: 7, flags: 4, offset: 0x2000, address: 0x3000, fileSize: 8, memorySize: 16, alignment: 8))
    let file = builder.bytes()
    // Where damage tells: headers, relocation tables, dynamic section.
    let ranges: [Range<Int>] = [0..<0x1a0, 0x400..<0x4c0, 0x600..<0x618, 0x3000..<0x3070]
    let places: [Int] = ranges.flatMap { Array($0) }
    let words: [UInt64] = [0, 1, 7, 0xfff, 0x1000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 1 << 47, 1 << 63, .max, .max - 7]
    var random = Random(42)
    var accepted = 0
    for _ in 0..<120_000 {
      var damaged = file
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = places[Int.random(in: 0..<places.count, using: &random)]
        switch random.next() % 4 {
        case 0: damaged[place] ^= 1 << UInt8(random.next() % 8)
        case 1: damaged[place] = UInt8(truncatingIfNeeded: random.next())
        case 2:
          let word = words[Int.random(in: 0..<words.count, using: &random)]
          for index in 0..<8 { damaged[(place & ~7) + index] = UInt8(truncatingIfNeeded: word >> UInt64(8 * index)) }
        default:
          if random.next() % 16 == 0 { damaged.removeLast(Int.random(in: 0..<damaged.count, using: &random)) }
        }
        if damaged.count < file.count { break }
      }
      if isAccepted(damaged) { accepted += 1 }
    }
    #expect(accepted > 1000)
  }

  /// Whether the file was accepted; then its plan is checked.
  private func isAccepted(_ file: [UInt8]) -> Bool {
    guard let image = try? ActionImage(parsing: buffer(file)) else { return false }
    if file.count % 8 == 0 {
      var pages = ArrayPages(image)
      image.relocate(base: 0x80_0020_0000, pages: &pages)
    }
    var end = imagePage
    for index in 0..<image.layout.regionCount {
      let region = image.layout.region(index)
      #expect(region.start >= end && region.start < region.end)
      #expect(region.templateCount <= region.end - region.start)
      #expect(!region.protection.isWritableAndExecutable)
      end = region.end
    }
    return true
  }
}
