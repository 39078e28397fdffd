// A table whose size is chosen once, at run time, and whose elements may own resources.
//
// `Array` cannot hold noncopyable elements, checks for uniqueness at each change, and traps where memory is out. This
// type does none of that: one allocation that can fail, elements changed in place.
// Out of scope: growing, inserting, removing.

/// A fixed number of elements in memory of their own, given back at the end of the value's life.
@safe public struct FixedArray<Element: ~Copyable>: ~Copyable {
  @usableFromInline let base: UnsafeMutablePointer<Element>
  /// Elements in the table; all of them are always initialised.
  public let count: Int

  /// A table of no elements, which owns no memory.
  @inlinable
  public init() {
    // SAFETY: never dereferenced, since no index is below a count of zero.
    unsafe base = UnsafeMutablePointer(bitPattern: 16)!
    count = 0
  }

  /// A table of `count` elements, each made by `make` from its index; nil where `count` is not positive or memory is out.
  @inlinable
  public init?(count: Int, _ make: (Int) -> Element) {
    guard count > 0 else { return nil }
    let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    var fresh: UnsafeMutableRawPointer? = nil
    // SAFETY: posix_memalign writes only `fresh`; 16 is at least the alignment of every element type used.
    guard !overflow, unsafe posix_memalign(&fresh, 16, UInt(max(size, 16))) == 0, let memory = unsafe fresh else {
      return nil
    }
    // SAFETY: the memory holds `count` elements, each initialised exactly once here.
    let elements = unsafe memory.bindMemory(to: Element.self, capacity: count)
    for index in 0..<count { unsafe (elements + index).initialize(to: make(index)) }
    unsafe base = elements
    self.count = count
  }

  @inlinable
  deinit {
    guard count > 0 else { return }
    // SAFETY: base holds `count` initialised elements and came from posix_memalign.
    unsafe base.deinitialize(count: count)
    unsafe UnsafeMutableRawPointer(base).deallocate()
  }

  /// The element at `index`, read or changed in place. Traps where `index` is outside the table.
  @inlinable
  public subscript(index: Int) -> Element {
    @inline(__always)
    unsafeAddress {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      // SAFETY: the precondition keeps the address inside the table.
      return unsafe UnsafePointer(base + index)
    }
    @inline(__always)
    unsafeMutableAddress {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: count))
      // SAFETY: the precondition keeps the address inside the table; self is exclusively borrowed.
      return unsafe base + index
    }
  }
}

extension FixedArray where Element: ~Copyable {
  /// The indices of all elements.
  @inlinable public var indices: Range<Int> { 0..<count }
}
