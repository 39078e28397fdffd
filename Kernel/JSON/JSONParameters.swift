// Parameters and annotations as OpenWhisk sends and stores them: arrays of `{"key": "name", "value": anything}`. An element may have
// other members ("init", "encryption"), which mean nothing here.

import Bytes

/// Walks over the keys and values of a parameter array, in their order. What is no such element is passed over: `malformed` finds it.
public struct JSONParameters: Sendable, BitwiseCopyable {
  private var elements: JSONElements

  /// A walk over `array`; one over a value of another kind has no parameters.
  public init(_ array: JSONValue) { elements = JSONElements(array) }

  /// The next parameter: its name and its value; nil after the last.
  public mutating func next(in text: Span<UInt8>) -> JSONMember? {
    while let element = elements.next(in: text) {
      if let parameter = Self.parameter(element, in: text) { return parameter }
    }
    return nil
  }

  /// What is wrong with `value` as a parameter array: `value` itself where it is no array, else the first element that is no object or
  /// has no "value" or no "key" that is a string of more than blanks; nil where nothing is wrong.
  @_optimize(size)
  public static func malformed(_ value: JSONValue, in text: Span<UInt8>) -> JSONValue? {
    guard value.kind == .array else { return value }
    var elements = JSONElements(value)
    while let element = elements.next(in: text) {
      if parameter(element, in: text) == nil { return element }
    }
    return nil
  }

  /// The value of the parameter `name`, the last of that name; nil where there is none.
  public static func value(_ name: StaticString, of array: JSONValue, in text: Span<UInt8>) -> JSONValue? {
    var found: JSONValue?
    var parameters = JSONParameters(array)
    while let parameter = parameters.next(in: text) {
      if parameter.key.equals(name, in: text) { found = parameter.value }
    }
    return found
  }

  private static func parameter(_ element: JSONValue, in text: Span<UInt8>) -> JSONMember? {
    var key: JSONValue?
    var value: JSONValue?
    var members = JSONMembers(element)
    while let member = members.next(in: text) {
      if member.key.equals("key", in: text) { key = member.value }
      if member.key.equals("value", in: text) { value = member.value }
    }
    guard let key, let value, key.kind == .string, !isBlank(key.contents(in: text)) else { return nil }
    return JSONMember(key: key, value: value)
  }

  /// Whether a string, escapes and all, has nothing above U+0020: OpenWhisk trims names so.
  private static func isBlank(_ contents: Span<UInt8>) -> Bool {
    var index = 0
    while index < contents.count {
      guard contents[index] != 0x20 else {
        index &+= 1
        continue
      }
      guard contents[index] == 0x5c, index &+ 1 < contents.count else { return false }
      switch contents[index &+ 1] {
      // \b, \f, \n, \r and \t.
      case 0x62, 0x66, 0x6e, 0x72, 0x74: index &+= 2
      case 0x75 where isLow(contents, index &+ 2): index &+= 6
      default: return false
      }
    }
    return true
  }

  /// Whether the four digits at `start` are those of U+0020 or less.
  private static func isLow(_ contents: Span<UInt8>, _ start: Int) -> Bool {
    guard start &+ 4 <= contents.count, contents[start] == 0x30, contents[start &+ 1] == 0x30 else { return false }
    return contents[start &+ 2] <= 0x31 || contents[start &+ 2] == 0x32 && contents[start &+ 3] == 0x30
  }
}
