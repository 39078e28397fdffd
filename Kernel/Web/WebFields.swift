// Queries and forms (`name=value&name=value`) as JSON. Names that are there twice stay so: who joins them lets the last win.

import Base
import Bytes
import HTTP

extension TextWriter {
  /// Writes the fields of `text` as an object of strings. A field without `=` has an empty value, and an empty field is none. Bytes that are
  /// no UTF-8 become U+FFFD. Linear.
  @_optimize(size) @inline(never)
  mutating func write(fields text: Span<UInt8>) throws(WebRequestError) {
    var scratch = ByteBuffer()
    guard scratch.appendZeros(text.count) else { throw .outOfMemory }
    var needsComma = false
    var start = 0
    write("{")
    while start < text.count {
      var end = start
      var equals = -1
      while end < text.count, text[end] != 0x26 {
        if text[end] == 0x3d && equals < 0 { equals = end }
        end &+= 1
      }
      if end > start {
        if needsComma { write(",") }
        needsComma = true
        try write(decoded: text.extracting(start..<(equals < 0 ? end : equals)), &scratch)
        write(":")
        try write(decoded: text.extracting((equals < 0 ? end : equals &+ 1)..<end), &scratch)
      }
      start = end &+ 1
    }
    write("}")
  }

  private mutating func write(decoded part: Span<UInt8>, _ scratch: inout ByteBuffer) throws(WebRequestError) {
    var output = scratch.mutableSpan
    guard let length = PercentEncoding.decode(part, into: &output, isQuery: true) else { throw .malformedFields }
    write(json: scratch.span.extracting(0..<length))
  }
}
