// Which private pages of an instance are kept from one invocation to the next, brought back to their pristine content
// ahead of the run, so that the run does not fault on them.
//
// Only pages that are mapped at entry are kept: the image's and the stack's, in loop mode all that the snapshot has. Other pages
// of the heap and of mmap exist only once the action asked for them; the Machine frees those after the run.

import ABI
import Bytes

/// The hardware's side of restoring. Page numbers count from the base of the action's slot.
public protocol PageRestorer: ~Copyable {
  /// Where the private page `page` was written, by the action or for it, since this was last called: copies template page `template` over
  /// it, or fills it with zeros where that is nil. Whether it was.
  mutating func restore(_ page: UInt32, template: Int?) -> Bool
  /// Frees the private page `page`; where a template page belongs there it is shown again.
  mutating func drop(_ page: UInt32)
}

/// What one restoring did.
public struct RestoreCounts: Equatable, Sendable, BitwiseCopyable {
  /// Pages brought back by copying and by zeroing.
  public var copied = 0
  public var zeroed = 0
  /// Pages given back because recent invocations did not write them.
  public var dropped = 0

  public init() {}
}

/// The kept private pages of one instance. Owns no memory until there is one.
public struct PristinePages: ~Copyable, Sendable {
  /// Most pages kept: 4 MiB of them. More are freed after each run and fault in again.
  public static var capacity: Int { 1024 }
  /// A page that this many invocations in a row did not write is given back.
  public static var idleLimit: UInt8 { 16 }

  private struct Entry: BitwiseCopyable, Sendable {
    /// Bits 0 to 23 the page, 24 to 31 the invocations in a row that did not write it.
    private var bits: UInt32
    /// The template page that belongs there; -1 for zeros.
    let template: Int32

    init(page: UInt32, template: Int?) {
      bits = page & 0xff_ffff
      self.template = template.map { Int32(truncatingIfNeeded: $0) } ?? -1
    }

    var page: UInt32 { bits & 0xff_ffff }
    var idle: UInt8 {
      get { UInt8(truncatingIfNeeded: bits >> 24) }
      set { bits = page | UInt32(newValue) << 24 }
    }
  }

  private var entries = FailableArray<Entry>()

  public init() {}

  public var count: Int { entries.count }

  /// Notes that page `page` became private in this run. False where it is not to be kept (it is not mapped at entry, the table is
  /// full, or memory is out): then the caller frees it after the run. What it was before a memory call changed it does not matter:
  /// it is brought back to what `layout` says.
  public mutating func add<L: PristineLayout & ~Copyable>(_ page: UInt32, _ layout: borrowing L) -> Bool {
    let template = layout.template(at: page)
    return add(page, template: template, isMapped: template != nil || layout.protection(at: page) != .none)
  }

  /// The same where it is known what belongs there.
  @_optimize(size) @inline(never)
  public mutating func add(_ page: UInt32, template: Int?, isMapped: Bool) -> Bool {
    guard count < Self.capacity, isMapped else { return false }
    return entries.append(Entry(page: page, template: template))
  }

  /// Forgets the pages of `pages`, which were unmapped and freed in this run.
  public mutating func remove(_ pages: Range<UInt32>) { _ = remove { pages.contains($0) } }

  /// Forgets the pages that `release` says it has freed; returns how many those were.
  @_optimize(size) @inline(never)
  public mutating func remove(where release: (UInt32) -> Bool) -> Int {
    let before = count
    var index = 0
    while index < count {
      if release(entries[index].page) { take(index) } else { index &+= 1 }
    }
    return before &- count
  }

  /// Forgets all pages, which were freed.
  public mutating func removeAll() { entries.truncate(to: 0) }

  /// Brings every kept page back to its pristine content, or gives it back.
  @inline(__always)
  public mutating func restore<R: PageRestorer & ~Copyable>(_ restorer: inout R) -> RestoreCounts {
    var counts = RestoreCounts()
    var index = 0
    while index < count {
      let entry = entries[index]
      let template = entry.template >= 0 ? Int(entry.template) : nil
      if restorer.restore(entry.page, template: template) {
        if template != nil { counts.copied &+= 1 } else { counts.zeroed &+= 1 }
        if entry.idle != 0 { entries[index].idle = 0 }
      } else if entry.idle >= Self.idleLimit {
        restorer.drop(entry.page)
        counts.dropped &+= 1
        take(index)
        continue
      } else {
        entries[index].idle &+= 1
      }
      index &+= 1
    }
    return counts
  }

  private mutating func take(_ index: Int) {
    let last = count &- 1
    entries[index] = entries[last]
    entries.truncate(to: last)
  }
}
