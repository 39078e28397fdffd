import Actions
import Bytes

/// A buffer with these bytes.
func buffer(_ bytes: [UInt8]) -> ByteBuffer {
  var result = ByteBuffer()
  precondition(result.append(bytes.span))
  return result
}

func bytes(of buffer: borrowing ByteBuffer) -> [UInt8] {
  (0..<buffer.count).map { buffer.span[$0] }
}

func bytes(of span: Span<UInt8>) -> [UInt8] {
  span.indices.map { span[$0] }
}

func text(of buffer: borrowing ByteBuffer) -> String {
  String(decoding: bytes(of: buffer), as: UTF8.self)
}

/// The number that up to 8 bytes hold, least significant first.
func littleEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 {
  bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
}

/// A small reproducible generator (SplitMix64).
struct Random: RandomNumberGenerator {
  var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}
