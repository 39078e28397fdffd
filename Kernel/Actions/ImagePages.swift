// The page plan of an image: which pages there are, and what bytes each begins with.

import ABI
import Bytes

extension ImageParts {
  /// Turns the segments into page regions and numbers the template pages.
  @_optimize(size)
  mutating func planPages() {
    var regions: [16 of ImageRegion] = .init(
      repeating: ImageRegion(start: 0, end: 0, firstTemplate: 0, templateCount: 0, protection: .none))
    var count = 0
    for index in 0..<segmentCount {
      let segment = segments[index]
      let start = SlotLayout.imagePage &+ segment.address >> 12
      let end = SlotLayout.imagePage &+ (segment.end &+ 4095) >> 12
      // A page that two segments of one permission meet in goes to the later of them.
      if count > 0, regions[count &- 1].end > start {
        regions[count &- 1].end = start
        if regions[count &- 1].start == start { count &-= 1 }
      }
      regions[count] = ImageRegion(
        start: start, end: end, firstTemplate: 0, templateCount: 0, protection: segment.protection)
      count &+= 1
    }
    for index in 0..<count {
      var region = regions[index]
      region.firstTemplate = UInt32(layout.templatePageCount)
      region.templateCount = filePages(of: region)
      layout.append(region)
    }
  }

  /// Pages from the region's start to the last that holds a byte of the file.
  @_optimize(size)
  private func filePages(of region: ImageRegion) -> UInt32 {
    var last = region.start
    for index in 0..<segmentCount where segments[index].fileSize > 0 {
      let first = SlotLayout.imagePage &+ segments[index].address >> 12
      let end = SlotLayout.imagePage &+ (segments[index].fileEnd &+ 4095) >> 12
      if first < region.end, end > region.start { last = max(last, min(end, region.end)) }
    }
    return last &- region.start
  }
}

extension ActionImage {
  /// Fills all 4096 bytes of `page` with what template page `index` holds before relocation. Traps where `page` is shorter.
  @_optimize(size)
  public func fill(template index: Int, into page: inout MutableSpan<UInt8>) {
    page.update(repeating: 0)
    guard let place = layout.place(ofTemplate: index) else { return }
    let pageStart = (place.page &- SlotLayout.imagePage) << 12
    let pageEnd = pageStart &+ 4096
    for number in 0..<segmentCount {
      let segment = segments[number]
      let from = max(segment.address, pageStart)
      let to = min(segment.fileEnd, pageEnd)
      guard from < to else { continue }
      let start = Int(segment.fileOffset &+ (from &- segment.address))
      page.copy(file.extracting(start..<(start &+ Int(to &- from))), to: Int(from &- pageStart))
    }
  }
}
