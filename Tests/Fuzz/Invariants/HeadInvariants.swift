// What must hold of request heads, targets and credentials for any bytes whatever.

import Base
import Bytes
import HTTP

enum HeadInvariants {
  private enum Outcome: Equatable {
    case incomplete
    case parsed(Parsed)
    case failed(HeadError)
  }

  /// All of a head that others look at, with its bytes.
  private struct Parsed: Equatable {
    var method: HTTPMethod
    var name: [UInt8]
    var minorVersion: UInt8
    var path: [UInt8]?
    var query: [UInt8]?
    var framing: BodyFraming
    var keepsAlive: Bool
    var expectsContinue: Bool
    var known: [[UInt8]]
    var fields: [[UInt8]]
    var length: Int
  }

  static func broken(_ bytes: [UInt8]) -> StaticString? {
    let limits = HTTPLimits(requestLine: 1024, headerBytes: 2048)
    let whole = parse(bytes, limits)
    for cuts in [bytes.cuts(2), bytes.count <= 256 ? Array(bytes.indices) : bytes.cuts(20)] {
      let pieces = parse(bytes, cuts: cuts, limits)
      // With no end in sight an error may wait for more bytes.
      if pieces == .incomplete, case .failed = whole, !isEnded(bytes) { continue }
      guard pieces == whole else { return "the pieces that a head comes in matter" }
    }
    switch whole {
    case .incomplete: return bytes.count <= limits.headBytes ? nil : "a head longer than all limits is waited for"
    case .failed(let error): return error.status.code >= 400 ? nil : "an error has no status of an error"
    case .parsed(let head): return alone(head, bytes, limits) ?? written(head, limits) ?? target(head) ?? credentials(head)
    }
  }

  private static func parse(_ bytes: [UInt8], cuts: [Int] = [], _ limits: HTTPLimits) -> Outcome {
    var head = RequestHead()
    var parser = HeadParser()
    for cut in cuts + [bytes.count] {
      let seen = bytes.span.extracting(0..<cut)
      do throws(HeadError) {
        if try parser.parse(seen, limits: limits, into: &head) { return .parsed(parsed(head, seen)) }
      } catch {
        return .failed(error)
      }
    }
    return .incomplete
  }

