import ABI
import Actions
import Testing

/// A log of what restoring did.
struct FakeRestorer: PageRestorer, ~Copyable {
  var dirty: Set<UInt32> = []
  var copied: [UInt32: Int] = [:]
  var zeroed: Set<UInt32> = []
  var dropped: Set<UInt32> = []

  mutating func restore(_ page: UInt32, template: Int?) -> Bool {
    guard dirty.remove(page) != nil else { return false }
    if let template { copied[page] = template } else { zeroed.insert(page) }
    return true
  }
  mutating func drop(_ page: UInt32) { dropped.insert(page) }
}

@Suite struct PristinePagesTests {
  private let image = SlotLayout.imagePage
  private var stack: UInt32 { SlotLayout.stackEndPage - 1 }

  private func layout() throws -> ImageLayout { try ActionImage(parsing: buffer(ELFBuilder().bytes())).layout }

  @Test func onlyPagesMappedAtEntryAreKept() throws {
    let layout = try layout()
    var pages = PristinePages()
    let kept = [image + 3, image + 5, stack, image + 2, image + 7, 0, SlotLayout.stackEndPage, SlotLayout.stackFirstPage - 1]
      .map { pages.add($0, layout) }
    #expect(kept == [true, true, true, false, false, false, false, false])
    #expect(pages.count == 3)
  }

  @Test func dirtyPagesAreBroughtBack() throws {
    let layout = try layout()
    var pages = PristinePages()
    for page in [image + 3, image + 4, image + 5, stack] { _ = pages.add(page, layout) }
    var restorer = FakeRestorer(dirty: [image + 4, image + 5, stack])
    let counts = pages.restore(&restorer)
    #expect(counts.copied == 1 && counts.zeroed == 2 && counts.dropped == 0)
    #expect(restorer.copied == [image + 4: 3])
    #expect(restorer.zeroed == [image + 5, stack])
    #expect(pages.count == 4)
  }

  @Test func idlePagesAreGivenBack() throws {
    let layout = try layout()
    var pages = PristinePages()
    _ = pages.add(image + 3, layout)
    _ = pages.add(stack, layout)
    var restorer = FakeRestorer()
    for _ in 0..<Int(PristinePages.idleLimit) {
      restorer.dirty = [stack]
      let counts = pages.restore(&restorer)
      #expect(counts.dropped == 0)
    }
    restorer.dirty = [stack]
    let counts = pages.restore(&restorer)
    #expect(counts.dropped == 1 && counts.zeroed == 1)
    #expect(restorer.dropped == [image + 3])
    #expect(pages.count == 1)
  }

  @Test func manyPagesAreKept() throws {
    var pages = PristinePages()
    for number in UInt32(0)..<1000 {
      // Pages and templates up to the last of a slot.
      let kept = pages.add(0x3_ffff - number * 7, template: number % 2 == 0 ? Int(0x3_ffff - number) : nil, isMapped: true)
      #expect(kept)
    }
    for round in 1...2 {
      var restorer = FakeRestorer(dirty: Set((UInt32(0)..<1000).map { 0x3_ffff - $0 * 7 }))
      let counts = pages.restore(&restorer)
      #expect(counts.copied == 500 && counts.zeroed == 500 && counts.dropped == 0, "\(round)")
      #expect(restorer.copied.count == 500 && restorer.zeroed.count == 500)
      #expect(restorer.copied.allSatisfy { Int(0x3_ffff - $0.key) == (0x3_ffff - $0.value) * 7 })
    }
    // Of the pages that are written no more, each is given back once.
    var dropped = 0
    for _ in 0..<(Int(PristinePages.idleLimit) + 3) {
      var restorer = FakeRestorer()
      dropped += pages.restore(&restorer).dropped
      #expect(restorer.copied.isEmpty && restorer.zeroed.isEmpty)
    }
    #expect(dropped == 1000 && pages.count == 0)
  }

  @Test func theTableIsBounded() throws {
    let layout = try layout()
    var pages = PristinePages()
    for index in 0..<PristinePages.capacity {
      let kept = pages.add(stack - UInt32(index), layout)
      #expect(kept)
    }
    let kept = pages.add(image + 3, layout)
    #expect(!kept)
    pages.remove((stack - 9)..<(stack + 1))
    #expect(pages.count == PristinePages.capacity - 10)
    let fits = pages.add(image + 3, layout)
    #expect(fits)
  }
}
