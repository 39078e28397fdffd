import Actions
import Testing

@Suite struct TransientPagesTests {
  /// As the machine does it: the list has all pages that are left to free, and an action that maps and unmaps does not make it longer.
  private struct Pages: ~Copyable {
    var list = TransientPages()
    var live: Set<UInt32> = []
    var rebuilt = 0

    mutating func touch(_ page: UInt32) {
      guard live.insert(page).inserted else { return }
      let isAdded = list.add(page)
      #expect(isAdded)
    }

    mutating func unmap(_ pages: Range<UInt32>) {
      let freed = live.count { pages.contains($0) }
      live = live.filter { !pages.contains($0) }
      guard freed > 0, list.noteUnmapped(freed) else { return }
      rebuilt += 1
      let before = list.count
      list.removeAll()
      for page in live { _ = list.add(page) }
      let after = list.count
      #expect(after == live.count && after < before)
    }

    var listed: Set<UInt32> { Set((0..<list.count).map { list[$0] }) }
  }

  @Test func onePageTouchedAndUnmappedForEver() {
    var pages = Pages()
    pages.touch(7)
    var longest = 0
    for _ in 0..<100_000 {
      pages.touch(1000)
      pages.unmap(1000..<1001)
      longest = max(longest, pages.list.count)
    }
    #expect(longest <= TransientPages.slack + 2)
    let (listed, rebuilt) = (pages.listed, pages.rebuilt)
    #expect(listed.contains(7))
    // Looking at all page tables is worth it only once in a while.
    #expect(rebuilt <= 100_000 / TransientPages.slack)
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func nothingToFreeIsForgotten(seed: UInt64) {
    var random = Random(seed)
    var pages = Pages()
    for _ in 0..<2_000 {
      let first = UInt32(random.next() % 4096)
      for page in first..<first + UInt32(random.next() % 32) { pages.touch(page) }
      let last = UInt32(random.next() % 4096)
      pages.unmap(last..<last + UInt32(random.next() % 64))
      let count = pages.list.count
      let left = pages.live.count
      #expect(count <= 2 * left + 2 * TransientPages.slack)
    }
    let (live, listed, rebuilt) = (pages.live, pages.listed, pages.rebuilt)
    #expect(rebuilt > 0 && live.isSubset(of: listed))
    pages.list.removeAll()
    let isEmpty = pages.list.count == 0
    #expect(isEmpty)
  }
}
