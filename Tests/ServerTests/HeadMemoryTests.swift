import Bytes
import Testing

@testable import Server

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

  @Test func everyByteCounts() throws {
    let text = Array(Self.post("echo", "").utf8)
    var memory = HeadMemory()
    var request = PendingRequest()
    request.headLength = text.count
    memory.keep(request, text.span)
    let matches = [memory.matches(text.span), memory.matches((text + [1]).span), memory.matches(Array(text.dropLast()).span)]
    #expect(matches == [true, true, false])
    for place in text.indices {
      var other = text
      other[place] ^= 1
      let isSame = memory.matches(other.span)
      #expect(!isSame, "byte \(place)")
    }
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

  @Test func nameThatMayComeToMeanAnotherActionIsNotRemembered() throws {
    let world = World(accounts: [("me", "secret", ""), ("you", "secret", "")])
    let file = smallestELF
    let made = world.request(
      "PUT /api/v1/namespaces/you/actions/a?public=true HTTP/1.1\r\nHost: a\r\n\(otherAuthorization)Content-Length: \(file.count)\r\n\r\n",
      body: file)
    #expect(made?.status == 200)
    let index = world.network.open()
    #expect(world.exchange(index, Self.post("a.you", "1")).map(\.status) == [200])
    let before = world.executor.invocations.last?.id
    // The whole is a name in the first namespace now.
    #expect(world.deploy("a.you", query: "?public=true")?.status == 200)
    #expect(world.exchange(index, Self.post("a.you", "1")).map(\.status) == [200])
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

  @Test func longHeadsAndChunksAreParsedEachTime() throws {
    let world = try world()
    let index = world.network.open()
    let long = Self.post("echo", "1", "A: \(String(repeating: "b", count: HeadMemory.limit))\r\n")
    let chunked = "POST /function/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    for text in [long, chunked, long, chunked] { #expect(world.exchange(index, text).map(\.status) == [200]) }
    #expect(!isRemembered(world, index, long) && !isRemembered(world, index, chunked))
  }

  @Test func clientThatNeverRepeatsItselfIsAskedRarely() throws {
    var memory = HeadMemory()
    var kept = 0
    for number in 1...1_000 {
      let text = Array("GET /function/\(1_000 + number) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
      let isSame = memory.matches(text.span)
      #expect(!isSame)
      var request = PendingRequest()
      request.headLength = text.count
      request.number = UInt64(number)
      memory.keep(request, text.span)
      if memory.request.number == UInt64(number) { kept += 1 }
    }
    #expect((10...70).contains(kept))
    // Once it does, that is soon found.
    let text = Array("GET /function/a HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    var request = PendingRequest()
    request.headLength = text.count
    var tries = 0
    while !memory.matches(text.span), tries < 100 {
      memory.keep(request, text.span)
      tries += 1
    }
    #expect((1...16).contains(tries))
  }
}
