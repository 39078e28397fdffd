// The request head's parser (RFC 9112 §2 to §6): one pass over the bytes, eight at a time where that is possible.
//
// A head that has arrived whole, which is nearly every one, is parsed at once. One that arrives in pieces is tried
// again only once its end has been seen or twice as much is there, so the work is linear in the bytes whatever
// their arrival. The strict choices are deliberate: what two parsers may read in two ways is refused.
// Out of scope: the body (ChunkedDecoder.swift), what a target or header means to the API.

import Base
import Bytes

/// What is remembered of a head between two arrivals of its bytes.
public struct HeadParser: Sendable, BitwiseCopyable {
  /// Bytes there at the last attempt; zero before the first.
  private var attempted: UInt32 = 0
  /// Bytes in which no end of a head was found.
  private var searched: UInt32 = 0

  public init() {}

  /// Parses the head that `bytes` begins with into `head`.
  ///
  /// Returns false where the end of the head has not arrived; call again with the same bytes and more. After true or an error, the
  /// parser is ready for another request. The outcome does not depend on the pieces in which the bytes came.
  public mutating func parse(
    _ bytes: Span<UInt8>, limits: HTTPLimits, into head: inout RequestHead
  ) throws(HeadError) -> Bool {
    if attempted > 0, bytes.count < Int(attempted) &* 2, bytes.count <= limits.headBytes, !findEnd(bytes) { return false }
    head.reset()
    let length: Int?
    do throws(HeadError) {
      length = try HeadScanner.scan(bytes, limits: limits, into: &head)
    } catch {
      self = HeadParser()
      throw error
    }
    guard let length else {
      attempted = UInt32(truncatingIfNeeded: bytes.count)
      searched = attempted
      return false
    }
    self = HeadParser()
    head.length = length
    try head.settle()
    return true
  }

  /// Whether an empty line ends in the bytes not searched before. A bare LF counts as a line's end, so that it is found and refused.
  private mutating func findEnd(_ bytes: Span<UInt8>) -> Bool {
    var position = Int(searched)
    while position < bytes.count {
      if position &+ 8 <= bytes.count {
        let marks = Word.equal(bytes.loadLE64(position), 0x0a)
        if marks == 0 {
          position &+= 8
          continue
        }
        position &+= Word.first(marks)
      } else if bytes[position] != 0x0a {
        position &+= 1
        continue
      }
      if position >= 1 && bytes[position &- 1] == 0x0a { return true }
      if position >= 2 && bytes[position &- 1] == 0x0d && bytes[position &- 2] == 0x0a { return true }
      position &+= 1
    }
    searched = UInt32(truncatingIfNeeded: bytes.count)
    return false
  }
}

/// The parser proper. Each function returns nil where the bytes end too soon, which no other rule depends on: so an
/// error found in a prefix of a head is the error of the whole head.
enum HeadScanner {
  static func scan(_ bytes: Span<UInt8>, limits: HTTPLimits, into head: inout RequestHead) throws(HeadError) -> Int? {
    // A server should ignore an empty line before the request line (RFC 9112 §2.2): up to two are.
    var start = 0
    while start < 4, start < bytes.count, bytes[start] == 0x0d {
      guard start &+ 1 < bytes.count else { return nil }
      guard bytes[start &+ 1] == 0x0a else { throw .bareCarriageReturn }
      start &+= 2
    }
    guard let headersStart = try requestLine(bytes, from: start, limit: limits.requestLine, into: &head) else { return nil }
    return try headers(bytes, from: headersStart, limit: limits.headerBytes, into: &head)
  }

