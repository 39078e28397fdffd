import Base
import Testing

@testable import HTTP

private let hosted = "Host: a\r\n"

@Suite struct HeadParserTests {
  @Test func aPlainRequest() throws {
    let head = try #require(parsedHead("GET /function/echo?x=1&y HTTP/1.1\r\nHost: example.com:8080\r\nAccept:  */* \t\r\n\r\nbody"))
    #expect(head.method == .get)
    #expect(head.minorVersion == 1)
    #expect(head.path == "/function/echo")
    #expect(head.query == "x=1&y")
    #expect(head.framing == .none)
    #expect(head.keepsAlive)
    #expect(head.host == "example.com:8080")
    #expect(head.fields == ["Host=example.com:8080", "Accept=*/*"])
    #expect(head.length == 80 - 4 + 1)
  }

  static let methodCases: [(String, HTTPMethod)] = [
    ("GET", HTTPMethod.get), ("HEAD", .head), ("POST", .post), ("PUT", .put), ("DELETE", .delete), ("PATCH", .patch),
    ("OPTIONS", .options), ("TRACE", .trace), ("get", .other), ("PURGE", .other), ("M-SEARCH", .other), ("GETS", .other),
  ]

  @Test(arguments: methodCases)
  func methods(_ name: String, _ method: HTTPMethod) {
    #expect(parsedHead("\(name) / HTTP/1.1\r\n\(hosted)\r\n")?.method == method)
  }

  static let targetCases: [(String, String, String?)] = [
    ("GET http://h/a/b?c=d HTTP/1.1", "/a/b", "c=d" as String?), ("GET HTTPS://h:1 HTTP/1.1", "/", nil),
    ("GET http://h?q HTTP/1.1", "/", "q"), ("OPTIONS * HTTP/1.1", "*", nil), ("GET /? HTTP/1.1", "/", ""),
    ("GET /a?b?c HTTP/1.1", "/a", "b?c"), ("GET // HTTP/1.1", "//", nil), ("CONNECT h:80 HTTP/1.1", "", nil),
  ]

  @Test(arguments: targetCases)
  func targets(_ line: String, _ path: String, _ query: String?) {
    let head = parsedHead("\(line)\r\n\(hosted)\r\n")
    #expect(head?.path == path)
    #expect(head?.query == query)
  }

  static let badRequestLineCases: [(String, HeadError)] = [
    // The request line.
    ("GET /", HeadError.malformedRequestLine), ("GET  / HTTP/1.1", .malformedRequestLine), ("GET / HTTP/1.1 ", .malformedRequestLine),
    (" GET / HTTP/1.1", .malformedRequestLine), ("G(T / HTTP/1.1", .malformedRequestLine), ("GET /\tx HTTP/1.1", .invalidTarget),
    ("GET /\u{7f} HTTP/1.1", .invalidTarget), ("GET /é HTTP/1.1", .invalidTarget), ("GET /a#b HTTP/1.1", .invalidTarget),
    ("GET a HTTP/1.1", .invalidTarget), ("GET * HTTP/1.1", .invalidTarget), ("GET http:/h HTTP/1.1", .invalidTarget),
    ("GET http:///a HTTP/1.1", .invalidTarget), ("GET ftp://h/ HTTP/1.1", .invalidTarget), ("CONNECT /a HTTP/1.1", .invalidTarget),
    ("GET / HTTP/1.2", .unsupportedVersion), ("GET / HTTP/2.0", .unsupportedVersion), ("PRI * HTTP/2.0", .unsupportedVersion),
    ("GET / HTTP/0.9", .unsupportedVersion), ("GET / http/1.1", .malformedRequestLine), ("GET / HTTP/1.10", .malformedRequestLine),
    ("GET / HTTP/11", .malformedRequestLine), ("GET / FTP", .malformedRequestLine), ("GET / X", .malformedRequestLine),
    ("\u{16}\u{3}\u{1}", .malformedRequestLine), ("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1", .methodTooLong),
  ]

  @Test(arguments: badRequestLineCases)
  func badRequestLines(_ line: String, _ error: HeadError) {
    #expect(parse("\(line)\r\n\(hosted)\r\n") == .failed(error))
  }