  private static func parsed(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Parsed {
    var fields: [[UInt8]] = []
    for index in 0..<head.fieldCount {
      fields.append(bytes.extracting(head.fields[index].name).array)
      fields.append(bytes.extracting(head.fields[index].value).array)
    }
    return Parsed(
      method: head.method, name: bytes.extracting(head.methodName).array, minorVersion: head.minorVersion,
      path: head.path.isAbsent ? nil : bytes.extracting(head.path).array,
      query: head.query.isAbsent ? nil : bytes.extracting(head.query).array, framing: head.framing, keepsAlive: head.keepsAlive,
      expectsContinue: head.expectsContinue,
      known: [
        bytes.extracting(head.host).array, bytes.extracting(head.authorization).array, bytes.extracting(head.contentType).array,
        bytes.extracting(head.accept).array, bytes.extracting(head.requestID).array,
      ],
      fields: fields, length: head.length)
  }

  /// Whether an empty line is in the bytes, past the two that may come before a request.
  private static func isEnded(_ bytes: [UInt8]) -> Bool {
    for index in bytes.indices.dropFirst(5) where bytes[index] == 0x0a {
      if bytes[index - 1] == 0x0a { return true }
      if bytes[index - 1] == 0x0d && bytes[index - 2] == 0x0a { return true }
    }
    return false
  }

  /// The head without what follows it, and one byte less.
  private static func alone(_ head: Parsed, _ bytes: [UInt8], _ limits: HTTPLimits) -> StaticString? {
    guard head.length > 0, head.length <= bytes.count, head.length <= limits.headBytes else { return "a head ends outside its bytes" }
    guard parse(Array(bytes[..<head.length]), limits) == .parsed(head) else { return "what follows a head matters" }
    guard parse(Array(bytes[..<(head.length - 1)]), limits) == .incomplete else { return "a head is complete before its end" }
    for index in stride(from: 0, to: head.fields.count, by: 2) {
      let (name, value) = (head.fields[index], head.fields[index + 1])
      guard !name.isEmpty, name.allSatisfy(isToken) else { return "a header's name is no token" }
      guard value.allSatisfy({ $0 == 0x09 || $0 >= 0x20 && $0 != 0x7f }) else { return "a header's value has control characters" }
      for byte in [value.first, value.last] where byte == 0x20 || byte == 0x09 { return "a header's value has white space around it" }
    }
    return nil
  }

  /// The head in its plainest form is the same head.
  private static func written(_ head: Parsed, _ limits: HTTPLimits) -> StaticString? {
    var text = head.name + [0x20] + (head.path ?? Array("host:80".utf8))
    if let query = head.query { text += [0x3f] + query }
    text += Array(" HTTP/1.\(head.minorVersion)\r\n".utf8)
    for index in stride(from: 0, to: head.fields.count, by: 2) {
      text += head.fields[index] + [0x3a] + head.fields[index + 1] + Array("\r\n".utf8)
    }
    text += Array("\r\n".utf8)
    var expected = head
    expected.length = text.count
    return parse(text, limits) == .parsed(expected) ? nil : "a head that was written again is another one"
  }

  private static func target(_ head: Parsed) -> StaticString? {
    guard let path = head.path else { return head.method == .connect ? nil : "a request has no path" }
    guard path == [0x2a] || path.first == 0x2f else { return "a path does not begin with a slash" }
    guard path != [0x2a] || head.method == .options else { return "an asterisk is no target of OPTIONS" }
    var segments = PathSegments()
    var joined: [UInt8] = []
    while path.first == 0x2f, let segment = segments.next(in: path.span) {
      guard segments.rest(of: path.span).lowerBound == segment.upperBound else { return "segments leave something out" }
      joined += [0x2f] + path[segment]
      if let broken = decoded(Array(path[segment]), isQuery: false) { return broken }
    }
    guard path.first != 0x2f || joined == path else { return "the segments are not the path" }
    guard let query = head.query else { return nil }
    for name in ["timeout", "blocking", "a"] as [StaticString] {
      guard let value = QueryString.value(of: name, in: query.span) else { continue }
      guard value.upperBound <= query.count, !query[value].contains(0x26) else { return "a parameter's value reaches into the next" }
    }
    return decoded(query, isQuery: true)
  }

  private static func decoded(_ text: [UInt8], isQuery: Bool) -> StaticString? {
    guard let plain = decode(text, room: text.count, isQuery: isQuery) else { return nil }
    let escaped = plain.flatMap { [0x25, ASCII.hexDigit($0 >> 4), ASCII.hexDigit($0 & 15)] }
    guard decode(escaped, room: plain.count, isQuery: isQuery) == plain else { return "text comes back otherwise from percent-encoding" }
    guard plain.isEmpty || decode(text, room: plain.count - 1, isQuery: isQuery) == nil else { return "text is decoded into too little room" }
    return nil
  }

  private static func decode(_ text: [UInt8], room: Int, isQuery: Bool) -> [UInt8]? {
    var output = [UInt8](repeating: 0, count: room)
    var span = output.mutableSpan
    return PercentEncoding.decode(text.span, into: &span, isQuery: isQuery).map { Array(output[..<$0]) }
  }

  private static func credentials(_ head: Parsed) -> StaticString? {
    let header = head.known[1]
    guard let given = BasicCredentials(parsing: header.span) else { return nil }
    let plain = given.user.array + [0x3a] + given.key.array
    var text = Array("Basic ".utf8).buffer
    guard Base64.encode(plain.span, into: &text) else { return nil }
    guard let again = BasicCredentials(parsing: text.span) else { return "credentials that were written are refused" }
    let isSame = ConstantTime.equal(again.user, given.user) && ConstantTime.equal(again.key, given.key)
    return isSame && !given.user.array.contains(0x3a) ? nil : "credentials that were written are others"
  }
}
