// Numbers to and from ASCII text, with no String: string interpolation costs 18 KiB of kernel text.

public import Bytes

extension ByteBuffer {
  /// Appends `value` in decimal; false where memory is out.
  @inline(never)
  public mutating func append(decimal value: UInt64) -> Bool {
    var digits: [20 of UInt8] = .init(repeating: 0)
    var position = 20
    var rest = value
    // Two digits for each division: 103 / 1024 is a tenth, rounded up by too little to matter below 100.
    while rest >= 10 {
      let pair = rest % 100
      rest /= 100
      let tens = (pair &* 103) >> 10
      position &-= 2
      digits[position] = 0x30 &+ UInt8(truncatingIfNeeded: tens)
      digits[position &+ 1] = 0x30 &+ UInt8(truncatingIfNeeded: pair &- tens &* 10)
    }
    if rest > 0 || position == 20 {
      position &-= 1
      digits[position] = 0x30 &+ UInt8(truncatingIfNeeded: rest)
    }
    return append(digits.span.extracting(position..<20))
  }

  /// Appends `value` in lower-case hexadecimal, padded with zeros to at least `width` digits (at most 16); false where memory is out.
  @inline(never)
  public mutating func append(hex value: UInt64, width: Int = 1) -> Bool {
    var digits: [16 of UInt8] = .init(repeating: 0)
    var output = digits.mutableSpan
    output.store(hex: value, at: 0)
    let position = value.leadingZeroBitCount / 4
    return append(digits.span.extracting(min(position, 16 &- max(1, min(width, 16)))..<16))
  }
}

extension MutableSpan where Element == UInt8 {
  /// Stores the sixteen lower-case hexadecimal digits of `value` at byte `offset`, eight at a time.
  public mutating func store(hex value: UInt64, at offset: Int) {
    storeLE64(Self.digits(UInt32(truncatingIfNeeded: value >> 32)), at: offset)
    storeLE64(Self.digits(UInt32(truncatingIfNeeded: value)), at: offset &+ 8)
  }

  /// The same at two places, compiled into the caller: for what each request does.
  @inline(__always)
  public mutating func store(hex value: UInt64, at first: Int, and second: Int) {
    let high = Self.digits(UInt32(truncatingIfNeeded: value >> 32))
    let low = Self.digits(UInt32(truncatingIfNeeded: value))
    storeLE64(high, at: first)
    storeLE64(low, at: first &+ 8)
    storeLE64(high, at: second)
    storeLE64(low, at: second &+ 8)
  }

  /// The eight digits of `value`, the highest in the lowest byte.
  @inline(__always)
  private static func digits(_ value: UInt32) -> UInt64 {
    // One digit to each byte: halves, quarters, then nibbles move apart.
    var spread = UInt64(value.byteSwapped)
    spread = (spread | spread << 16) & 0x0000_ffff_0000_ffff
    spread = (spread | spread << 8) & 0x00ff_00ff_00ff_00ff
    spread = (spread >> 4 | spread << 8) & 0x0f0f_0f0f_0f0f_0f0f
    // A digit of 10 and more lies 39 places further on, at "a".
    let letters = ((spread &+ 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
    return spread &+ 0x3030_3030_3030_3030 &+ letters &* 39
  }

  /// Writes the last `digits` decimal digits of `value` at byte `offset`; returns the offset just past them. Traps where they do not fit.
  public mutating func copy(decimal value: UInt64, digits: Int, to offset: Int) -> Int {
    var rest = value
    for position in (offset..<offset &+ digits).reversed() {
      self[position] = 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
    return offset &+ digits
  }
}

/// Character tests and number parsing on ASCII bytes.
public enum ASCII {
  /// The lower-case digit of a value below 16.
  @inlinable
  public static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 &+ value : 0x57 &+ value }

  /// The value of a hexadecimal digit in either case; nil for any other byte.
  @inlinable
  public static func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte &- 0x30
    case 0x41...0x46: byte &- 0x37
    case 0x61...0x66: byte &- 0x57
    default: nil
    }
  }

  @inlinable public static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

  @inlinable public static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

  /// `byte` in lower case where it is an upper-case letter.
  @inlinable
  public static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

  /// The decimal number that is all of `text`: at least one digit, nothing else; nil also where it is above `limit`.
  public static func decimal(_ text: Span<UInt8>, limit: UInt64 = .max) -> UInt64? {
    guard text.count > 0 else { return nil }
    var value: UInt64 = 0
    for index in text.indices {
      guard isDigit(text[index]) else { return nil }
      let (product, tooBig) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(text[index] &- 0x30))
      guard !tooBig, !carry, sum <= limit else { return nil }
      value = sum
    }
    return value
  }
}
