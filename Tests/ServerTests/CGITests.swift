import Actions
import Base
import HTTP
import Server
import Testing

private let host = "Host: example.org:8080\r\n"

/// A world with one public action `cgi`, deployed with `query`, that writes `output`.
private func world(_ query: String = "cgi=true", output: String? = nil) -> World {
  let world = World { $0.port = 81 }
  #expect(world.deploy("cgi", query: "?public=true&\(query)")?.status == 200)
  world.executor.output = output.map { Array($0.utf8) }
  return world
}

extension World {
  /// The last invocation's environment.
  fileprivate var environment: [String: String] {
    let strings = executor.invocations.last?.strings.split(separator: "\0", omittingEmptySubsequences: false).dropLast() ?? []
    #expect(strings.first == "cgi")
    var found: [String: String] = [:]
    for string in strings.dropFirst() {
      let equals = string.firstIndex(of: "=") ?? string.endIndex
      #expect(equals != string.endIndex && found[String(string[..<equals])] == nil, "\(string)")
      if equals != string.endIndex { found[String(string[..<equals])] = String(string[string.index(after: equals)...]) }
    }
    return found
  }
}

@Suite struct CGIEnvironmentTests {
  @Test func allVariables() throws {
    let world = world("env=true")
    let response = try #require(
      world.request(
        "POST /function/cgi/a%20b/c?x=1&y=%20 HTTP/1.1\r\n\(host)Content-Type: text/plain\r\nContent-Length: 3\r\nX-One: 1\r\naccept: a\r\n"
          + "Accept: b\r\nCookie: k=v\r\ncookie: l=w\r\nUser-Agent: t\r\n\r\nabc"))
    #expect(response.status == 200 && response.text == "abc")
    let expected = [
      "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_SOFTWARE": "swiftlet", "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_PORT": "81",
      "SERVER_NAME": "example.org", "REMOTE_ADDR": "10.0.2.2", "REQUEST_METHOD": "POST", "QUERY_STRING": "x=1&y=%20",
      "SCRIPT_NAME": "/function/cgi", "PATH_INFO": "/a b/c", "CONTENT_LENGTH": "3", "CONTENT_TYPE": "text/plain",
      "__OW_ACTION_NAME": "/me/cgi", "__OW_NAMESPACE": "me", "__OW_ACTIVATION_ID": response["x-openwhisk-activation-id"] ?? "",
      "__OW_DEADLINE": "1000000060000", "__OW_API_HOST": "http://example.org:8080", "HTTP_HOST": "example.org:8080", "HTTP_X_ONE": "1",
      "HTTP_ACCEPT": "a, b", "HTTP_COOKIE": "k=v; l=w", "HTTP_USER_AGENT": "t",
    ]
    #expect(world.environment == expected)
  }

  @Test func theLeast() {
    let world = world("env=true")
    #expect(world.request("GET /function/cgi HTTP/1.0\r\n\r\n")?.status == 200)
    let environment = world.environment
    #expect(environment["SERVER_NAME"] == "10.0.2.15" && environment["__OW_API_HOST"] == "http://10.0.2.15")
    #expect(environment["SERVER_PROTOCOL"] == "HTTP/1.0" && environment["QUERY_STRING"] == "" && environment["PATH_INFO"] == "")
    #expect(environment["CONTENT_LENGTH"] == nil && environment["CONTENT_TYPE"] == nil && environment["AUTH_TYPE"] == nil)
  }

  @Test func plainActionsHaveNone() {
    let world = world("cgi=false")
    #expect(world.request("GET /function/cgi?x HTTP/1.1\r\n\(host)\r\n")?.status == 200)
    #expect(world.environment.isEmpty)
  }

  @Test(arguments: [
    ("a", "a"), ("a:1", "a"), ("[::1]", "[::1]"), ("[::1]:80", "[::1]"), ("10.0.0.1:80", "10.0.0.1"), (":80", ""), ("[", "["),
  ])
  func serverName(_ value: String, _ name: String) {
    let world = world("env=true")
    #expect(world.request("GET /function/cgi HTTP/1.1\r\nHost: \(value)\r\n\r\n")?.status == 200)
    #expect(world.environment["SERVER_NAME"] == name)
  }

  /// Keys stay with the server, and no header sets what is not its own.
  @Test func headersThatAreNotShown() throws {
    let world = World()
    #expect(world.deploy("cgi", query: "?env=true")?.status == 200)
    let hidden = ["Proxy: x", "Proxy-Authorization: x", "Connection: close", "Content_Type: x", "X.Y: z", "Transfer-Encoding: chunked"]
    let request = "POST /function/cgi HTTP/1.1\r\n\(host)\(authorization)\(hidden.joined(separator: "\r\n"))\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    #expect(world.request(request)?.text == "abcde")
    let environment = world.environment
    #expect(environment.keys.filter { $0.hasPrefix("HTTP_") } == ["HTTP_HOST"])
    #expect(environment["CONTENT_LENGTH"] == "5" && environment["CONTENT_TYPE"] == nil)
    #expect(environment["AUTH_TYPE"] == "Basic" && environment["REMOTE_USER"] == "me")
    #expect(!environment.values.contains { $0.contains("secret") || $0.contains("bWU6c2VjcmV0") })
  }

  @Test(arguments: ["/%", "/%2", "/%zz", "/a%00b"])
  func badPaths(_ path: String) {
    let world = world("env=true")
    let index = world.network.open()
    #expect(world.exchange(index, "GET /function/cgi\(path) HTTP/1.1\r\n\(host)\r\n").first?.status == 400)
    #expect(world.executor.invocations.isEmpty)
    // The connection and the server go on.
    #expect(world.exchange(index, "GET /function/cgi/ok HTTP/1.1\r\n\(host)\r\n").first?.status == 200)
    #expect(world.environment["PATH_INFO"] == "/ok")
  }

  /// Another request's head is parsed between a request's own and its turn.
  @Test func eachRequestHasItsOwn() {
    let world = world("env=true")
    let first = world.network.open()
    let second = world.network.open()
    world.network.deliver(first, Array("GET /function/cgi/first?1 HTTP/1.1\r\nHost: one\r\n\r\n".utf8))
    world.network.deliver(second, Array("GET /function/cgi/second HTTP/1.1\r\nHost: two\r\nX-Only: second\r\n\r\n".utf8))
    world.process()
    guard let invocation = world.next() else { Issue.record("nothing to run"); return }
    world.finish(invocation)
    #expect(world.environment["PATH_INFO"] == "/first" && world.environment["HTTP_HOST"] == "one")
    #expect(world.environment["HTTP_X_ONLY"] == nil && world.environment["QUERY_STRING"] == "1")
    world.settle()
    #expect(world.environment["PATH_INFO"] == "/second" && world.environment["HTTP_X_ONLY"] == "second")
    #expect(world.environment["QUERY_STRING"] == "")
  }

  @Test func theLargestHead() {
    let world = world("env=true")
    let fields = (0..<63).map { "X-\($0): \(String(repeating: "v", count: 240))\r\n" }.joined()
    #expect(world.request("GET /function/cgi/\(String(repeating: "p", count: 8000)) HTTP/1.1\r\n\(host)\(fields)\r\n")?.status == 200)
    #expect(world.environment.keys.filter { $0.hasPrefix("HTTP_X_") }.count == 63)
    #expect(world.environment["PATH_INFO"]?.utf8.count == 8001)
  }
}