  /// The request line (RFC 9112 §3); returns where the header lines begin.
  private static func requestLine(
    _ bytes: Span<UInt8>, from start: Int, limit: Int, into head: inout RequestHead
  ) throws(HeadError) -> Int? {
    // The line end's first byte may be at the limit, no byte of the line.
    let cap = start &+ limit &+ 1
    let end = min(bytes.count, cap)

    var at = start
    // The usual methods are known by their first eight bytes: "GET " and "POST ".
    let word = start &+ 8 <= end ? bytes.loadLE64(start) : 0
    if word & 0xffff_ffff == 0x2054_4547 {
      at = start &+ 3
      head.method = .get
    } else if word & 0xff_ffff_ffff == 0x20_5453_4f50 {
      at = start &+ 4
      head.method = .post
    } else {
      while at < end, ASCII.isToken(bytes[at]) {
        at &+= 1
        if at &- start > 32 { throw .methodTooLong }
      }
      guard at < end else { return try exhausted(bytes, cap, .targetTooLong) }
      guard bytes[at] == 0x20, at > start else { throw .malformedRequestLine }
      head.method = method(bytes.extracting(start..<at))
    }
    head.methodName = ByteRange(start: start, end: at)

    at &+= 1
    let target = at
    var question = -1
    while at < end {
      if at &+ 8 <= end {
        let marks = Word.notTargetByte(bytes.loadLE64(at))
        if marks == 0 {
          at &+= 8
          continue
        }
        at &+= Word.first(marks)
      }
      let byte = bytes[at]
      if byte <= 0x20 || byte >= 0x7f { break }
      if byte == 0x3f && question < 0 { question = at }
      if byte == 0x23 { throw .invalidTarget }
      at &+= 1
    }
    guard at < end else { return try exhausted(bytes, cap, .targetTooLong) }
    guard bytes[at] == 0x20 else { throw bytes[at] == 0x0d || bytes[at] == 0x0a ? .malformedRequestLine : .invalidTarget }
    guard at > target else { throw .malformedRequestLine }
    let targetEnd = at

    at &+= 1
    guard let lineEnd = try version(bytes, from: at, end: end, cap: cap, into: &head) else { return nil }
    try setTarget(bytes, target: target, question: question, end: targetEnd, into: &head)
    return try lineFeed(bytes, after: lineEnd)
  }

  /// nil where more bytes may come below `cap`.
  private static func exhausted(_ bytes: Span<UInt8>, _ cap: Int, _ error: HeadError) throws(HeadError) -> Int? {
    guard bytes.count < cap else { throw error }
    return nil
  }

  /// A method that is neither GET nor POST.
  private static func method(_ name: Span<UInt8>) -> HTTPMethod {
    switch name.count {
    case 3: name.equals("PUT") ? .put : .other
    case 4: name.equals("HEAD") ? .head : .other
    case 5: name.equals("PATCH") ? .patch : name.equals("TRACE") ? .trace : .other
    case 6: name.equals("DELETE") ? .delete : .other
    case 7: name.equals("OPTIONS") ? .options : name.equals("CONNECT") ? .connect : .other
    default: .other
    }
  }

  /// `HTTP/1.1` or `HTTP/1.0` and a CR; returns the place of the CR.
  private static func version(
    _ bytes: Span<UInt8>, from start: Int, end: Int, cap: Int, into head: inout RequestHead
  ) throws(HeadError) -> Int? {
    let lineEnd = start &+ 8
    guard lineEnd < end else { return try oddVersion(bytes, from: start, end: end, cap: cap) }
    // "HTTP/1." and a digit.
    let word = bytes.loadLE64(start)
    let minor = UInt8(truncatingIfNeeded: word >> 56) &- 0x30
    guard word << 8 == 0x2e31_2f50_5454_4800, minor <= 1, bytes[lineEnd] == 0x0d else {
      return try oddVersion(bytes, from: start, end: end, cap: cap)
    }
    head.minorVersion = minor
    return lineEnd
  }

  /// Tells what is wrong with a version that is not followed by CR, is not ours, or has not arrived whole.
  private static func oddVersion(_ bytes: Span<UInt8>, from start: Int, end: Int, cap: Int) throws(HeadError) -> Int? {
    let pattern: [8 of UInt8] = [0x48, 0x54, 0x54, 0x50, 0x2f, 0, 0x2e, 0]
    for index in 0..<8 {
      guard start &+ index < end else { return try exhausted(bytes, cap, .targetTooLong) }
      let byte = bytes[start &+ index]
      guard pattern[index] == 0 ? ASCII.isDigit(byte) : byte == pattern[index] else { throw .malformedRequestLine }
    }
    guard bytes[start &+ 5] == 0x31, bytes[start &+ 7] &- 0x30 <= 1 else { throw .unsupportedVersion }
    guard start &+ 8 < end else { return try exhausted(bytes, cap, .targetTooLong) }
    throw bytes[start &+ 8] == 0x0a ? .bareLineFeed : .malformedRequestLine
  }