  static let badHeaderCases: [(String, HeadError)] = [
    ("Host: a\r\n folded\r\n", HeadError.foldedHeader), (" Host: a\r\n", .foldedHeader), ("Host: a\r\n\tx\r\n", .foldedHeader),
    ("Host : a\r\n", .malformedHeader), (": a\r\n", .malformedHeader), ("Host\r\n", .malformedHeader), ("Hö: a\r\n", .malformedHeader),
    ("X-Some-Long-Na(me: a\r\n", .malformedHeader), ("X: a\0b\r\n", .invalidHeaderValue), ("X: \u{7f}\r\n", .invalidHeaderValue),
    ("X: 123456789\u{1b}\r\n", .invalidHeaderValue), ("X: a\rb\r\n", .bareCarriageReturn), ("X: a\n", .bareLineFeed),
    ("", .missingHost), ("Host: a\r\nhost: a\r\n", .repeatedHost), ("Host: a b\r\n", .invalidHost), ("Host: a,b\r\n", .invalidHost),
    ("Host: u@h\r\n", .invalidHost), ("Host: h/x\r\n", .invalidHost),
    ("Host: a\r\nContent-Length: x\r\n", .invalidContentLength), ("Host: a\r\nContent-Length:\r\n", .invalidContentLength),
    ("Host: a\r\nContent-Length: +1\r\n", .invalidContentLength), ("Host: a\r\nContent-Length: -1\r\n", .invalidContentLength),
    ("Host: a\r\nContent-Length: 1, 1\r\n", .invalidContentLength), ("Host: a\r\nContent-Length: 0x10\r\n", .invalidContentLength),
    ("Host: a\r\nContent-Length: 1 2\r\n", .invalidContentLength),
    ("Host: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n", .conflictingContentLength),
    ("Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n", .lengthWithTransferEncoding),
    ("Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n", .lengthWithTransferEncoding),
    ("Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: xchunked\r\n", .lengthWithTransferEncoding),
    ("Host: a\r\nTransfer-Encoding: gzip\r\n", .unsupportedTransferEncoding), ("Host: a\r\nTransfer-Encoding: gzip, chunked\r\n", .unsupportedTransferEncoding),
    ("Host: a\r\nTransfer-Encoding: chunked;q=1\r\n", .unsupportedTransferEncoding),
    ("Host: a\r\nTransfer-Encoding: \"chunked\"\r\n", .unsupportedTransferEncoding),
    ("Host: a\r\nTransfer-Encoding: chunked, gzip\r\n", .malformedTransferEncoding), ("Host: a\r\nTransfer-Encoding:\r\n", .malformedTransferEncoding),
    ("Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", .malformedTransferEncoding),
    ("Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n", .malformedTransferEncoding),
    ("Host: a\r\nExpect: 200-ok\r\n", .unsupportedExpectation), ("Host: a\r\nTransfer-Encoding : chunked\r\n", .malformedHeader),
  ]

  @Test(arguments: badHeaderCases)
  func badHeaders(_ lines: String, _ error: HeadError) {
    #expect(parse("POST / HTTP/1.1\r\n\(lines)\r\n") == .failed(error))
  }

  static let statusCases: [(HeadError, UInt16)] = [
    (HeadError.targetTooLong, 414), (.unsupportedVersion, 505), (.headersTooLarge, 431), (.tooManyHeaders, 431),
    (.methodTooLong, 501), (.unsupportedTransferEncoding, 501), (.unsupportedExpectation, 417), (.bareLineFeed, 400),
    (.lengthWithTransferEncoding, 400), (.missingHost, 400),
  ]

  @Test(arguments: statusCases)
  func statuses(_ error: HeadError, _ code: UInt16) {
    #expect(error.status.code == code)
  }

  static let framingCases: [(String, BodyFraming)] = [
    ("Content-Length: 5\r\n", BodyFraming.length(5)), ("CONTENT-LENGTH: 005\r\n", .length(5)), ("content-length:0\r\n", .none),
    ("Content-Length: 7\r\nContent-Length: 7\r\n", .length(7)), ("Content-Length: 99999999999999999999999\r\n", .length(.max)),
    ("Transfer-Encoding: Chunked\r\n", .chunked), ("transfer-encoding: , chunked ,\r\n", .chunked), ("", .none),
  ]

  @Test(arguments: framingCases)
  func framings(_ lines: String, _ framing: BodyFraming) {
    #expect(parsedHead("POST / HTTP/1.1\r\n\(hosted)\(lines)\r\n")?.framing == framing)
  }

  static let persistenceCases: [(String, String, Bool)] = [
    ("HTTP/1.1", "", true), ("HTTP/1.1", "Connection: close\r\n", false), ("HTTP/1.1", "Connection: x, Close\r\n", false),
    ("HTTP/1.0", "", false), ("HTTP/1.0", "Connection: Keep-Alive\r\n", true), ("HTTP/1.0", "Connection: keep-alive, close\r\n", false),
    ("HTTP/1.1", "Connection: closed\r\n", true),
  ]

