// The memory of the running action: what each page of its slot is, what a fault on it means, and how much is used.
// One value serves one invocation after another. The memory calls are in MemoryCalls.swift; page tables are Machine's.

public import ABI
import Bytes

/// How a page that is not there (or not writable) becomes usable.
public enum PageMapping: Equatable, Sendable, BitwiseCopyable {
  /// A private page of zeros.
  case zeroFill(Protection)
  /// A private copy of template page `index`.
  case copyTemplate(index: Int, Protection)
  /// The shared template page `index` itself; the protection never has `.write`.
  case showTemplate(index: Int, Protection)
}

/// What the first touch of a page finds there.
public enum PageContent: Equatable, Sendable, BitwiseCopyable {
  case zeros
  /// Template page `index`.
  case template(Int)
  /// The snapshot's template page, or zeros where it has none.
  case snapshot
}

/// What an access to a page comes to.
public enum PageResolution: Equatable, Sendable, BitwiseCopyable {
  case map(PageMapping)
  /// The action may not do this: its invocation ends with a fault.
  case denied
  /// It may, but is at its memory limit.
  case memoryLimit
}

/// The regions, heap end and page count of the running action.
public struct ActionMemory: Sendable {
  /// The address of the action's slot.
  public private(set) var slotBase: UInt64 = 0
  /// Private pages, those from earlier invocations that were kept for this one included.
  public private(set) var privatePages = 0
  /// The image pages whose mapping or protection a memory call changed, as one range around them all: what `restore` has
  /// to look at beside the private pages. Often empty, or the few pages of RELRO.
  public private(set) var changedImagePages: Range<UInt32> = 0..<0
  /// The same for the pages of the stack; empty for almost every action.
  public private(set) var changedStackPages: Range<UInt32> = 0..<0
  /// The same for all other pages, where the action began as a snapshot.
  public private(set) var changedOtherPages: Range<UInt32> = 0..<0
  /// The most pages that the action had at once, its template's included.
  public private(set) var peakPages = 0

  var regions = RegionTable()
  var imageEnd: UInt32 = 0
  /// The heap's bounds in bytes from the slot's base: its start is fixed, its end moves with brk.
  var heapStart: UInt64 = 0
  var heapEnd: UInt64 = 0
  private var heapEndAtEntry: UInt64 = 0
  private var templatePages = 0
  private(set) var hasSnapshot = false
  /// The instance whose regions at entry the table holds, for as long as no memory call changed them.
  private var owner: InstanceID?
  var pageLimit = 0

  public init() {}

  /// Makes the memory that of a pristine image in the slot at `slotBase`. `privatePages` pages were kept ready for it. An `owner` has
  /// one image for all its life, and one snapshot.
  @inline(__always)
  public mutating func begin(
    _ layout: borrowing ImageLayout, owner: InstanceID?, slotBase: UInt64, memoryBytes: Int, privatePages: Int
  ) {
    if !isReady(for: owner, snapshot: false) { load(layout, owner) }
    start(slotBase, memoryBytes, privatePages)
  }

  /// Makes the memory anew what the last `begin` made it, for the same owner.
  @inline(__always)
  mutating func beginAgain(_ privatePages: Int) {
    self.privatePages = privatePages
    heapEnd = heapEndAtEntry
    peakPages = templatePages &+ privatePages
    changedImagePages = 0..<0
    changedStackPages = 0..<0
  }

  /// Has the next `begin` look at its layout, or snapshot.
  mutating func forgetOwner() { owner = nil }

  /// Makes the memory that of `snapshot`, which was taken in the slot at `slotBase`.
  @inline(__always)
  mutating func begin(
    _ snapshot: borrowing Snapshot, owner: InstanceID?, slotBase: UInt64, memoryBytes: Int, privatePages: Int
  ) {
    if !isReady(for: owner, snapshot: true) { load(snapshot, owner) }
    changedOtherPages = 0..<0
    start(slotBase, memoryBytes, privatePages)
  }

  /// Whether the regions are those at entry of `owner`'s image, or of its snapshot.
  @inline(__always)
  func isReady(for owner: InstanceID?, snapshot: Bool) -> Bool {
    guard let owner, let held = self.owner else { return false }
    return owner == held && hasSnapshot == snapshot && !regions.isChanged
  }

  @inline(never)
  private mutating func load(_ layout: borrowing ImageLayout, _ owner: InstanceID?) {
    self.owner = owner
    hasSnapshot = false
    templatePages = layout.templatePageCount
    imageEnd = layout.endPage
    // One page stays unmapped between the image and the heap.
    heapStart = UInt64(imageEnd &+ 1) << AddressSpace.pageShift
    heapEndAtEntry = heapStart
    regions.removeAll()
    for index in 0..<layout.regionCount {
      let part = layout.region(index)
      regions.append(
        Region(
          start: part.start, end: part.end, firstTemplate: part.firstTemplate, templateCount: part.templateCount,
          protection: part.protection, wasWritable: part.protection.contains(.write), isImage: true))
    }
    regions.append(
      Region(
        start: SlotLayout.stackFirstPage, end: SlotLayout.stackEndPage, protection: [.read, .write], wasWritable: true))
  }

