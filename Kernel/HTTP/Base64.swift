// Base64 (RFC 4648 §4), strict: no white space, padding needed, unused bits zero.

public import Bytes

/// The base64 alphabet with `+` and `/`.
public enum Base64 {
  /// Decodes `text` into the front of `output`. Returns the decoded length; nil where `text` is not base64 or
  /// `output` too small.
  public static func decode(_ text: Span<UInt8>, into output: inout MutableSpan<UInt8>) -> Int? {
    guard text.count & 3 == 0 else { return nil }
    var length = 0
    var at = 0
    while at < text.count {
      let isLast = at &+ 4 == text.count
      let padding = !isLast || text[at &+ 3] != 0x3d ? 0 : text[at &+ 2] != 0x3d ? 1 : 2
      var bits: UInt32 = 0
      for offset in 0..<4 {
        var digit: UInt8 = 0
        if offset < 4 &- padding {
          guard let value = value(of: text[at &+ offset]) else { return nil }
          digit = value
        }
        bits = bits << 6 | UInt32(digit)
      }
      let produced = 3 &- padding
      guard bits & (padding == 0 ? 0 : padding == 1 ? 0xff : 0xffff) == 0, length &+ produced <= output.count else { return nil }
      for index in 0..<produced { output[length &+ index] = UInt8(truncatingIfNeeded: bits >> UInt32(16 &- 8 &* index)) }
      length &+= produced
      at &+= 4
    }
    return length
  }

  /// Appends `bytes` in base64 to `text`; false where memory is out.
  public static func encode(_ bytes: Span<UInt8>, into text: inout ByteBuffer) -> Bool {
    var at = 0
    while at < bytes.count {
      let left = min(3, bytes.count &- at)
      var bits = UInt32(bytes[at]) << 16
      if left > 1 { bits |= UInt32(bytes[at &+ 1]) << 8 }
      if left > 2 { bits |= UInt32(bytes[at &+ 2]) }
      for index in 0..<4 {
        let digit = UInt8(truncatingIfNeeded: bits >> UInt32(18 &- 6 &* index)) & 63
        guard text.append(index <= left ? character(of: digit) : 0x3d) else { return false }
      }
      at &+= 3
    }
    return true
  }

  private static func value(of byte: UInt8) -> UInt8? {
    switch byte {
    case 0x41...0x5a: byte &- 0x41
    case 0x61...0x7a: byte &- 0x61 &+ 26
    case 0x30...0x39: byte &- 0x30 &+ 52
    case 0x2b: 62
    case 0x2f: 63
    default: nil
    }
  }

  private static func character(of digit: UInt8) -> UInt8 {
    switch digit {
    case 0..<26: 0x41 &+ digit
    case 26..<52: 0x61 &+ digit &- 26
    case 52..<62: 0x30 &+ digit &- 52
    case 62: 0x2b
    default: 0x2f
    }
  }
}
