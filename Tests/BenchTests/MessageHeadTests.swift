import Testing

@testable import BenchCore

@Suite struct MessageHeadTests {
  private func parse(_ text: String) -> MessageHead.Result {
    Array(text.utf8).withUnsafeBufferPointer { MessageHead.parse($0) }
  }

  @Test func aResponse() {
    let text = "HTTP/1.1 503 Busy\r\nContent-Length: 12\r\nConnection: close\r\n\r\n"
    #expect(
      parse(text + "hello world!")
        == .head(MessageHead(status: 503, bodyOffset: text.utf8.count, bodyLength: 12, closes: true)))
  }

  @Test func aRequest() {
    let text = "POST /function/echo HTTP/1.1\r\nHost: a\r\ncontent-length:5\r\n\r\n"
    #expect(parse(text) == .head(MessageHead(status: 0, bodyOffset: text.utf8.count, bodyLength: 5, closes: false)))
  }

  @Test func everyPrefixIsIncomplete() {
    let text = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"
    for count in 0..<text.utf8.count { #expect(parse(String(decoding: text.utf8.prefix(count), as: UTF8.self)) == .incomplete) }
  }

  @Test(arguments: [
    "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.1 200 OK\n\n", "\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "GET /\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1234567890123\r\n\r\n",
  ])
  func otherThingsAreMalformed(_ text: String) { #expect(parse(text) == .malformed) }

  @Test func aHeadWithoutEndIsMalformed() {
    #expect(parse("HTTP/1.1 200 OK\r\nX: " + String(repeating: "a", count: 17_000)) == .malformed)
  }
}