  @inline(never)
  private mutating func load(_ snapshot: borrowing Snapshot, _ owner: InstanceID?) {
    self.owner = owner
    hasSnapshot = true
    templatePages = snapshot.templatePageCount
    imageEnd = snapshot.imageEnd
    heapStart = snapshot.heapStart
    heapEndAtEntry = snapshot.heapEnd
    regions.removeAll()
    for index in 0..<snapshot.regions.count { regions.append(snapshot.regions[index]) }
  }

  @inline(__always)
  private mutating func start(_ slotBase: UInt64, _ memoryBytes: Int, _ privatePages: Int) {
    self.slotBase = slotBase
    pageLimit = max(0, memoryBytes) >> Int(AddressSpace.pageShift)
    beginAgain(privatePages)
  }

  /// The template's pages and the private ones.
  public var usedPages: Int { templatePages &+ privatePages }

  /// What `access` to page `page` of the slot comes to where the page tables did not allow it. Counts the page that a
  /// mapping will take, so the caller performs each mapping it is given, or ends the invocation.
  public mutating func resolve<M: ActionMachine & ~Copyable>(
    page: UInt32, access: Access, machine: inout M
  ) -> PageResolution {
    guard let index = regions.index(holding: page) else { return .denied }
    let region = regions[index]
    guard Self.allows(region.protection, access) else { return .denied }
    let template: Int? =
      switch Self.content(of: page, in: region) {
      case .zeros: nil
      case .template(let index): index
      case .snapshot: machine.snapshotTemplate(at: page)
      }
    if let template {
      guard access == .write else { return .map(.showTemplate(index: template, region.protection.subtracting(.write))) }
      return takePage() ? .map(.copyTemplate(index: template, region.protection)) : .memoryLimit
    }
    return takePage() ? .map(.zeroFill(region.protection)) : .memoryLimit
  }

  /// What the first touch of `page` finds there; nil where that page is not mapped.
  @_optimize(size) @inline(never)
  func content(of page: UInt32) -> PageContent? {
    regions.index(holding: page).map { Self.content(of: page, in: regions[$0]) }
  }

  @inline(__always)
  private static func content(of page: UInt32, in region: Region) -> PageContent {
    let offset = page &- region.start
    if offset < region.templateCount { return .template(Int(region.firstTemplate &+ offset)) }
    return region.isSnapshot ? .snapshot : .zeros
  }

  /// How many of the `count` bytes at `address` the action itself could access so, from the first on: 0 where the address
  /// is null, the kernel's, another slot's, unmapped or not canonical; fewer where the run reaches into such memory.
  public func accessible(_ address: UInt64, _ count: UInt64, _ access: Access) -> Int {
    let offset = address &- slotBase
    guard offset < AddressSpace.slotSize, count > 0 else { return 0 }
    let end = offset &+ min(count, AddressSpace.slotSize &- offset)
    let firstPage = UInt32(offset >> AddressSpace.pageShift)
    var index = regions.index(endingPast: firstPage)
    var reached = offset
    while index < regions.count, reached < end {
      let region = regions[index]
      guard UInt64(region.start) << AddressSpace.pageShift <= reached, Self.allows(region.protection, access) else {
        break
      }
      reached = UInt64(region.end) << AddressSpace.pageShift
      index &+= 1
    }
    return Int(min(reached, end) &- offset)
  }

  /// Notes that `count` private pages were given back.
  public mutating func releasePages(_ count: Int) {
    privatePages = max(0, privatePages &- count)
  }

  /// Notes that a memory call changed `pages`.
  mutating func noteChange(_ pages: Range<UInt32>) {
    changedImagePages = changedImagePages.covering(pages.clamped(to: SlotLayout.imagePage..<imageEnd))
    changedStackPages = changedStackPages.covering(
      pages.clamped(to: SlotLayout.stackFirstPage..<SlotLayout.stackEndPage))
    if hasSnapshot, pages.upperBound > imageEnd { changedOtherPages = changedOtherPages.covering(pages) }
  }

  private mutating func takePage() -> Bool {
    let used = usedPages
    guard used < pageLimit else { return false }
    privatePages &+= 1
    peakPages = max(peakPages, used &+ 1)
    return true
  }

  /// On x86 every page that may be written or executed may be read.
  private static func allows(_ protection: Protection, _ access: Access) -> Bool {
    switch access {
    case .read: protection != .none
    case .write: protection.contains(.write)
    case .execute: protection.contains(.execute)
    }
  }
}

extension Range where Bound == UInt32 {
  /// The smallest range around both.
  func covering(_ other: Range) -> Range {
    if other.isEmpty { return self }
    if isEmpty { return other }
    return Swift.min(lowerBound, other.lowerBound)..<Swift.max(upperBound, other.upperBound)
  }
}
