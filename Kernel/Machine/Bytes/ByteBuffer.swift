// An owned, growable run of bytes whose allocation can fail without a trap.
//
// `Array` traps where memory is out, so everything whose size the outside decides (requests, responses, images)
// is kept in one of these. Memory is contiguous; in the kernel it is also physically contiguous.

@_extern(c, "posix_memalign")
@usableFromInline
func posix_memalign(_ result: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ alignment: UInt, _ size: UInt) -> CInt

/// Bytes in memory of their own, given back at the end of the value's life.
///
/// What appends is not inlined: there are hundreds of calls, and each would be 100 to 200 bytes.
@safe public struct ByteBuffer: ~Copyable, @unchecked Sendable {
  @usableFromInline var base: UnsafeMutableRawPointer?
  /// Bytes in use.
  public private(set) var count: Int
  /// Bytes that `count` can reach with no allocation.
  public private(set) var capacity: Int

  /// An empty buffer that owns no memory.
  public init() {
    unsafe base = nil
    count = 0
    capacity = 0
  }

  /// An empty buffer with room for `capacity` bytes; nil where memory is out.
  public init?(capacity: Int) {
    self.init()
    guard reserve(capacity) else { return nil }
  }

  // SAFETY: base is nil or came from posix_memalign and is freed only here and in `reallocate`.
  deinit { unsafe base?.deallocate() }

  public var isEmpty: Bool { count == 0 }

  /// The bytes in use.
  public var span: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get {
      // SAFETY: base holds `count` initialised bytes for as long as self is not mutated.
      let whole = unsafe Span<UInt8>(
        _unsafeStart: UnsafePointer(base.unsafelyUnwrappedOrDangling), count: count)
      return unsafe _overrideLifetime(whole, borrowing: self)
    }
  }

  /// The bytes in use, to change in place.
  public var mutableSpan: MutableSpan<UInt8> {
    @_lifetime(&self)
    mutating get {
      // SAFETY: base holds `count` initialised bytes and self is exclusively borrowed.
      let whole = unsafe MutableSpan<UInt8>(
        _unsafeStart: base.unsafelyUnwrappedOrDangling, count: count)
      return unsafe _overrideLifetime(whole, mutating: &self)
    }
  }

  /// Makes room for `capacity` bytes in all; false, and nothing changed, where memory is out.
  public mutating func reserve(_ capacity: Int) -> Bool {
    capacity <= self.capacity || reallocate(capacity)
  }

  /// Appends `bytes`, growing by at least half; false, and nothing changed, where memory is out.
  @inline(never)
  public mutating func append(_ bytes: Span<UInt8>) -> Bool {
    guard bytes.count > 0 else { return true }
    // Both are lengths of what is in memory: no sum of them overflows.
    let end = count &+ bytes.count
    if end > capacity, !grow(to: end) { return false }
    // SAFETY: there is room for all of `bytes` at base + count, and both have memory.
    unsafe bytes.withUnsafeBytes { from in
      unsafe (base.unsafelyUnwrapped + count).copyMemory(from: from.baseAddress.unsafelyUnwrapped, byteCount: from.count)
    }
    count = end
    return true
  }

  /// Appends the bytes of `text`; false, and nothing changed, where memory is out.
  @inline(never)
  public mutating func append(_ text: StaticString) -> Bool {
    let length = text.utf8CodeUnitCount
    guard length > 0 else { return true }
    let end = count &+ length
    if end > capacity, !grow(to: end) { return false }
    // SAFETY: there is room for `length` more bytes at base + count.
    unsafe (base.unsafelyUnwrapped + count).copyMemory(from: text.utf8Start, byteCount: length)
    count = end
    return true
  }

  /// Appends one byte; false, and nothing changed, where memory is out.
  @inline(never)
  public mutating func append(_ byte: UInt8) -> Bool {
    if count >= capacity, !grow(to: count &+ 1) { return false }
    // SAFETY: there is room for one more byte.
    unsafe (base.unsafelyUnwrapped + count).storeBytes(of: byte, as: UInt8.self)
    count &+= 1
    return true
  }

  /// Appends `word`, four bytes; false, and nothing changed, where memory is out.
  @inline(never)
  public mutating func append(littleEndian word: UInt32) -> Bool {
    guard grow(by: 4) else { return false }
    // SAFETY: `grow` made room for four more bytes.
    unsafe (base! + count).storeBytes(of: word.littleEndian, as: UInt32.self)
    count &+= 4
    return true
  }

  /// Appends `length` zero bytes; false, and nothing changed, where memory is out.
  @inline(never)
  public mutating func appendZeros(_ length: Int) -> Bool {
    guard length >= 0, grow(by: length) else { return false }
    guard length > 0 else { return true }
    // SAFETY: `grow` made room for `length` more bytes.
    unsafe (base! + count).initializeMemory(as: UInt8.self, repeating: 0, count: length)
    count &+= length
    return true
  }

  /// Drops all bytes from `length` on; the memory stays.
  public mutating func truncate(to length: Int) {
    precondition(length >= 0 && length <= count)
    count = length
  }

  /// Drops the first `length` bytes, moving the rest to the front; the memory stays.
  public mutating func removeFirst(_ length: Int) {
    precondition(length >= 0 && length <= count)
    guard length > 0 else { return }
    // SAFETY: count - length bytes from `length` on are inside the buffer; overlap is allowed.
    unsafe base!.copyMemory(from: base! + length, byteCount: count &- length)
    count &-= length
  }

  /// Gives the memory back; the buffer is empty after it.
  public mutating func release() {
    // SAFETY: base is nil or ours, and is not used after this.
    unsafe base?.deallocate()
    unsafe base = nil
    count = 0
    capacity = 0
  }

  /// Calls `body` with the address of the first byte (for a device or a user copy); nil where nothing was ever allocated.
  @unsafe
  public func withAddress<Result: ~Copyable>(_ body: (UnsafeMutableRawPointer?) -> Result) -> Result {
    unsafe body(base)
  }

  private mutating func grow(by extra: Int) -> Bool {
    let (needed, overflow) = count.addingReportingOverflow(extra)
    guard !overflow else { return false }
    return needed <= capacity || grow(to: needed)
  }

  /// Makes room for `needed` bytes, which are more than there is.
  @inline(never)
  private mutating func grow(to needed: Int) -> Bool {
    reallocate(max(needed, capacity &+ capacity / 2)) || reallocate(needed)
  }

  @inline(never)
  private mutating func reallocate(_ newCapacity: Int) -> Bool {
    let rounded = (max(newCapacity, 64) &+ 15) & ~15
    var fresh: UnsafeMutableRawPointer? = nil
    // SAFETY: posix_memalign writes only `fresh`; the old memory is copied, then freed, once.
    guard unsafe posix_memalign(&fresh, 16, UInt(rounded)) == 0, let target = unsafe fresh else { return false }
    if let old = unsafe base {
      unsafe target.copyMemory(from: old, byteCount: count)
      unsafe old.deallocate()
    }
    unsafe base = target
    capacity = rounded
    return true
  }
}

extension Optional where Wrapped == UnsafeMutableRawPointer {
  /// The pointer, or a non-null address that an empty span may carry.
  @usableFromInline
  var unsafelyUnwrappedOrDangling: UnsafeMutablePointer<UInt8> {
    // SAFETY: the dangling address is only ever given to spans of length zero.
    unsafe (self ?? UnsafeMutableRawPointer(bitPattern: 16)!).assumingMemoryBound(to: UInt8.self)
  }
}
