import API
import Actions
import Base
import HTTP
import Server
import Testing

private let host = "Host: a\r\n"
private let health = "GET /healthz HTTP/1.1\r\n\(host)\r\n"

private func echo(_ body: String, _ lines: String = "") -> String {
  "POST /function/echo HTTP/1.1\r\n\(host)\(lines)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
}

private func world(_ change: (inout ServerSettings) -> Void = { _ in }) -> World {
  let world = World(change)
  #expect(world.deploy("echo", query: "?public=true")?.status == 200)
  return world
}

@Suite struct ConnectionTests {
  @Test func keepAlive() {
    let world = world()
    let index = world.network.open()
    for round in 0..<100 {
      let found = world.exchange(index, echo("round \(round)"))
      #expect(found.count == 1 && found[0].text == "round \(round)")
    }
    #expect(!world.network.connections[index].isClosed)
    #expect(world.network.connections[index].count == 0)
  }

  @Test func pipelining() {
    let world = world()
    let index = world.network.open()
    let text = echo("1") + health + echo("3") + "GET /x HTTP/1.1\r\n\(host)\r\n" + echo("") + health + health + health + echo("9") + health
    let found = world.exchange(index, text)
    #expect(found.map(\.status) == [200, 200, 200, 404, 200, 200, 200, 200, 200, 200])
    #expect(found.map(\.text).filter { $0.count < 4 } == ["1", "ok\n", "3", "", "ok\n", "ok\n", "ok\n", "9", "ok\n"])
  }

  @Test func aClientThatReadsNothingIsNotAnsweredForEver() {
    let world = world()
    let index = world.network.open()
    world.network.deliver(index, Array(String(repeating: health, count: 50).utf8))
    world.settle()
    #expect(world.network.connections[index].queued == 7)
    #expect(world.replies(index).count == 50)
  }

  @Test func everyCut() {
    let text = Array((echo("hello", "Expect: 100-continue\r\n") + health).utf8)
    for cut in 0...text.count {
      let world = world()
      let index = world.network.open()
      var found = world.exchange(index, Array(text[..<cut]))
      found += world.exchange(index, Array(text[cut...]))
      if found.first?.status == 100 { found.removeFirst() }
      #expect(found.map(\.text) == ["hello", "ok\n"], "cut at \(cut)")
    }
  }

  @Test func byteByByte() {
    let world = world()
    let index = world.network.open()
    var found: [Response] = []
    for byte in Array((echo("hello") + health).utf8) { found += world.exchange(index, [byte]) }
    #expect(found.map(\.text) == ["hello", "ok\n"])
  }

  @Test func chunkedBodies() {
    let head = "POST /function/echo HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n"
    let text = Array((head + "5\r\nhello\r\n6;x\r\n world\r\n0\r\nT: x\r\n\r\n" + health).utf8)
    for cut in stride(from: 0, through: text.count, by: 1) {
      let world = world()
      let index = world.network.open()
      let found = world.exchange(index, Array(text[..<cut])) + world.exchange(index, Array(text[cut...]))
      #expect(found.map(\.text) == ["hello world", "ok\n"], "cut at \(cut)")
    }
  }

  @Test func aLongChunkedBody() {
    let world = world()
    let index = world.network.open(room: 1 << 20)
    let body = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    var stream = Array("POST /function/echo HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n".utf8)
    for start in stride(from: 0, to: body.count, by: 1000) {
      stream += Array("3e8\r\n".utf8) + body[start..<start + 1000] + Array("\r\n".utf8)
    }
    stream += Array("0\r\n\r\n".utf8)
    var found: [Response] = []
    for start in stride(from: 0, to: stream.count, by: 1460) {
      found += world.exchange(index, Array(stream[start..<min(stream.count, start + 1460)]))
      #expect(world.network.connections[index].count < world.network.connections[index].limit)
    }
    #expect(found.count == 1 && found[0].body == body)
    #expect(world.network.connections[index].limit == FakeNetwork.window)
  }

