// Walking over the members of objects and the elements of arrays.
//
// A step looks at the bytes of one member or element, once, eight at a time in strings. To visit all values of a document therefore
// costs at most its size times its depth, which is at most 64.

import Bytes

/// One member of an object.
public struct JSONMember: Equatable, Sendable, BitwiseCopyable {
  /// A string.
  public let key: JSONValue
  public let value: JSONValue
}

/// Walks over the members of a checked object, in their order.
public struct JSONMembers: Sendable, BitwiseCopyable {
  private var at: Int
  private let end: Int

  /// A walk over `object`; one over a value of another kind has no members.
  public init(_ object: JSONValue) {
    at = object.start &+ 1
    end = object.kind == .object ? object.end &- 1 : at
  }

  /// The next member; nil after the last.
  public mutating func next(in text: Span<UInt8>) -> JSONMember? {
    let start = text.skipSpace(at)
    guard start < min(end, text.count) else { return nil }
    let keyEnd = text.stringEnd(start)
    // Past the colon.
    let valueStart = text.skipSpace(text.skipSpace(keyEnd) &+ 1)
    let value = text.checkedValue(valueStart)
    // Past the comma; or past the brace, where the walk is over.
    at = text.skipSpace(value.end) &+ 1
    return JSONMember(key: JSONValue(start: start, end: keyEnd, kind: .string), value: value)
  }
}

/// Walks over the elements of a checked array, in their order.
public struct JSONElements: Sendable, BitwiseCopyable {
  private var at: Int
  private let end: Int

  /// A walk over `array`; one over a value of another kind has no elements.
  public init(_ array: JSONValue) {
    at = array.start &+ 1
    end = array.kind == .array ? array.end &- 1 : at
  }

  /// The next element; nil after the last.
  public mutating func next(in text: Span<UInt8>) -> JSONValue? {
    let start = text.skipSpace(at)
    guard start < min(end, text.count) else { return nil }
    let value = text.checkedValue(start)
    at = text.skipSpace(value.end) &+ 1
    return value
  }
}

extension JSONValue {
  /// The value of the object's member `name`: the last one of that name, as most parsers have it. nil where there is none or this
  /// is no object. Costs a walk over all members.
  public func member(_ name: StaticString, in text: Span<UInt8>) -> JSONValue? { member(name.bytes, in: text) }

  /// The value of the object's member whose key stands for the bytes of `name`.
  public func member(_ name: Span<UInt8>, in text: Span<UInt8>) -> JSONValue? {
    var found: JSONValue?
    var members = JSONMembers(self)
    while let member = members.next(in: text) {
      if member.key.equals(name, in: text) { found = member.value }
    }
    return found
  }
}