@Suite struct CGIResponseTests {
  @Test func aDocument() throws {
    let world = world(output: "Content-Type: text/html; charset=utf-8\r\nX-Made-By: me\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n<p>\r\n\r\nhi")
    let response = try #require(world.request("GET /function/cgi HTTP/1.1\r\n\(host)\r\n"))
    #expect(response.status == 200 && response.text == "<p>\r\n\r\nhi")
    #expect(response["content-type"] == "text/html; charset=utf-8" && response["x-made-by"] == "me")
    #expect(response["content-length"] == "9" && response["date"] != nil)
    #expect(response["x-request-id"]?.count == 16 && response["x-openwhisk-activation-id"]?.count == 32)
    #expect(world.counters.successes == 2 && world.counters.invocations == 1)
  }

  static let documents: [(String, Int, String)] = [
    ("Status: 404 Not Found\nContent-Type: text/plain\n\nno\n", 404, "no\n"), ("Status: 299\n\n", 299, ""), ("status:599 x\n\nbody", 599, "body"),
    ("Location: http://a/b\n\n", 302, ""), ("Location: /function/other\r\n\r\n", 302, ""), ("Location: /x\nStatus: 301 Moved\n\n", 301, ""),
    ("Content-Type:a/b\n\n", 200, ""), ("Content-Type: \t a/b \t\r\n\ntext", 200, "text"), ("Status: 200 OK\nContent-Length: 3\n\nlonger", 200, "longer"),
  ]

