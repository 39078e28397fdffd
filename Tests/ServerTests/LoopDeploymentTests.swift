// Deployment in loop mode: the initialisation between request and reply, and what is left where it fails.

import API
import Actions
import Foundation
import Testing

@Suite struct LoopDeploymentTests {
  @Test func theActionIsInitialisedBeforeTheReply() {
    let world = World()
    world.executor.log = Array("ready\n".utf8)
    let reply = world.deploy("a", query: "?loop=true&public=true")
    #expect(reply?.status == 200)
    #expect(reply?.text.contains("{\"key\":\"loop\",\"value\":true}") == true)
    #expect(world.executor.initialised.map(\.strings) == ["a\0"])
    #expect(world.executor.initialised.map(\.id) == world.executor.installed)
    #expect(world.console == "a: ready\n")
    #expect(world.counters.deployments == 1 && world.counters.invocations == 0)
    #expect(world.request("POST /function/a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n", body: [0x68, 0x69])?.text == "hi")
    #expect(world.executor.initialised.count == 1)
  }

  @Test(arguments: [
    (Outcome.exited(status: 0), 400, "this one did not. The action ended successfully."),
    (.exited(status: 3), 400, "this one did not. The action ended with exit status 3."),
    (.timeLimit, 400, "this one did not. The action exceeded its time limits of 60000 milliseconds."),
    (.memoryLimit, 400, "this one did not. The action exhausted its memory and was aborted."),
    (.noMemory, 507, "no memory is left for the action"),
  ])
  func aFailureLeavesNothing(outcome: Outcome, status: Int, words: String) {
    let world = World()
    world.executor.initialisation = outcome
    let reply = world.deploy("a", query: "?loop=true&public=true")
    #expect(reply?.status == status)
    #expect(reply?.error?.contains(words) == true, "\(reply?.error ?? "")")
    #expect(world.executor.installed.isEmpty)
    #expect(world.counters.deployments == 0 && world.counters.failedInvocations == 0)
    #expect(world.request("GET /function/a HTTP/1.1\r\nHost: a\r\n\r\n")?.status == 404)
    // The place is free again.
    world.executor.initialisation = nil
    #expect(world.deploy("a", query: "?loop=true")?.text.contains("\"version\":\"0.0.1\"") == true)
  }

  @Test func aNewVersionReplacesTheOldOnlyWhereItStands() {
    let world = World()
    #expect(world.deploy("a", query: "?public=true")?.status == 200)
    let first = world.executor.installed
    world.executor.initialisation = .timeLimit
    #expect(world.deploy("a", query: "?loop=true")?.status == 400)
    #expect(world.executor.installed == first)
    #expect(world.request("GET /function/a HTTP/1.1\r\nHost: a\r\n\r\n")?.status == 200)
    #expect(world.executor.invocations.last?.id == first[0])
    world.executor.initialisation = nil
    let reply = world.deploy("a", query: "?loop=true")
    #expect(reply?.text.contains("\"version\":\"0.0.2\"") == true)
    #expect(world.executor.installed.count == 1 && world.executor.installed != first)
    // What the request leaves open stays.
    #expect(world.deploy("a")?.text.contains("{\"key\":\"loop\",\"value\":true}") == true)
    #expect(world.executor.initialised.count == 3)
    #expect(world.deploy("a", query: "?loop=false")?.text.contains("loop") == false)
    #expect(world.executor.initialised.count == 3 && world.executor.installed.count == 1)
  }

  @Test func otherRequestsWaitAndPipelinedOnesAreAnsweredAfterIt() {
    let world = World()
    let index = world.network.open()
    let deployment =
      "PUT /api/v1/namespaces/_/actions/a?loop=true&public=true HTTP/1.1\r\nHost: a\r\n\(authorization)X-Request-ID: mine\r\n"
      + "Content-Length: \(smallestELF.count)\r\n\r\n"
    let invocation = "POST /function/a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
    world.network.deliver(index, Array(deployment.utf8) + smallestELF + Array(invocation.utf8))
    world.process()
    guard let run = world.next() else {
      Issue.record("nothing to initialise")
      return
    }
    #expect(world.isRunningAction)
    #expect(world.request("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")?.status == 200)
    #expect(world.replies(index).isEmpty)
    world.finish(run)
    let replies = world.replies(index)
    #expect(replies.map(\.status) == [200, 200])
    #expect(replies.first?["X-Request-ID"] == "mine")
    #expect(replies.last?.text == "hi")
  }

  @Test func aClientThatWentAwayHasDeployedAllTheSame() {
    let world = World()
    let index = world.network.open()
    let deployment =
      "PUT /api/v1/namespaces/_/actions/a?loop=true&public=true HTTP/1.1\r\nHost: a\r\n\(authorization)Content-Length: \(smallestELF.count)\r\n\r\n"
    world.network.deliver(index, Array(deployment.utf8) + smallestELF)
    world.process()
    guard let run = world.next() else {
      Issue.record("nothing to initialise")
      return
    }
    world.network.finish(index)
    world.process()
    world.finish(run)
    #expect(world.request("GET /function/a HTTP/1.1\r\nHost: a\r\n\r\n")?.status == 200)
  }

  @Test func theParameterIsAFlag() {
    let world = World()
    #expect(world.deploy("a", query: "?loop=maybe")?.error == "The parameter loop must be true or false.")
  }
}
