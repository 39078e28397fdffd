import Bytes
import HTTP
import Testing

@testable import Server

/// A parsed head and the memory of it, to be compared with others.
private struct Remembered: ~Copyable {
  var memory = HeadMemory()
  var head = RequestHead()

  init(_ text: [UInt8]) throws {
    var request = PendingRequest()
    var parser = HeadParser()
    let isWhole = try parser.parse(text.span, limits: HTTPLimits(), into: &head)
    try #require(isWhole)
    request.headLength = head.length
    request.requestID = head.requestID
    if case .length(let length) = head.framing { request.bodyLength = Int(length) }
    memory.keep(request, &head, text.span)
  }

  mutating func matches(_ text: [UInt8]) -> Bool { memory.matches(text.span) }

  /// What is wrong with taking `text`, which matches, for a head like this one; nil where nothing is.
  mutating func difference(from text: [UInt8]) -> String? {
    var other = RequestHead()
    var parser = HeadParser()
    guard (try? parser.parse(text.span, limits: HTTPLimits(), into: &other)) == true else { return "it is no head" }
    guard other.length == head.length, other.method == head.method, other.minorVersion == head.minorVersion else { return "request line" }
    guard other.path == head.path, other.query == head.query, other.host == head.host else { return "target" }
    guard other.authorization == head.authorization, other.requestID == head.requestID else { return "another line counts" }
    guard other.keepsAlive == head.keepsAlive, !other.expectsContinue else { return "connection" }
    let framing = memory.request.bodyLength == 0 ? BodyFraming.none : .length(UInt64(memory.request.bodyLength))
    return other.framing == framing ? nil : "body"
  }
}

/// What a connection's last head is remembered for, and what must not be remembered of it.
@Suite struct HeadMemoryTests {
  private static func post(_ name: String, _ body: String, _ fields: String = "") -> String {
    "POST /function/\(name) HTTP/1.1\r\nHost: a\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  private func world() throws -> World {
    let world = World()
    try #require(world.deploy("echo", query: "?public=true")?.status == 200)
    return world
  }

  private func isRemembered(_ world: World, _ index: Int, _ text: String) -> Bool {
    let bytes = Array(text.utf8)
    return world.server.heads[index].matches(bytes.span)
  }

  @Test func sameHeadHasAnotherBodyAndIdentifier() throws {
    let world = try world()
    let index = world.network.open()
    var identifiers: Set<String> = []
    for body in ["first", "secnd", "third"] {
      let replies = world.exchange(index, Self.post("echo", body))
      #expect(replies.map(\.status) == [200] && replies.first?.text == body)
      let id = try #require(replies.first?["x-request-id"])
      // The activation's identifier begins with the request's.
      #expect(replies.first?["x-openwhisk-activation-id"]?.hasPrefix(id) == true)
      identifiers.insert(id)
    }
    #expect(identifiers.count == 3)
    #expect(isRemembered(world, index, Self.post("echo", "12345")))
    #expect(world.counters.requests == 4)
  }

  @Test func oneByteMakesAnotherHead() throws {
    let world = try world()
    #expect(world.deploy("echp", query: "?public=true")?.status == 200)
    let index = world.network.open()
    #expect(world.exchange(index, Self.post("echo", "x")).map(\.status) == [200])
    #expect(world.exchange(index, Self.post("echp", "x")).first?["x-openwhisk-activation-id"] != nil)
    #expect(world.exchange(index, Self.post("echq", "x")).map(\.status) == [404])
    // A legal head, then one that is not, of the same length.
    #expect(world.exchange(index, Self.post("echo", "x", "A: b\r\n")).map(\.status) == [200])
    #expect(world.exchange(index, Self.post("echo", "x", "A: b\n\n")).map(\.status) == [400])
  }

  private static let heads = [
    "POST /function/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n",
    "POST /function/echo?a=b HTTP/1.1\r\nHost: 10.0.2.15:80\r\nAuthorization: Basic YTpi\r\nX-Request-ID: a-b\r\nAccept: */*\r\nContent-Length: 1\r\n\r\n",
    "GET /function/echo HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nUser-Agent: b c\r\nX: \r\nY:z\t \r\n\r\n",
    "PUT /function/echo HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\nContent-Length: 5\r\nTraceparent: 00-0af7\r\n\r\n",
  ]

  /// Whatever one byte becomes: a head that matches is one, and means what is remembered.
  @Test(arguments: heads)
  func whatMatchesMeansTheSame(_ text: String) throws {
    let text = Array(text.utf8)
    var matched = 0
    for place in text.indices {
      var remembered = try Remembered(text)
      for byte: UInt8 in 0...255 {
        var other = text
        other[place] = byte
        guard remembered.matches(other) else { continue }
        matched += 1
        let difference = remembered.difference(from: other)
        #expect(difference == nil, "byte \(place) is \(byte)")
      }
    }
    #expect(matched >= text.count)
  }