  @Test(arguments: documents)
  func document(_ output: String, _ status: Int, _ body: String) throws {
    let world = world(output: output)
    let index = world.network.open()
    let response = try #require(world.exchange(index, "GET /function/cgi HTTP/1.1\r\n\(host)\r\n").first)
    #expect(response.status == status && response.text == body)
    #expect(response["content-length"] == String(body.utf8.count))
    #expect((response["location"] != nil) == output.contains("Location"))
    #expect(response["status"] == nil)
    #expect(world.exchange(index, "GET /function/cgi HTTP/1.1\r\n\(host)\r\n").first?.status == status)
  }

  @Test func statusesWithoutBody() throws {
    for status in ["204 No Content", "304 Not Modified"] {
      let world = world(output: "Status: \(status)\nETag: \"x\"\n\nnot to be sent")
      let index = world.network.open()
      let responses = world.exchange(index, "GET /function/cgi HTTP/1.1\r\n\(host)\r\n", heads: [0])
      #expect(responses.map(\.status) == [Int(status.prefix(3))] && responses.first?["content-length"] == nil, "\(status)")
      #expect(responses.first?["etag"] == "\"x\"")
    }
  }

  @Test(arguments: [
    ("Content-Type: a/b\n\n0123456789", "10"), ("Content-Type: a/b\nContent-Length: 77\n\n", "77"), ("Content-Type: a/b\nContent-Length: x\n\n", nil),
    ("Content-Type: a/b\n\n", nil),
  ] as [(String, String?)])
  func head(_ output: String, _ length: String?) throws {
    let world = world(output: output)
    let response = try #require(world.request("HEAD /function/cgi HTTP/1.1\r\n\(host)\r\n", heads: [0]))
    #expect(response.status == 200 && response.body.isEmpty && response["content-length"] == length && response["content-type"] == "a/b")
  }

