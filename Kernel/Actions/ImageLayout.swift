// What of an image outlives its file: where its pages lie and what each may be used for. An executor keeps one per
// installed action, so it is small.

public import ABI

/// A run of image pages of one permission. Its first `templateCount` pages hold bytes of the file, the others are zero.
public struct ImageRegion: Sendable, BitwiseCopyable {
  /// Page numbers in the slot; `end` is past the last.
  public var start: UInt32
  public var end: UInt32
  /// The template page that `start` shows.
  public var firstTemplate: UInt32
  public var templateCount: UInt32
  public var protection: Protection
}

/// The pages of one image. Template pages are numbered from 0, densely, in the order of their addresses.
public struct ImageLayout: Sendable {
  /// Most loadable segments, hence regions, of an image.
  public static var capacity: Int { 16 }

  /// The entry point and the program headers, in bytes from the image's base.
  public internal(set) var entry: UInt64
  public internal(set) var programHeaders: UInt64
  /// Entries of the program header table; 0 where the table is not in memory.
  public internal(set) var programHeaderCount: Int
  public internal(set) var regionCount: Int
  public internal(set) var templatePageCount: Int
  var regions: [16 of ImageRegion]

  /// Region `index` of `regionCount`, in the order of addresses.
  public func region(_ index: Int) -> ImageRegion { regions[index] }

  /// The page number in the slot where the image ends.
  public var endPage: UInt32 { regionCount == 0 ? SlotLayout.imagePage : regions[regionCount - 1].end }

  /// The page in the slot that template page `index` is shown at, and its permission; nil for an unknown index.
  public func place(ofTemplate index: Int) -> (page: UInt32, protection: Protection)? {
    guard index >= 0, index < templatePageCount else { return nil }
    let wanted = UInt32(index)
    for number in 0..<regionCount {
      let region = regions[number]
      if wanted &- region.firstTemplate < region.templateCount {
        return (region.start &+ (wanted &- region.firstTemplate), region.protection)
      }
    }
    return nil
  }

  /// The template page shown at page `page` of the slot; nil where that page is zero-filled or not of the image.
  public func template(at page: UInt32) -> Int? {
    for number in 0..<regionCount {
      let region = regions[number]
      if page &- region.start < region.templateCount { return Int(region.firstTemplate &+ (page &- region.start)) }
    }
    return nil
  }

  /// What page `page` may be used for at entry; `.none` for pages that are not mapped then.
  public func protection(at page: UInt32) -> Protection {
    for number in 0..<regionCount {
      let region = regions[number]
      if page >= region.start, page < region.end { return region.protection }
    }
    return page >= SlotLayout.stackFirstPage && page < SlotLayout.stackEndPage ? [.read, .write] : .none
  }

  /// Whether page `page` is mapped and zero at entry: the image's zero-filled data and the stack.
  public func isZeroAtEntry(_ page: UInt32) -> Bool {
    protection(at: page) != .none && template(at: page) == nil
  }
}
