// Bounds-checked word access to spans of bytes, in network and little-endian order.
//
// The portable modules hold no unsafe code, and the standard library has no safe multi-byte load, so the
// few raw loads, stores and copies that protocols need are here, each behind one bounds check.
// Out of scope: owning memory (ByteBuffer.swift), checksums (InternetChecksum.swift).

extension Span where Element == UInt8 {
  /// The big-endian 16-bit value at byte `offset`. Traps where it does not lie inside the span.
  @inlinable @inline(__always)
  public func loadBE16(_ offset: Int) -> UInt16 { UInt16(bigEndian: load(offset)) }

  /// The big-endian 32-bit value at byte `offset`. Traps where it does not lie inside the span.
  @inlinable @inline(__always)
  public func loadBE32(_ offset: Int) -> UInt32 { UInt32(bigEndian: load(offset)) }

  /// The big-endian 64-bit value at byte `offset`. Traps where it does not lie inside the span.
  @inlinable @inline(__always)
  public func loadBE64(_ offset: Int) -> UInt64 { UInt64(bigEndian: load(offset)) }

  /// The little-endian 16-bit value at byte `offset`. Traps where it does not lie inside the span.
  @inlinable @inline(__always)
  public func loadLE16(_ offset: Int) -> UInt16 { UInt16(littleEndian: load(offset)) }

  /// The little-endian 32-bit value at byte `offset`. Traps where it does not lie inside the span.
  @inlinable @inline(__always)
  public func loadLE32(_ offset: Int) -> UInt32 { UInt32(littleEndian: load(offset)) }

  /// The little-endian 64-bit value at byte `offset`. Traps where it does not lie inside the span.
  @inlinable @inline(__always)
  public func loadLE64(_ offset: Int) -> UInt64 { UInt64(littleEndian: load(offset)) }

  @usableFromInline @inline(__always)
  func load<Word: FixedWidthInteger & BitwiseCopyable>(_ offset: Int) -> Word {
    precondition(offset >= 0 && offset <= count &- MemoryLayout<Word>.size)
    // SAFETY: the precondition keeps all of the word inside the span.
    return unsafe withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: offset, as: Word.self) }
  }

  /// Whether the bytes equal those of `text`.
  public func equals(_ text: StaticString) -> Bool {
    count == text.utf8CodeUnitCount && matches(text, caseBit: 0)
  }

  /// Whether the bytes begin with those of `text`.
  public func hasPrefix(_ text: StaticString) -> Bool {
    count >= text.utf8CodeUnitCount && matches(text, caseBit: 0)
  }

  /// Whether the bytes equal those of `text` with ASCII letters compared without case. `text` holds lower-case letters,
  /// digits, and characters below the digits (such as the hyphen) only.
  public func equalsIgnoringCase(_ text: StaticString) -> Bool {
    count == text.utf8CodeUnitCount && matches(text, caseBit: 0x2020_2020_2020_2020)
  }

  /// Whether the bytes begin with those of `text`, which must not be longer. Bits of `caseBit` may differ in letters.
  private func matches(_ text: StaticString, caseBit: UInt64) -> Bool {
    let length = text.utf8CodeUnitCount
    // SAFETY: both are `length` readable bytes, and every load below ends within them.
    return unsafe withUnsafeBytes { bytes in
      let other = unsafe UnsafeRawBufferPointer(start: text.utf8Start, count: length)
      // Letters, and nothing else in `text`, have bit 6 set: only there may bit 5 differ.
      @inline(__always) func agrees(_ mine: UInt64, _ theirs: UInt64) -> Bool {
        (mine ^ theirs) & ~(caseBit & (theirs >> 1)) == 0
      }
      @inline(__always) func agreesByte(_ at: Int) -> Bool { unsafe agrees(UInt64(bytes[at]), UInt64(other[at])) }
      @inline(__always) func agreesHalf(_ at: Int) -> Bool {
        unsafe agrees(UInt64(bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)),
          UInt64(other.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
      }
      @inline(__always) func agreesWord(_ at: Int) -> Bool {
        unsafe agrees(bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self), other.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      }
      // The last word, or half, may overlap the one before.
      guard length >= 8 else {
        if length >= 4 { return agreesHalf(0) && agreesHalf(length &- 4) }
        return length == 0 || agreesByte(0) && agreesByte(length / 2) && agreesByte(length &- 1)
      }
      var at = 0
      while at < length &- 8 {
        guard agreesWord(at) else { return false }
        at &+= 8
      }
      return agreesWord(length &- 8)
    }
  }

  /// Whether the bytes equal those of `other`. Its time depends on the lengths alone, so that it may compare secrets.
  public func equals(_ other: Span<UInt8>) -> Bool {
    let length = count
    guard length == other.count else { return false }
    // SAFETY: both are `length` readable bytes, and every load below ends within them.
    return unsafe withUnsafeBytes { mine in
      unsafe other.withUnsafeBytes { theirs in
        @inline(__always) func word(_ at: Int) -> UInt64 {
          unsafe mine.loadUnaligned(fromByteOffset: at, as: UInt64.self) ^ theirs.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        }
        @inline(__always) func half(_ at: Int) -> UInt32 {
          unsafe mine.loadUnaligned(fromByteOffset: at, as: UInt32.self) ^ theirs.loadUnaligned(fromByteOffset: at, as: UInt32.self)
        }
        // The last word, or half, may overlap the one before.
        guard length >= 8 else {
          if length >= 4 { return half(0) | half(length &- 4) == 0 }
          var difference: UInt8 = 0
          for at in 0..<length { unsafe difference |= mine[at] ^ theirs[at] }
          return difference == 0
        }
        var difference: UInt64 = 0
        var at = 0
        while at &+ 32 <= length {
          difference |= word(at) | word(at &+ 8) | word(at &+ 16) | word(at &+ 24)
          at &+= 32
        }
        while at &+ 8 < length {
          difference |= word(at)
          at &+= 8
        }
        return difference | word(length &- 8) == 0
      }
    }
  }
}