  @Test func matchesWholeHeadsOnly() throws {
    let text = Array(Self.post("echo", "").utf8)
    var remembered = try Remembered(text)
    let matches = [remembered.matches(text), remembered.matches(text + [1]), remembered.matches(Array(text.dropLast()))]
    #expect(matches == [true, true, false])
  }

  @Test func bodiesOfOtherLengths() throws {
    let world = try world()
    let index = world.network.open()
    for body in ["12", "3456", "7", "", "0123456789", "abcdefghijklmn", "x"] {
      #expect(world.exchange(index, Self.post("echo", body)).map(\.text) == [body])
    }
    // The head of ten bytes is remembered; the next has fourteen.
    #expect(world.exchange(index, Self.post("echo", "0123456789")).map(\.text) == ["0123456789"])
    #expect(isRemembered(world, index, Self.post("echo", "0123456789abcd")))
    #expect(!isRemembered(world, index, Self.post("echo", "123456789")))
    #expect(world.exchange(index, "POST /function/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n\r\n1").map(\.status) == [400])
  }

  @Test func bodyThatIsTooLongIsRefused() throws {
    let file = smallestELF
    let small = World { $0.limits = HTTPLimits(bodyBytes: file.count) }
    try #require(small.deploy("echo", query: "?public=true")?.status == 200)
    let index = small.network.open()
    #expect(small.exchange(index, Self.post("echo", String(repeating: "a", count: 100))).map(\.status) == [200])
    #expect(small.exchange(index, Self.post("echo", String(repeating: "a", count: file.count))).map(\.status) == [200])
    #expect(small.exchange(index, Self.post("echo", String(repeating: "a", count: file.count + 1))).map(\.status) == [413])
  }

  @Test func identifiersOfTheClientAreItsOwn() throws {
    let world = try world()
    let index = world.network.open()
    for id in ["abc", "abd", "x-1", "abe"] {
      #expect(world.exchange(index, Self.post("echo", "1", "X-Request-ID: \(id)\r\n")).first?["x-request-id"] == id)
    }
    #expect(world.exchange(index, Self.post("echo", "1", "X-Request-ID: \u{7f}bc\r\n")).map(\.status) == [400])
  }

  @Test func blanksAroundAnIdentifierAreNoneOfIt() throws {
    let world = try world()
    let index = world.network.open()
    #expect(world.exchange(index, Self.post("echo", "1", "X-Request-ID: abc\r\n")).first?["x-request-id"] == "abc")
    #expect(world.exchange(index, Self.post("echo", "1", "X-Request-ID: ab \r\n")).first?["x-request-id"] == "ab")
    #expect(world.exchange(index, Self.post("echo", "1", "X-Request-ID:  bc\r\n")).first?["x-request-id"] == "bc")
  }

  @Test func changedActionRunsAnew() throws {
    let world = try world()
    let index = world.network.open()
    #expect(world.exchange(index, Self.post("echo", "1")).first?.status == 200)
    let before = world.executor.invocations.last?.id
    #expect(world.deploy("echo", query: "?public=true")?.status == 200)
    #expect(world.exchange(index, Self.post("echo", "2")).first?.text == "2")
    #expect(world.executor.invocations.last?.id != before)
  }

  @Test func removedActionIsNotFound() throws {
    let world = try world()
    let index = world.network.open()
    #expect(world.exchange(index, Self.post("echo", "1")).map(\.status) == [200])
    #expect(world.api("DELETE", "_/actions/echo")?.status == 200)
    #expect(world.exchange(index, Self.post("echo", "1")).map(\.status) == [404])
    // Another action takes the place of the one before.
    #expect(world.deploy("other", query: "?public=true")?.status == 200)
    #expect(world.exchange(index, Self.post("echo", "1")).map(\.status) == [404])
    #expect(world.deploy("echo", query: "?public=true")?.status == 200)
    #expect(world.exchange(index, Self.post("echo", "1")).map(\.status) == [200])
  }

