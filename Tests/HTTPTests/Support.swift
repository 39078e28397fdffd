import Base
import Bytes
@testable import HTTP

extension Span where Element == UInt8 {
  var text: String {
    var bytes: [UInt8] = []
    for index in indices { bytes.append(self[index]) }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// A head as far as tests look at it, comparable.
struct Parsed: Equatable {
  var method: HTTPMethod
  var minorVersion: UInt8
  var path: String
  var query: String?
  var framing: BodyFraming
  var keepsAlive: Bool
  var expectsContinue: Bool
  var length: Int
  var host: String
  var fields: [String]
}

enum Outcome: Equatable {
  case incomplete
  case parsed(Parsed)
  case failed(HeadError)
}

/// Parses `bytes`, which arrive in pieces that end at `cuts` and at the end.
func parse(_ bytes: [UInt8], cuts: [Int] = [], limits: HTTPLimits = HTTPLimits()) -> Outcome {
  var head = RequestHead()
  var parser = HeadParser()
  for cut in cuts + [bytes.count] {
    do throws(HeadError) {
      let seen = bytes.span.extracting(0..<cut)
      if try parser.parse(seen, limits: limits, into: &head) {
        var fields: [String] = []
        for index in 0..<head.fieldCount {
          fields.append(seen.extracting(head.fields[index].name).text + "=" + seen.extracting(head.fields[index].value).text)
        }
        return .parsed(
          Parsed(
            method: head.method, minorVersion: head.minorVersion, path: seen.extracting(head.path).text,
            query: head.query.isAbsent ? nil : seen.extracting(head.query).text, framing: head.framing,
            keepsAlive: head.keepsAlive, expectsContinue: head.expectsContinue, length: head.length,
            host: seen.extracting(head.host).text, fields: fields))
      }
    } catch {
      return .failed(error)
    }
  }
  return .incomplete
}

func parse(_ text: String, cuts: [Int] = [], limits: HTTPLimits = HTTPLimits()) -> Outcome {
  parse(Array(text.utf8), cuts: cuts, limits: limits)
}

/// The head that `text` is.
func parsedHead(_ text: String) -> Parsed? {
  if case .parsed(let head) = parse(text) { head } else { nil }
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

extension TextWriter {
  consuming func text() -> String { finish().span.text }
}
