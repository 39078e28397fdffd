// A growable array of plain values whose growth can fail without a trap.
//
// `Array` traps where memory is out. Tables that the outside makes grow (deployed actions) are kept in one of these.

/// Elements in contiguous memory of their own, given back at the end of the value's life.
@safe public struct FailableArray<Element: BitwiseCopyable & Sendable>: ~Copyable, @unchecked Sendable {
  @usableFromInline var base: UnsafeMutablePointer<Element>?
  public private(set) var count: Int
  /// Elements that `count` can reach with no allocation.
  public private(set) var capacity: Int

  /// An empty array that owns no memory.
  public init() {
    unsafe base = nil
    count = 0
    capacity = 0
  }

  // SAFETY: base is nil or came from posix_memalign and is freed only here and in `reserve`.
  deinit { unsafe UnsafeMutableRawPointer(base)?.deallocate() }

  /// Makes room for `capacity` elements in all; false, and nothing changed, where memory is out.
  public mutating func reserve(_ capacity: Int) -> Bool {
    guard capacity > self.capacity else { return true }
    let (bytes, overflow) = capacity.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    guard !overflow else { return false }
    var fresh: UnsafeMutableRawPointer? = nil
    // SAFETY: posix_memalign writes only `fresh`; the old elements are plain bytes, copied, then freed, once.
    guard unsafe posix_memalign(&fresh, 16, UInt(bytes)) == 0, let target = unsafe fresh else { return false }
    if let old = unsafe base {
      unsafe target.copyMemory(from: old, byteCount: count &* MemoryLayout<Element>.stride)
      unsafe UnsafeMutableRawPointer(old).deallocate()
    }
    unsafe base = target.assumingMemoryBound(to: Element.self)
    self.capacity = capacity
    return true
  }

  /// Appends one element, growing by half; false, and nothing changed, where memory is out.
  public mutating func append(_ element: Element) -> Bool {
    guard count < capacity || reserve(max(8, capacity &+ capacity / 2)) || reserve(count &+ 1) else { return false }
    // SAFETY: there is room for one more element at base + count.
    unsafe base!.advanced(by: count).initialize(to: element)
    count &+= 1
    return true
  }

  /// Replaces everything by `count` copies of `element`; false, and nothing changed, where memory is out.
  public mutating func fill(_ element: Element, count: Int) -> Bool {
    guard count >= 0, reserve(count) else { return false }
    // SAFETY: there is room for `count` elements.
    if count > 0 { unsafe base!.initialize(repeating: element, count: count) }
    self.count = count
    return true
  }

  /// Drops all elements from `length` on; the memory stays. Traps where `length` is above `count`.
  public mutating func truncate(to length: Int) {
    precondition(length >= 0 && length <= count)
    count = length
  }

  /// Element `index`. Traps where that is not below `count`.
  @inlinable
  public subscript(_ index: Int) -> Element {
    get {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      // SAFETY: base holds `count` elements, one at least.
      return unsafe base.unsafelyUnwrapped[index]
    }
    _modify {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      // SAFETY: base holds `count` elements, one at least, and self is exclusively borrowed.
      yield unsafe &base.unsafelyUnwrapped[index]
    }
  }
}
