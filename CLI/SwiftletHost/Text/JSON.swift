// JSON values as they were written: members keep their order, numbers their digits, so that what an action answered is shown as it is.

/// A value of RFC 8259.
public enum JSON: Equatable, Sendable {
  case null
  case boolean(Bool)
  /// The number's text, which is a legal one.
  case number(String)
  case string(String)
  case array([JSON])
  case object([Member])

  public struct Member: Equatable, Sendable {
    public var key: String
    public var value: JSON

    public init(_ key: String, _ value: JSON) {
      self.key = key
      self.value = value
    }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  public init(integerLiteral value: Int) { self = .number("\(value)") }
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements.map { Member($0, $1) }) }

  public static func number(_ value: Int) -> JSON { .number("\(value)") }
}

extension JSON {
  /// The member of this name, the last one where there are several; nil where there is none, or this is no object.
  public subscript(name: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.last { $0.key == name }?.value
  }

  public var string: String? { if case .string(let text) = self { text } else { nil } }
  public var boolean: Bool? { if case .boolean(let value) = self { value } else { nil } }
  public var array: [JSON]? { if case .array(let elements) = self { elements } else { nil } }
  public var members: [Member]? { if case .object(let members) = self { members } else { nil } }
  public var number: Double? { if case .number(let text) = self { Double(text) } else { nil } }

  /// A whole number, however it is written; nil past what an Int holds.
  public var integer: Int? {
    guard case .number(let text) = self else { return nil }
    return Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
  }

  /// Sets the member `name` of an object, in its place or behind the others. Does nothing to other values.
  public mutating func set(_ name: String, to value: JSON) {
    guard case .object(var members) = self else { return }
    if let index = members.lastIndex(where: { $0.key == name }) {
      members[index].value = value
    } else {
      members.append(Member(name, value))
    }
    self = .object(members)
  }

  /// The value of `name` in OpenWhisk's form of a map: an array of `{"key": …, "value": …}`.
  public func value(ofKey name: String) -> JSON? {
    array?.last { $0["key"]?.string == name }?["value"]
  }
}

// MARK: writing

extension JSON {
  /// With no white space.
  public var compact: String {
    var text = ""
    write(to: &text, indentation: nil)
    return text
  }

  /// Over several lines, two blanks a level; what is empty stays on its line.
  public var pretty: String {
    var text = ""
    write(to: &text, indentation: 0)
    return text
  }

  private func write(to text: inout String, indentation level: Int?) {
    switch self {
    case .null: text += "null"
    case .boolean(let value): text += value ? "true" : "false"
    case .number(let digits): text += digits
    case .string(let string): Self.write(string, to: &text)
    case .array(let elements):
      Self.write(elements, "[", "]", to: &text, level) { element, text, inner in element.write(to: &text, indentation: inner) }
    case .object(let members):
      Self.write(members, "{", "}", to: &text, level) { member, text, inner in
        Self.write(member.key, to: &text)
        text += level == nil ? ":" : ": "
        member.value.write(to: &text, indentation: inner)
      }
    }
  }

  private static func write<Part>(
    _ parts: [Part], _ open: String, _ close: String, to text: inout String, _ level: Int?,
    _ body: (Part, inout String, Int?) -> Void
  ) {
    text += open
    for (index, part) in parts.enumerated() {
      if index > 0 { text += "," }
      if let level { text += "\n" + String(repeating: "  ", count: level + 1) }
      body(part, &text, level.map { $0 + 1 })
    }
    if let level, !parts.isEmpty { text += "\n" + String(repeating: "  ", count: level) }
    text += close
  }

  private static func write(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\0"..<" ", "\u{7f}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
