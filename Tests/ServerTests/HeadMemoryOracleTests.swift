import HTTP
import Testing

@testable import Server

/// A server that remembers heads and one that is made to forget each: whatever clients ask of both, they answer the same, to the byte.
@Suite struct HeadMemoryOracleTests {
  private static let targets = [
    "/function/echo", "/function/echo?a=b", "/function/cgi/x", "/function/mine", "/async-function/echo", "/async-function/mine",
    "/function/ec%68o", "/api/v1/namespaces/_/actions/mine?blocking=true&result=true", "/api/v1/namespaces/me/actions/echo?blocking=true",
  ]
  private static let lines = [
    "Expect: 100-continue", "expect: 100-continue", "Expect: 100-Continue", "Connection: keep-alive", "Connection: close",
    "X-Request-ID: one", "X-Request-ID: two", "X-Request-ID: t o",
    "X-Request-ID:  wo", "X-Request-ID: ",
    "Accept: a/b", "Accept: \tc/", "Content-Type: t", "content-type: u", "A: \u{e9}", "A: b",
    "Authorization: Basic bWU6c2VjcmV0", "Authorization: Basic eW91OnNlY3JldA==", "X:y",
  ]

  /// What takes the place of a byte of a head.
  private static let odd = Array("a1 \t:,\r\n\u{7f}".utf8)

  private static func request(_ random: inout Random) -> (head: String, body: String) {
    let version = random.below(6) == 0 ? "HTTP/1.0" : "HTTP/1.1"
    var lines = [random.one(of: ["Host: a", "Host: b", "host:a"])]
    for _ in 0..<random.below(3) { lines.append(random.one(of: Self.lines)) }
    if random.below(2) == 0 { lines.append("Authorization: Basic bWU6c2VjcmV0") }
    var body = random.one(of: ["", "", "{}", "[]", "{\"a\":1}", "{\"a\":\"0123456789\"}"])
    switch random.below(8) {
    case 0: body = ""
    case 1: lines.append("Content-Length: 0\(body.utf8.count)")
    case 2:
      lines.append("Transfer-Encoding: chunked")
      body = body.isEmpty ? "0\r\n\r\n" : "\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
    case 3: lines += ["Content-Length: \(body.utf8.count)", "Content-Length: \(body.utf8.count)"]
    default: lines.append("Content-Length: \(body.utf8.count)")
    }
    if random.below(3) == 0 { lines.swapAt(0, lines.count - 1) }
    let method = random.one(of: ["POST", "POST", "POST", "GET", "PUT", "HEAD"])
    let line = "\(method) \(random.one(of: targets)) \(version)\r\n"
    return (line + lines.map { $0 + "\r\n" }.joined() + "\r\n", body)
  }

  /// What a client gets for a request whose body comes with the head, or after it.
  private func answer(_ world: World, _ index: Int, _ head: String, _ body: String, isSplit: Bool) -> [UInt8] {
    var sent: [UInt8] = []
    for part in isSplit ? [head, body] : [head + body] where !part.isEmpty && !world.network.connections[index].isAborted {
      world.network.deliver(index, Array(part.utf8))
      world.settle()
      sent += world.takeSent(index)
    }
    return sent
  }

  private func change(_ world: World, _ choice: Int) {
    switch choice {
    case 0: _ = world.api("DELETE", "_/actions/echo")
    case 1: _ = world.deploy("mine", query: "?public=true")
    case 2: _ = world.deploy("mine", query: "?public=false&env=true")
    case 3: _ = world.deploy("cgi", query: "?public=true&cgi=false&env=false")
    case 4: _ = world.deploy("cgi", query: "?public=true&cgi=true")
    default: break
    }
    _ = world.deploy("echo", query: "?public=true")
  }

  @Test(arguments: 0..<8)
  func rememberingChangesNoReply(_ seed: Int) throws {
    var random = Random(UInt64(seed))
    let worlds = (0..<2).map { _ in World(accounts: [("me", "secret", ""), ("you", "secret", "")]) { $0.connections = 4096 } }
    for world in worlds {
      for name in ["echo", "mine", "cgi"] { #expect(world.deploy(name, query: name == "mine" ? "" : "?public=true")?.status == 200) }
    }
    var index = worlds.map { $0.network.open(room: 1 << 10) }[0]
    // Another connection in the place of the one before.
    func reopen() {
      var memory = HeadMemory()
      swap(&memory, &worlds[0].server.heads[index])
      for world in worlds where !world.network.connections[index].isAborted { world.network.finish(index) }
      index = worlds.map { $0.network.open(room: 1 << 10) }[0]
      for world in worlds { world.settle() }
      worlds[0].server.heads[index] = memory
    }
    var known = Self.request(&random)
    for _ in 0..<1_000 {
      if random.below(16) == 0 { known = Self.request(&random) }
      if random.below(40) == 0 {
        let choice = random.below(6)
        for world in worlds { change(world, choice) }
      }
      var (head, body) = known
      if random.below(2) == 0, let old = head.firstRange(of: "Content-Length: \(body.utf8.count)\r\n"), !head.contains("Transfer") {
        body = random.one(of: ["", "{}", "{\"b\":2}", "{ }", "[1]"])
        head.replaceSubrange(old, with: "Content-Length: \(body.utf8.count)\r\n")
      }
      if random.below(6) == 0 {
        var bytes = Array(head.utf8)
        bytes[random.below(bytes.count)] = Self.odd[random.below(Self.odd.count)]
        head = String(decoding: bytes, as: UTF8.self)
      }
      let isSplit = random.below(3) == 0
      worlds[1].server.heads[index] = HeadMemory()
      let replies = worlds.map { answer($0, index, head, body, isSplit: isSplit) }
      try #require(replies[0] == replies[1], "\(head)\(body)")
      if worlds[0].network.connections[index].isClosed || worlds[0].network.connections[index].isAborted || replies[0].isEmpty {
        reopen()
      }
    }
  }
}