  @Test(arguments: persistenceCases)
  func persistence(_ version: String, _ lines: String, _ keepsAlive: Bool) {
    #expect(parsedHead("GET / \(version)\r\n\(hosted)\(lines)\r\n")?.keepsAlive == keepsAlive)
  }

  @Test func oldVersion() {
    #expect(parsedHead("GET / HTTP/1.0\r\n\r\n")?.minorVersion == 0)
    #expect(parse("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == .failed(.transferEncodingInOldVersion))
    #expect(parsedHead("POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")?.expectsContinue == false)
  }

  @Test func expectation() {
    #expect(parsedHead("POST / HTTP/1.1\r\n\(hosted)Content-Length: 1\r\nExpect: 100-Continue\r\n\r\n")?.expectsContinue == true)
    #expect(parsedHead("POST / HTTP/1.1\r\n\(hosted)Expect: 100-continue\r\n\r\n")?.expectsContinue == false)
  }

  @Test func emptyLinesBeforeTheRequest() {
    #expect(parsedHead("\r\n\r\nGET / HTTP/1.1\r\n\(hosted)\r\n")?.path == "/")
    #expect(parse("\r\n\r\n\r\nGET / HTTP/1.1\r\n\(hosted)\r\n") == .failed(.malformedRequestLine))
    #expect(parse("\rGET / HTTP/1.1\r\n") == .failed(.bareCarriageReturn))
    #expect(parse("\nGET / HTTP/1.1\r\n") == .failed(.malformedRequestLine))
  }

  @Test func bareLineFeeds() {
    #expect(parse("GET / HTTP/1.1\nHost: a\n\n") == .failed(.bareLineFeed))
    #expect(parse("GET / HTTP/1.1\r\nHost: a\r\n\n") == .failed(.bareLineFeed))
    #expect(parse("GET /\n") == .failed(.malformedRequestLine))
  }

  @Test func valueOfAnUnknownHeader() throws {
    var head = RequestHead()
    var parser = HeadParser()
    let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\nX-Amz-Date: 1\r\nx-amz-date: 2\r\n\r\n".utf8)
    #expect(try parser.parse(bytes.span, limits: HTTPLimits(), into: &head))
    #expect(head.value(of: "x-amz-date", in: bytes.span).map { bytes.span.extracting($0).text } == "1")
    #expect(head.value(of: "x-amz", in: bytes.span) == nil)
  }

  @Test func aHeadIsUsedAgain() throws {
    var head = RequestHead()
    var parser = HeadParser()
    let first = Array("POST /a?b HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\nX-Request-ID: z\r\n\r\n".utf8)
    let second = Array("GET / HTTP/1.1\r\nHost: b\r\n\r\n".utf8)
    #expect(try parser.parse(first.span, limits: HTTPLimits(), into: &head))
    #expect(!head.keepsAlive && !head.requestID.isAbsent)
    #expect(try parser.parse(second.span, limits: HTTPLimits(), into: &head))
    #expect(head.keepsAlive && head.framing == .none && head.requestID.isAbsent && head.query.isAbsent && head.fieldCount == 1)
  }
}

@Suite struct HeadLimitTests {
  let limits = HTTPLimits(requestLine: 100, headerBytes: 200)