  /// The LF after the CR at `position`; returns the place after it.
  @inline(__always)
  private static func lineFeed(_ bytes: Span<UInt8>, after position: Int) throws(HeadError) -> Int? {
    guard position &+ 1 < bytes.count else { return nil }
    guard bytes[position &+ 1] == 0x0a else { throw .bareCarriageReturn }
    return position &+ 2
  }

  /// The four forms of a target (RFC 9112 §3.2).
  private static func setTarget(
    _ bytes: Span<UInt8>, target: Int, question: Int, end: Int, into head: inout RequestHead
  ) throws(HeadError) {
    let pathEnd = question < 0 ? end : question
    if question >= 0 { head.query = ByteRange(start: question &+ 1, end: end) }
    if head.method == .connect {
      guard bytes[target] != 0x2f, question < 0 else { throw .invalidTarget }
      return
    }
    if bytes[target] == 0x2f {
      head.path = ByteRange(start: target, end: pathEnd)
      return
    }
    if bytes[target] == 0x2a, end == target &+ 1 {
      guard head.method == .options else { throw .invalidTarget }
      head.path = ByteRange(start: target, end: end)
      return
    }
    let text = bytes.extracting(target..<pathEnd)
    let scheme = text.count >= 8 && text.extracting(first: 8).equalsIgnoringCase("https://") ? 8
      : text.count >= 7 && text.extracting(first: 7).equalsIgnoringCase("http://") ? 7 : 0
    guard scheme > 0 else { throw .invalidTarget }
    let authority = target &+ scheme
    var slash = authority
    while slash < pathEnd, bytes[slash] != 0x2f { slash &+= 1 }
    guard slash > authority else { throw .invalidTarget }
    // An empty path means "/": the slash just before the authority stands for it.
    head.path = slash < pathEnd ? ByteRange(start: slash, end: pathEnd) : ByteRange(start: authority &- 1, end: authority)
  }

  /// The header lines (RFC 9112 §5); returns where the body begins.
  private static func headers(
    _ bytes: Span<UInt8>, from start: Int, limit: Int, into head: inout RequestHead
  ) throws(HeadError) -> Int? {
    let cap = start &+ limit
    let end = min(bytes.count, cap)
    var at = start
    while true {
      guard at < bytes.count else { return nil }
      let first = bytes[at]
      if first == 0x0d { return try lineFeed(bytes, after: at) }
      if first == 0x0a { throw .bareLineFeed }
      if first == 0x20 || first == 0x09 { throw .foldedHeader }
      if at >= cap { throw .headersTooLarge }
      if head.fieldCount == HTTPLimits.headerCount { throw .tooManyHeaders }

      if let next = usualLine(bytes, from: at, end: end, into: &head) {
        at = next
        continue
      }
      let nameStart = at
      guard let colon = try nameEnd(bytes, from: at, end: end) else { return try exhausted(bytes, cap, .headersTooLarge) }
      guard colon > nameStart else { throw .malformedHeader }

      at = colon &+ 1
      while at < end, bytes[at] == 0x20 || bytes[at] == 0x09 { at &+= 1 }
      let valueStart = at
      guard let lineEnd = try valueEnd(bytes, from: at, end: end) else { return try exhausted(bytes, cap, .headersTooLarge) }
      if lineEnd &+ 1 >= cap { throw .headersTooLarge }
      guard let next = try lineFeed(bytes, after: lineEnd) else { return nil }
      var trimmed = lineEnd
      while trimmed > valueStart, bytes[trimmed &- 1] == 0x20 || bytes[trimmed &- 1] == 0x09 { trimmed &-= 1 }

      let field = HeaderField(
        name: ByteRange(start: nameStart, end: colon), value: ByteRange(start: valueStart, end: trimmed))
      head.append(field)
      try head.note(field, in: bytes)
      at = next
    }
  }

