import API
import Actions
import Base
import Exposition
import HTTP
import Net
import Testing

@testable import Server

extension World {
  /// What `GET /metrics` answers, with the key that `headers` hold.
  func metrics(_ headers: String = "") throws -> Exposition {
    let reply = try #require(request("GET /metrics HTTP/1.1\r\nHost: a\r\n\(headers)\r\n"))
    #expect(reply.status == 200 && reply["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
    return try Exposition(parsing: reply.body)
  }
}

@Suite struct MetricsTests {
  /// For you:secret.
  static let other = "Authorization: Basic eW91OnNlY3JldA==\r\n"

  @Test func theKernelsNeedNoKey() throws {
    let world = World()
    world.now = world.now + .seconds(90)
    world.server.gauges.framesTotal = 1_000
    world.server.gauges.connections = 5
    world.network.counters.framesReceived = 7
    world.network.counters.droppedFragment = 3
    #expect(world.deploy("a")?.status == 200)
    #expect(world.invoke("a", query: "?blocking=true")?.status == 200)
    world.executor.outcome = .exited(status: 1)
    world.executor.output = []
    #expect(world.invoke("a", query: "?blocking=true")?.status == 502)
    let metrics = try world.metrics()
    #expect(metrics.lint() == [])
    #expect(metrics.value("swiftlet_uptime_seconds") == 90)
    #expect(metrics.value("swiftlet_memory_bytes") == 4_096_000)
    #expect(metrics.value("swiftlet_connections") == 5)
    #expect(metrics.value("swiftlet_network_received_frames_total") == 7)
    #expect(metrics.value("swiftlet_network_dropped_total", ["reason": "fragment"]) == 3)
    #expect(metrics.value("swiftlet_requests_total") == 4)
    #expect(metrics.value("swiftlet_responses_total", ["class": "5xx"]) == 1)
    #expect(metrics.value("swiftlet_invocations_total", ["outcome": "success"]) == 1)
    #expect(metrics.value("swiftlet_invocations_total", ["outcome": "failure"]) == 1)
    #expect(metrics.value("swiftlet_cold_starts_total") == 1)
    #expect(metrics.value("swiftlet_invocation_duration_microseconds_count") == 2)
    #expect(!metrics.families.contains { $0.name.hasPrefix("swiftlet_action_") })
  }

  @Test func aKeyShowsItsOwnActions() throws {
    let world = World(accounts: [("me", "secret", ""), ("you", "secret", "")])
    for name in ["a", "b", "idle"] { #expect(world.deploy(name)?.status == 200) }
    for _ in 0..<3 { #expect(world.invoke("a", query: "?blocking=true")?.status == 200) }
    world.executor.outcome = .timeLimit
    #expect(world.invoke("b", query: "?blocking=true")?.status == 502)
    let metrics = try world.metrics(authorization)
    #expect(metrics.lint() == [] && metrics.comments == [])
    let a = ["namespace": "me", "action": "a"]
    let b = ["namespace": "me", "action": "b"]
    #expect(metrics.value("swiftlet_action_invocations_total", a.merging(["outcome": "success"]) { $1 }) == 3)
    #expect(metrics.value("swiftlet_action_invocations_total", b.merging(["outcome": "developer_error"]) { $1 }) == 1)
    #expect(metrics.value("swiftlet_action_cold_starts_total", a) == 1)
    #expect(metrics.value("swiftlet_action_duration_microseconds_count", a) == 3)
    #expect(metrics.value("swiftlet_action_pages_copied_total", b) == 0)
    #expect(metrics.value("swiftlet_action_pages_zeroed_total", b) == 0)
    #expect(metrics.value("swiftlet_action_page_faults_total", b) == 0)
    #expect(metrics.value("swiftlet_action_memory_limit_bytes", a) == Double(256 << 20))
    // One that was never invoked has none, and another namespace sees none.
    #expect(metrics.families.allSatisfy { $0.samples.allSatisfy { $0.labels["action"] != "idle" } })
    #expect(!(try world.metrics(Self.other)).families.contains { $0.name.hasPrefix("swiftlet_action_") })
  }

  @Test func aWrongKeyIsRefused() {
    let world = World()
    #expect(world.request("GET /metrics HTTP/1.1\r\nHost: a\r\n\(Self.other)\r\n")?.status == 401)
  }

  @Test func actionsThatAreGoneAreNotShown() throws {
    let world = World()
    #expect(world.deploy("a")?.status == 200)
    #expect(world.invoke("a", query: "?blocking=true")?.status == 200)
    #expect(world.request("DELETE /api/v1/namespaces/_/actions/a HTTP/1.1\r\nHost: a\r\n\(authorization)\r\n")?.status == 200)
    #expect(world.deploy("b")?.status == 200)
    let metrics = try world.metrics(authorization)
    #expect(!metrics.families.contains { $0.name.hasPrefix("swiftlet_action_") })
    #expect(metrics.value("swiftlet_invocations_total", ["outcome": "success"]) == 1)
  }

  /// A new version of an action begins cold, and its figures go on.
  @Test func redeployedActionsGoOn() throws {
    let world = World()
    for _ in 0..<2 {
      #expect(world.deploy("a")?.status == 200)
      #expect(world.invoke("a", query: "?blocking=true")?.status == 200)
      #expect(world.invoke("a", query: "?blocking=true")?.status == 200)
    }
    let metrics = try world.metrics(authorization)
    let labels = ["namespace": "me", "action": "a"]
    #expect(metrics.value("swiftlet_action_cold_starts_total", labels) == 2)
    #expect(metrics.value("swiftlet_action_duration_microseconds_count", labels) == 4)
  }

  @Test func theTextIsBounded() throws {
    let world = World { $0.connections = 1_000 }
    let names = (0..<300).map { "action-\($0)-" + String(repeating: "n", count: 100) }
    for name in names {
      #expect(world.deploy(name)?.status == 200)
      #expect(world.invoke(name, query: "?blocking=true")?.status == 200)
    }
    let reply = try #require(world.request("GET /metrics HTTP/1.1\r\nHost: a\r\n\(authorization)\r\n"))
    #expect(reply.body.count <= 1 << 20 && reply.body.count > 1 << 19)
    let metrics = try Exposition(parsing: reply.body)
    let shown = try #require(metrics["swiftlet_action_cold_starts_total"]).samples.compactMap { $0.labels["action"] }
    #expect(shown == Array(names.reversed().prefix(shown.count)))
    #expect(metrics.comments == ["\(300 - shown.count) actions are left out: their series would make this text too long."])
    for family in metrics.families where family.name.hasPrefix("swiftlet_action_") {
      #expect(Set(family.samples.compactMap { $0.labels["action"] }) == Set(shown))
    }
  }
}
