import Testing

@testable import SwiftletHost

@Suite(.timeLimit(.minutes(1))) struct APIClientTests {
  static let get = APIRequest("GET", "/x")

  @Test func connectionIsKept() throws {
    let server = try FakeServer(replies: .init(200, "[]"))
    let client = APIClient(try server.settings)
    for _ in 0..<3 { _ = try client.call(Self.get) }
    #expect(server.requests.map(\.connection) == [0, 0, 0])
    #expect(server.requests[0].headers["authorization"] == "Basic c3dpZnRsZXQ6ZGV2ZWxvcG1lbnQ=")
    #expect(server.requests[0].headers["host"] == "127.0.0.1:\(server.port)")
  }

  @Test func whatWasClosedMeanwhileIsAskedAgainWhereThatIsHarmless() throws {
    let server = try FakeServer { request in
      var reply = FakeServer.Reply(200, "{}")
      reply.closes = true
      return reply
    }
    let client = APIClient(try server.settings)
    _ = try client.call(Self.get)
    _ = try client.call(Self.get)
    #expect(server.requests.map(\.connection) == [0, 1])
    #expect(throws: APIError.self) { try client.call(APIRequest("POST", "/x", json: [:])) }
    #expect(server.requests.count == 2)
  }

  @Test func announcedCloseEndsTheConnection() throws {
    let server = try FakeServer(replies: .init(200, "{}", headers: [("Connection", "close")]))
    let client = APIClient(try server.settings)
    _ = try client.call(APIRequest("POST", "/x", json: [:]))
    _ = try client.call(APIRequest("POST", "/x", json: [:]))
    #expect(server.requests.map(\.connection) == [0, 1])
  }

  @Test func progressCountsTheBody() throws {
    let server = try FakeServer(replies: .init(200, "{}"))
    var request = APIRequest("PUT", "/x")
    request.body = [UInt8](repeating: 7, count: 150_000)
    var steps: [Int] = []
    _ = try APIClient(try server.settings).call(request) { steps.append($0) }
    #expect(steps == [65_536, 131_072, 150_000])
    #expect(server.requests[0].body == request.body)
  }

  @Test func refusalOfALongBodyIsHeardBeforeItHasGone() throws {
    let server = try FakeServer { _ in
      var reply = FakeServer.Reply.error(413, "The request body is larger than this server accepts.")
      reply.isEarly = true
      return reply
    }
    var request = APIRequest("PUT", "/x")
    request.body = [UInt8](repeating: 7, count: 20 << 20)
    let expected = APIError.refused(status: 413, text: "The request body is larger than this server accepts.", code: "abc123")
    #expect(throws: expected) { try APIClient(try server.settings).call(request) }
  }

  @Test func errorsAreTyped() throws {
    let server = try FakeServer { request in
      switch request.target {
      case "/api": .error(404, "The requested resource does not exist.")
      case "/number": .init(409, "{\"error\":\"resource already exists\",\"code\":12}")
      case "/text": .init(502, " Bad Gateway\n")
      default: .init(500)
      }
    }
    let client = APIClient(try server.settings)
    func error(_ path: String) -> APIError? { #expect(throws: APIError.self) { try client.call(APIRequest("GET", path)) } }
    #expect(error("/api") == .refused(status: 404, text: "The requested resource does not exist.", code: "abc123"))
    #expect(error("/number") == .refused(status: 409, text: "resource already exists", code: "12"))
    #expect(error("/text") == .refused(status: 502, text: "Bad Gateway", code: nil))
    #expect(error("/empty") == .refused(status: 500, text: "Reason", code: nil))
  }

  @Test func withNoServerItIsUnreachable() throws {
    let settings = APISettings(endpoint: try Endpoint(parsing: "127.0.0.1:\(Port.free())", from: "test"))
    let error = #expect(throws: APIError.self) { try APIClient(settings).call(Self.get) }
    guard case .unreachable = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func whatIsNoJSONIsUnexpected() throws {
    let server = try FakeServer(replies: .init(200, "<html>"))
    let error = #expect(throws: HostError.self) { try APIClient(try server.settings).json(Self.get, about: "x") }
    #expect(error?.kind == .badReply && error?.problem.contains("no JSON value at byte 0") == true)
  }

  @Test func listsAreReadPageByPage() throws {
    let server = try FakeServer { request in
      let skip = Int(request.target.split(separator: "=").last ?? "") ?? 0
      let count = request.target.contains("limit=200&") ? min(200, max(0, 450 - skip)) : 10
      return .init(200, JSON.array((0..<count).map { .number(skip + $0) }).compact)
    }
    let client = APIClient(try server.settings)
    #expect(try client.list(Self.get, about: "list").map(\.integer) == Array(0..<450))
    #expect(server.lines == ["GET /x?limit=200&skip=0", "GET /x?limit=200&skip=200", "GET /x?limit=200&skip=400"])
    #expect(try client.list(Self.get, about: "list", limit: 10, skip: 5).map(\.integer) == Array(5..<15))
    #expect(server.lines.last == "GET /x?limit=10&skip=5")
  }

  @Test(arguments: [
    (401, HostError.Kind.denied, 77), (403, .denied, 77), (404, .notFound, 66), (409, .exists, 73), (400, .badData, 65), (413, .badData, 65),
    (415, .badData, 65), (429, .notReady, 75), (503, .notReady, 75), (507, .notReady, 75), (500, .serverFault, 70), (418, .badReply, 76),
  ] as [(Int, HostError.Kind, Int32)]) func statusDecidesTheExitCode(status: Int, kind: HostError.Kind, code: Int32) {
    let error = APIError.refused(status: status, text: "why", code: "id").hostError(from: .standard, about: "action 'a'")
    #expect(error.kind == kind && error.exitCode == code)
    #expect(error.problem.contains("why") && error.problem.hasSuffix("(\(status), request id)"))
  }
}
