// Base64 (RFC 4648 §4), strict: no white space, padding needed, unused bits zero. Eight characters, or six bytes, at a time.

public import Bytes

/// The base64 alphabet with `+` and `/`.
public enum Base64 {
  /// Decodes `text` into the front of `output`. Returns the decoded length; nil where `text` is not base64 or
  /// `output` too small.
  public static func decode(_ text: Span<UInt8>, into output: inout MutableSpan<UInt8>) -> Int? {
    guard text.count & 3 == 0 else { return nil }
    var length = 0
    var at = 0
    while text.count &- at >= 12, output.count &- length >= 8 {
      guard let bits = sextets(text.loadLE64(at)) else { return nil }
      output.storeLE64((bits << 16).byteSwapped, at: length)
      at &+= 8
      length &+= 6
    }
    while at < text.count {
      guard let end = decodeFour(text.loadLE32(at), isLast: text.count &- at == 4, into: &output, at: length) else { return nil }
      at &+= 4
      length = end
    }
    return length
  }

  /// Decodes the base64 at `range` of `buffer` to the front of that range. Returns the decoded length; nil, and the range's bytes are of no use,
  /// where it is not base64 or not inside the buffer.
  public static func decodeInPlace(_ buffer: inout ByteBuffer, range: Range<Int>) -> Int? {
    guard range.lowerBound >= 0, range.upperBound <= buffer.count, range.count & 3 == 0 else { return nil }
    var bytes = buffer.mutableSpan
    var length = range.lowerBound
    var at = range.lowerBound
    // Eight bytes are stored where six are meant: the other two are characters that were read.
    while range.upperBound &- at >= 12 {
      guard let bits = sextets(bytes.span.loadLE64(at)) else { return nil }
      bytes.storeLE64((bits << 16).byteSwapped, at: length)
      at &+= 8
      length &+= 6
    }
    while at < range.upperBound {
      let word = bytes.span.loadLE32(at)
      guard let end = decodeFour(word, isLast: range.upperBound &- at == 4, into: &bytes, at: length) else { return nil }
      at &+= 4
      length = end
    }
    return length &- range.lowerBound
  }

  /// As `decodeInPlace(_:range:)`, where the range is what stands between the quotes of a JSON string: `\/` and `\u00hh` in it, which some
  /// clients write, are understood.
  public static func decodeInPlace(_ buffer: inout ByteBuffer, jsonString range: Range<Int>) -> Int? {
    guard range.lowerBound >= 0, range.upperBound <= buffer.count else { return nil }
    guard let end = unescape(&buffer, range) else { return nil }
    return decodeInPlace(&buffer, range: range.lowerBound..<end)
  }

  /// Appends `bytes` in base64 to `text`; false, and nothing changed, where memory is out.
  public static func encode(_ bytes: Span<UInt8>, into text: inout ByteBuffer) -> Bool {
    let start = text.count
    let (room, overflow) = (bytes.count / 3 &+ (bytes.count % 3 == 0 ? 0 : 1)).multipliedReportingOverflow(by: 4)
    guard !overflow, text.appendZeros(room) else { return false }
    var output = text.mutableSpan
    var at = 0
    var to = start
    while bytes.count &- at >= 8 {
      output.storeLE64(characters(bytes.loadLE64(at).byteSwapped >> 16), at: to)
      at &+= 6
      to &+= 8
    }
    while at < bytes.count {
      let left = min(3, bytes.count &- at)
      var bits: UInt64 = 0
      for offset in 0..<left { bits |= UInt64(bytes[at &+ offset]) << UInt64(40 &- 8 &* offset) }
      let four = characters(bits)
      for index in 0..<4 { output[to &+ index] = index <= left ? UInt8(truncatingIfNeeded: four >> UInt64(8 &* index)) : 0x3d }
      at &+= left
      to &+= 4
    }
    return true
  }

  private static var ones: UInt64 { 0x0101_0101_0101_0101 }
  private static var highs: UInt64 { 0x8080_8080_8080_8080 }

  /// One in each byte of `word` that is at least `bound`; both are below 128, and `bound` is not 0.
  @inline(__always)
  private static func atLeast(_ word: UInt64, _ bound: UInt64) -> UInt64 { (word &+ ones &* (0x80 &- bound)) >> 7 & ones }