  /// A line that nearly every request has, as nearly every client writes it: seen in one pass, with what `note` would find. Returns the place
  /// after it; nil, and nothing noted, where the line is another one or there is more to it.
  @inline(__always)
  private static func usualLine(_ bytes: Span<UInt8>, from start: Int, end: Int, into head: inout RequestHead) -> Int? {
    guard start &+ 16 <= end else { return nil }
    let word = bytes.loadLE64(start)
    // "host:", then "content-", letters in either case.
    if (word ^ 0x3a_7473_6f68) & 0xff_dfdf_dfdf == 0 { return hostLine(bytes, from: start, end: end, into: &head) }
    guard (word ^ 0x2d74_6e65_746e_6f63) & 0xffdf_dfdf_dfdf_dfdf == 0 else { return nil }
    return lengthLine(bytes, from: start, end: end, into: &head)
  }

  @inline(__always)
  private static func hostLine(_ bytes: Span<UInt8>, from start: Int, end: Int, into head: inout RequestHead) -> Int? {
    let value = start &+ (bytes[start &+ 5] == 0x20 ? 6 : 5)
    var at = value
    while at &+ 8 <= end {
      let marks = Word.notHostByte(bytes.loadLE64(at))
      guard marks != 0 else {
        at &+= 8
        continue
      }
      at &+= Word.first(marks)
      guard at &+ 2 <= end, bytes.loadLE16(at) == 0x0a0d else { return nil }
      let field = HeaderField(name: ByteRange(start: start, end: start &+ 4), value: ByteRange(start: value, end: at))
      head.append(field)
      head.noteHost(field.value)
      return at &+ 2
    }
    return nil
  }

  @inline(__always)
  private static func lengthLine(_ bytes: Span<UInt8>, from start: Int, end: Int, into head: inout RequestHead) -> Int? {
    // "length:"
    guard head.contentLength == nil, (bytes.loadLE64(start &+ 8) ^ 0x3a_6874_676e_656c) & 0xff_dfdf_dfdf_dfdf == 0 else { return nil }
    let value = start &+ (bytes[start &+ 15] == 0x20 ? 16 : 15)
    var at = value
    var length: UInt64 = 0
    while at < end, at &- value < 18, ASCII.isDigit(bytes[at]) {
      length = length &* 10 &+ UInt64(bytes[at] &- 0x30)
      at &+= 1
    }
    guard at > value, at &+ 2 <= end, bytes.loadLE16(at) == 0x0a0d else { return nil }
    let field = HeaderField(name: ByteRange(start: start, end: start &+ 14), value: ByteRange(start: value, end: at))
    head.append(field)
    head.noteLength(length, field.value)
    return at &+ 2
  }

  /// The place of the colon that ends the name at `start`.
  @inline(__always)
  private static func nameEnd(_ bytes: Span<UInt8>, from start: Int, end: Int) throws(HeadError) -> Int? {
    var at = start
    while at < end {
      if at &+ 8 <= end {
        let marks = Word.notNameByte(bytes.loadLE64(at))
        if marks == 0 {
          at &+= 8
          continue
        }
        at &+= Word.first(marks)
      }
      let byte = bytes[at]
      if byte == 0x3a { return at }
      guard ASCII.isToken(byte) else { throw .malformedHeader }
      at &+= 1
    }
    return nil
  }

  /// The place of the CR that ends the value at `start`.
  @inline(__always)
  private static func valueEnd(_ bytes: Span<UInt8>, from start: Int, end: Int) throws(HeadError) -> Int? {
    var at = start
    while at < end {
      if at &+ 8 <= end {
        let word = bytes.loadLE64(at)
        let marks = Word.below(word, 0x20) | Word.equal(word, 0x7f)
        if marks == 0 {
          at &+= 8
          continue
        }
        at &+= Word.first(marks)
      }
      let byte = bytes[at]
      if byte == 0x0d { return at }
      if byte == 0x0a { throw .bareLineFeed }
      if byte == 0x7f || (byte < 0x20 && byte != 0x09) { throw .invalidHeaderValue }
      at &+= 1
    }
    return nil
  }
}
