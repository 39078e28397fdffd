import Bytes
import Testing

@testable import HTTP

@Suite struct NegotiationTests {
  private func withHead<Result>(_ lines: String, _ body: (borrowing RequestHead, Span<UInt8>) -> Result) throws -> Result {
    let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n".utf8)
    var head = RequestHead()
    var parser = HeadParser()
    #expect(try parser.parse(bytes.span, limits: HTTPLimits(), into: &head))
    return body(head, bytes.span)
  }

  @Test(arguments: [
    ("", false), ("Accept: */*\r\n", false), ("Accept: text/*\r\n", false), ("Accept: text/html\r\n", true), ("Accept: TEXT/HTML\r\n", true),
    ("accept: application/json, text/html;q=0.9, */*;q=0.8\r\n", true), ("Accept: text/html ; level=1 ;q=1\r\n", true),
    ("Accept: text/html;q=0\r\n", false), ("Accept: text/html; Q=0.000\r\n", false), ("Accept: text/html;level=1;q=0.0\r\n", false),
    ("Accept: text/html;q=0.001\r\n", true), ("Accept: text/html;q=\r\n", true), ("Accept: text/html;\r\n", true),
    ("Accept: text/htmlx, xtext/html\r\n", false), ("Accept: ,,;,text/html,\r\n", true), ("Accept: a/b\r\nAccept: text/html\r\n", true),
    ("Accept-Encoding: text/html\r\n", false), ("Accept: ;text/html\r\n", false),
  ])
  func lists(_ lines: String, _ expected: Bool) throws {
    #expect(try withHead(lines) { $0.lists("text/html", in: "accept", of: $1) } == expected)
  }

  @Test(arguments: [
    ("", false), ("\"a1\"", true), ("W/\"a1\"", true), ("w/\"a1\"", false), ("\"a2\"", false), ("a1", false), ("*", true), ("W/*", false),
    ("\"b\", W/\"a1\"", true), ("\"b\",\"a1", false), ("W/", false), ("W/W/\"a1\"", false),
  ])
  func match(_ value: String, _ expected: Bool) throws {
    let tag = Array("\"a1\"".utf8)
    #expect(try withHead("If-None-Match: \(value)\r\n") { $0.hasMatch(tag.span, in: $1) } == expected)
  }

  @Test func noLineMatchesNothing() throws {
    let tag = Array("\"a1\"".utf8)
    #expect(try !withHead("") { $0.hasMatch(tag.span, in: $1) })
    #expect(try withHead("If-None-Match: \"b\"\r\nIf-None-Match: \"a1\"\r\n") { $0.hasMatch(tag.span, in: $1) })
  }
}
