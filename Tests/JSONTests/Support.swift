import Base
import Bytes
import Testing

@testable import JSON

/// `#expect` takes its expression apart, which values that cannot be copied do not allow; this takes the result.
func check(_ condition: Bool, _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(condition, comment, sourceLocation: sourceLocation)
}

extension Span where Element == UInt8 {
  var text: String {
    var bytes: [UInt8] = []
    for index in indices { bytes.append(self[index]) }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension TextWriter {
  consuming func text() -> String { finish().span.text }
}

/// A document or why it is none, comparable.
enum Parsed: Equatable {
  case value(JSONKind, written: String)
  case failed(JSONError, at: Int)
}

func parse(_ bytes: [UInt8]) -> Parsed {
  do throws(JSONFailure) {
    let value = try JSON.parse(bytes.span, in: 0..<bytes.count)
    return .value(value.kind, written: value.written(in: bytes.span).text)
  } catch {
    return .failed(error.error, at: error.offset)
  }
}

func parse(_ text: String) -> Parsed { parse(Array(text.utf8)) }

/// A text that is a document.
struct Document {
  let bytes: [UInt8]
  let value: JSONValue

  init(_ text: String) throws { try self.init(bytes: Array(text.utf8)) }

  init(bytes: [UInt8]) throws {
    self.bytes = bytes
    value = try JSON.parse(bytes.span, in: 0..<bytes.count)
  }

  func written(_ value: JSONValue?) -> String? { value?.written(in: bytes.span).text }

  func member(_ name: StaticString) -> String? { written(value.member(name, in: bytes.span)) }

  func equals(_ name: some Sequence<UInt8>) -> Bool { value.equals(Array(name).span, in: bytes.span) }

  /// What the document, a string, stands for where that is in its text.
  var plainInPlace: String? { value.plainString(in: bytes.span)?.text }

  var integer: Int64? { value.integer(in: bytes.span) }

  func plain(_ value: JSONValue) -> String {
    var buffer = ByteBuffer()
    guard value.appendString(of: bytes.span, to: &buffer) else { return "memory out" }
    return buffer.span.text
  }
}

/// A small deterministic generator.
struct Random {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state >> 33
  }

  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
