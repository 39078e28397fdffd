// Elements that own resources, entered and taken out one by one, each under an index that it keeps.
//
// `Array` cannot hold noncopyable elements and traps where memory is out; FixedArray cannot grow.
// Out of scope: giving memory back before the pool's end, and telling a stale index from a current one.

/// A growing number of elements. Free places are used again, the last one freed first.
@safe public struct Pool<Element: ~Copyable>: ~Copyable, @unchecked Sendable {
  @usableFromInline var base: UnsafeMutablePointer<Element>?
  /// One for each place that was ever used: `inUse`, or the next free place, or `end`.
  @usableFromInline var links = FailableArray<UInt32>()
  private var capacity = 0
  private var firstFree = UInt32.max
  /// Elements in the pool.
  public private(set) var count = 0

  @inlinable static var inUse: UInt32 { .max &- 1 }
  private static var end: UInt32 { .max }

  /// An empty pool, which owns no memory.
  public init() { unsafe base = nil }

  deinit {
    for index in 0..<links.count where links[index] == Self.inUse {
      // SAFETY: a place in use holds an initialised element, which is ended once.
      unsafe (base! + index).deinitialize(count: 1)
    }
    // SAFETY: base is nil or came from posix_memalign.
    unsafe UnsafeMutableRawPointer(base)?.deallocate()
  }

  /// All indices are below this.
  public var places: Int { links.count }

  /// Whether `index` is that of an element.
  @inlinable
  public func contains(_ index: Int) -> Bool {
    UInt(bitPattern: index) < UInt(bitPattern: links.count) && links[index] == Self.inUse
  }

  /// Enters `element` and returns its index; nil, and the element's life is over, where memory is out.
  public mutating func insert(_ element: consuming Element) -> Int? {
    let index: Int
    if firstFree != Self.end {
      index = Int(firstFree)
      firstFree = links[index]
    } else {
      index = links.count
      guard index < Int(Self.inUse), index < capacity || grow(), links.append(Self.end) else { return nil }
    }
    // SAFETY: the place is below the capacity and holds no element.
    unsafe (base! + index).initialize(to: element)
    links[index] = Self.inUse
    count &+= 1
    return index
  }

  /// Takes the element at `index` out. Traps where there is none.
  public mutating func take(_ index: Int) -> Element {
    precondition(contains(index))
    links[index] = firstFree
    firstFree = UInt32(truncatingIfNeeded: index)
    count &-= 1
    // SAFETY: the place was in use until now and is not read before it is initialised again.
    return unsafe (base! + index).move()
  }

  /// The element at `index`, read or changed in place. Traps where there is none.
  @inlinable
  public subscript(index: Int) -> Element {
    @inline(__always)
    unsafeAddress {
      precondition(contains(index))
      // SAFETY: a place in use holds an initialised element.
      return unsafe UnsafePointer(base.unsafelyUnwrapped + index)
    }
    @inline(__always)
    unsafeMutableAddress {
      precondition(contains(index))
      // SAFETY: a place in use holds an initialised element; self is exclusively borrowed.
      return unsafe base.unsafelyUnwrapped + index
    }
  }

  /// Makes room for half as many elements again, and 8 at least; false, and nothing changed, where memory is out.
  private mutating func grow() -> Bool {
    let larger = max(8, capacity &+ capacity / 2)
    let (bytes, overflow) = larger.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    var fresh: UnsafeMutableRawPointer? = nil
    // SAFETY: posix_memalign writes only `fresh`; 16 is at least the alignment of every element type used.
    guard !overflow, unsafe posix_memalign(&fresh, 16, UInt(max(bytes, 16))) == 0, let memory = unsafe fresh else {
      return false
    }
    let elements = unsafe memory.bindMemory(to: Element.self, capacity: larger)
    if let old = unsafe base {
      for index in 0..<links.count where links[index] == Self.inUse {
        // SAFETY: each element is moved once, to a place of its own, and the old memory is not read afterwards.
        unsafe (elements + index).initialize(to: (old + index).move())
      }
      unsafe UnsafeMutableRawPointer(old).deallocate()
    }
    unsafe base = elements
    capacity = larger
    return true
  }
}
