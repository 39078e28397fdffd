// Which pages of a slot are mapped, and how: sorted runs of pages in a table of fixed size.
// Out of scope: what the memory calls mean (ActionMemory.swift) and page tables (Machine).

import ABI

/// A run of pages of one kind. `end` is past the last page.
struct Region: BitwiseCopyable, Sendable {
  var start: UInt32 = 0
  var end: UInt32 = 0
  /// For image pages: the template page that `start` shows, and how many pages from `start` on show one. 0 for anonymous memory.
  var firstTemplate: UInt32 = 0
  var templateCount: UInt32 = 0
  var protection: Protection = .none
  /// Whether any of it may ever have been written; then it is never executable again.
  var wasWritable = false
  /// Whether pages of it come from the image, so that it never merges with anonymous memory.
  var isImage = false
  /// Whether its pages may be template pages of the running action's snapshot; then `firstTemplate` and `templateCount` are 0.
  var isSnapshot = false

  var isAnonymousSnapshot: Bool { isSnapshot && !isImage }

  /// Drops the first `pages` pages.
  mutating func dropFirst(_ pages: UInt32) {
    start &+= pages
    let templates = min(pages, templateCount)
    firstTemplate &+= templates
    templateCount &-= templates
  }

  /// Drops everything from page `page` on.
  mutating func cut(at page: UInt32) {
    end = page
    templateCount = min(templateCount, end &- start)
  }

  func merges(with next: Region) -> Bool {
    end == next.start && !isImage && !next.isImage && protection == next.protection && wasWritable == next.wasWritable
      && isSnapshot == next.isSnapshot
  }
}

/// Regions in the order of their pages; none overlap.
struct RegionTable: Sendable {
  /// Most regions of one action; a call that would need more fails with ENOMEM.
  static var capacity: Int { 128 }

  private(set) var count = 0
  /// Whether a region was changed since the table was emptied last and filled by `append`.
  private(set) var isChanged = false
  /// An array of fixed size, allocated once: an inline one is copied by every read of an element. Two more than there may be: `remove` splits
  /// before it closes.
  private var regions: [Region] = .init(repeating: Region(), count: RegionTable.capacity + 2)

  subscript(_ index: Int) -> Region { regions[index] }

  mutating func removeAll() {
    count = 0
    isChanged = false
  }

