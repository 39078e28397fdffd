import Base
import Bytes

extension Span where Element == UInt8 {
  var array: [UInt8] { indices.map { self[$0] } }
  var text: String { String(decoding: array, as: UTF8.self) }
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
