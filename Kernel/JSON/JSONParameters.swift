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

  private static func isBlank(_ contents: Span<UInt8>) -> Bool {
    for index in contents.indices where contents[index] != 0x20 { return false }
    return true
  }
}
