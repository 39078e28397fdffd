import Base
import Bytes
import Testing

@testable import HTTP

@Suite struct CredentialTests {
  @Test(arguments: [
    ("Basic bWU6c2VjcmV0", "me", "secret"), ("basic bWU6c2VjcmV0", "me", "secret"), ("BASIC   bWU6c2VjcmV0", "me", "secret"),
    ("Basic bWU6YTpi", "me", "a:b"), ("Basic Og==", "", ""),
  ])
  func parsed(_ value: String, _ user: String, _ key: String) {
    #expect(parse(value) == [user, key])
  }

  @Test(arguments: ["", "Basic", "Basic ", "Bearer bWU6c2VjcmV0", "Basic bWU=", "Basic bWU6c2VjcmV", "Basic\tbWU6c2VjcmV0", "Basic bWU6 c2VjcmV0"])
  func refused(_ value: String) {
    #expect(parse(value) == nil)
  }

  @Test func tooLong() {
    #expect(parse("Basic " + String(repeating: "OjEx", count: 86)) == nil)
    #expect(parse("Basic " + String(repeating: "OjEx", count: 85)) != nil)
  }

  private func parse(_ value: String) -> [String]? {
    let bytes = Array(value.utf8)
    guard let credentials = BasicCredentials(parsing: bytes.span) else { return nil }
    return [credentials.user.text, credentials.key.text]
  }

  @Test(arguments: [
    ("abc", "abc", true), ("abd", "abc", false), ("ab", "abc", false), ("abcabc", "abc", false), ("", "abc", false), ("abc", "", false),
    ("", "", true), ("a\0", "a", false), ("\0", "", false),
  ])
  func comparison(_ guess: String, _ secret: String, _ isEqual: Bool) {
    let first = Array(guess.utf8)
    let second = Array(secret.utf8)
    let found = ConstantTime.equal(first.span, second.span)
    #expect(found == isEqual)
  }
}

@Suite struct JSONStringTests {
  @Test(arguments: [
    (Array("".utf8), "\"\""), (Array("abc".utf8), "\"abc\""), (Array("a\"b\\c/".utf8), "\"a\\\"b\\\\c/\""),
    (Array("\u{8}\t\n\u{c}\r".utf8), "\"\\b\\t\\n\\f\\r\""), ([0, 0x1f, 0x7f], "\"\\u0000\\u001f\u{7f}\""), (Array("é€😀".utf8), "\"é€😀\""),
    ([0xff], "\"\\ufffd\""), ([0xc3], "\"\\ufffd\""), ([0xc3, 0x28], "\"\\ufffd(\""), ([0xc0, 0x80], "\"\\ufffd\\ufffd\""),
    ([0xed, 0xa0, 0x80], "\"\\ufffd\\ufffd\\ufffd\""), ([0xf4, 0x90, 0x80, 0x80], "\"\\ufffd\\ufffd\\ufffd\\ufffd\""),
    ([0xe2, 0x82], "\"\\ufffd\\ufffd\""), ([0xf0, 0x8f, 0xbf, 0xbf], "\"\\ufffd\\ufffd\\ufffd\\ufffd\""), ([0x61, 0xff, 0x62], "\"a\\ufffdb\""),
  ] as [([UInt8], String)])
  func strings(_ bytes: [UInt8], _ json: String) {
    var writer = TextWriter()
    writer.write(json: bytes.span)
    #expect(writer.text() == json)
  }

  /// The standard library is the judge of UTF-8.
  @Test func wellFormedUTF8IsKept() {
    var random = Random(4)
    for _ in 0..<20_000 {
      let bytes = (0..<random.below(6)).map { _ in UInt8(truncatingIfNeeded: random.next()) | (random.below(2) == 0 ? 0x80 : 0x20) }
        .map { $0 == 0x22 || $0 == 0x5c || $0 < 0x20 ? 0x61 : $0 }
      var writer = TextWriter()
      writer.write(json: bytes.span)
      let isLegal = String(validating: bytes, as: UTF8.self) != nil
      #expect(writer.text().utf8.contains(UInt8(ascii: "\\")) == !isLegal, "\(bytes)")
    }
  }
}

@Suite struct ResponseTests {
  @Test(arguments: [
    (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"),
    (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"), (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"),
    (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"), (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"), (.max, "Fri, 31 Dec 9999 23:59:59 GMT"),
  ] as [(UInt64, String)])
  func dates(_ seconds: UInt64, _ text: String) {
    var date = HTTPDate()
    #expect(date.span.text == "")
    date.set(seconds == .max ? 1 << 60 : seconds)
    #expect(date.span.text == text)
  }

  @Test func heads() {
    var date = HTTPDate()
    var writer = TextWriter()
    writer.beginHead(.ok, date: date.span)
    writer.header("A", "b")
    writer.endHead(length: 12, connection: .persist)
    #expect(writer.text() == "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 12\r\n\r\n")

    date.set(0)
    var other = TextWriter()
    other.beginHead(.noContent, date: date.span)
    other.endHead(length: nil, connection: .close)
    #expect(other.text() == "HTTP/1.1 204 No Content\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nConnection: close\r\n\r\n")
  }

  @Test(arguments: [100, 200, 204, 302, 304, 400, 401, 403, 404, 405, 408, 409, 413, 414, 415, 417, 431, 500, 501, 502, 503, 505, 507] as [UInt16])
  func everyStatusHasItsPhrase(_ code: UInt16) {
    var writer = TextWriter()
    writer.beginHead(HTTPStatus(code), date: Span())
    let text = writer.text()
    #expect(text.hasPrefix("HTTP/1.1 \(code) ") && text.count > "HTTP/1.1 100 \r\n".count)
  }

  @Test func unregisteredStatusHasNone() {
    var writer = TextWriter()
    writer.beginHead(HTTPStatus(299), date: Span())
    #expect(writer.text() == "HTTP/1.1 299 \r\n")
  }
}
