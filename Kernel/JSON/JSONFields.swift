// Request bodies whose members are known by name: found in one walk, their kinds checked, what is wrong told with the field's name.

public import Base
import Bytes

/// A field that is not what it has to be.
public struct JSONFieldFailure: Error, Sendable {
  public let name: StaticString
  /// What it has to be; `yes` stands for either boolean.
  public let expected: JSONKind
  /// The whole numbers that it may be; nil where it is to be no whole number.
  public let range: ClosedRange<Int64>?
  /// Where the wrong value begins in the text; nil where the field is missing.
  public let offset: Int?
}

/// The members of an object that a schema names, at most 16. Others are passed over; of several with one name the last counts; `null` is as
/// if the member were missing, as OpenWhisk reads members that may be.
public struct JSONFields: Sendable {
  private struct Field: Sendable {
    var name: StaticString
    var value: JSONValue?
  }

  private var fields: [16 of Field]

  /// Looks for `names` in `object`; a value of another kind has none of them. Costs one walk over the members, each compared with the names.
  /// Traps where there are more than 16.
  public init<let count: Int>(_ names: [count of StaticString], of object: JSONValue, in text: Span<UInt8>) {
    self.init(names.span, of: object, in: text)
  }

  @_optimize(size) @inline(never)
  private init(_ names: Span<StaticString>, of object: JSONValue, in text: Span<UInt8>) {
    fields = .init(repeating: Field(name: "", value: nil))
    for index in names.indices { fields[index].name = names[index] }
    var members = JSONMembers(object)
    while let member = members.next(in: text) {
      for index in names.indices where member.key.equals(fields[index].name, in: text) {
        fields[index].value = member.value.kind == .null ? nil : member.value
        break
      }
    }
  }

  /// The value of the field with the name of this index, of any kind; nil where it is missing.
  public subscript(index: Int) -> JSONValue? { fields[index].value }

  /// The value of a field that may be missing.
  @_optimize(size) @inline(never)
  public func optional(_ index: Int, _ kind: JSONKind) throws(JSONFieldFailure) -> JSONValue? {
    guard let value = fields[index].value else { return nil }
    guard value.kind == kind else { throw failure(index, kind) }
    return value
  }

  /// The value of a field that may not be missing.
  @_optimize(size) @inline(never)
  public func required(_ index: Int, _ kind: JSONKind) throws(JSONFieldFailure) -> JSONValue {
    guard let value = try optional(index, kind) else { throw failure(index, kind) }
    return value
  }

  /// The value of a boolean field that may be missing.
  @_optimize(size) @inline(never)
  public func boolean(_ index: Int) throws(JSONFieldFailure) -> Bool? {
    guard let value = fields[index].value else { return nil }
    guard let boolean = value.boolean else { throw failure(index, .yes) }
    return boolean
  }

  /// The value of a field that may be missing and is a whole number in `range`.
  @_optimize(size) @inline(never)
  public func integer(_ index: Int, in range: ClosedRange<Int64>, of text: Span<UInt8>) throws(JSONFieldFailure) -> Int64? {
    guard let value = fields[index].value else { return nil }
    guard let number = value.integer(in: text), range.contains(number) else { throw failure(index, .number, range) }
    return number
  }

  private func failure(_ index: Int, _ kind: JSONKind, _ range: ClosedRange<Int64>? = nil) -> JSONFieldFailure {
    JSONFieldFailure(name: fields[index].name, expected: kind, range: range, offset: fields[index].value?.start)
  }
}

extension TextWriter {
  /// Writes what is wrong, as in "timeout must be a whole number from 1 to 300000"; needs no JSON escapes unless the field's name does.
  @_optimize(size) @inline(never)
  public mutating func write(_ failure: JSONFieldFailure) {
    write(failure.name)
    write(failure.offset == nil ? " is missing: it must be " : " must be ")
    switch failure.expected {
    case .object: write("an object")
    case .array: write("an array")
    case .string: write("a string")
    case .number: write(failure.range == nil ? "a number" : "a whole number")
    case .yes, .no: write("true or false")
    case .null: write("null")
    }
    guard let range = failure.range else { return }
    write(" from ")
    write(signed: range.lowerBound)
    write(" to ")
    write(signed: range.upperBound)
  }

  private mutating func write(signed value: Int64) {
    if value < 0 { write("-") }
    write(decimal: value.magnitude)
  }
}
