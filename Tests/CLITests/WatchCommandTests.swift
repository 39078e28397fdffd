// `activations`, `logs`, `top`: what is asked for, what is shown, and what follows.

import Foundation
import Testing

@testable import SwiftletHost

@Suite(.timeLimit(.minutes(1))) struct WatchCommandTests {
  /// Activation number `number`, which started that many seconds after a fixed time; `isWhole` with its response and log.
  static func record(_ number: Int, code: Int = 0, isWhole: Bool = true) -> JSON {
    let start = 1_700_000_000_000 + number * 1000
    var record: JSON = [
      "activationId": .string("id\(number)"), "name": "hello", "start": .number(start), "duration": .number(number),
      "annotations": [["key": "kind", "value": "blackbox"]],
    ]
    if isWhole {
      let result: JSON = code == 0 ? [:] : ["error": "it failed"]
      record.set("response", to: ["statusCode": .number(code), "result": result])
      record.set("logs", to: [.string("2023-11-14T22:13:20.000000000Z stdout: line of \(number)")])
    } else {
      record.set("statusCode", to: .number(code))
    }
    return record
  }

  static func list(_ records: JSON...) -> FakeServer.Reply { .init(200, JSON.array(records).compact) }

  @Test func activationsAreATable() throws {
    let server = try FakeServer(replies: Self.list(Self.record(2, code: 1, isWhole: false), Self.record(1, isWhole: false)))
    let runner = try CommandRunner(server: server)
    let result = try runner.run("activations", "--action", "hello", "--limit", "5")
    #expect(
      result.output == """
        START                    ACTIVATION  ACTION  TIME  STATUS
        2023-11-14 22:13:22.000  id2         hello   2 ms  application error
        2023-11-14 22:13:21.000  id1         hello   1 ms  success

        """)
    #expect(server.lines == ["GET /api/v1/namespaces/_/activations?name=hello&limit=5&skip=0"])
    let errors = try runner.run("activations", "--status", "error", "--json")
    #expect(try JSON(parsing: errors.output) == [Self.record(2, code: 1, isWhole: false)])
    #expect(try runner.run("activations", "--status", "success", "--limit", "1").output.contains("id1"))
  }

  @Test func sinceIsATimeAgo() throws {
    let server = try FakeServer(replies: .init(200, "[]"))
    let runner = try CommandRunner(server: server)
    let before = Int(Date().timeIntervalSince1970 * 1000)
    let result = try runner.run("activations", "--since", "10m")
    #expect(result.output == "There are no such activations on \(server.url).\n")
    let since = try #require(server.lines[0].split(separator: "?")[1].split(separator: "&").first { $0.hasPrefix("since=") })
    let time = try #require(Int(since.dropFirst(6)))
    #expect((before - 600_000...before - 600_000 + 30_000).contains(time))
    for text in ["10", "m", "-5m", "5w"] { #expect(try runner.run("activations", "--since=\(text)").status == 64) }
  }

  @Test func oneActivationIsShown() throws {
    let server = try FakeServer { request in
      request.path.hasSuffix("/activations") ? Self.list(Self.record(7, isWhole: false))
        : request.path.hasSuffix("/id7") ? .init(200, Self.record(7, code: 2).compact) : .error(404, "The requested resource does not exist.")
    }
    let runner = try CommandRunner(server: server)
    let shown = """
      activation  id7
      action      hello
      start       2023-11-14 22:13:27.000
      time        7 ms
      status      action developer error

      {
        "error": "it failed"
      }

      2023-11-14T22:13:20.000000000Z stdout: line of 7

      """
    #expect(try runner.run("activations", "id7").output == shown)
    #expect(try runner.run("activations", "--last").output == shown)
    #expect(try JSON(parsing: runner.run("activations", "id7", "--json").output) == Self.record(7, code: 2))
    let unknown = try runner.run("activations", "id8")
    #expect(unknown.status == 66 && unknown.error.contains("There is no activation 'id8'"))
  }

  @Test(arguments: ["activations", "logs"])
  func oneIsNamedOrTheLastAskedFor(command: String) throws {
    let server = try FakeServer(replies: Self.list(Self.record(7)))
    let both = try CommandRunner(server: server).run(command, "id7", "--last")
    #expect(both.status == 64 && both.error.contains("Name an activation, or ask for the --last."))
    #expect(server.requests.isEmpty)
  }

  @Test func logsOfOneAndOfTheLatest() throws {
    let server = try FakeServer { request in
      request.path.hasSuffix("/logs") ? .init(200, "{\"logs\":[\"2023-11-14T22:13:20.000000000Z stderr: first\",\"swiftlet: cut\"]}")
        : Self.list(Self.record(2, code: 2), Self.record(1, isWhole: false))
    }
    let runner = try CommandRunner(server: server)
    #expect(try runner.run("logs", "id1").output == "2023-11-14T22:13:20.000000000Z stderr: first\nswiftlet: cut\n")
    #expect(try runner.run("logs", "--last", "--strip").output == "first\nswiftlet: cut\n")
    // The oldest first; where the list leaves logs out, they are asked for.
    #expect(
      try runner.run("logs").output == """
        2023-11-14 22:13:21.000 hello success in 1 ms id1
          first
          swiftlet: cut
        2023-11-14 22:13:22.000 hello action developer error in 2 ms id2
          line of 2
          error: it failed

        """)
    #expect(server.lines.contains("GET /api/v1/namespaces/_/activations?docs=true&limit=10&skip=0"))
    #expect(try runner.run("logs", "--status", "error", "--strip").output == "line of 2\n")
    #expect(try runner.run("logs", "--json").output.split(separator: "\n").count == 2)
    #expect(try runner.run("logs", "id1", "-f").status == 64)
  }

  @Test func followingShowsEachOnceUntilItIsStopped() throws {
    let calls = Monitor(0)
    let server = try FakeServer { _ in
      switch calls.update({ value in
        value += 1
        return value
      }) {
      case 1: Self.list(Self.record(2), Self.record(1))
      case 2: Self.list(Self.record(3), Self.record(2))
      // One that ended later, though it started before.
      case 3: Self.list(Self.record(4, code: 1), Self.record(3), Self.record(0))
      default: Self.list(Self.record(4, code: 1), Self.record(3))
      }
    }
    let runner = try CommandRunner(server: server)
    let process = runner.process(["logs", "-f", "--limit", "1", "--action", "hello"])
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    for _ in 0..<2000 where server.requests.count < 5 { Thread.sleep(forTimeInterval: 0.01) }
    kill(process.processIdentifier, SIGINT)
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 0)
    #expect(text.split(separator: "\n").filter { $0.contains("line of") } == ["  line of 2", "  line of 3", "  line of 0", "  line of 4"])
    #expect(server.lines.prefix(2) == [
      "GET /api/v1/namespaces/_/activations?docs=true&name=hello&limit=1&skip=0",
      "GET /api/v1/namespaces/_/activations?docs=true&name=hello&since=1699999997000&limit=200&skip=0",
    ])
  }

  @Test func topShowsOneTable() throws {
    let server = try FakeServer(replies: .init(200, MetricsTests.text(300, 20, [200, 319, 320])))
    let runner = try CommandRunner(server: server)
    let result = try runner.run("top", "--once")
    #expect(server.lines == ["GET /metrics"])
    #expect(
      result.output == """
        \(server.url), since the boot
        memory 2 MB of 64 MB, waiting 3

        ACTION  TOTAL  PER S  ERRORS/S    P50    P99
        (all)     600     60         0  25 µs  50 µs
        hello     320     32         2   8 µs  98 µs
        idle        7    0.7         0      -      -

        """, "\(result.output)")
    let json = try JSON(parsing: runner.run("top", "--json").output)
    #expect(json["actions"]?.array?[0]["name"] == .null)
    #expect(json["actions"]?.array?[1] == ["name": "hello", "invocations": 320, "p50": 8, "p99": 98], "\(json.compact)")
    #expect(json["gauges"]?["memory used"] == 2_097_152)
  }

  @Test func topGoesOnUntilItIsStopped() throws {
    let calls = Monitor(0)
    let server = try FakeServer { _ in
      let number = calls.update { value in
        value += 1
        return value
      }
      return .init(200, MetricsTests.text(100 * number, 0, [0, 100 * number, 100 * number]))
    }
    let runner = try CommandRunner(server: server)
    let process = runner.process(["top"])
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    for _ in 0..<2000 where server.requests.count < 3 { Thread.sleep(forTimeInterval: 0.01) }
    Thread.sleep(forTimeInterval: 0.2)
    kill(process.processIdentifier, SIGTERM)
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 0)
    // A pipe is no terminal: nothing moves a cursor in it.
    #expect(!text.contains("\u{1b}"))
    let rates = text.split(separator: "\n").filter { $0.hasPrefix("hello") }.map { $0.split(separator: " ")[2] }
    #expect(rates.first == "0" && rates.count >= 3)
    let second = try #require(rates.dropFirst().first.flatMap { Double($0) })
    // 100 more a reading, and at least a second between two.
    #expect((0.5...100).contains(second), "\(text)")
  }
}
