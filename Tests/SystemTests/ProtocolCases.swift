// HTTP/1.1 as clients rightly use it (RFC 9110, RFC 9112).

import Foundation
import SwiftletHost
import Testing

extension SystemCase {
  /// `body` in chunks of `size` bytes, with an extension on the first and a trailer.
  static func chunked(_ body: [UInt8], size: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    for start in stride(from: 0, to: body.count, by: size) {
      let chunk = body[start..<min(start + size, body.count)]
      bytes += Array((String(chunk.count, radix: 16) + (start == 0 ? ";name=value" : "") + "\r\n").utf8) + chunk + [13, 10]
    }
    return bytes + Array("0\r\nX-Trailer: yes\r\n\r\n".utf8)
  }

  static let chunkedHead = "POST /function/stream HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

  static let protocols: [SystemCase] = [
    SystemCase("chunked bodies") { guest in
      try guest.deploy("stream", Project.action("echo"))
      var noise = Noise(seed: 3)
      for (size, chunk) in [(0, 1), (1, 1), (100, 7), (5000, 1460), (100_000, 4096), (300_000, 300_000)] {
        let body = noise.bytes(size)
        let client = try guest.connect()
        try client.send(Array(chunkedHead.utf8) + chunked(body, size: chunk))
        let reply = try client.response()
        #expect(reply.status == 200 && reply.body == body, "\(size) bytes in chunks of \(chunk): \(reply.status)")
        #expect(try client.exchange("GET", "/healthz").status == 200)
      }
    },
    SystemCase("a body larger than the machine takes is 413") { guest in
      try guest.deploy("stream", Project.action("echo"))
      let announced = try guest.connect()
      try announced.send("POST /function/stream HTTP/1.1\r\nHost: x\r\nContent-Length: 67108864\r\n\r\n")
      #expect(try announced.response().status == 413)
      #expect(announced.isClosedByPeer())
      let client = try guest.connect()
      let body = [UInt8](repeating: 0x61, count: 16 << 20)
      // The answer may come, and the connection end, before all is sent.
      try? client.send(Array(chunkedHead.utf8) + chunked(body, size: 1 << 20))
      #expect(try client.response().status == 413)
    },
    SystemCase("Expect: 100-continue") { guest in
      try guest.deploy("stream", Project.action("echo"))
      let client = try guest.connect()
      try client.send("POST /function/stream HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
      #expect(try client.response().status == 100)
      try client.send("hello")
      let reply = try client.response()
      #expect(reply.status == 200 && reply.text == "hello")
      // A body that will be refused is refused before it is sent.
      let refused = try guest.connect()
      try refused.send("POST /function/stream HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n")
      #expect(try refused.response().status == 413)
    },
    SystemCase("HEAD has the head of GET and no body") { guest in
      let client = try guest.connect()
      for path in ["/healthz", "/", "/nothing"] {
        let get = try client.exchange("GET", path)
        let head = try client.exchange("HEAD", path)
        #expect(head.status == get.status && head.body.isEmpty)
        #expect(head.header("Content-Type") == get.header("Content-Type"))
        #expect(get.header("Content-Length") == String(get.body.count))
      }
    },
    SystemCase("ten requests in one write are answered in order") { guest in
      try guest.deploy("stream", Project.action("echo"))
      let client = try guest.connect()
      let bodies = (0..<10).map { Array("request \($0)".utf8) }
      var bytes: [UInt8] = []
      for body in bodies {
        bytes += HTTPConnection.request("POST", "/function/stream", body: body)
        bytes += HTTPConnection.request("GET", "/healthz")
      }
      try client.send(bytes)
      for body in bodies {
        #expect(try client.response().body == body)
        #expect(try client.response().status == 200)
      }
    },
    SystemCase("a hundred requests on one connection") { guest in
      try guest.deploy("stream", Project.action("echo"))
      let client = try guest.connect()
      for index in 0..<100 {
        let body = Array(repeating: UInt8(index), count: index * 37)
        let reply = try client.exchange("POST", "/function/stream", body: body)
        #expect(reply.status == 200 && reply.body == body)
      }
    },
    SystemCase("64 connections at once") { guest in
      try guest.deploy("stream", Project.action("echo"))
      // QEMU's own listener queues but one connection: each is used once before the next is made.
      let clients = try (0..<64).map { _ in
        let client = try guest.connect()
        #expect(try client.exchange("GET", "/healthz").status == 200)
        return client
      }
      for round in 0..<3 {
        let bodies = (0..<64).map { Array(repeating: UInt8($0 + round), count: 100 + $0 * 64) }
        for (client, body) in zip(clients, bodies) {
          try client.send(HTTPConnection.request("POST", "/function/stream", body: body))
        }
        for (client, body) in zip(clients, bodies).reversed() {
          let reply = try client.response()
          #expect(reply.status == 200 && reply.body == body)
        }
      }
    },
    SystemCase("Connection: close and HTTP/1.0 end the connection") { guest in
      let client = try guest.connect()
      let reply = try client.exchange("GET", "/healthz", headers: [("Connection", "close")])
      #expect(reply.status == 200)
      #expect(reply.header("Connection")?.lowercased() == "close")
      #expect(client.isClosedByPeer())
      let old = try guest.connect()
      try old.send("GET /healthz HTTP/1.0\r\n\r\n")
      #expect(try old.response().status == 200)
      #expect(old.isClosedByPeer())
    },
    SystemCase("a client that ends its direction still gets its answer") { guest in
      try guest.deploy("stream", Project.action("echo"))
      let client = try guest.connect()
      try client.send(HTTPConnection.request("POST", "/function/stream", body: Array("last".utf8)))
      try client.endSending()
      #expect(try client.response().text == "last")
      #expect(client.isClosedByPeer())
    },
    SystemCase("a request that arrives a byte at a time") { guest in
      try guest.deploy("stream", Project.action("echo"))
      let client = try guest.connect()
      for byte in HTTPConnection.request("POST", "/function/stream", body: Array("slow".utf8)) {
        try client.send([byte])
        Thread.sleep(forTimeInterval: 0.001)
      }
      #expect(try client.response().text == "slow")
    },
    SystemCase("bodies of a few segments are answered at once") { guest in
      try guest.deploy("stream", Project.action("echo"))
      // QEMU's sender begins with one segment and waits for its acknowledgement (slow start), and holds a last, short segment back until
      // all before it is acknowledged (Nagle).
      for size in [1460, 2900, 5000, 20_000] {
        let body = Noise(seed: 9).firstBytes(size)
        // What waits for a timer is late each time; what is late because the host was busy, is not.
        var times: [Duration] = []
        while times.count < 5 || times.min() ?? .zero >= .milliseconds(30) && times.count < 20 {
          let client = try guest.connect()
          times.append(try ContinuousClock().measure { _ = try client.exchange("POST", "/function/stream", body: body) })
        }
        #expect(times.min() ?? .zero < .milliseconds(30), "\(size) bytes: \(times.map(\.milliseconds))")
      }
    },
    SystemCase("clients that go away in the middle leave nothing behind") { guest in
      try guest.deploy("stream", Project.action("echo"))
      let before = try guest.counters()
      for length in [0, 1, 20, 60, 200] {
        for reset in [false, true] {
          let connection = try TCPConnection(port: guest.port)
          let request = HTTPConnection.request("POST", "/function/stream", body: Array(repeating: 1, count: 500))
          try connection.send(request.prefix(length))
          Thread.sleep(forTimeInterval: 0.005)
          if reset { connection.reset() } else { _ = consume connection }
        }
      }
      try guest.counters().expectSame(as: before)
      #expect(try guest.delete("stream").status == 200)
    },
  ]
}
