// Paths and queries: segments, percent-decoding (RFC 3986 §2.1, §3.3, §3.4). Nothing here allocates.

import Base
import Bytes

/// Walks the segments of a path that begins with a slash.
public struct PathSegments: Sendable, BitwiseCopyable {
  private var position = 0

  public init() {}

  /// The place in `path` of the next segment, still percent-encoded; an empty one for `//` and after a final slash.
  public mutating func next(in path: Span<UInt8>) -> Range<Int>? {
    guard position < path.count else { return nil }
    let start = position &+ 1
    var end = start
    while end < path.count, path[end] != 0x2f { end &+= 1 }
    position = end
    return start..<max(start, end)
  }

  /// The place of all that no `next` has returned, with the slash before it; empty where there is nothing.
  public func rest(of path: Span<UInt8>) -> Range<Int> { min(position, path.count)..<path.count }
}

/// Percent-decoding.
public enum PercentEncoding {
  /// Decodes `text` into the front of `output`; in a query, `+` stands for a space. Returns the decoded length; nil where an escape is
  /// malformed or `output` too small.
  public static func decode(_ text: Span<UInt8>, into output: inout MutableSpan<UInt8>, isQuery: Bool = false) -> Int? {
    var length = 0
    var at = 0
    while at < text.count {
      guard length < output.count else { return nil }
      var byte = text[at]
      at &+= 1
      if byte == 0x25 {
        guard at &+ 1 < text.count, let high = ASCII.hexValue(text[at]), let low = ASCII.hexValue(text[at &+ 1]) else {
          return nil
        }
        byte = high << 4 | low
        at &+= 2
      } else if byte == 0x2b && isQuery {
        byte = 0x20
      }
      output[length] = byte
      length &+= 1
    }
    return length
  }
}

/// Walks the parameters of a query, `name=value&name=value`.
public struct QueryPairs: Sendable, BitwiseCopyable {
  private var position = 0

  public init() {}

  /// The places in `query` of the next parameter's name and value, still percent-encoded; the value is empty where there is no `=`.
  public mutating func next(in query: Span<UInt8>) -> (name: Range<Int>, value: Range<Int>)? {
    let start = position
    guard start < query.count else { return nil }
    var end = start
    var equals = -1
    while end < query.count, query[end] != 0x26 {
      if query[end] == 0x3d && equals < 0 { equals = end }
      end &+= 1
    }
    position = end &+ 1
    return equals < 0 ? (start..<end, end..<end) : (start..<equals, equals &+ 1..<end)
  }
}

/// A query of the form `name=value&name=value`.
public enum QueryString {
  /// The place in `query` of the value of the first parameter called `name`, still percent-encoded; empty where the
  /// parameter has no `=`; nil where it is absent.
  public static func value(of name: StaticString, in query: Span<UInt8>) -> Range<Int>? {
    var pairs = QueryPairs()
    while let pair = pairs.next(in: query) {
      if query.extracting(pair.name).equals(name) { return pair.value }
    }
    return nil
  }
}