  /// What is the server's own to say is not passed on.
  @Test func connectionHeadersAreDropped() throws {
    let dropped = ["Connection: close", "Keep-Alive: x", "Upgrade: x", "Trailer: x", "TE: x", "Proxy-Connection: x", "X-Request-ID: mine",
      "Date: never", "Content-Length: 100", "X-OpenWhisk-Activation-Id: mine"]
    let world = world(output: "Content-Type: a/b\n\(dropped.joined(separator: "\n"))\n\nbody")
    let response = try #require(world.request("GET /function/cgi HTTP/1.1\r\n\(host)\r\n"))
    #expect(response.text == "body")
    #expect(
      Set(response.headers.keys) == ["content-type", "date", "content-length", "x-request-id", "x-openwhisk-activation-id"])
    #expect(!response.headers.values.contains { $0 == "mine" || $0 == "never" })
  }

  static let malformedOutputs: [(String, String)] = [
    ("", "no empty line"), ("hello", "no empty line"), ("Content-Type: a/b\n", "no empty line"), ("\n", "neither"), ("\r\nbody", "neither"),
    ("X-A: b\n\n", "neither"), ("Content-Type a/b\n\n", "not of the form"), ("Content-Type: a/b\n folded\n\n", "not of the form"),
    (": a\n\n", "not of the form"), ("Content Type: a/b\n\n", "not of the form"), ("Content-Type : a/b\n\n", "not of the form"),
    ("Content-Type: a\u{1}b\n\n", "not of the form"), ("Content-Type: a\rb\n\n", "not of the form"), ("Content-Type: a/b\r\r\n\n", "not of the form"),
    ("Status: 99\n\n", "three digits"), ("Status: 100 Continue\n\n", "three digits"), ("Status: 600\n\n", "three digits"), ("Status:\n\n", "three digits"),
    ("Status: 2000\n\n", "three digits"), ("Status: +20\n\n", "three digits"), ("Status: 200\nStatus: 200\n\n", "once"),
    ("Location: a\nLocation: b\n\n", "once"), ("Content-Type: a/b\ncontent-type: a/b\n\n", "once"),
    ("Content-Type: a/b\nTransfer-Encoding: chunked\n\n", "Transfer-Encoding"),
    ("X: " + String(repeating: "x", count: 20_000) + "\n\n", "longer"), (String(repeating: "X: y\n", count: 65) + "\n", "longer"),
  ]

  @Test(arguments: malformedOutputs)
  func malformed(_ output: String, _ words: String) throws {
    let world = world(output: output)
    let index = world.network.open()
    let response = try #require(world.exchange(index, "GET /function/cgi HTTP/1.1\r\n\(host)\r\n").first)
    #expect(response.status == 502)
    #expect(response.error?.hasPrefix("The action was deployed with cgi=true, but its output is no CGI response: ") == true)
    #expect(response.error?.contains(words) == true, "\(response.text)")
    #expect(response["x-openwhisk-activation-id"]?.count == 32)
    world.executor.output = Array("Status: 200\n\nfine".utf8)
    #expect(world.exchange(index, "GET /function/cgi HTTP/1.1\r\n\(host)\r\n").first?.text == "fine")
  }

  @Test func aFailureIsAFailure() throws {
    let world = world(output: "Content-Type: a/b\n\nhalf")
    world.executor.outcome = .exited(status: 1)
    let response = try #require(world.request("GET /function/cgi HTTP/1.1\r\n\(host)\r\n"))
    #expect(response.status == 502 && !response.text.contains("half"))
  }

  /// Any output is answered, and with one reply.
  @Test func noise() {
    let world = world(output: "")
    var random = SystemRandomNumberGenerator()
    let alphabet = Array("\r\n:\0 abcStatus: 302Location: Content-Type: x\r\n\r\n\u{7f}".utf8)
    let index = world.network.open()
    for _ in 0..<2_000 {
      world.executor.output = (0..<Int.random(in: 0...80)).map { _ in alphabet.randomElement(using: &random) ?? 0 }
      let responses = world.exchange(index, "GET /function/cgi HTTP/1.1\r\n\(host)\r\n")
      #expect(responses.count == 1, "\(world.executor.output ?? [])")
    }
  }
}

@Suite struct DeployedLimitTests {
  @Test func theyReachTheExecutorAndStay() throws {
    let world = World { $0.actionLimits.outputBytes = 5_000_000 }
    let first = try #require(world.deploy("a", query: "?memory=1&timeout=100&output=10&logs=0&cgi=true"))
    #expect(first.status == 200 && first.text.contains("{\"key\":\"cgi\",\"value\":true},{\"key\":\"env\",\"value\":true}"))
    #expect(world.executor.limits.last == ActionLimits(timeoutMilliseconds: 100, memoryBytes: 1 << 20, outputBytes: 10, logBytes: 0))
    // What a second deployment leaves open stays; the machine's own bound on output is the most there is.
    #expect(world.deploy("a", query: "?output=16777216&timeout=300000")?.text.contains("\"cgi\"") == true)
    #expect(
      world.executor.limits.last == ActionLimits(timeoutMilliseconds: 300_000, memoryBytes: 1 << 20, outputBytes: 5_000_000, logBytes: 0))
    let last = try #require(world.deploy("a", query: "?cgi=false&env=false&logs=1048576&memory=512"))
    #expect(!last.text.contains("\"cgi\"") && !last.text.contains("\"env\""))
  }

  @Test(arguments: [
    "memory=0", "memory=513", "timeout=99", "timeout=300001", "output=0", "output=16777217", "output=-1", "logs=1048577", "logs=x", "cgi=1", "env=",
    "cgi",
  ])
  func illegal(_ query: String) {
    let name = query.prefix { $0 != "=" }
    let response = World().deploy("a", query: "?\(query)")
    #expect(response?.status == 400 && response?.error?.hasPrefix("The parameter \(name) must be ") == true, "\(response?.text ?? "")")
  }
}