  /// The 48 bits that eight characters stand for, the first in the lowest byte; nil where one is not of the alphabet.
  @inline(__always)
  private static func sextets(_ word: UInt64) -> UInt64? {
    let text = word & ~highs
    let upper = atLeast(text, 0x41) ^ atLeast(text, 0x5b)
    let lower = atLeast(text, 0x61) ^ atLeast(text, 0x7b)
    let digit = atLeast(text, 0x30) ^ atLeast(text, 0x3a)
    let plus = atLeast(text, 0x2b) ^ atLeast(text, 0x2c)
    let slash = atLeast(text, 0x2f) ^ atLeast(text, 0x30)
    guard word & highs == 0, upper | lower | digit | plus | slash == ones else { return nil }
    // No byte borrows from its neighbour, nor carries into it.
    let values = text &- upper &* 65 &- lower &* 71 &+ digit &* 4 &+ plus &* 19 &+ slash &* 16
    // Neighbours are joined, the first of them above: twelve bits in sixteen, 24 in 32, 48.
    let twelve = (values & 0x003f_003f_003f_003f) << 6 | (values >> 8 & 0x003f_003f_003f_003f)
    let twentyFour = (twelve & 0x0000_0fff_0000_0fff) << 12 | (twelve >> 16 & 0x0000_0fff_0000_0fff)
    return (twentyFour & 0xff_ffff) << 24 | twentyFour >> 32
  }

  /// The eight characters of the low 48 bits of `bits`, the first in the lowest byte.
  @inline(__always)
  private static func characters(_ bits: UInt64) -> UInt64 {
    let twentyFour = bits >> 24 & 0xff_ffff | (bits & 0xff_ffff) << 32
    let twelve = twentyFour >> 12 & 0x0000_0fff_0000_0fff | (twentyFour & 0x0000_0fff_0000_0fff) << 16
    let values = twelve >> 6 & 0x003f_003f_003f_003f | (twelve & 0x003f_003f_003f_003f) << 8
    return values &+ ones &* 65 &+ atLeast(values, 26) &* 6 &- atLeast(values, 52) &* 75 &- atLeast(values, 62) &* 15 &+ atLeast(values, 63) &* 3
  }

  /// Decodes four characters, which may be padded where they are the last, to byte `offset` of `output`; returns the offset just past what
  /// they stand for, nil where they are not base64 or `output` is too small.
  private static func decodeFour(_ word: UInt32, isLast: Bool, into output: inout MutableSpan<UInt8>, at offset: Int) -> Int? {
    let padding = !isLast || word >> 24 != 0x3d ? 0 : word >> 16 != 0x3d3d ? 1 : 2
    // "A" stands for zeros.
    let padded = padding == 0 ? word : padding == 1 ? word & 0xff_ffff | 0x4100_0000 : word & 0xffff | 0x4141_0000
    guard let sextets = sextets(UInt64(padded) | 0x4141_4141_0000_0000) else { return nil }
    let bits = sextets >> 24
    let produced = 3 &- padding
    guard bits & (padding == 0 ? 0 : padding == 1 ? 0xff : 0xffff) == 0, output.count &- offset >= produced else { return nil }
    for index in 0..<produced { output[offset &+ index] = UInt8(truncatingIfNeeded: bits >> UInt64(16 &- 8 &* index)) }
    return offset &+ produced
  }

  /// Replaces the JSON escapes at `range` that can stand for characters of base64, moving what follows each of them down. Returns the end of what
  /// is left; nil for other escapes.
  private static func unescape(_ buffer: inout ByteBuffer, _ range: Range<Int>) -> Int? {
    var bytes = buffer.mutableSpan
    var at = firstBackslash(bytes.span, range)
    var to = at
    while at < range.upperBound {
      var byte = bytes[at]
      at &+= 1
      if byte == 0x5c {
        guard at < range.upperBound else { return nil }
        if bytes[at] == 0x2f {
          byte = 0x2f
          at &+= 1
        } else {
          guard range.upperBound &- at >= 5, bytes[at] == 0x75, bytes[at &+ 1] == 0x30, bytes[at &+ 2] == 0x30,
            let high = ASCII.hexValue(bytes[at &+ 3]), let low = ASCII.hexValue(bytes[at &+ 4])
          else { return nil }
          byte = high << 4 | low
          at &+= 5
        }
      }
      bytes[to] = byte
      to &+= 1
    }
    return to
  }

  /// Where the first backslash of `range` is, or its end.
  private static func firstBackslash(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
    var at = range.lowerBound
    while range.upperBound &- at >= 8 {
      let word = bytes.loadLE64(at) ^ ones &* 0x5c
      let zeros = (word &- ones) & ~word & highs
      if zeros != 0 { return at &+ zeros.trailingZeroBitCount >> 3 }
      at &+= 8
    }
    while at < range.upperBound, bytes[at] != 0x5c { at &+= 1 }
    return at
  }
}
