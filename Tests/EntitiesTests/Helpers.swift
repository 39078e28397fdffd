import Actions
import Base
import Bytes
import Entities
import Foundation
import JSON
import Testing

extension Span where Element == UInt8 {
  var array: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    for index in indices { bytes.append(self[index]) }
    return bytes
  }

  var text: String { String(decoding: array, as: UTF8.self) }
}

extension String {
  /// The buffer that these characters are in UTF-8.
  var buffer: ByteBuffer {
    var result = ByteBuffer()
    precondition(result.append(Array(utf8).span))
    return result
  }
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

/// What `parse` says of `body`, which lies somewhere in a larger text: nil where it takes it, else the error's text.
func error(of body: String, _ parse: (Span<UInt8>, JSONValue) throws(EntityError) -> Void) -> String? {
  let bytes = Array("head\r\n\r\n\(body)rest".utf8)
  do throws(EntityError) {
    try parse(bytes.span, try EntityPut.document(in: 8..<bytes.count - 4, of: bytes.span))
    return nil
  } catch {
    var writer = TextWriter()
    error.write(bytes.span, into: &writer)
    return writer.buffer.span.text
  }
}

/// What `write` writes.
func written(_ write: (inout TextWriter) -> Void) -> String {
  var writer = TextWriter()
  write(&writer)
  let isBroken = writer.isBroken
  #expect(!isBroken)
  return writer.buffer.span.text
}
