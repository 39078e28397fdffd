// Which private pages are freed after the invocation that made them: those of the heap and of mmap, and what is more than PristinePages
// keeps.
// Out of scope: page table entries, which say what each page is by now (Machine).

import Bytes

/// The pages that were made private since the list was emptied. One that was unmapped since stays in it, and one that was then made again is
/// in it twice: whoever frees them looks at the page's entry.
public struct TransientPages: ~Copyable, Sendable {
  /// So many pages may be unmapped before the list is made anew.
  public static var slack: Int { 1024 }

  /// 32 bits each, little endian. Keeps its memory.
  private var list = ByteBuffer()
  /// Pages unmapped since the list was emptied: at most as many places of it are of no use any more.
  private var unmapped = 0

  public init() {}

  public var count: Int { list.count / 4 }

  /// Traps where `index` is not below `count`.
  public subscript(_ index: Int) -> UInt32 { list.span.loadLE32(index &* 4) }

  /// False, and nothing changed, where memory is out.
  public mutating func add(_ page: UInt32) -> Bool { list.append(littleEndian: page) }

  /// Notes that `pages` private pages were unmapped. True where that is most of the list: then the caller empties it and adds those that are
  /// left, for which there is room. Otherwise an action that maps and unmaps for as long as it may run would fill the kernel's memory.
  public mutating func noteUnmapped(_ pages: Int) -> Bool {
    unmapped &+= pages
    return unmapped > Self.slack && unmapped > count / 2
  }

  public mutating func removeAll() {
    list.truncate(to: 0)
    unmapped = 0
  }
}
