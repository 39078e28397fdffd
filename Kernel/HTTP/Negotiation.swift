// What a client takes and what it has: Accept, Accept-Encoding and If-None-Match (RFC 9110 §12.5, §13.1.2).
// Out of scope: weights against each other, and wildcards: who names nothing gets the plain form.

import Base
import Bytes

extension RequestHead {
  /// Whether a header line called `name` (given in lower case) lists `token`, with a weight other than zero; `bytes` are the request.
  @_optimize(size) @inline(never)
  public func lists(_ token: StaticString, in name: StaticString, of bytes: Span<UInt8>) -> Bool {
    for index in 0..<fieldCount where bytes.extracting(fields[index].name).equalsIgnoringCase(name) {
      let value = bytes.extracting(fields[index].value)
      var list = TokenList()
      while let range = list.next(in: value) {
        let element = value.extracting(range)
        let end = Self.partEnd(element, from: 0)
        if Self.trimmed(element, 0..<end).equalsIgnoringCase(token), !Self.hasZeroWeight(element, from: end) { return true }
      }
    }
    return false
  }

  /// Whether one of the parameters that begin at `start` is `q=0`, with decimals or without (RFC 9110 §12.4.2).
  private static func hasZeroWeight(_ element: Span<UInt8>, from start: Int) -> Bool {
    var end = start
    while end < element.count {
      let begin = end &+ 1
      end = partEnd(element, from: begin)
      let part = trimmed(element, begin..<end)
      guard part.count > 2, part.extracting(first: 2).equalsIgnoringCase("q=") else { continue }
      var isZero = true
      for index in 2..<part.count where part[index] != 0x30 && part[index] != 0x2e { isZero = false }
      if isZero { return true }
    }
    return false
  }

  /// Where the first semicolon from `start` on is, or the end.
  private static func partEnd(_ element: Span<UInt8>, from start: Int) -> Int {
    var end = start
    while end < element.count, element[end] != 0x3b { end &+= 1 }
    return end
  }

  /// The bytes of `range` without white space around them.
  @_lifetime(copy element)
  private static func trimmed(_ element: Span<UInt8>, _ range: Range<Int>) -> Span<UInt8> {
    var start = range.lowerBound
    var end = range.upperBound
    while start < end, element[start] == 0x20 || element[start] == 0x09 { start &+= 1 }
    while end > start, element[end &- 1] == 0x20 || element[end &- 1] == 0x09 { end &-= 1 }
    return element.extracting(start..<end)
  }

  /// Whether If-None-Match names `tag`, an opaque tag in its quotes that holds no comma, compared weakly (RFC 9110 §8.8.3.2), or anything.
  @_optimize(size) @inline(never)
  public func hasMatch(_ tag: Span<UInt8>, in bytes: Span<UInt8>) -> Bool {
    for index in 0..<fieldCount where bytes.extracting(fields[index].name).equalsIgnoringCase("if-none-match") {
      let value = bytes.extracting(fields[index].value)
      var list = TokenList()
      while let range = list.next(in: value) {
        let element = value.extracting(range)
        let isWeak = element.count > 2 && element.extracting(first: 2).equals("W/")
        let opaque = isWeak ? element.extracting(2..<element.count) : element
        if opaque.equals(tag) || element.equals("*") { return true }
      }
    }
    return false
  }
}