  @Test func actionThatIsNoMorePublicNeedsKey() throws {
    let world = try world()
    let index = world.network.open()
    let withKey = Self.post("echo", "1", authorization)
    let withWrongKey = Self.post("echo", "1", otherAuthorization)
    #expect(world.exchange(index, withWrongKey).map(\.status) == [200])
    #expect(world.exchange(index, withWrongKey).map(\.status) == [200])
    #expect(world.deploy("echo", query: "?public=false")?.status == 200)
    // The key was not looked at while the action was public.
    #expect(world.exchange(index, withWrongKey).map(\.status) == [401])
    #expect(world.exchange(index, Self.post("echo", "1")).map(\.status) == [401])
    #expect(world.exchange(index, withKey).map(\.status) == [200])
    #expect(world.exchange(index, withKey).map(\.status) == [200])
    // A key that was looked at holds for the action, whatever becomes of it.
    #expect(world.deploy("echo", query: "?public=true")?.status == 200)
    #expect(world.exchange(index, withKey).map(\.status) == [200])
  }

  @Test func nameInAnotherNamespaceMeansNoOtherAction() throws {
    let world = World(accounts: [("me", "secret", ""), ("you", "secret", "")])
    let file = smallestELF
    let made = world.request(
      "PUT /api/v1/namespaces/you/actions/a?public=true HTTP/1.1\r\nHost: a\r\n\(otherAuthorization)Content-Length: \(file.count)\r\n\r\n",
      body: file)
    #expect(made?.status == 200)
    let index = world.network.open()
    #expect(world.exchange(index, Self.post("a.you", "1")).map(\.status) == [200])
    let before = world.executor.invocations.last?.id
    // The whole is a name in the first namespace, too, now.
    #expect(world.deploy("a.you", query: "?public=true")?.status == 200)
    #expect(world.exchange(index, Self.post("a.you", "1")).map(\.status) == [200])
    #expect(world.executor.invocations.last?.id == before)
    #expect(world.exchange(index, Self.post("a.you.me", "1")).map(\.status) == [200])
    #expect(world.executor.invocations.last?.id != before)
  }

  @Test func splitHeadIsTheSame() throws {
    let text = Array(Self.post("echo", "body").utf8)
    let world = try world()
    let index = world.network.open()
    #expect(world.exchange(index, text).map(\.text) == ["body"])
    for split in 1..<text.count {
      world.network.deliver(index, Array(text[..<split]))
      world.settle()
      #expect(world.exchange(index, Array(text[split...])).map(\.text) == ["body"], "split at \(split)")
    }
  }

  @Test func bodyThatComesLaterIsAwaited() throws {
    let world = try world()
    let index = world.network.open()
    let head = "POST /function/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
    #expect(world.exchange(index, head + "abcd").map(\.text) == ["abcd"])
    world.network.deliver(index, Array((head + "e").utf8))
    world.settle()
    #expect(world.server.connections[index].phase == .body)
    // The body has its time, as that of any request.
    world.pass(.seconds(31))
    #expect(world.replies(index).map(\.status) == [408])
  }

  @Test func pipelinedRequests() throws {
    let world = try world()
    let index = world.network.open()
    let text = (1...3).map { Self.post("echo", "\($0)") }.joined() + Self.post("nothing", "4") + Self.post("echo", "5")
    let replies = world.exchange(index, text)
    #expect(replies.map(\.status) == [200, 200, 200, 404, 200])
    #expect([0, 1, 2, 4].map { replies[$0].text } == ["1", "2", "3", "5"])
  }

  @Test func whatTheClientAsksOfTheConnectionHolds() throws {
    let world = try world()
    let index = world.network.open()
    let head = "HEAD /function/echo HTTP/1.0\r\nConnection: keep-alive\r\nX-Request-ID: mine\r\n\r\n"
    for _ in 0..<3 {
      let replies = world.exchange(index, head, heads: [0])
      #expect(replies.map(\.status) == [200] && replies.first?["connection"] == "keep-alive" && replies.first?["x-request-id"] == "mine")
    }
    // A head outlives its connection, which is closed as that one asked.
    let closing = "GET /function/echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    #expect(world.exchange(index, closing).first?["connection"] == "close")
    #expect(world.network.connections[index].isClosed)
  }

