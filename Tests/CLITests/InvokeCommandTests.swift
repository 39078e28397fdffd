// `invoke`: what it sends, what it prints where, how it ends.

import Foundation
import Testing

@testable import SwiftletHost

@Suite(.timeLimit(.minutes(1))) struct InvokeCommandTests {
  static let identifier = "0123456789abcdef0123456789abcdef"

  static func record(_ code: Int, _ result: String) -> String {
    let status = Activation.Outcome(rawValue: code)?.description ?? ""
    return """
      {"activationId":"\(identifier)","name":"hello","start":1700000000123,"duration":3,"response":{"status":"\(status)","statusCode":\(code),\
      "success":\(code == 0),"result":\(result)},"logs":["2023-11-14T22:13:20.123000000Z stdout: a log"],\
      "annotations":[{"key":"swiftlet","value":{"queue":12,"start":3,"run":204,"restore":31,"pagesCopied":3,"pagesZeroed":2,"pageFaults":5}}]}
      """
  }

  static let success = record(0, "{\"greeting\":\"Hello, Ada!\"}")

  @Test func parametersAreSentAndTheResultIsPrinted() throws {
    let server = try FakeServer(replies: .init(200, Self.success))
    let runner = try CommandRunner(server: server)
    let result = try runner.run("invoke", "hello", "-p", "name", "Ada", "--param", "list", "[1, 2]")
    #expect(result.status == 0)
    #expect(server.lines == ["POST /api/v1/namespaces/_/actions/hello?blocking=true&result=false"])
    #expect(server.requests[0].text == "{\"name\":\"Ada\",\"list\":[1,2]}")
    #expect(server.requests[0].headers["content-type"] == "application/json")
    #expect(result.output == "{\n  \"greeting\": \"Hello, Ada!\"\n}\n")
    #expect(result.error == "a log\nsuccess in 204 µs, activation \(Self.identifier)\n")
    #expect(try runner.run("invoke", "hello", "--json").output == JSON(parsing: Self.success).pretty + "\n")
  }

  @Test func dataComesFromTextFileAndStandardInput() throws {
    let server = try FakeServer(replies: .init(200, Self.success))
    let runner = try CommandRunner(server: server)
    try runner.write("in.json", "{\"from\": \"file\", \"name\": 1}".utf8)
    _ = try runner.run("invoke", "hello", "-d", "{\"a\":{}}")
    _ = try runner.run("invoke", "hello", "-d", "@in.json", "-p", "name", "Ada")
    _ = try runner.run("invoke", "pk/hello", "-d", "-", input: "{\"from\":\"pipe\"}")
    #expect(server.requests.map(\.text) == ["{\"a\":{}}", "{\"from\":\"file\",\"name\":\"Ada\"}", "{\"from\":\"pipe\"}"])
    #expect(server.requests[2].path == "/api/v1/namespaces/_/actions/pk/hello")
    for (data, code, words) in [("[1]", 65, "no JSON object"), ("{", 65, "not JSON: a member needs"), ("@nothing", 66, "no file 'nothing'")] {
      let result = try runner.run("invoke", "hello", "-d", data)
      #expect(result.status == Int32(code) && result.error.contains(words), "\(result.error)")
    }
    #expect(server.requests.count == 3)
  }

  @Test(arguments: [
    (1, "{\"error\":\"no such user\"}", 1), (2, "{\"error\":\"The action exhausted its memory and was aborted.\"}", 2),
  ] as [(Int, String, Int32)])
  func failuresOfTheActionDecideTheExitCode(code: Int, error: String, status: Int32) throws {
    let server = try FakeServer { request in
      if request.method == "GET" { return .init(200, Self.record(code, error)) }
      let body = request.target.contains("result=true") ? error : Self.record(code, error)
      return .init(502, body, headers: [("x-openwhisk-activation-id", Self.identifier)])
    }
    let runner = try CommandRunner(server: server)
    let whole = try runner.run("invoke", "hello")
    #expect(whole.status == status && whole.error.contains(code == 1 ? "application error in" : "action developer error in"))
    #expect(try JSON(parsing: whole.output) == JSON(parsing: error))
    let bare = try runner.run("invoke", "hello", "--result")
    #expect(bare.status == status && bare.error.isEmpty)
    #expect(try JSON(parsing: bare.output) == JSON(parsing: error))
    #expect(server.lines.suffix(2) == [
      "POST /api/v1/namespaces/_/actions/hello?blocking=true&result=true", "GET /api/v1/namespaces/_/activations/\(Self.identifier)",
    ])
  }

  @Test func resultIsAllThatIsPrinted() throws {
    let server = try FakeServer(replies: .init(200, "{\"greeting\":\"Hello\"}"))
    let result = try CommandRunner(server: server).run("invoke", "hello", "--result")
    #expect(result.status == 0 && result.output == "{\n  \"greeting\": \"Hello\"\n}\n" && result.error.isEmpty)
  }

  @Test func asynchronousCallsGiveTheIdentifier() throws {
    let server = try FakeServer(replies: .init(202, "{\"activationId\":\"\(Self.identifier)\"}"))
    let runner = try CommandRunner(server: server)
    #expect(try runner.run("invoke", "hello", "--async").output == Self.identifier + "\n")
    #expect(try runner.run("invoke", "hello", "--async", "--json").output == "{\n  \"activationId\": \"\(Self.identifier)\"\n}\n")
    #expect(server.lines.allSatisfy { $0 == "POST /api/v1/namespaces/_/actions/hello?blocking=false" })
    // A call that waited too long becomes one.
    let late = try runner.run("invoke", "hello")
    #expect(late.status == 75 && late.output.isEmpty && late.error.contains("swiftlet activations \(Self.identifier)"))
  }

  @Test func timingShowsTheKernelsTimesAndTheRoundTrip() throws {
    let server = try FakeServer { request in
      request.method == "GET" ? .init(200, Self.success) : .init(200, "{}", headers: [("X-OpenWhisk-Activation-Id", Self.identifier)])
    }
    let result = try CommandRunner(server: server).run("invoke", "hello", "--timing", "--result")
    #expect(result.output == "{}\n")
    #expect(server.lines.last == "GET /api/v1/namespaces/_/activations/\(Self.identifier)")
    for line in ["  queue          12 µs  waiting", "  restore        31 µs", "  round trip", "  page faults        5"] {
      #expect(result.error.contains(line), "\(result.error)")
    }
  }

  @Test func timingWithoutTheKernelsTimesSaysSo() throws {
    let server = try FakeServer { request in request.method == "GET" ? .error(404, "gone") : .init(200, Self.success) }
    let result = try CommandRunner(server: server).run("invoke", "hello", "--timing")
    #expect(result.status == 0 && result.error.contains("The kernel gives no times") && result.error.contains("round trip"))
  }

  @Test func rawSendsAndPrintsBytes() throws {
    let server = try FakeServer { request in
      var reply = FakeServer.Reply(200)
      reply.body = request.body.reversed()
      return reply
    }
    let runner = try CommandRunner(server: server)
    try runner.write("in", [1, 2, 0, 65])
    let result = try runner.run("invoke", "hello", "--raw", "-d", "@in")
    #expect(result.status == 0 && result.output == "A\0\u{2}\u{1}" && result.error.isEmpty)
    _ = try runner.run("invoke", "/guest/hello", "--raw", "--async")
    #expect(server.lines == ["POST /function/hello", "POST /async-function/hello.guest"])
    #expect(server.requests[0].headers["content-type"] == "application/octet-stream")
    #expect(server.requests[1].headers["content-length"] == "0")
  }

  @Test func rawErrorsAreTheServersOrTheActions() throws {
    let server = try FakeServer { request in
      switch request.path {
      case "/function/crash": .error(502, "The action did not produce a valid response and exited unexpectedly.")
      case "/function/none": .error(404, "The requested resource does not exist.")
      default: .init(404, "no such page")
      }
    }
    let runner = try CommandRunner(server: server)
    let crash = try runner.run("invoke", "crash", "--raw")
    #expect(crash.status == 2 && crash.output.isEmpty && crash.error.contains("exited unexpectedly"))
    #expect(try runner.run("invoke", "none", "--raw").status == 66)
    // A CGI action's own 404 is its answer.
    let own = try runner.run("invoke", "page", "--raw")
    #expect(own.status == 1 && own.output == "no such page" && own.error.isEmpty)
  }

  @Test(arguments: [
    ["--async", "--result"], ["--async", "--timing"], ["--raw", "-p", "a", "b"], ["--raw", "--json"], ["--raw", "--result"], ["--json", "--result"],
  ]) func whatDoesNotGoTogetherIsRefused(options: [String]) throws {
    let runner = try CommandRunner(server: try FakeServer(replies: .init()))
    let process = runner.process(["invoke", "hello"] + options)
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 64)
  }

  @Test func strangeAnswersAreNotTaken() throws {
    let runner = try CommandRunner(server: try FakeServer(replies: .init(200, "{\"x\":1}")))
    let result = try runner.run("invoke", "hello")
    #expect(result.status == 76 && result.error.contains("no activation record"))
    for (reply, status) in [(FakeServer.Reply.error(500, "fault"), 70), (.error(503, "Too many requests"), 75), (.init(200, "<html>"), 76)] {
      #expect(try CommandRunner(server: FakeServer(replies: reply)).run("invoke", "hello").status == Int32(status))
    }
    let fault = try CommandRunner(server: FakeServer(replies: .init(500, Self.record(3, "{\"error\":\"fault\"}")))).run("invoke", "hello")
    #expect(fault.status == 70 && fault.output.contains("fault") && fault.error.contains("whisk internal error in"))
    let packaged = try runner.run("invoke", "pk/hello", "--raw")
    #expect(packaged.status == 64 && packaged.error.contains("in no package"))
  }
}
