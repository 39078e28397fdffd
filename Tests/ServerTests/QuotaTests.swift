import API
import Actions
import Base
import Foundation
import HTTP
import Records
import Server
import Testing

private func world(_ change: (inout QuotaSettings) -> Void) -> World {
  var quota = QuotaSettings()
  change(&quota)
  let world = World(accounts: [("me", "secret", ""), ("you", "secret", "")]) { $0.quota = quota }
  #expect(world.deploy("a", query: "?public=true")?.status == 200)
  return world
}

private func rated(_ perMinute: UInt32) -> World {
  world {
    $0.perMinute = perMinute
    $0.burst = perMinute
  }
}

private let raw = "POST /function/a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"

@Suite struct QuotaTests {
  @Test func allInvocationsCountForTheirMinute() throws {
    let world = rated(4)
    #expect(world.request(raw)?.status == 200)
    #expect(world.request("POST /async-function/a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")?.status == 202)
    #expect(world.invoke("a")?.status == 202)
    #expect(world.invoke("a", query: "?blocking=true")?.status == 200)
    let refusal = try #require(world.invoke("a", query: "?blocking=true"))
    #expect(refusal.status == 429 && refusal["Retry-After"] == "15")
    #expect(refusal.error == "Too many requests in the last minute (count: 5, allowed: 4).")
    #expect(refusal.json?["code"] as? String == refusal["X-Request-ID"])
    #expect(world.request(raw)?.error == "Too many requests in the last minute (count: 6, allowed: 4).")
    #expect(world.executor.invocations.count == 4)
    // What invokes nothing is not counted, nor refused.
    #expect(world.get("actions")?.status == 200 && world.deploy("b")?.status == 200)
    world.pass(.seconds(15))
    #expect(world.request(raw)?.status == 200 && world.request(raw)?.status == 429)
  }

  @Test func namespacesHaveTheirOwn() {
    let world = rated(1)
    #expect(world.request(raw)?.status == 200 && world.request(raw)?.status == 429)
    #expect(world.request("PUT /api/v1/namespaces/_/actions/b HTTP/1.1\r\nHost: a\r\n\(otherAuthorization)Content-Length: \(smallestELF.count)\r\n\r\n", body: smallestELF)?.status == 200)
    #expect(world.api("POST", "_/actions/b?blocking=true", "{}", as: otherAuthorization)?.status == 200)
    #expect(world.api("POST", "_/actions/b?blocking=true", "{}", as: otherAuthorization)?.status == 429)
  }

  /// A web action counts for its namespace, whoever calls it; and so does what a trigger is fired for, on its own.
  @Test func webActionsAndTriggers() {
    let world = rated(1)
    let code = Data(smallestELF).base64EncodedString()
    #expect(world.api("PUT", "_/actions/w", "{\"exec\":{\"kind\":\"blackbox\",\"code\":\"\(code)\"},\"annotations\":[{\"key\":\"web-export\",\"value\":true}]}")?.status == 200)
    let web = "GET /api/v1/web/me/default/w.json HTTP/1.1\r\nHost: a\r\n\r\n"
    #expect(world.request(web)?.status == 200)
    #expect(world.request(web)?.error == "Too many requests in the last minute (count: 2, allowed: 1).")
    #expect(world.request(raw)?.status == 429)
    #expect(world.api("PUT", "_/triggers/t", "{}")?.status == 200)
    #expect(world.api("POST", "_/triggers/t", "{}")?.status == 204 && world.api("POST", "_/triggers/t", "{}")?.status == 429)
  }

  /// A refused request's connection goes on, and its body is out of the way.
  @Test func theConnectionGoesOn() {
    let world = rated(1)
    #expect(world.request(raw)?.status == 200)
    let index = world.network.open()
    let replies = world.exchange(index, "POST /function/a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(replies.map(\.status) == [429, 200])
  }

  /// Requests that wait and the one that runs are in flight, whatever they came through; each is forgotten when it ends.
  @Test func whatIsInFlightIsBounded() throws {
    let world = world { $0.concurrent = 3 }
    let waiting = (0..<3).map { _ in world.network.open() }
    world.network.deliver(waiting[0], Array(raw.utf8))
    world.process()
    guard let running = world.next() else { Issue.record("nothing waits"); return }
    world.network.deliver(waiting[1], Array(raw.utf8))
    world.network.deliver(
      waiting[2], Array("POST /api/v1/namespaces/_/actions/a HTTP/1.1\r\nHost: a\r\n\(authorization)Content-Length: 0\r\n\r\n".utf8))
    world.process()
    let fourth = world.network.open()
    world.network.deliver(fourth, Array(raw.utf8))
    world.process()
    let refusal = try #require(Response.all(world.network.takeSent(fourth))?.first)
    #expect(refusal.status == 429 && refusal["Retry-After"] == "1")
    #expect(refusal.error == "Too many concurrent requests in flight (count: 3, allowed: 3).")
    world.finish(running)
    #expect(world.replies(waiting[0]).map(\.status) == [200])
    world.settle()
    #expect(world.replies(waiting[1]).map(\.status) == [200] && world.executor.invocations.count == 3)
    for _ in 0..<5 { #expect(world.request(raw)?.status == 200) }
  }

  @Test func aClientThatGoesIsNotInFlight() {
    let world = world { $0.concurrent = 1 }
    let first = world.network.open()
    world.network.deliver(first, Array(raw.utf8))
    world.process()
    #expect(world.waitingCount == 1)
    world.network.drop(first)
    world.process()
    #expect(world.request(raw)?.status == 200)
  }

  @Test func limitsTellThem() {
    let world = world {
      $0.perMinute = 90
      $0.burst = 120
      $0.concurrent = 7
    }
    let limits = world.api("GET", "_/limits")?.json
    #expect(limits?["invocationsPerMinute"] as? Int == 90 && limits?["firesPerMinute"] as? Int == 90)
    #expect(limits?["concurrentInvocations"] as? Int == 7)
    // No more than can wait, and the one that runs.
    #expect(World { $0.queue = 9 }.api("GET", "_/limits")?.json?["concurrentInvocations"] as? Int == 10)
  }
}
