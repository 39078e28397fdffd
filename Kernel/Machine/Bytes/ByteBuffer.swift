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
  /// The memory; some address that is never used where there is none.
  @usableFromInline var base: UnsafeMutableRawPointer
  // 32 bits each: what is moved about is smaller, and no reader need ask whether a count is negative.
  @usableFromInline var used: UInt32
  @usableFromInline var room: UInt32

  /// An empty buffer that owns no memory.
  @inlinable
  public init() {
    unsafe base = Self.nowhere
    used = 0
    room = 0
  }

  @inlinable
  static var nowhere: UnsafeMutableRawPointer {
    // SAFETY: not zero.
    unsafe UnsafeMutableRawPointer(bitPattern: 16).unsafelyUnwrapped
  }

  /// An empty buffer with room for `capacity` bytes; nil where memory is out.
  public init?(capacity: Int) {
    self.init()
    guard reserve(capacity) else { return nil }
  }

  // SAFETY: where there is room base came from posix_memalign; it is freed only here, in `release` and in `reallocate`.
  deinit { if room > 0 { unsafe base.deallocate() } }

  /// Bytes in use.
  @inlinable @inline(__always)
  public var count: Int { Int(used) }
  /// Bytes that `count` can reach with no allocation; always below 4 GiB.
  @inlinable @inline(__always)
  public var capacity: Int { Int(room) }

  @inlinable @inline(__always)
  public var isEmpty: Bool { used == 0 }

  /// The bytes in use.
  public var span: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get {
      // SAFETY: base holds `count` initialised bytes for as long as self is not mutated.
      let whole = unsafe Span<UInt8>(_unsafeStart: UnsafePointer(base.assumingMemoryBound(to: UInt8.self)), count: count)
      return unsafe _overrideLifetime(whole, borrowing: self)
    }
  }

  /// The `length` bytes in use from `start` on. Traps where they are not.
  @inlinable @inline(__always) @_lifetime(borrow self)
  public func bytes(from start: Int, count length: Int) -> Span<UInt8> {
    precondition(start >= 0 && length > 0 && start <= count &- length)
    // SAFETY: base holds `count` initialised bytes, one at least, for as long as self is not mutated.
    let part = unsafe Span<UInt8>(
      _unsafeStart: UnsafePointer((base + start).assumingMemoryBound(to: UInt8.self)), count: length)
    return unsafe _overrideLifetime(part, borrowing: self)
  }

  /// The bytes in use, to change in place.
  public var mutableSpan: MutableSpan<UInt8> {
    @_lifetime(&self)
    mutating get {
      // SAFETY: base holds `count` initialised bytes and self is exclusively borrowed.
      let whole = unsafe MutableSpan<UInt8>(_unsafeStart: base.assumingMemoryBound(to: UInt8.self), count: count)
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
    // Both are lengths of what is in memory: no sum of them overflows.
    guard count &+ bytes.count <= capacity else { return appendGrowing(bytes) }
    add(bytes)
    return true
  }

  @inline(never)
  private mutating func appendGrowing(_ bytes: Span<UInt8>) -> Bool {
    guard grow(to: count &+ bytes.count) else { return false }
    add(bytes)
    return true
  }

  /// Appends `bytes`, for which there is room.
  @inline(__always)
  private mutating func add(_ bytes: Span<UInt8>) {
    guard bytes.count > 0 else { return }
    // SAFETY: there is room for all of `bytes` at base + count, and both have memory.
    unsafe bytes.withUnsafeBytes { from in
      let place = unsafe base + count
      used &+= UInt32(truncatingIfNeeded: from.count)
      unsafe place.copyMemory(from: from.baseAddress.unsafelyUnwrapped, byteCount: from.count)
    }
  }

  /// Appends the bytes of `text`; false, and nothing changed, where memory is out.
  @inline(never)
  public mutating func append(_ text: StaticString) -> Bool {
    append(text.bytes)
  }

  /// Appends one byte; false, and nothing changed, where memory is out.
  @inline(never)
  public mutating func append(_ byte: UInt8) -> Bool {
    if count >= capacity, !grow(to: count &+ 1) { return false }
    // SAFETY: there is room for one more byte.
    unsafe (base + count).storeBytes(of: byte, as: UInt8.self)
    used &+= 1
    return true
  }

  /// Appends `word`, four bytes; false, and nothing changed, where memory is out.
  @inline(never)
  public mutating func append(littleEndian word: UInt32) -> Bool {
    guard grow(by: 4) else { return false }
    // SAFETY: `grow` made room for four more bytes.
    unsafe (base + count).storeBytes(of: word.littleEndian, as: UInt32.self)
    used &+= 4
    return true
  }

  /// Appends `length` zero bytes; false, and nothing changed, where memory is out.
  @inline(never)
  public mutating func appendZeros(_ length: Int) -> Bool {
    guard length >= 0, grow(by: length) else { return false }
    guard length > 0 else { return true }
    // SAFETY: `grow` made room for `length` more bytes.
    unsafe (base + count).initializeMemory(as: UInt8.self, repeating: 0, count: length)
    used &+= UInt32(truncatingIfNeeded: length)
    return true
  }

  /// Drops all bytes from `length` on; the memory stays.
  public mutating func truncate(to length: Int) {
    precondition(UInt(bitPattern: length) <= UInt(bitPattern: count))
    used = UInt32(truncatingIfNeeded: length)
  }

  /// Drops the first `length` bytes, moving the rest to the front; the memory stays.
  public mutating func removeFirst(_ length: Int) {
    precondition(length >= 0 && length <= count)
    guard length > 0 else { return }
    // SAFETY: count - length bytes from `length` on are inside the buffer; overlap is allowed.
    unsafe base.copyMemory(from: base + length, byteCount: count &- length)
    used &-= UInt32(truncatingIfNeeded: length)
  }

  /// Gives the memory back; the buffer is empty after it.
  public mutating func release() {
    // SAFETY: where there is room base is ours, and it is not used after this.
    if room > 0 { unsafe base.deallocate() }
    unsafe base = Self.nowhere
    used = 0
    room = 0
  }

  /// Calls `body` with the address of the first byte (for a device or a user copy); nil where nothing was ever allocated.
  @unsafe
  public func withAddress<Result: ~Copyable>(_ body: (UnsafeMutableRawPointer?) -> Result) -> Result {
    unsafe body(room > 0 ? base : nil)
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
    guard newCapacity <= Int(UInt32.max) &- 15 else { return false }
    let rounded = (max(newCapacity, 64) &+ 15) & ~15
    var fresh: UnsafeMutableRawPointer? = nil
    // SAFETY: posix_memalign writes only `fresh`; the old memory is copied, then freed, once.
    guard unsafe posix_memalign(&fresh, 16, UInt(rounded)) == 0, let target = unsafe fresh else { return false }
    if room > 0 {
      unsafe target.copyMemory(from: base, byteCount: count)
      unsafe base.deallocate()
    }
    unsafe base = target
    room = UInt32(truncatingIfNeeded: rounded)
    return true
  }
}
