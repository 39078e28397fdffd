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

/// What each page of a slot is when an invocation begins: an image's, or a snapshot's.
public protocol PristineLayout: ~Copyable {
  /// The template page shown at page `page` of the slot; nil where that page is zero-filled or not mapped.
  func template(at page: UInt32) -> Int?
  /// What page `page` may be used for at entry; `.none` for pages that are not mapped then.
  func protection(at page: UInt32) -> Protection
}

extension PristineLayout where Self: ~Copyable {
  /// Whether page `page` is mapped and zero at entry: zero-filled data and the stack, in a snapshot also heap and mappings.
  public func isZeroAtEntry(_ page: UInt32) -> Bool {
    protection(at: page) != .none && template(at: page) == nil
  }
}

/// The pages of one image. Template pages are numbered from 0, densely, in the order of their addresses.
public struct ImageLayout: PristineLayout, Sendable, BitwiseCopyable {
  /// Most loadable segments, hence regions, of an image.
  public static var capacity: Int { 16 }

  /// The entry point and the program headers, in bytes from the image's base.
  public internal(set) var entry: UInt64 = 0
  public internal(set) var programHeaders: UInt64 = 0
  /// Entries of the program header table; 0 where the table is not in memory.
  public internal(set) var programHeaderCount = 0
  public private(set) var regionCount = 0
  public private(set) var templatePageCount = 0
  /// The page number in the slot where the image ends.
  public private(set) var endPage: UInt32 = SlotLayout.imagePage
  private var regions = PackedRegions()

  init() {}

  /// Adds a region above all others. `region.firstTemplate` must be `templatePageCount`.
  mutating func append(_ region: ImageRegion) {
    regions[regionCount] = PackedRegion(region)
    regionCount &+= 1
    templatePageCount &+= Int(region.templateCount)
    endPage = region.end
  }

  /// Region `index` of `regionCount`, in the order of addresses.
  public func region(_ index: Int) -> ImageRegion {
    let part = regions[index]
    let nextTemplate = index &+ 1 < regionCount ? regions[index &+ 1].firstTemplate : UInt32(templatePageCount)
    return ImageRegion(
      start: part.start, end: part.end, firstTemplate: part.firstTemplate,
      templateCount: nextTemplate &- part.firstTemplate, protection: part.protection)
  }

  /// The page in the slot that template page `index` is shown at, and its permission; nil for an unknown index.
  public func place(ofTemplate index: Int) -> (page: UInt32, protection: Protection)? {
    guard index >= 0, index < templatePageCount else { return nil }
    var number = regionCount &- 1
    // The last region whose templates begin at or before it: one without templates begins where the next one does.
    while regions[number].firstTemplate > UInt32(index) { number &-= 1 }
    let part = regions[number]
    return (part.start &+ (UInt32(index) &- part.firstTemplate), part.protection)
  }

  /// The template page shown at page `page` of the slot; nil where that page is zero-filled or not of the image.
  public func template(at page: UInt32) -> Int? {
    guard let number = number(holding: page) else { return nil }
    let part = region(number)
    let offset = page &- part.start
    return offset < part.templateCount ? Int(part.firstTemplate &+ offset) : nil
  }

  /// What page `page` may be used for at entry; `.none` for pages that are not mapped then.
  public func protection(at page: UInt32) -> Protection {
    if let number = number(holding: page) { return regions[number].protection }
    return page >= SlotLayout.stackFirstPage && page < SlotLayout.stackEndPage ? [.read, .write] : .none
  }

  private func number(holding page: UInt32) -> Int? {
    guard page < endPage else { return nil }
    for number in 0..<regionCount {
      let part = regions[number]
      if page >= part.start, page < part.end { return number }
    }
    return nil
  }
}

/// Start, end, first template (18 bits each) and protection of a region in one word.
private struct PackedRegion: Sendable, BitwiseCopyable {
  private let bits: UInt64

  init() { bits = 0 }

  init(_ region: ImageRegion) {
    bits =
      UInt64(region.start) | UInt64(region.end) << 18 | UInt64(region.firstTemplate) << 36
      | UInt64(region.protection.rawValue) << 54
  }

  var start: UInt32 { UInt32(truncatingIfNeeded: bits & 0x3_ffff) }
  var end: UInt32 { UInt32(truncatingIfNeeded: bits >> 18 & 0x3_ffff) }
  var firstTemplate: UInt32 { UInt32(truncatingIfNeeded: bits >> 36 & 0x3_ffff) }
  var protection: Protection { Protection(rawValue: UInt8(truncatingIfNeeded: bits >> 54)) }
}

/// 16 regions. Not an inline array: of one that is part of a larger value, the compiler copies all elements to read one.
private struct PackedRegions: Sendable, BitwiseCopyable {
  private var r0 = PackedRegion()
  private var r1 = PackedRegion()
  private var r2 = PackedRegion()
  private var r3 = PackedRegion()
  private var r4 = PackedRegion()
  private var r5 = PackedRegion()
  private var r6 = PackedRegion()
  private var r7 = PackedRegion()
  private var r8 = PackedRegion()
  private var r9 = PackedRegion()
  private var r10 = PackedRegion()
  private var r11 = PackedRegion()
  private var r12 = PackedRegion()
  private var r13 = PackedRegion()
  private var r14 = PackedRegion()
  private var r15 = PackedRegion()

  subscript(_ index: Int) -> PackedRegion {
    get {
      switch index {
      case 0: r0
      case 1: r1
      case 2: r2
      case 3: r3
      case 4: r4
      case 5: r5
      case 6: r6
      case 7: r7
      case 8: r8
      case 9: r9
      case 10: r10
      case 11: r11
      case 12: r12
      case 13: r13
      case 14: r14
      default: r15
      }
    }
    set {
      switch index {
      case 0: r0 = newValue
      case 1: r1 = newValue
      case 2: r2 = newValue
      case 3: r3 = newValue
      case 4: r4 = newValue
      case 5: r5 = newValue
      case 6: r6 = newValue
      case 7: r7 = newValue
      case 8: r8 = newValue
      case 9: r9 = newValue
      case 10: r10 = newValue
      case 11: r11 = newValue
      case 12: r12 = newValue
      case 13: r13 = newValue
      case 14: r14 = newValue
      default: r15 = newValue
      }
    }
  }
}
