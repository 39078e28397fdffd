import API
import Actions
import Base
import HTTP
import Server
import Testing

private let host = "Host: a\r\n"
private let health = Array("GET /healthz HTTP/1.1\r\n\(host)\r\n".utf8)

private func echo(_ body: String) -> [UInt8] {
  Array("POST /function/echo HTTP/1.1\r\n\(host)Content-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
}

private func world(_ change: (inout ServerSettings) -> Void = { _ in }) -> World {
  let world = World(change)
  #expect(world.deploy("echo", query: "?public=true")?.status == 200)
  return world
}

@Suite struct QueueTests {
  @Test func firstComeFirstServed() {
    let world = world()
    let all = (0..<64).map { _ in world.network.open() }
    for index in all { world.network.deliver(index, echo("\(index)")) }
    world.settle()
    for index in all { #expect(world.replies(index).map(\.text) == ["\(index)"]) }
    #expect(world.executor.invocations.map(\.input) == all.map { Array("\($0)".utf8) })
  }

  /// A client with many requests on one connection gets its turns between the others'.
  @Test func pipelinesDoNotStarveOthers() {
    let world = world()
    let greedy = world.network.open()
    let modest = world.network.open()
    world.network.deliver(greedy, (0..<5).flatMap { echo("greedy \($0)") })
    world.network.deliver(modest, echo("modest"))
    world.settle()
    #expect(world.executor.invocations.prefix(2).map { String(decoding: $0.input, as: UTF8.self) } == ["greedy 0", "modest"])
    #expect(world.replies(modest).map(\.text) == ["modest"])
    #expect(world.replies(greedy).map(\.text) == (0..<5).map { "greedy \($0)" })
  }

  @Test func pastTheQueue() {
    let world = world { $0.queue = 2 }
    let all = (0..<4).map { _ in world.network.open() }
    for index in all { world.network.deliver(index, echo("\(index)")) }
    world.process()
    let refused = world.network.takeSent(all[3])
    #expect(Response.all(refused)?.first?.status == 503)
    #expect(Response.all(refused)?.first?["retry-after"] == "1")
    world.settle()
    #expect(world.replies(all[0]).map(\.status) == [200])
    #expect(world.replies(all[1]).map(\.status) == [200])
    #expect(world.replies(all[2]).map(\.status) == [503])
    // The connection can be used again.
    world.network.acknowledge(all[3])
    #expect(world.exchange(all[3], echo("again")).map(\.text) == ["again"])
    #expect(world.counters.rejected == 2)
  }

  @Test func theServerAnswersWhileAnActionRuns() throws {
    let world = world()
    let running = world.network.open()
    let other = world.network.open()
    world.network.deliver(running, echo("slow"))
    world.process()
    let invocation = world.next()
    #expect(world.isRunningAction)
    world.network.deliver(other, health)
    // What the first client sends meanwhile waits for its turn.
    world.network.deliver(running, echo("second") + health)
    world.process()
    #expect(Response.all(world.network.takeSent(other))?.map(\.status) == [200])
    #expect(world.network.connections[running].sent.isEmpty)
    let none = world.next() == nil
    #expect(none)
    if let invocation { world.finish(invocation) }
    world.settle()
    #expect(world.replies(running).map(\.text) == ["slow", "second", "ok\n"])
    #expect(!world.isRunningAction)
  }

  @Test func aClientThatDisconnectsWhileItWaits() {
    let world = world()
    let gone = world.network.open()
    let here = world.network.open()
    world.network.deliver(gone, echo("gone"))
    world.network.deliver(here, echo("here"))
    world.process()
    #expect(world.waitingCount == 2)
    world.network.drop(gone)
    world.process()
    #expect(world.waitingCount == 1)
    world.settle()
    #expect(world.replies(here).map(\.text) == ["here"])
    #expect(world.executor.invocations.count == 1)
  }

  @Test func aClientThatDisconnectsWhileItsActionRuns() {
    let world = world()
    let index = world.network.open()
    world.network.deliver(index, echo("gone"))
    world.process()
    let invocation = world.next()
    world.network.drop(index)
    world.process()
    if let invocation { world.finish(invocation) }
    #expect(world.network.connections[index].sent.isEmpty)
    #expect(world.request(String(decoding: health, as: UTF8.self))?.status == 200)
  }

  /// Between two deployments the network has its turn.
  @Test func oneDeploymentATurn() {
    let world = world()
    let put = "PUT /api/v1/namespaces/_/actions/b HTTP/1.1\r\n\(host)\(authorization)Content-Length: \(smallestELF.count)\r\n\r\n"
    let all = (0..<3).map { _ in world.network.open() }
    for index in all { world.network.deliver(index, Array(put.utf8) + smallestELF) }
    world.process()
    for index in all.indices {
      #expect(world.waitingCount == all.count - index)
      #expect(!world.turn())
      #expect(Response.all(world.network.takeSent(all[index]))?.map(\.status) == [200])
    }
    #expect(world.waitingCount == 0)
  }

  @Test func pipelinedUploads() {
    let world = world()
    let index = world.network.open()
    let put = Array("PUT /api/v1/namespaces/_/actions/b?public=true HTTP/1.1\r\n\(host)\(authorization)Content-Length: \(smallestELF.count)\r\n\r\n".utf8)
    let get = Array("GET /function/b HTTP/1.1\r\n\(host)\r\n".utf8)
    let delete = Array("DELETE /api/v1/namespaces/_/actions/b HTTP/1.1\r\n\(host)\(authorization)\r\n".utf8)
    let found = world.exchange(index, put + smallestELF + get + delete + get + put + smallestELF + health)
    #expect(found.map(\.status) == [200, 200, 200, 404, 200, 200])
  }

  @Test func countersAddUp() {
    let world = world()
    let before = world.counters
    let index = world.network.open()
    _ = world.exchange(index, health + echo("x") + Array("GET /x HTTP/1.1\r\n\(host)\r\nnonsense\r\n".utf8))
    let after = world.counters
    #expect(after.requests - before.requests == 3)
    #expect(after.successes - before.successes == 2)
    #expect(after.clientErrors - before.clientErrors == 2)
    #expect(after.malformed - before.malformed == 1)
    #expect(after.invocations == 1)
    #expect(after.deployments == 1)
  }
}

@Suite struct TimeoutTests {
  @Test func idleConnectionsAreClosed() {
    let world = world()
    let index = world.network.open()
    world.settle()
    world.pass(.seconds(59))
    #expect(!world.network.connections[index].isClosed)
    #expect(world.nextDeadline <= Instant(nanoseconds: 1_000) + .seconds(60))
    world.pass(.seconds(1))
    #expect(world.network.connections[index].isClosed)
    #expect(world.network.connections[index].sent.isEmpty)
    world.pass(.seconds(5))
    #expect(world.network.connections[index].isAborted)
    world.pass(.seconds(1))
    #expect(world.nextDeadline == .distantFuture)
  }

  @Test func aRequestMakesItNewAgain() {
    let world = world()
    let index = world.network.open()
    for _ in 0..<5 {
      world.pass(.seconds(50))
      #expect(world.exchange(index, health).map(\.status) == [200])
    }
    #expect(!world.network.connections[index].isClosed)
  }

  @Test func aSlowHead() {
    let world = world()
    let index = world.network.open()
    for byte in health.prefix(14) {
      #expect(world.exchange(index, [byte]).isEmpty)
      world.pass(.seconds(1))
    }
    world.pass(.seconds(1))
    #expect(world.replies(index).map(\.status) == [408])
    #expect(world.network.connections[index].isClosed)
  }

  @Test(arguments: ["Content-Length: 100", "Transfer-Encoding: chunked"])
  func aStalledBody(_ framing: String) {
    let world = world()
    let index = world.network.open()
    _ = world.exchange(index, "POST /function/echo HTTP/1.1\r\n\(host)\(framing)\r\n\r\n")
    for byte in "5\r\nhe".utf8 {
      world.pass(.seconds(29))
      #expect(world.exchange(index, [byte]).isEmpty)
    }
    world.pass(.seconds(30))
    #expect(world.replies(index).map(\.status) == [408])
    #expect(world.network.connections[index].isClosed)
    #expect(world.counters.timeouts == 1)
  }

  @Test func aWaitingRequestDoesNotTimeOut() {
    let world = world()
    let index = world.network.open()
    world.network.deliver(index, echo("late"))
    world.process()
    world.now = world.now + .seconds(1_000)
    world.process()
    #expect(!world.network.connections[index].isClosed)
    world.settle()
    #expect(world.replies(index).map(\.text) == ["late"])
  }

  /// A reply that the client reads slowly is the network stack's matter.
  @Test func aReplyInFlightIsNotCut() {
    let world = world()
    let index = world.network.open()
    world.network.deliver(index, Array("GET /healthz HTTP/1.1\r\n\(host)Connection: close\r\n\r\n".utf8))
    world.settle()
    world.pass(.seconds(100))
    #expect(!world.network.connections[index].isAborted)
    world.network.acknowledge(index)
    world.settle()
    world.pass(.seconds(5))
    #expect(world.network.connections[index].isAborted)
  }
}