extension Span where Element == UInt8 {
  /// Whether the bytes equal those of `other`, but where `free` has 255 and not 0: there they only have to be blanks or printable ASCII. All
  /// must be equally long, and of eight bytes at least. The time depends on the length alone.
  public func equals(_ other: Span<UInt8>, except free: Span<UInt8>) -> Bool {
    let length = count
    guard length >= 8, length == other.count, length == free.count else { return false }
    // SAFETY: all are `length` readable bytes, and every load ends within them.
    return unsafe withUnsafeBytes { mine in
      unsafe other.withUnsafeBytes { theirs in
        unsafe free.withUnsafeBytes { free in
          @inline(__always) func difference(_ at: Int) -> UInt64 {
            let word = unsafe mine.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            let other = unsafe theirs.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            let free = unsafe free.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            // Bit 7 of each byte: not above 31; 127; above 127.
            let low = word & 0x7f7f_7f7f_7f7f_7f7f
            let illegal = (~(low &+ 0x6060_6060_6060_6060) | (low &+ 0x0101_0101_0101_0101) | word) & 0x8080_8080_8080_8080
            return (word ^ other) & ~free | illegal & free
          }
          var sum: UInt64 = 0
          var at = 0
          while at &+ 8 < length {
            sum |= difference(at)
            at &+= 8
          }
          // The last word may overlap the one before.
          return sum | difference(length &- 8) == 0
        }
      }
    }
  }
}

extension StaticString {
  /// The bytes of the text.
  public var bytes: Span<UInt8> {
    @_lifetime(immortal)
    get {
      // SAFETY: a literal's bytes are in the image: they neither move nor go.
      let whole = unsafe Span<UInt8>(_unsafeStart: utf8Start, count: utf8CodeUnitCount)
      return unsafe _overrideLifetime(whole, copying: ())
    }
  }
}

extension MutableSpan where Element == UInt8 {
  /// Stores `value` big-endian at byte `offset`. Traps where it does not fit inside the span.
  @inlinable @inline(__always)
  public mutating func storeBE16(_ value: UInt16, at offset: Int) { store(value.bigEndian, at: offset) }

  /// Stores `value` big-endian at byte `offset`. Traps where it does not fit inside the span.
  @inlinable @inline(__always)
  public mutating func storeBE32(_ value: UInt32, at offset: Int) { store(value.bigEndian, at: offset) }

  /// Stores `value` big-endian at byte `offset`. Traps where it does not fit inside the span.
  @inlinable @inline(__always)
  public mutating func storeBE64(_ value: UInt64, at offset: Int) { store(value.bigEndian, at: offset) }

