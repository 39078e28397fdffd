/// Text that is no JSON: what is wrong, and the byte where.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
  public var problem: String
  public var offset: Int

  public var description: String { "\(problem) at byte \(offset)" }
}

extension JSON {
  /// Reads exactly one document (RFC 8259), at most 500 levels deep. Ill-formed UTF-8 becomes U+FFFD.
  public init(parsing text: some Sequence<UInt8>) throws(JSONError) {
    var parser = JSONParser(text: Array(text))
    self = try parser.document()
  }

  public init(parsing text: String) throws(JSONError) { try self.init(parsing: text.utf8) }
}

private struct JSONParser {
  let text: [UInt8]
  var position = 0
  var depth = 0

  init(text: [UInt8]) { self.text = text }

  func failure(_ problem: String, at offset: Int? = nil) -> JSONError { JSONError(problem: problem, offset: offset ?? position) }

  var next: UInt8? { position < text.count ? text[position] : nil }

  mutating func skipBlanks() {
    while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
  }

  /// Takes `character` where it is next, blanks before it included.
  mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipBlanks()
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  mutating func document() throws(JSONError) -> JSON {
    let value = try value()
    skipBlanks()
    if next != nil { throw failure("more text after the end") }
    return value
  }

  mutating func value() throws(JSONError) -> JSON {
    skipBlanks()
    guard let first = next else { throw failure("unexpected end") }
    switch first {
    case UInt8(ascii: "{"): return try nested { parser throws(JSONError) in try parser.object() }
    case UInt8(ascii: "["): return try nested { parser throws(JSONError) in try parser.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    default:
      for (word, value) in [("null", JSON.null), ("true", .boolean(true)), ("false", .boolean(false))]
      where text[position...].starts(with: word.utf8) {
        position += word.utf8.count
        return value
      }
      throw failure("no JSON value")
    }
  }

  mutating func nested(_ body: (inout JSONParser) throws(JSONError) -> JSON) throws(JSONError) -> JSON {
    if depth == 500 { throw failure("nested too deeply") }
    depth += 1
    position += 1
    let value = try body(&self)
    depth -= 1
    return value
  }

  mutating func object() throws(JSONError) -> JSON {
    var members: [JSON.Member] = []
    if take("}") { return .object(members) }
    repeat {
      skipBlanks()
      guard next == UInt8(ascii: "\"") else { throw failure("a member needs a name in quotes") }
      let key = try string()
      guard take(":") else { throw failure("no colon after a member's name") }
      members.append(JSON.Member(key, try value()))
    } while take(",")
    guard take("}") else { throw failure("no comma or } after a member") }
    return .object(members)
  }

  mutating func array() throws(JSONError) -> JSON {
    var elements: [JSON] = []
    if take("]") { return .array(elements) }
    repeat { elements.append(try value()) } while take(",")
    guard take("]") else { throw failure("no comma or ] after an element") }
    return .array(elements)
  }

  /// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`
  mutating func number() throws(JSONError) -> String {
    let start = position
    if next == UInt8(ascii: "-") { position += 1 }
    if next == UInt8(ascii: "0") { position += 1 } else { try digits() }
    if next == UInt8(ascii: ".") {
      position += 1
      try digits()
    }
    if let byte = next, byte | 0x20 == UInt8(ascii: "e") {
      position += 1
      if let sign = next, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
      try digits()
    }
    return String(decoding: text[start..<position], as: UTF8.self)
  }

  mutating func digits() throws(JSONError) {
    let start = position
    while let byte = next, byte &- 0x30 < 10 { position += 1 }
    if position == start { throw failure("no digit where a number needs one") }
  }

  mutating func string() throws(JSONError) -> String {
    position += 1
    var bytes: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
      case UInt8(ascii: "\\"): bytes += Array(String(try escape()).utf8)
      case 0..<0x20: throw failure("a control character in a string", at: position - 1)
      default: bytes.append(byte)
      }
    }
    throw failure("a string without its end")
  }

  mutating func escape() throws(JSONError) -> Character {
    let escapes: [UInt8: Character] = [
      0x22: "\"", 0x5c: "\\", 0x2f: "/", 0x62: "\u{8}", 0x66: "\u{c}", 0x6e: "\n", 0x72: "\r", 0x74: "\t",
    ]
    guard let kind = next else { throw failure("unexpected end") }
    position += 1
    if let character = escapes[kind] { return character }
    guard kind == UInt8(ascii: "u") else { throw failure("no such escape", at: position - 2) }
    let unit = try hexadecimal()
    // A surrogate pair (§7); one alone becomes U+FFFD.
    if unit >> 10 == 0x36, text[position...].starts(with: [0x5c, 0x75]) {
      let afterFirst = position
      position += 2
      let second = try hexadecimal()
      if second >> 10 == 0x37, let scalar = Unicode.Scalar(0x1_0000 + (unit & 0x3ff) << 10 + second & 0x3ff) { return Character(scalar) }
      position = afterFirst
    }
    return Character(Unicode.Scalar(unit) ?? "\u{fffd}")
  }

  mutating func hexadecimal() throws(JSONError) -> UInt32 {
    let digits = text[position...].prefix(4)
    guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let unit = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw failure("no four hexadecimal digits after \\u") }
    position += 4
    return unit
  }
}
