import Testing

@testable import SwiftletHost

@Suite struct HTTPClientTests {
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
  ])
  func base64(text: String, encoded: String) {
    #expect(HTTPConnection.base64(Array(text.utf8)) == encoded)
  }

  @Test func requestBytes() {
    let bytes = HTTPConnection.request("PUT", "/x?y=1", credentials: "a:b", headers: [("X-Y", "z")], body: [1, 2])
    let head = "PUT /x?y=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic YTpi\r\nX-Y: z\r\nContent-Length: 2\r\n\r\n"
    #expect(bytes == Array(head.utf8) + [1, 2])
  }

  @Test func responseHead() throws {
    let response = try HTTPConnection.parseHead(Array("HTTP/1.1 404 Not Found\r\nA: b\r\nC:d: e\r\n\r\n".utf8))
    #expect(response.status == 404 && response.reason == "Not Found")
    #expect(response.header("a") == "b" && response.header("C") == "d: e" && response.header("x") == nil)
  }

  @Test(arguments: ["", "HTTP/1.1 200\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nnocolon\r\n\r\n"])
  func badResponseHead(text: String) {
    #expect(throws: HTTPError.self) { try HTTPConnection.parseHead(Array(text.utf8)) }
  }
}
