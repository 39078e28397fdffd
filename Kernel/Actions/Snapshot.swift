// Loop mode: what an action was when it first read its input, which is what every later invocation begins with.
// Out of scope: the contents of pages, and registers (Machine).

import ABI
import Bytes

/// What an ActionProcess does at the calls that loop mode changes.
public enum ActionMode: UInt8, Sendable, BitwiseCopyable {
  /// Each invocation starts the program anew.
  case process
  /// Loop mode at deployment: the program runs from its entry to its first read of fd 0.
  case initialising
  /// Loop mode: each invocation goes on from there.
  case serving
}

/// The hardware's side of taking a snapshot. Page numbers count from the base of the action's slot.
public protocol SnapshotSource: ~Copyable {
  /// The first private page in `pages`.
  func firstPrivatePage(in pages: Range<UInt32>) -> UInt32?
  /// Makes the private page `page` the next template page, shown with `protection` less `.write`.
  mutating func movePrivate(_ page: UInt32, _ protection: Protection)
  /// Makes the image's template page `index` the next template page; ascending from call to call.
  mutating func keepTemplate(_ index: Int)
}

/// The regions, heap end and template pages of one snapshot. Template pages are numbered in the order of their addresses.
public struct Snapshot: ~Copyable, Sendable {
  var regions = FailableArray<Region>()
  /// The page that each template page is shown at: 32 bits each, little endian.
  private var pages = ByteBuffer()
  private(set) var imageEnd: UInt32 = 0
  private(set) var heapStart: UInt64 = 0
  private(set) var heapEnd: UInt64 = 0
  private(set) var openDescriptors: UInt8 = 0

  /// A snapshot of nothing.
  public init() {}

  public var templatePageCount: Int { pages.count / 4 }

  /// Takes the snapshot of `process`, whose pages are `source`'s; nil, and nothing done, where memory is out.
  @_optimize(size)
  public init?<S: SnapshotSource & ~Copyable>(of process: borrowing ActionProcess, from source: inout S) {
    guard regions.reserve(process.memory.regions.count), pages.reserve(process.memory.usedPages &* 4) else { return nil }
    imageEnd = process.memory.imageEnd
    heapStart = process.memory.heapStart
    heapEnd = process.memory.heapEnd
    openDescriptors = process.openDescriptors
    // There is room for all that is appended from here on.
    for index in 0..<process.memory.regions.count {
      var region = process.memory.regions[index]
      var page = region.start
      while let next = source.firstPrivatePage(in: page..<region.end) {
        keepTemplates(of: region, page..<next, &source)
        source.movePrivate(next, region.protection)
        _ = pages.append(littleEndian: next)
        page = next &+ 1
      }
      keepTemplates(of: region, page..<region.end, &source)
      region.firstTemplate = 0
      region.templateCount = 0
      region.isSnapshot = true
      _ = regions.append(region)
    }
  }

  /// Takes over what of the image `region` shows in `range`.
  @_optimize(size) @inline(never)
  private mutating func keepTemplates<S: SnapshotSource & ~Copyable>(
    of region: Region, _ range: Range<UInt32>, _ source: inout S
  ) {
    let end = min(range.upperBound, region.start &+ region.templateCount)
    var page = range.lowerBound
    while page < end {
      source.keepTemplate(Int(region.firstTemplate &+ (page &- region.start)))
      _ = pages.append(littleEndian: page)
      page &+= 1
    }
  }
}

extension Snapshot: PristineLayout {
  @_optimize(size) @inline(never)
  public func template(at page: UInt32) -> Int? {
    var low = 0
    var high = templatePageCount
    while low < high {
      let middle = (low &+ high) / 2
      if pages.span.loadLE32(middle &* 4) < page { low = middle &+ 1 } else { high = middle }
    }
    return low < templatePageCount && pages.span.loadLE32(low &* 4) == page ? low : nil
  }

  @_optimize(size) @inline(never)
  public func protection(at page: UInt32) -> Protection {
    var low = 0
    var high = regions.count
    while low < high {
      let middle = (low &+ high) / 2
      if regions[middle].end <= page { low = middle &+ 1 } else { high = middle }
    }
    return low < regions.count && regions[low].start <= page ? regions[low].protection : .none
  }
}