  @Test(arguments: [0, 1, 1459, 1460, 1461, 65_535, 65_536, 1 << 20])
  func bodies(_ length: Int) {
    let world = world()
    let index = world.network.open(room: 2 << 20)
    let body = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let head = Array("POST /function/echo HTTP/1.1\r\n\(host)Content-Length: \(length)\r\n\r\n".utf8)
    var found = world.exchange(index, head)
    if length > FakeNetwork.window { #expect(world.network.connections[index].limit == head.count + length) }
    for start in stride(from: 0, to: length, by: 1460) { found += world.exchange(index, Array(body[start..<min(length, start + 1460)])) }
    #expect(found.count == 1 && found[0].body == body)
    #expect(world.network.connections[index].limit == FakeNetwork.window)
    #expect(world.exchange(index, echo("next")).first?.text == "next")
  }

  @Test func aBodyAboveTheLimit() throws {
    let world = world { $0.limits.bodyBytes = 1000 }
    #expect(world.request(echo(String(repeating: "x", count: 1000)))?.status == 200)
    let index = world.network.open()
    let found = try #require(world.exchange(index, "POST /function/echo HTTP/1.1\r\n\(host)Content-Length: 1001\r\n\r\n").first)
    #expect(found.status == 413)
    #expect(found["connection"] == "close")
    #expect(world.network.connections[index].isClosed)
    let chunked = "POST /function/echo HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n3e9\r\n"
    #expect(world.request(chunked)?.status == 413)
    #expect(world.request("POST /function/echo HTTP/1.1\r\n\(host)Content-Length: 99999999999999999999\r\n\r\n")?.status == 413)
  }

  @Test func noMemoryForABody() throws {
    let world = world()
    world.network.largestLimit = 20_000
    let index = world.network.open()
    let found = try #require(world.exchange(index, "POST /function/echo HTTP/1.1\r\n\(host)Content-Length: 100000\r\n\r\n").first)
    #expect(found.status == 503)
    #expect(found["retry-after"] == "1")
  }

  /// Also one within the window that every connection has: left to the network it would be dropped, and sent again, for ever.
  @Test(arguments: ["Content-Length: 5000", "Transfer-Encoding: chunked"])
  func noMemoryForASmallBody(framing: String) throws {
    let world = world()
    world.network.reservable = 1000
    let index = world.network.open()
    let start = framing.hasPrefix("T") ? "1388\r\n" : ""
    let found = try #require(world.exchange(index, "POST /function/echo HTTP/1.1\r\n\(host)\(framing)\r\n\r\n\(start)xxx").first)
    #expect(found.status == 503)
    #expect(found["retry-after"] == "1")
  }

  @Test func expectContinue() {
    let world = world()
    let index = world.network.open()
    let head = "POST /function/echo HTTP/1.1\r\n\(host)Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    #expect(world.exchange(index, head).map(\.status) == [100])
    #expect(world.exchange(index, "hello").map(\.text) == ["hello"])
    // With the body already there nothing is said.
    #expect(world.exchange(index, head + "hello").map(\.status) == [200])
    // A final error comes instead, and the body is not waited for.
    let missing = world.network.open()
    let found = world.exchange(missing, "POST /function/none HTTP/1.1\r\n\(host)Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    #expect(found.map(\.status) == [404])
    #expect(found.first?["connection"] == "close")
  }

  @Test func anUploadWithoutKeyIsRefusedBeforeItsBody() {
    let world = world()
    let index = world.network.open()
    let head = "PUT /api/v1/namespaces/_/actions/x HTTP/1.1\r\n\(host)Content-Length: 1000000\r\n\r\n"
    let found = world.exchange(index, head)
    #expect(found.map(\.status) == [401])
    #expect(found.first?["connection"] == "close")
    #expect(world.network.connections[index].limit == FakeNetwork.window)
    // What the client still sends is dropped, so that it can read the answer.
    world.network.deliver(index, [UInt8](repeating: 0, count: 5000))
    world.settle()
    #expect(world.network.connections[index].count == 0)
    #expect(!world.network.connections[index].isAborted)
  }

  @Test func theShortBodyOfARefusedRequestIsSkipped() {
    let world = world()
    let index = world.network.open()
    #expect(world.exchange(index, "POST /function/none HTTP/1.1\r\n\(host)Content-Length: 5\r\n\r\nhel").map(\.status) == [404])
    #expect(world.exchange(index, "lo" + health).map(\.status) == [200])
    #expect(world.exchange(index, "GET /healthz HTTP/1.1\r\n\(host)Content-Length: 5\r\n\r\nhello" + health).map(\.status) == [200, 200])
  }

  static let broken: [(String, Int)] = [
    ("GET / HTTP/1.1\r\n\r\n", 400), ("nonsense\r\n\r\n", 400), ("GET / HTTP/2.0\r\n\(host)\r\n", 505), ("GET / HTTP/1.1\r\n\(host) x\r\n\r\n", 400),
    ("GET /" + String(repeating: "a", count: 9000) + " HTTP/1.1\r\n\(host)\r\n", 414),
    ("GET / HTTP/1.1\r\n\(host)X: " + String(repeating: "a", count: 20_000) + "\r\n\r\n", 431),
    ("GET / HTTP/1.1\r\n\(host)" + String(repeating: "a: b\r\n", count: 64) + "\r\n", 431),
    ("POST / HTTP/1.1\r\n\(host)Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\n\(host)Transfer-Encoding: gzip\r\n\r\n", 501), ("POST / HTTP/1.1\r\n\(host)Expect: x\r\n\r\n", 417),
    ("POST /function/echo HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
    ("\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}", 400),
  ]

  @Test(arguments: broken)
  func brokenRequests(_ text: String, _ status: Int) throws {
    let world = world()
    let index = world.network.open()
    let found = world.exchange(index, text + health)
    #expect(found.map(\.status) == [status])
    #expect(found.first?["connection"] == "close")
    #expect(found.first?.error?.isEmpty == false)
    #expect(found.first?.json?["code"] as? String == found.first?["x-request-id"])
    #expect(world.network.connections[index].isClosed)
    #expect(world.request(health)?.status == 200)
  }

  @Test func aHeadLongerThanTheWindow() {
    let world = world()
    let index = world.network.open()
    let text = Array(("GET /healthz?" + String(repeating: "q", count: 8000) + " HTTP/1.1\r\n\(host)"
      + String(repeating: "X: " + String(repeating: "a", count: 500) + "\r\n", count: 32) + "\r\n").utf8)
    #expect(text.count > FakeNetwork.window)
    var found: [Response] = []
    for start in stride(from: 0, to: text.count, by: 1460) {
      found += world.exchange(index, Array(text[start..<min(text.count, start + 1460)]))
      #expect(found.count == 1 || world.network.connections[index].count < world.network.connections[index].limit)
    }
    #expect(found.map(\.status) == [200])
  }

  @Test func connectionClose() {
    let world = world()
    let index = world.network.open()
    let found = world.exchange(index, "GET /healthz HTTP/1.1\r\n\(host)Connection: close\r\n\r\n" + health)
    #expect(found.count == 1 && found[0]["connection"] == "close")
    #expect(world.network.connections[index].isClosed)
  }

  @Test func aHalfClosedClientIsAnswered() {
    let world = world()
    let index = world.network.open()
    world.network.deliver(index, Array((echo("one") + health).utf8))
    world.network.finish(index)
    world.settle()
    #expect(world.replies(index).map(\.text) == ["one", "ok\n"])
    #expect(world.network.connections[index].isClosed)
  }

  @Test(arguments: ["", "GET / HT", "POST /function/echo HTTP/1.1\r\n\(host)Content-Length: 5\r\n\r\nhel",
    "POST /function/echo HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n5\r\nhel", "POST /x HTTP/1.1\r\n\(host)Content-Length: 5\r\n\r\nhel"])
  func aClientThatLeavesEarly(_ text: String) {
    let world = world()
    let index = world.network.open()
    _ = world.exchange(index, text)
    world.network.finish(index)
    world.settle()
    #expect(world.network.connections[index].isClosed)
  }

  @Test func replyMemoryOut() {
    let world = world()
    let index = world.network.open()
    world.network.sendRoom = 0
    _ = world.exchange(index, health)
    #expect(world.network.connections[index].isAborted)
    world.network.sendRoom = .max
    #expect(world.request(health)?.status == 200)
  }
}
