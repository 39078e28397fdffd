// The one door from the portable policy to page tables, user memory, clock and randomness. The kernel's Machine is behind
// it; tests have a fake one.

public import ABI
public import Base
public import Bytes

/// The hardware's side of one running action. Page numbers count from the base of the action's slot; addresses handed to
/// the copying functions are complete, were checked against the regions, and all their pages are mapped for the access.
public protocol ActionMachine: ~Copyable {
  /// Whether page `page` is mapped so that reading (or, for `writing`, writing) it will not fault.
  func isMapped(_ page: UInt32, writing: Bool) -> Bool

  /// The template page that the action's snapshot has for page `page`; asked only of pages in a snapshot's regions.
  func snapshotTemplate(at page: UInt32) -> Int?

  /// Maps page `page` so. An earlier mapping of a template page there is replaced. False, and nothing changed, where no frame is left.
  mutating func map(_ page: UInt32, _ mapping: PageMapping) -> Bool

  /// Unmaps all pages of `pages`, freeing the private ones; returns how many those were.
  mutating func unmap(_ pages: Range<UInt32>) -> Int

  /// Gives the pages mapped in `pages` this protection, template pages without `.write`. `.none` hides a private page and
  /// keeps its content for a later `protect`.
  mutating func protect(_ pages: Range<UInt32>, _ protection: Protection)

  /// Frees each private page that is kept from run to run, or is to be, and that holds what its first touch would find again, which
  /// `content` tells; returns how many those were.
  mutating func releaseKept(_ content: (UInt32) -> PageContent?) -> Int

  /// Copies the bytes at `address` over all of `bytes`.
  mutating func copyIn(from address: UInt64, to bytes: inout MutableSpan<UInt8>)

  /// Appends the `count` bytes at `address` to `buffer`; false where that has no memory.
  mutating func append(from address: UInt64, count: Int, to buffer: inout ByteBuffer) -> Bool

  /// Copies `bytes` to `address`.
  mutating func copyOut(_ bytes: Span<UInt8>, to address: UInt64)

  /// Copies `bytes`, one or more, to `address`, which may be any, where that is all in one page that the action could write to itself, now
  /// and without a fault; else false, and nothing done.
  mutating func tryCopyOut(_ bytes: Span<UInt8>, to address: UInt64) -> Bool

  /// Appends the `count` bytes, one or more, at `address`, which may be any, to `buffer`, where they are all in one page that the action
  /// could read itself, now and without a fault, and there is memory; else false, and nothing done.
  mutating func tryAppend(from address: UInt64, count: Int, to buffer: inout ByteBuffer) -> Bool

  /// The base of the FS segment, which thread-local storage is found by.
  var threadPointer: UInt64 { get set }

  /// 64 unpredictable bits.
  mutating func random() -> UInt64

  /// The monotonic clock.
  var now: Instant { get }

  /// Nanoseconds since 1970.
  var wallClock: UInt64 { get }
}
