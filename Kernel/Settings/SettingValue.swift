// The values of options: text to numbers. Nothing here knows which option it is for, or how problems are told.

import Base
import Bytes

/// A part of the command line: byte offsets.
struct TextRange: BitwiseCopyable, Sendable {
  var start: Int
  var end: Int

  init(_ start: Int = 0, _ end: Int = 0) {
    self.start = start
    self.end = end
  }

  var count: Int { end &- start }
}

extension Span where Element == UInt8 {
  /// The first place of `byte` in `range`.
  func position(of byte: UInt8, in range: TextRange) -> Int? {
    for index in range.start..<range.end where self[index] == byte { return index }
    return nil
  }

  /// The last place of `byte` in `range`.
  func lastPosition(of byte: UInt8, in range: TextRange) -> Int? {
    for index in (range.start..<range.end).reversed() where self[index] == byte { return index }
    return nil
  }
}

/// `USER:KEY[@NAMESPACE]`.
struct Credential: BitwiseCopyable, Sendable {
  var user = TextRange()
  var key = TextRange()
  /// Empty where none was given.
  var namespace = TextRange()

  init() {}

  /// The first ":" ends the user, the last "@" after it begins the namespace. Nil where a part is empty, too long, or
  /// has characters that it must not have.
  init?(parsing text: Span<UInt8>, _ value: TextRange) {
    guard let colon = text.position(of: 0x3a, in: value) else { return nil }
    user = TextRange(value.start, colon)
    key = TextRange(colon &+ 1, value.end)
    if let at = text.lastPosition(of: 0x40, in: key) {
      namespace = TextRange(at &+ 1, key.end)
      key.end = at
      guard namespace.count > 0, namespace.count <= 128 else { return nil }
      for index in namespace.start..<namespace.end where !Self.isNameByte(text[index]) { return nil }
      // "_" stands for the caller's own namespace.
      guard namespace.count > 1 || text[namespace.start] != 0x5f else { return nil }
    }
    guard user.count > 0, user.count <= 128, key.count > 0, key.count <= 256 else { return nil }
    for index in user.start..<key.end where text[index] < 0x20 || text[index] == 0x7f { return nil }
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == 0x5f || byte == 0x2d || byte == 0x2e
  }
}

extension FixedAddress {
  /// Ones in the bits of the network.
  private var mask: UInt32 { .max << UInt32(32 &- prefixLength) }

  /// Whether a host may have it: unicast, not loopback, and not its network's first or last address (but with /31, RFC 3021).
  var isUsable: Bool {
    let first = address >> 24
    guard first > 0, first != 127, first < 224 else { return false }
    let host = address & ~mask
    return prefixLength == 31 || (host != 0 && host != ~mask)
  }

  /// Whether `other` is another usable address of the same network.
  func hasNeighbour(_ other: UInt32) -> Bool {
    other != address && (other ^ address) & mask == 0
      && FixedAddress(address: other, prefixLength: prefixLength).isUsable
  }
}

enum SettingValue {
  static func logLevel(_ text: Span<UInt8>) -> LogLevel? {
    if text.equals("quiet") { return .quiet }
    if text.equals("info") { return .info }
    return text.equals("debug") ? .debug : nil
  }

  /// Four decimal numbers of 0 to 255 with dots between, with no leading zeros, which some read as octal.
  static func address(_ text: Span<UInt8>) -> UInt32? {
    var result: UInt32 = 0
    var start = 0
    for part in 0..<4 {
      var end = start
      while end < text.count, text[end] != 0x2e { end &+= 1 }
      guard part == 3 ? end == text.count : end < text.count else { return nil }
      guard let number = ASCII.decimal(text.extracting(start..<end), limit: 255) else { return nil }
      guard end &- start == 1 || text[start] != 0x30 else { return nil }
      result = result << 8 | UInt32(number)
      start = end &+ 1
    }
    return result
  }

  /// `SIZE@ADDRESS:IRQ[:ID]`, as Linux has it; the ID is not used.
  static func device(_ text: Span<UInt8>) -> MMIODeviceSetting? {
    let whole = TextRange(0, text.count)
    guard let at = text.position(of: 0x40, in: whole),
      let colon = text.position(of: 0x3a, in: TextRange(at &+ 1, text.count))
    else { return nil }
    let end = text.position(of: 0x3a, in: TextRange(colon &+ 1, text.count)) ?? text.count
    guard let length = number(text.extracting(0..<at), hasSuffix: true),
      let address = number(text.extracting((at &+ 1)..<colon), hasSuffix: false),
      let interrupt = number(text.extracting((colon &+ 1)..<end), hasSuffix: false),
      end == text.count || number(text.extracting((end &+ 1)..<text.count), hasSuffix: false) != nil
    else { return nil }
    // Registers take 256 bytes, and the smallest configuration that is read 8.
    guard length >= 264, length <= 1 << 20, interrupt <= 255,
      address > 0, address & 3 == 0, address <= (1 << 39) &- length
    else { return nil }
    return MMIODeviceSetting(address: address, length: length, interrupt: UInt32(interrupt))
  }

  /// A decimal number, or a hexadecimal one after "0x"; with `hasSuffix` a K or M after it multiplies.
  static func number(_ text: Span<UInt8>, hasSuffix: Bool) -> UInt64? {
    var digits = text
    var shift: UInt64 = 0
    if hasSuffix, text.count > 1 {
      switch text[text.count &- 1] | 0x20 {
      case 0x6b: shift = 10
      case 0x6d: shift = 20
      default: break
      }
      if shift != 0 { digits = text.extracting(0..<(text.count &- 1)) }
    }
    guard let value = plainNumber(digits), value <= .max >> shift else { return nil }
    return value << shift
  }

  private static func plainNumber(_ text: Span<UInt8>) -> UInt64? {
    guard text.count > 2, text[0] == 0x30, text[1] | 0x20 == 0x78 else { return ASCII.decimal(text) }
    guard text.count <= 18 else { return nil }
    var value: UInt64 = 0
    for index in 2..<text.count {
      guard let digit = ASCII.hexValue(text[index]) else { return nil }
      value = value << 4 | UInt64(digit)
    }
    return value
  }
}