  /// The first region that ends past `page`: the one that holds it, or the next above it, or `count`.
  func index(endingPast page: UInt32) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low &+ high) / 2
      if regions[middle].end > page { high = middle } else { low = middle &+ 1 }
    }
    return low
  }

  /// The region that holds `page`.
  func index(holding page: UInt32) -> Int? {
    let index = index(endingPast: page)
    return index < count && regions[index].start <= page ? index : nil
  }

  /// Whether every page of `pages` is in some region.
  func covers(_ pages: Range<UInt32>) -> Bool {
    var page = pages.lowerBound
    var index = index(endingPast: page)
    while page < pages.upperBound {
      guard index < count, regions[index].start <= page else { return false }
      page = regions[index].end
      index &+= 1
    }
    return true
  }

  /// Whether no page of `pages` is in any region.
  func isFree(_ pages: Range<UInt32>) -> Bool {
    let index = index(endingPast: pages.lowerBound)
    return index == count || regions[index].start >= pages.upperBound
  }

  /// Whether some page of `pages` is in a region that was writable.
  func wasWritable(anyOf pages: Range<UInt32>) -> Bool { isAnyRegion(of: pages) { $0.wasWritable } }

  /// Whether regions can be split at two places and one more entered.
  var hasRoom: Bool { count <= Self.capacity &- 3 }

  /// Whether `pages` can be taken out: always, but from the middle of a region, which leaves one more than there were.
  func canRemove(_ pages: Range<UInt32>) -> Bool {
    guard !hasRoom, let index = index(holding: pages.lowerBound) else { return true }
    return regions[index].start == pages.lowerBound || regions[index].end <= pages.upperBound
  }

  /// Whether the snapshot may have anonymous pages of `pages`.
  @_optimize(size) @inline(never)
  func hasSnapshot(anyOf pages: Range<UInt32>) -> Bool { isAnyRegion(of: pages) { $0.isAnonymousSnapshot } }

  @inline(__always)
  private func isAnyRegion(of pages: Range<UInt32>, _ matches: (Region) -> Bool) -> Bool {
    var index = index(endingPast: pages.lowerBound)
    while index < count, regions[index].start < pages.upperBound {
      if matches(regions[index]) { return true }
      index &+= 1
    }
    return false
  }

  /// Enters a region that lies above all others, as it is.
  mutating func append(_ region: Region) {
    regions[count] = region
    count &+= 1
  }

  /// Enters a region into pages that are free, joining it with its neighbours where they are alike. Needs `hasRoom`.
  mutating func insert(_ region: Region) {
    isChanged = true
    let index = index(endingPast: region.start)
    open(at: index)
    regions[index] = region
    join(at: index &+ 1)
    join(at: index)
  }

  /// Takes all pages of `pages` out of whatever regions hold them. Needs `canRemove`.
  mutating func remove(_ pages: Range<UInt32>) {
    isChanged = true
    split(at: pages.lowerBound)
    split(at: pages.upperBound)
    let first = index(endingPast: pages.lowerBound)
    var last = first
    while last < count, regions[last].start < pages.upperBound { last &+= 1 }
    close(first..<last)
  }

  /// Gives all pages of `pages`, which are all mapped, one protection. Needs `hasRoom`.
  mutating func protect(_ pages: Range<UInt32>, _ protection: Protection) {
    isChanged = true
    split(at: pages.lowerBound)
    split(at: pages.upperBound)
    let first = index(endingPast: pages.lowerBound)
    var index = first
    while index < count, regions[index].start < pages.upperBound {
      regions[index].protection = protection
      if protection.contains(.write) { regions[index].wasWritable = true }
      index &+= 1
    }
    join(from: first, to: index)
  }

  /// Makes the anonymous pages of `pages`, which are all mapped, zero at their next touch whatever the snapshot has there. Needs
  /// `hasRoom`.
  @_optimize(size) @inline(never)
  mutating func forgetSnapshot(_ pages: Range<UInt32>) {
    isChanged = true
    splitSnapshot(at: pages.lowerBound)
    splitSnapshot(at: pages.upperBound)
    let first = index(endingPast: pages.lowerBound)
    var index = first
    while index < count, regions[index].start < pages.upperBound {
      if regions[index].isAnonymousSnapshot { regions[index].isSnapshot = false }
      index &+= 1
    }
    join(from: first, to: index)
  }

  private mutating func splitSnapshot(at page: UInt32) {
    if let index = index(holding: page), regions[index].isAnonymousSnapshot { split(at: page) }
  }

  private mutating func split(at page: UInt32) {
    guard let index = index(holding: page), regions[index].start < page else { return }
    open(at: index)
    regions[index] = regions[index &+ 1]
    regions[index].cut(at: page)
    regions[index &+ 1].dropFirst(page &- regions[index &+ 1].start)
  }

  /// Joins the region at `index` with the one before it where they are alike.
  private mutating func join(at index: Int) {
    guard index > 0, index < count, regions[index &- 1].merges(with: regions[index]) else { return }
    regions[index &- 1].end = regions[index].end
    close(index..<(index &+ 1))
  }

  /// The same for all from `first` to `last`.
  private mutating func join(from first: Int, to last: Int) {
    var index = last
    while index >= first, index > 0 {
      join(at: index)
      index &-= 1
    }
  }

  private mutating func open(at index: Int) {
    var place = count
    while place > index {
      regions[place] = regions[place &- 1]
      place &-= 1
    }
    count &+= 1
  }

  private mutating func close(_ range: Range<Int>) {
    guard !range.isEmpty else { return }
    var place = range.upperBound
    while place < count {
      regions[place &- range.count] = regions[place]
      place &+= 1
    }
    count &-= range.count
  }
}
