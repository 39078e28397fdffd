/// The Internet checksum (RFC 1071): a one's complement sum of 16-bit big-endian words, kept as a
/// 64-bit partial sum so that it can be taken over several pieces.
public struct InternetChecksum: BitwiseCopyable, Sendable {
  @usableFromInline var sum: UInt64 = 0

  @inlinable public init() {}

  /// Adds one 16-bit word, in host order.
  @inlinable @inline(__always)
  public mutating func add(_ word: UInt16) { Self.add(UInt64(word.bigEndian), to: &sum) }

  /// Adds one 32-bit word, in host order.
  @inlinable @inline(__always)
  public mutating func add(_ word: UInt32) { Self.add(UInt64(word.bigEndian), to: &sum) }

  /// Adds one 64-bit word, in host order.
  @inlinable @inline(__always)
  public mutating func add(bigEndian word: UInt64) { Self.add(word.bigEndian, to: &sum) }

  /// Adds eight bytes, given as a little-endian word.
  @inlinable @inline(__always)
  public mutating func add(littleEndian word: UInt64) { Self.add(word.littleEndian, to: &sum) }

  /// Adds `bytes`. A piece of odd length is padded with a zero byte, so only the last may be odd (RFC 1071 §4.1).
  @inlinable
  public mutating func add(_ bytes: Span<UInt8>) {
    // SAFETY: every load is below bytes.count.
    sum = unsafe bytes.withUnsafeBytes { unsafe Self.accumulate($0, into: sum) }
  }

  /// The sum is taken over native words: byte order does not matter to it but for the final swap (RFC 1071 §2(B)).
  @usableFromInline
  static func accumulate(_ bytes: UnsafeRawBufferPointer, into start: UInt64) -> UInt64 {
    // Pairs of words, of which the carries are counted: that is the fewest instructions.
    var pairs = UInt128(start)
    var carries: UInt64 = 0
    var offset = 0
    while offset &+ 64 <= bytes.count {
      // SAFETY: the loop condition keeps the four pairs inside the buffer.
      for step in 0..<4 {
        unsafe add(bytes.loadUnaligned(fromByteOffset: offset &+ step &* 16, as: UInt128.self), to: &pairs, &carries)
      }
      offset &+= 64
    }
    while offset &+ 16 <= bytes.count {
      // SAFETY: the loop condition keeps the pair inside the buffer.
      unsafe add(bytes.loadUnaligned(fromByteOffset: offset, as: UInt128.self), to: &pairs, &carries)
      offset &+= 16
    }
    var total = carries
    add(UInt64(truncatingIfNeeded: pairs), to: &total)
    add(UInt64(truncatingIfNeeded: pairs >> 64), to: &total)
    if bytes.count &- offset >= 8 {
      // SAFETY: the condition keeps the word inside the buffer.
      unsafe add(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self), to: &total)
      offset &+= 8
    }
    // SAFETY: each condition keeps the load inside the buffer. All but the last byte are whole words of the sum.
    if bytes.count &- offset >= 4 {
      unsafe add(UInt64(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)), to: &total)
      offset &+= 4
    }
    if bytes.count &- offset >= 2 {
      unsafe add(UInt64(bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)), to: &total)
      offset &+= 2
    }
    if offset < bytes.count { unsafe add(UInt64(bytes[offset]), to: &total) }
    return total
  }

  @usableFromInline @inline(__always)
  static func add(_ word: UInt64, to total: inout UInt64) {
    let (next, carry) = total.addingReportingOverflow(word)
    total = next &+ (carry ? 1 : 0)
  }

  @usableFromInline @inline(__always)
  static func add(_ pair: UInt128, to total: inout UInt128, _ carries: inout UInt64) {
    let (next, carry) = total.addingReportingOverflow(pair)
    total = next
    carries &+= carry ? 1 : 0
  }

  /// The folded sum, not complemented, in host order: what a checksum field holds for offload (virtio 1.2 §5.1.6.2).
  @inlinable
  public var folded: UInt16 { Self.fold(sum).byteSwapped }

  /// The one's complement sum of the 16-bit quarters of `sum`.
  @usableFromInline @inline(__always)
  static func fold(_ sum: UInt64) -> UInt16 {
    // The upper half of a word plus itself with halves swapped is the sum of its halves, the carry added.
    let half = UInt32(truncatingIfNeeded: (sum &+ (sum << 32 | sum >> 32)) >> 32)
    return UInt16(truncatingIfNeeded: (half &+ (half << 16 | half >> 16)) >> 16)
  }

  /// The value of the checksum field, in host order.
  @inlinable
  public var checksum: UInt16 { ~folded }

  /// Whether the pieces added, their checksum field among them, are intact.
  @inlinable
  public var isValid: Bool { folded == 0xffff }
}
