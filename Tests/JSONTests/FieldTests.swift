import Base
import Bytes
import Testing

@testable import JSON

@Suite struct FieldTests {
  @Test func fieldsAreFound() throws {
    let document = try Document(
      #"{"other":{"name":"inner"},"name":"x","limits":{"timeout":1e3},"n\u0061me2":"y","publish":false,"list":[],"name":"z"}"#)
    let text = document.bytes.span
    let fields = JSONFields(["name", "limits", "name2", "publish", "list", "missing"], of: document.value, in: text)
    #expect(document.written(fields[0]) == "\"z\"")
    #expect(try document.written(fields.required(0, .string)) == "\"z\"")
    #expect(try document.written(fields.optional(2, .string)) == "\"y\"")
    #expect(try fields.boolean(3) == false)
    #expect(try document.written(fields.optional(4, .array)) == "[]")
    #expect(try fields.optional(5, .object) == nil)
    #expect(try fields.boolean(5) == nil)
    #expect(try fields.integer(5, in: 1...2, of: text) == nil)

    let limits = JSONFields(["timeout"], of: try fields.required(1, .object), in: text)
    #expect(try limits.integer(0, in: 1...1000, of: text) == 1000)
    let none = JSONFields(["timeout"], of: try fields.required(4, .array), in: text)
    #expect(none[0] == nil)
  }

  @Test func sixteenFields() async throws {
    let document = try Document("{" + (0..<20).map { "\"\(Character(Unicode.Scalar(UInt8(0x61 + $0))))\":\($0)" }.joined(separator: ",") + "}")
    let text = document.bytes.span
    let fields = JSONFields(
      ["p", "o", "n", "m", "l", "k", "j", "i", "h", "g", "f", "e", "d", "c", "b", "a"], of: document.value, in: text)
    for index in 0..<16 { #expect(try fields.integer(index, in: 0...15, of: text) == 15 - Int64(index)) }
    await #expect(processExitsWith: .failure) {
      let bytes: [UInt8] = Array("{}".utf8)
      _ = JSONFields(
        ["", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", ""], of: JSONValue(checked: 0..<2, of: bytes.span), in: bytes.span)
    }
  }

  @Test func nullIsAsIfMissing() throws {
    let document = try Document(#"{"a":null,"b":1,"b":null}"#)
    let fields = JSONFields(["a", "b"], of: document.value, in: document.bytes.span)
    #expect(try fields[0] == nil && fields.optional(1, .number) == nil)
    #expect(text { () throws(JSONFieldFailure) in _ = try fields.required(0, .string) } == "a is missing: it must be a string @none")
  }

  @Test func wrongKindsAreNamed() throws {
    let document = try Document(#"{"a":1,"b":"x","c":1.5,"d":"true"}"#)
    let span = document.bytes.span
    let fields = JSONFields(["a", "b", "c", "d", "e"], of: document.value, in: span)
    #expect(text { () throws(JSONFieldFailure) in _ = try fields.optional(0, .object) } == "a must be an object @5")
    #expect(text { () throws(JSONFieldFailure) in _ = try fields.required(0, .string) } == "a must be a string @5")
    #expect(text { () throws(JSONFieldFailure) in _ = try fields.optional(0, .array) } == "a must be an array @5")
    #expect(text { () throws(JSONFieldFailure) in _ = try fields.optional(1, .number) } == "b must be a number @11")
    #expect(text { () throws(JSONFieldFailure) in _ = try fields.optional(1, .null) } == "b must be null @11")
    #expect(text { () throws(JSONFieldFailure) in _ = try fields.boolean(3) } == "d must be true or false @27")
    #expect(text { () throws(JSONFieldFailure) in _ = try fields.required(4, .object) } == "e is missing: it must be an object @none")
    for (index, range) in [(1, 0...5), (2, 0...5), (0, 2...5), (0, -5...0)] as [(Int, ClosedRange<Int64>)] {
      let found = text { () throws(JSONFieldFailure) in _ = try fields.integer(index, in: range, of: document.bytes.span) }
      #expect(
        found == "\(["a", "b", "c"][index]) must be a whole number from \(range.lowerBound) to \(range.upperBound) @\([5, 11, 19][index])")
    }
    #expect(try fields.integer(0, in: 1...1, of: span) == 1)
  }

  /// The text of the failure that `body` throws, and where.
  private func text(_ body: () throws(JSONFieldFailure) -> Void) -> String {
    do throws(JSONFieldFailure) {
      try body()
      return "no failure"
    } catch {
      var writer = TextWriter()
      writer.write(error)
      return writer.text() + " @" + (error.offset.map(String.init) ?? "none")
    }
  }
}