  @Test(arguments: [-1, 0, 1])
  func requestLine(_ extra: Int) {
    // "GET /" and " HTTP/1.1" are 14 bytes.
    let text = "GET /" + String(repeating: "a", count: 86 + extra) + " HTTP/1.1\r\n\(hosted)\r\n"
    let outcome = parse(text, limits: limits)
    if extra > 0 { #expect(outcome == .failed(.targetTooLong)) } else { #expect(parsedHead(text)?.path.utf8.count == 87 + extra) }
    for cut in 0..<text.utf8.count { #expect(parse(text, cuts: [cut], limits: limits) == outcome) }
  }

  @Test(arguments: [-1, 0, 1])
  func headerBytes(_ extra: Int) {
    // The Host line has 9 bytes, "X: " and the line end 5.
    let text = "GET / HTTP/1.1\r\n\(hosted)X: " + String(repeating: "a", count: 186 + extra) + "\r\n\r\n"
    let outcome = parse(text, limits: limits)
    if extra > 0 {
      #expect(outcome == .failed(.headersTooLarge))
    } else {
      guard case .parsed = outcome else { Issue.record("\(outcome)"); return }
    }
    for cut in 0..<text.utf8.count { #expect(parse(text, cuts: [cut], limits: limits) == outcome) }
  }

  @Test func manyShortHeaderLinesAreBounded() {
    let text = "GET / HTTP/1.1\r\n" + String(repeating: "A:\r\n", count: 60) + "\r\n"
    #expect(parse(text, limits: limits) == .failed(.headersTooLarge))
  }

  @Test func headerCount() {
    let most = "GET / HTTP/1.1\r\n\(hosted)" + String(repeating: "A: b\r\n", count: 63)
    #expect(parsedHead(most + "\r\n")?.fields.count == 64)
    #expect(parse(most + "A: b\r\n\r\n") == .failed(.tooManyHeaders))
  }

  @Test func anEndlessLineIsRefusedWhileItArrives() {
    let bytes = Array("GET /".utf8) + [UInt8](repeating: 0x61, count: 60_000)
    #expect(parse(bytes, cuts: Array(stride(from: 1, to: bytes.count, by: 1_460))) == .failed(.targetTooLong))
  }

  @Test func theLimitsAreCut() {
    let wide = HTTPLimits(requestLine: 1 << 30, headerBytes: 1 << 30)
    #expect(wide.headBytes < 65_536)
  }
}

/// Hosts and targets are looked at eight bytes at a time: each byte in each place of a word.
@Suite struct EveryByteTests {
  private static let notInHosts = Set(Array("\t \"#,/<>?@\\{}".utf8) + Array(0x80...0xff) + Array(0x00...0x1f) + [0x7f])

  @Test(arguments: 0..<20)
  func hosts(_ position: Int) {
    for byte in UInt8(0)...255 where byte != 0x0d && byte != 0x0a {
      // White space around a value is not of it.
      if (position == 0 || position == 19) && (byte == 0x20 || byte == 0x09) { continue }
      var host = [UInt8](repeating: 0x61, count: 20)
      host[position] = byte
      let request = Array("GET / HTTP/1.1\r\nHost: ".utf8) + host + Array("\r\nX: /?#@\r\n\r\n".utf8)
      var head = RequestHead()
      var parser = HeadParser()
      let isLegal = (try? parser.parse(request.span, limits: HTTPLimits(), into: &head)) == true
      #expect(isLegal == !Self.notInHosts.contains(byte), "\(byte) at \(position)")
    }
  }

  @Test(arguments: 1..<20)
  func targets(_ position: Int) {
    for byte in UInt8(0)...255 where byte != 0x20 {
      var target = [UInt8](repeating: 0x61, count: 20)
      target[0] = 0x2f
      target[position] = byte
      let request = Array("POST ".utf8) + target + Array(" HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
      var head = RequestHead()
      var parser = HeadParser()
      let isLegal = (try? parser.parse(request.span, limits: HTTPLimits(), into: &head)) == true
      #expect(isLegal == (byte > 0x20 && byte < 0x7f && byte != 0x23), "\(byte) at \(position)")
      guard isLegal else { continue }
      #expect(head.query.isAbsent == (byte != 0x3f))
      #expect(head.path.end == 5 + (byte == 0x3f ? position : 20), "\(byte) at \(position)")
    }
  }

  /// The lines that are seen in one pass are what they are to the general one, which takes those that end with a blank: whatever one
  /// of their bytes becomes.
  @Test(arguments: ["Host: 10.0.2.15:8080", "hOST:a", "Host:  b", "Host: ", "Content-Length: 123", "content-length:0", "CONTENT-LENGTH: 99999999999999999999"])
  func usualLines(_ line: String) {
    let front = Array("POST /a HTTP/1.1\r\nHost: c\r\n".utf8)
    let back = Array("Accept: */*\r\n\r\n".utf8)
    let line = Array(line.utf8)
    // With another Host line before it, and without.
    for front in [front, Array(front.dropLast(9))] {
      for place in line.indices {
        for byte: UInt8 in 0...255 {
          var other = line
          other[place] = byte
          let usual = parse(front + other + [0x0d, 0x0a] + back)
          var general = parse(front + other + [0x20, 0x0d, 0x0a] + back)
          if case .parsed(var parsed) = general {
            parsed.length -= 1
            general = .parsed(parsed)
          }
          #expect(usual == general, "byte \(place) is \(byte)")
        }
      }
    }
  }
}
