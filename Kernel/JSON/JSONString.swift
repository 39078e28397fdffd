// What checked strings stand for: their escapes undone (RFC 8259 §7).

import Base
public import Bytes

extension JSONValue {
  /// The bytes between the quotes as they are written, escapes and all; of a value that is no string all its bytes.
  @_lifetime(copy text)
  func contents(in text: Span<UInt8>) -> Span<UInt8> {
    let written = written(in: text)
    guard kind == .string, written.count >= 2 else { return written }
    return written.extracting(1..<(written.count &- 1))
  }

  /// The bytes that a string stands for, in place; nil where it has an escape, so that only `appendString` can tell, or is no string.
  @_lifetime(copy text)
  public func plainString(in text: Span<UInt8>) -> Span<UInt8>? {
    guard kind == .string else { return nil }
    let contents = contents(in: text)
    return contents.backslash(from: 0) == contents.count ? contents : nil
  }

  /// Appends the bytes that a string stands for, which are UTF-8; those of any other value as they are written. False where memory is
  /// out: a part may have been appended.
  public func appendString(of text: Span<UInt8>, to buffer: inout ByteBuffer) -> Bool {
    let contents = contents(in: text)
    var at = 0
    while true {
      let plainEnd = contents.backslash(from: at)
      guard buffer.append(contents.extracting(at..<plainEnd)) else { return false }
      guard plainEnd < contents.count else { return true }
      let escape = JSONEscape(contents, at: plainEnd)
      var rest = escape.utf8
      repeat {
        guard buffer.append(UInt8(truncatingIfNeeded: rest)) else { return false }
        rest >>= 8
      } while rest != 0
      at = min(plainEnd &+ escape.length, contents.count)
    }
  }

  /// Whether this is a string that stands for the bytes of `name`.
  public func equals(_ name: StaticString, in text: Span<UInt8>) -> Bool { equals(name.bytes, in: text) }

  /// Whether this is a string that stands for the bytes of `name`.
  @inline(never)
  public func equals(_ name: Span<UInt8>, in text: Span<UInt8>) -> Bool {
    guard kind == .string else { return false }
    let contents = contents(in: text)
    // An escape is longer than what it stands for, at most six times.
    if contents.count <= name.count { return contents.equals(name) && contents.backslash(from: 0) == contents.count }
    guard contents.count / 6 <= name.count, contents.backslash(from: 0) < contents.count else { return false }
    var bytes = JSONStringBytes()
    for index in name.indices where bytes.next(of: contents) != name[index] { return false }
    return bytes.next(of: contents) == nil
  }
}

/// The bytes that a string's contents stand for, one after another.
struct JSONStringBytes {
  private var at = 0
  /// Bytes of an escaped character that are still to be handed out, the next one lowest.
  private var pending: UInt32 = 0

  /// The next byte; nil after the last.
  @inline(never)
  mutating func next(of contents: Span<UInt8>) -> UInt8? {
    if pending == 0 {
      guard at < contents.count else { return nil }
      let byte = contents[at]
      guard byte == Mark.backslash else {
        at &+= 1
        return byte
      }
      let escape = JSONEscape(contents, at: at)
      at &+= escape.length
      pending = escape.utf8
    }
    let byte = UInt8(truncatingIfNeeded: pending)
    pending >>= 8
    return byte
  }
}

/// A checked escape.
struct JSONEscape {
  /// Bytes of the escape, both halves of a surrogate pair included.
  let length: Int
  /// The character in UTF-8, its first byte lowest.
  let utf8: UInt32

  /// The escape whose backslash is at `start`.
  @_optimize(size) @inline(never)
  init(_ text: Span<UInt8>, at start: Int) {
    let letter = text.peek(start &+ 1)
    guard letter == 0x75 else {
      length = 2
      utf8 = UInt32(Self.character(letter))
      return
    }
    let first = text.codeUnit(start &+ 2) ?? 0
    let isPair = first & 0xfc00 == 0xd800
    length = isPair ? 12 : 6
    let second = isPair ? text.codeUnit(start &+ 8) ?? 0 : 0
    // 0xd800 and 0xdc00 taken away from the halves, 0x10000 added.
    utf8 = Self.encoded(isPair ? first << 10 &+ second &- 0x35f_dc00 : first)
  }

  private static func character(_ letter: UInt8) -> UInt8 {
    switch letter {
    case 0x62: 0x08
    case 0x66: 0x0c
    case 0x6e: 0x0a
    case 0x72: 0x0d
    case 0x74: 0x09
    default: letter
    }
  }

  /// RFC 3629 §3.
  private static func encoded(_ scalar: UInt32) -> UInt32 {
    if scalar < 0x80 { return scalar }
    let last = 0x80 | scalar & 0x3f
    if scalar < 0x800 { return 0xc0 | scalar >> 6 | last << 8 }
    let third = 0x80 | scalar >> 6 & 0x3f
    if scalar < 0x1_0000 { return 0xe0 | scalar >> 12 | third << 8 | last << 16 }
    return 0xf0 | scalar >> 18 & 0x07 | (0x80 | scalar >> 12 & 0x3f) << 8 | third << 16 | last << 24
  }
}

extension Span where Element == UInt8 {
  /// The place of the first backslash from `start` on; the end where there is none.
  @inline(never)
  func backslash(from start: Int) -> Int {
    var at = start
    while at <= count &- 8 {
      let marks = Word.equal(loadLE64(at), Mark.backslash)
      if marks != 0 { return at &+ Word.first(marks) }
      at &+= 8
    }
    while at < count, self[at] != Mark.backslash { at &+= 1 }
    return at
  }
}
