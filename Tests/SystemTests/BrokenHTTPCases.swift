// Requests that no client should send: each has an exact answer, after which the connection ends and the next one is served.

import SwiftletHost
import Testing

extension SystemCase {
  /// What is sent, and the status of the answer.
  struct BrokenRequest: Sendable {
    var name: String
    var bytes: [UInt8]
    var status: Int

    init(_ name: String, _ text: String, _ status: Int) {
      self.name = name
      bytes = Array(text.utf8)
      self.status = status
    }
  }

  static let get = "GET /healthz HTTP/1.1\r\n"
  static let host = "Host: x\r\n"
  static let post = "POST /function/x HTTP/1.1\r\nHost: x\r\n"
  static let echoPost = "POST /function/broken HTTP/1.1\r\nHost: x\r\n"
  static let echoChunks = echoPost + "Transfer-Encoding: chunked\r\n\r\n"

  static let brokenRequests: [BrokenRequest] = [
    BrokenRequest("no HTTP at all", "hello\r\n\r\n", 400),
    BrokenRequest("TLS", "\u{16}\u{03}\u{01}\u{02}\0\u{01}\0\u{01}\u{fc}\u{03}\u{03}\r\n\r\n", 400),
    BrokenRequest("no version", "GET /healthz\r\n\r\n", 400),
    BrokenRequest("two blanks", "GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    BrokenRequest("words after the version", "GET /healthz HTTP/1.1 x\r\nHost: x\r\n\r\n", 400),
    BrokenRequest("lower-case version", "GET /healthz http/1.1\r\nHost: x\r\n\r\n", 400),
    BrokenRequest("HTTP/2.0", "GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    BrokenRequest("HTTP/1.2", "GET /healthz HTTP/1.2\r\nHost: x\r\n\r\n", 505),
    BrokenRequest("a relative target", "GET healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    BrokenRequest("a fragment", "GET /healthz#x HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    BrokenRequest("a control character in the target", "GET /heal\u{1}thz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    BrokenRequest("bytes above ASCII in the target", "GET /hé HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    BrokenRequest("an endless target", "GET /" + String(repeating: "a", count: 20_000) + " HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    BrokenRequest("an endless method", String(repeating: "A", count: 100) + " / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
    BrokenRequest("an unknown method", "BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 501),
    BrokenRequest("no Host", get + "\r\n", 400),
    BrokenRequest("two Hosts", get + host + host + "\r\n", 400),
    BrokenRequest("a Host with a blank", get + "Host: x y\r\n\r\n", 400),
    BrokenRequest("line ends without CR", "GET /healthz HTTP/1.1\nHost: x\n\n", 400),
    BrokenRequest("CR without LF", "GET /healthz HTTP/1.1\rHost: x\r\n\r\n", 400),
    BrokenRequest("a blank before the colon", get + "Host : x\r\n\r\n", 400),
    BrokenRequest("a blank before the header", get + " Host: x\r\n\r\n", 400),
    BrokenRequest("a folded header", get + host + "X-A: b\r\n c\r\n\r\n", 400),
    BrokenRequest("a header without a name", get + host + ": x\r\n\r\n", 400),
    BrokenRequest("a header without a colon", get + host + "nothing\r\n\r\n", 400),
    BrokenRequest("NUL in a header", get + host + "X-A: a\0b\r\n\r\n", 400),
    BrokenRequest("too many headers", get + host + (0..<200).map { "X-\($0): y\r\n" }.joined() + "\r\n", 431),
    BrokenRequest("an endless header", get + host + "X-A: " + String(repeating: "b", count: 40_000) + "\r\n\r\n", 431),
    BrokenRequest("a Content-Length of words", post + "Content-Length: five\r\n\r\n", 400),
    BrokenRequest("a negative Content-Length", post + "Content-Length: -1\r\n\r\n", 400),
    BrokenRequest("a signed Content-Length", post + "Content-Length: +1\r\n\r\n", 400),
    BrokenRequest("a Content-Length of 30 digits", echoPost + "Content-Length: \(String(repeating: "9", count: 30))\r\n\r\n", 413),
    BrokenRequest("two lengths", post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    BrokenRequest("a length and chunks", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    BrokenRequest("an unknown transfer coding", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    BrokenRequest("chunked twice", post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    BrokenRequest("chunks in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    BrokenRequest("an unknown expectation", post + "Expect: miracles\r\nContent-Length: 1\r\n\r\n", 417),
    BrokenRequest("a body of two gigabytes", echoPost + "Content-Length: 2147483648\r\n\r\n", 413),
    BrokenRequest("a chunk size of letters", echoChunks + "xyz\r\n", 400),
    BrokenRequest("a chunk size of 20 digits", echoChunks + "fffffffffffffffffff\r\n", 413),
    BrokenRequest("a chunk longer than its size", echoChunks + "1\r\nab\r\n0\r\n\r\n", 400),
  ]

  static let brokenHTTP: [SystemCase] = [
    SystemCase("broken requests have exact answers") { guest in
      try guest.deploy("broken", Project.action("echo"))
      let before = try guest.counters()
      for broken in brokenRequests {
        do {
          let client = try guest.connect(timeout: 5000)
          // The answer may come before all is sent.
          try? client.send(broken.bytes)
          let reply = try client.response()
          #expect(reply.status == broken.status, "\(broken.name): \(reply.status) \(reply.text.prefix(200))")
          #expect(reply.text.contains("\"error\""), "\(broken.name): \(reply.text.prefix(200))")
          if broken.status != 501 || broken.name.contains("coding") {
            #expect(client.isClosedByPeer(), "\(broken.name): the connection stays open")
          }
        } catch {
          Issue.record("\(broken.name): \(error)")
        }
        #expect(try guest.request("GET", "/healthz").status == 200, "after \(broken.name)")
      }
      try guest.counters().expectSame(as: before)
      #expect(try guest.delete("broken").status == 200)
    },
    SystemCase("noise instead of requests") { guest in
      var noise = Noise(seed: 4)
      let template = HTTPConnection.request("POST", "/function/x?a=b", credentials: Guest.key, headers: [("X-A", "b")], body: [1, 2, 3])
      for _ in 0..<200 {
        var bytes = template
        for _ in 0..<Int.random(in: 1...6, using: &noise) {
          let position = Int.random(in: 0..<bytes.count, using: &noise)
          bytes[position] = UInt8.random(in: 0...255, using: &noise)
        }
        let connection = try TCPConnection(port: guest.port)
        try connection.send(bytes)
        try connection.endSending()
        // Whatever the answer, the connection ends.
        do throws(SystemError) {
          while try !connection.receive().isEmpty {}
        } catch {
          #expect(error.isConnectionReset, "\(error)")
        }
      }
    },
  ]
}