  @Test func requestThatIsExpectedToBeAskedForItsBodyIsAskedEachTime() throws {
    let world = try world()
    let index = world.network.open()
    let head = "POST /function/echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    for _ in 0..<3 {
      #expect(world.exchange(index, head).map(\.status) == [100])
      #expect(world.server.connections[index].phase == .body)
      #expect(world.exchange(index, "ok").map(\.text) == ["ok"])
    }
  }

  /// Nobody waits to be asked for a body that is empty; with another length the same head does.
  @Test func emptyBodyIsNotTakenForOneThatIsToBeAskedFor() throws {
    let world = try world()
    let index = world.network.open()
    let head = "POST /function/echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: "
    for _ in 0..<3 {
      #expect(world.exchange(index, head + "0\r\n\r\n").map(\.text) == [""])
      #expect(world.exchange(index, head + "2\r\n\r\n").map(\.status) == [100])
      #expect(world.exchange(index, "ok").map(\.text) == ["ok"])
    }
  }

  @Test func longHeadsAndChunksAreParsedEachTime() throws {
    let world = try world()
    let index = world.network.open()
    let long = Self.post("echo", "1", "A: \(String(repeating: "b", count: HeadMemory.limit))\r\n")
    let chunked = "POST /function/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    for text in [long, chunked, long, chunked] { #expect(world.exchange(index, text).map(\.status) == [200]) }
    #expect(!isRemembered(world, index, long) && !isRemembered(world, index, chunked))
  }

  private static func call(_ name: String, _ body: String, _ fields: String = authorization, query: String = "blocking=true&result=true") -> String {
    "POST /api/v1/namespaces/_/actions/\(name)?\(query) HTTP/1.1\r\nHost: a\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  @Test func callsOfTheAPI() throws {
    let world = try world()
    let index = world.network.open()
    for body in ["{\"a\":1}", "{\"b\":2}", "{\"b\":\"longer\"}", "{\"b\":\"still longer\"}", "no", "{\"a\":1}"] {
      let replies = world.exchange(index, Self.call("echo", body))
      #expect(replies.map(\.status) == [body == "no" ? 400 : 200] && (body == "no" || replies.first?.text == body))
    }
    #expect(isRemembered(world, index, Self.call("echo", "{\"a\":1}")))
    #expect(world.exchange(index, Self.call("echo", "{\"a\":1}", query: "blocking=true&resulT=true")).map(\.status) == [200])
    #expect(world.exchange(index, Self.call("echo", "{\"a\":1}", otherAuthorization)).map(\.status) == [401])
    #expect(world.exchange(index, Self.call("echo", "{\"a\":1}")).map(\.status) == [200])
    #expect(world.exchange(index, Self.call("echo", "{\"a\":1}")).map(\.status) == [200])
    #expect(world.api("DELETE", "_/actions/echo")?.status == 200)
    #expect(world.exchange(index, Self.call("echo", "{\"a\":1}")).map(\.status) == [404])
  }

  @Test func callsThatAreTooLongAreRefusedBeforeTheyCome() throws {
    let world = World { $0.limits = HTTPLimits(bodyBytes: 2 << 20) }
    try #require(world.deploy("echo")?.status == 200)
    let index = world.network.open()
    let head = "POST /api/v1/namespaces/_/actions/echo HTTP/1.1\r\nHost: a\r\n\(authorization)Content-Length: "
    #expect(world.exchange(index, head + "0000007\r\n\r\n{\"a\":1}").map(\.status) == [202])
    #expect(world.exchange(index, head + "0000007\r\n\r\n{\"a\":2}").map(\.status) == [202])
    #expect(world.exchange(index, head + "1048577\r\n\r\n").map(\.status) == [413])
  }

  @Test func callsInTheBackground() throws {
    let world = try world()
    let index = world.network.open()
    let text = "POST /async-function/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n"
    for body in ["1", "2"] { #expect(world.exchange(index, text + body).map(\.status) == [202]) }
    #expect(isRemembered(world, index, text))
    #expect(world.executor.invocations.map(\.input) == [Array("1".utf8), Array("2".utf8)])
    #expect(world.deploy("echo", query: "?public=false")?.status == 200)
    #expect(world.exchange(index, text + "3").map(\.status) == [401])
  }

  @Test func clientThatNeverRepeatsItselfIsAskedRarely() throws {
    var memory = HeadMemory()
    var head = RequestHead()
    var kept = 0
    for number in 1...1_000 {
      let text = Array("GET /function/\(1_000 + number) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
      let isSame = memory.matches(text.span)
      #expect(!isSame)
      keep(text, UInt64(number), &head, &memory)
      if memory.request.number == UInt64(number) { kept += 1 }
    }
    #expect((10...70).contains(kept))
    // Once it does, that is soon found.
    let text = Array("GET /function/a HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    var tries = 0
    while !memory.matches(text.span), tries < 100 {
      keep(text, 0, &head, &memory)
      tries += 1
    }
    #expect((1...16).contains(tries))
  }

  private func keep(_ text: [UInt8], _ number: UInt64, _ head: inout RequestHead, _ memory: inout HeadMemory) {
    var parser = HeadParser()
    _ = try? parser.parse(text.span, limits: HTTPLimits(), into: &head)
    var request = PendingRequest()
    request.headLength = head.length
    request.number = number
    memory.keep(request, &head, text.span)
  }
}