  /// Stores `value` little-endian at byte `offset`. Traps where it does not fit inside the span.
  @inlinable @inline(__always)
  public mutating func storeLE16(_ value: UInt16, at offset: Int) { store(value.littleEndian, at: offset) }

  /// Stores `value` little-endian at byte `offset`. Traps where it does not fit inside the span.
  @inlinable @inline(__always)
  public mutating func storeLE32(_ value: UInt32, at offset: Int) { store(value.littleEndian, at: offset) }

  /// Stores `value` little-endian at byte `offset`. Traps where it does not fit inside the span.
  @inlinable @inline(__always)
  public mutating func storeLE64(_ value: UInt64, at offset: Int) { store(value.littleEndian, at: offset) }

  @usableFromInline @inline(__always)
  mutating func store<Word: FixedWidthInteger & BitwiseCopyable>(_ word: Word, at offset: Int) {
    precondition(offset >= 0 && offset <= count &- MemoryLayout<Word>.size)
    // SAFETY: the precondition keeps all of the word inside the span.
    unsafe withUnsafeMutableBytes { unsafe $0.storeBytes(of: word, toByteOffset: offset, as: Word.self) }
  }

  /// Copies all of `source` to byte `offset`. Traps where it does not fit inside the span.
  @inlinable
  public mutating func copy(_ source: Span<UInt8>, to offset: Int) {
    precondition(offset >= 0 && source.count <= count &- offset)
    guard source.count > 0 else { return }
    // SAFETY: source.count bytes are readable there and, by the precondition, writable here; a span
    // cannot alias a mutable span.
    unsafe withUnsafeMutableBytes { to in
      unsafe source.withUnsafeBytes { from in
        unsafe (to.baseAddress! + offset).copyMemory(from: from.baseAddress!, byteCount: from.count)
      }
    }
  }

  /// Copies `length` bytes from byte `start` of `source` to byte `offset`. Traps where they are not inside both.
  @inlinable @inline(__always)
  public mutating func copy(_ source: Span<UInt8>, from start: Int, length: Int, to offset: Int) {
    precondition(start >= 0 && offset >= 0 && length > 0 && length <= source.count &- start && length <= count &- offset)
    // SAFETY: by the precondition `length` bytes are readable there and writable here; a span cannot alias a mutable span.
    unsafe withUnsafeMutableBytes { to in
      unsafe source.withUnsafeBytes { from in
        unsafe (to.baseAddress.unsafelyUnwrapped + offset).copyMemory(
          from: from.baseAddress.unsafelyUnwrapped + start, byteCount: length)
      }
    }
  }

  /// Stores all of `words`, little-endian, from byte `offset` on. Traps where they do not fit inside the span.
  @inlinable
  public mutating func copy(words: Span<UInt64>, to offset: Int) {
    precondition(offset >= 0 && words.count &* 8 <= count &- offset)
    guard words.count > 0 else { return }
    // SAFETY: as above; x86-64 is little-endian.
    unsafe withUnsafeMutableBytes { to in
      unsafe words.withUnsafeBytes { from in
        unsafe (to.baseAddress! + offset).copyMemory(from: from.baseAddress!, byteCount: from.count)
      }
    }
  }

  /// Copies the bytes of `text` to byte `offset`; returns the offset just past them. Traps where they do not fit.
  public mutating func copy(_ text: StaticString, to offset: Int) -> Int {
    let length = text.utf8CodeUnitCount
    precondition(offset >= 0 && length <= count &- offset)
    // SAFETY: `text` is `length` readable bytes and, by the precondition, they fit here.
    unsafe withUnsafeMutableBytes { to in
      unsafe (to.baseAddress! + offset).copyMemory(from: text.utf8Start, byteCount: length)
    }
    return offset &+ length
  }

  /// Moves `length` bytes from byte `from` to byte `to` of the same span; the two may overlap.
  public mutating func move(from: Int, to: Int, length: Int) {
    precondition(from >= 0 && to >= 0 && length >= 0)
    precondition(length <= count &- from && length <= count &- to)
    guard length > 0 else { return }
    // SAFETY: both ranges are inside the span; copyMemory allows overlap.
    unsafe withUnsafeMutableBytes { bytes in
      unsafe (bytes.baseAddress! + to).copyMemory(from: bytes.baseAddress! + from, byteCount: length)
    }
  }
}
