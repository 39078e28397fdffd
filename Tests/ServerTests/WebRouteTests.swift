import API
import Actions
import Base
import Foundation
import HTTP
import Net
import Server
import Testing

extension World {
  /// Deploys an action whose annotations are `annotations`, JSON members without the braces around them.
  @discardableResult
  func deployWeb(_ name: String, _ annotations: [String: Any] = [:], parameters: String = "[]") throws -> Response {
    #expect(deploy(name)?.status == 200)
    let all = annotations.merging(["web-export": true]) { given, _ in given }
    let list = all.map { ["key": $0.key, "value": $0.value] }
    let text = String(decoding: try JSONSerialization.data(withJSONObject: list), as: UTF8.self)
    let reply = try #require(api("PUT", "_/actions/\(name)?overwrite=true", #"{"annotations":\#(text),"parameters":\#(parameters)}"#))
    #expect(reply.status == 200, "\(reply.text)")
    return reply
  }

  func web(_ method: String, _ path: String, _ headers: String = "", _ body: String = "") -> Response? {
    let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
    return request(
      "\(method) /api/v1/web/\(path) HTTP/1.1\r\nHost: a\r\n\(headers)\(length)\r\n", body: Array(body.utf8), heads: method == "HEAD" ? [0] : [])
  }

  func post(_ path: String, _ json: String, _ headers: String = "") -> Response? {
    web("POST", path, "Content-Type: application/json\r\n\(headers)", json)
  }
}

private let notFound = "The requested resource does not exist."
private let notAllowed = "Request defines parameters that are not allowed (e.g., reserved properties)."

@Suite struct WebRouteTests {
  @Test func anybodyMayUseWhatIsExported() throws {
    let world = World()
    try world.deployWeb("a")
    let reply = try #require(world.web("GET", "me/default/a.json/x/y?n=1"))
    #expect(reply.status == 200 && reply["Content-Type"] == "application/json")
    #expect(reply.json == ["__ow_method": "get", "__ow_headers": ["host": "a"], "__ow_path": "/x/y", "n": "1"] as NSDictionary)
    #expect(reply["Access-Control-Allow-Origin"] == "*")
    #expect(reply["Access-Control-Allow-Methods"] == "OPTIONS, GET, DELETE, POST, PUT, HEAD, PATCH")
    #expect(reply["Access-Control-Allow-Headers"] == "Authorization, Origin, X-Requested-With, Content-Type, Accept, User-Agent")
    // It is an activation of the owner's.
    let id = try #require(reply["x-openwhisk-activation-id"])
    #expect(world.get("activations/\(id)")?.json?["name"] as? String == "a")
  }

  /// What was reserved for a body is others' while its client waits for the end.
  @Test(arguments: ["web/me/default/a.json", "namespaces/_/actions/a?blocking=true&result=true"])
  func memoryOfTheBody(_ path: String) throws {
    let world = World()
    try world.deployWeb("a")
    let body = #"{"x":"\#(String(repeating: "y", count: 100_000))"}"#
    let index = world.network.open(room: 256 << 10)
    let lines = "Host: a\r\n\(authorization)Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
    #expect(world.exchange(index, "POST /api/v1/\(path) HTTP/1.1\r\n\(lines)\r\n").isEmpty)
    #expect(world.network.connections[index].limit > body.utf8.count)
    world.network.deliver(index, Array(body.utf8))
    world.process()
    #expect(world.waitingCount == 1 && world.network.connections[index].limit == FakeNetwork.window)
    world.settle()
    #expect(world.replies(index).map(\.status) == [200])
  }

  @Test(arguments: ["GET", "POST", "PUT", "PATCH", "DELETE"])
  func everyMethod(_ method: String) throws {
    let world = World()
    try world.deployWeb("a")
    #expect(world.web(method, "me/default/a.json")?.json?["__ow_method"] as? String == method.lowercased())
  }

  @Test(arguments: ["TRACE", "CONNECT", "PROPFIND"])
  func noOtherMethod(_ method: String) throws {
    let world = World()
    try world.deployWeb("a")
    let reply = try #require(world.web(method, "me/default/a.json"))
    #expect(reply.status == (method == "CONNECT" ? 400 : 405))
    if method != "CONNECT" { #expect(reply["Allow"] == "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS") }
    #expect(world.executor.invocations.isEmpty)
  }

  @Test func headHasNoBody() throws {
    let world = World()
    try world.deployWeb("a")
    let reply = try #require(world.web("HEAD", "me/default/a.json"))
    #expect(reply.status == 200 && reply.body.isEmpty && Int(reply["Content-Length"] ?? "") ?? 0 > 0)
  }

  @Test func whatIsNotThereOrNotExportedLooksTheSame() throws {
    let world = World(accounts: [("me", "secret", ""), ("you", "secret", "")])
    #expect(world.deploy("private")?.status == 200)
    try world.deployWeb("no", ["web-export": false])
    try world.deployWeb("word", ["web-export": "yes"])
    try world.deployWeb("a")
    #expect(world.api("PUT", "_/packages/p", "{}")?.status == 200)
    try world.deployWeb("p/b")
    for path in [
      "me/default/private", "me/default/no", "me/default/word.json", "me/default/none", "none/default/a", "you/default/a", "_/default/a", "me/p/a",
      "me/none/b", "me/default/p", "me/default/a.txt", "me/default/%", "me/default/a%2fb", "me/p/..", "me/default/a.json.json", "%zz/default/a",
    ] {
      let reply = try #require(world.web("GET", path), "\(path)")
      #expect(reply.status == 404 && reply.error == notFound && reply["Access-Control-Allow-Origin"] == nil, "\(path)")
    }
    #expect(world.executor.invocations.isEmpty)
    #expect(world.web("GET", "me/p/b.json")?.status == 200)
    #expect(world.web("GET", "m%65/%70/%62%2ejson")?.status == 200)
  }

  @Test func parametersOfPackageAndActionComeFirst() throws {
    let world = World()
    #expect(world.api("PUT", "_/packages/p", #"{"parameters":[{"key":"a","value":1},{"key":"b","value":1},{"key":"c","value":1}]}"#)?.status == 200)
    try world.deployWeb("p/w", parameters: #"[{"key":"b","value":2},{"key":"d","value":2}]"#)
    let json = try #require(world.post("me/p/w.json?c=3&e=3&f=3", #"{"f":4}"#)?.json)
    #expect(["a", "b", "d", "f"].map { json[$0] as? Int } == [1, 2, 2, 4] && json["c"] as? String == "3" && json["e"] as? String == "3")
  }

  @Test func reservedAndFinalParameters() throws {
    let world = World()
    try world.deployWeb("a", ["final": true], parameters: #"[{"key":"fixed","value":1},{"key":"open","value":null}]"#)
    for path in ["me/default/a?__ow_path=x", "me/default/a?fixed=2"] {
      let reply = try #require(world.web("GET", path))
      #expect(reply.status == 400 && reply.error == notAllowed && reply["Access-Control-Allow-Origin"] == "*", "\(path)")
    }
    #expect(world.post("me/default/a", #"{"__ow_user":"me"}"#)?.error == notAllowed)
    #expect(world.post("me/default/a", #"{"fixed":2}"#)?.error == notAllowed)
    #expect(world.executor.invocations.isEmpty)
    #expect(world.web("GET", "me/default/a.json?open=2")?.json?["open"] as? String == "2")
    // A raw action's client sets nothing.
    try world.deployWeb("raw", ["final": true, "raw-http": true], parameters: #"[{"key":"fixed","value":1}]"#)
    let json = try #require(world.post("me/default/raw.json?fixed=2&__ow_path=x", #"{"fixed":2}"#)?.json)
    #expect(json["fixed"] as? Int == 1 && json["__ow_query"] as? String == "fixed=2&__ow_path=x" && json["__ow_path"] as? String == "")
    #expect(json["__ow_body"] as? String == "eyJmaXhlZCI6Mn0=")
  }

  @Test func resultIsTheResponse() throws {
    let world = World()
    try world.deployWeb("a")
    let reply = try #require(
      world.post("me/default/a", #"{"statusCode":201,"headers":{"X-A":"b","Content-Length":"9999","Connection":"close"},"body":"<p>"}"#))
    #expect(reply.status == 201 && reply["X-A"] == "b" && reply.text == "<p>" && reply["Content-Type"] == "text/html; charset=UTF-8")
    #expect(reply["Content-Length"] == "3" && reply["Connection"] == nil)
    #expect(world.post("me/default/a", "{}")?.status == 204)
    #expect(world.post("me/default/a.text", #"{"text":7}"#)?.text == "7")
    #expect(world.post("me/default/a.html", #"{"html":"h"}"#)?.text == "h")
    #expect(world.post("me/default/a.svg", #"{"svg":"<svg/>"}"#)?["Content-Type"] == "image/svg+xml")
    #expect(world.post("me/default/a.text", "{}")?.error == "Response does not include requested property.")
    let error = try #require(world.post("me/default/a", #"{"error":{"statusCode":418,"body":"tea"}}"#))
    #expect(error.status == 418 && error.text == "tea")
  }

  /// What an action says of framing reaches nobody: requests that follow on the connection are answered as if it had not.
  @Test func framingIsTheServers() throws {
    let world = World()
    try world.deployWeb("a")
    let index = world.network.open(room: 64 << 10)
    let results = [
      #"{"headers":{"Content-Length":"0"},"body":"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}"#,
      #"{"headers":{"Transfer-Encoding":"chunked"},"body":"0\r\n\r\n"}"#, #"{"statusCode":204,"body":"unsent"}"#,
      #"{"statusCode":101,"headers":{"Upgrade":"x"}}"#, #"{"headers":{"x":"y\r\n\r\nHTTP/1.1 200 OK"}}"#, #"{"body":"last"}"#,
    ]
    let requests = results.map {
      "POST /api/v1/web/me/default/a HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: \($0.utf8.count)\r\n\r\n\($0)"
    }
    let replies = world.exchange(index, requests.joined())
    #expect(replies.map(\.status) == [200, 200, 204, 400, 400, 200])
    #expect(replies.last?.text == "last")
  }

  @Test func failureSaysNothing() throws {
    let world = World()
    try world.deployWeb("a")
    world.executor.outcome = .exited(status: 7)
    world.executor.output = Array("secret".utf8)
    for path in ["a", "a.json", "a.html", "a.svg", "a.text"] {
      let reply = try #require(world.web("GET", "me/default/\(path)"))
      #expect(reply.status == 400 && reply.error == "There was an error processing your request.")
      #expect(reply["x-openwhisk-activation-id"]?.count == 32 && reply["Access-Control-Allow-Origin"] == "*")
    }
    world.executor.outcome = .exited(status: 0)
    #expect(world.web("GET", "me/default/a")?.error == "There was an error processing your request.")
    world.executor.output = Array("[1]".utf8)
    #expect(world.web("GET", "me/default/a.json")?.text == "[1]")
    #expect(world.web("GET", "me/default/a")?.error == "Response is not valid 'message/http'.")
  }

  @Test func key() throws {
    let world = World()
    try world.deployWeb("a", ["require-whisk-auth": true])
    let refusal = try #require(world.web("GET", "me/default/a.json"))
    #expect(refusal.status == 401 && refusal.error == "Authentication is possible but has failed or not yet been provided.")
    #expect(refusal["WWW-Authenticate"] != nil && refusal["Access-Control-Allow-Origin"] == "*")
    #expect(world.web("GET", "me/default/a.json", otherAuthorization)?.status == 401)
    #expect(world.web("GET", "me/default/a.json", authorization)?.json?["__ow_user"] as? String == "me")
    // Browsers ask before they have a key.
    #expect(world.web("OPTIONS", "me/default/a.json")?.status == 200)
    // A key that nobody asked for tells who it is; a wrong one is as none.
    try world.deployWeb("open")
    #expect(world.web("GET", "me/default/open.json", authorization)?.json?["__ow_user"] as? String == "me")
    let anonymous = try #require(world.web("GET", "me/default/open.json", otherAuthorization))
    #expect(anonymous.status == 200 && anonymous.json?["__ow_user"] == nil)
  }

  @Test func secret() throws {
    let world = World()
    try world.deployWeb("text", ["require-whisk-auth": "s3cret"])
    try world.deployWeb("number", ["require-whisk-auth": 42])
    try world.deployWeb("nobody", ["require-whisk-auth": false])
    for (name, value) in [("text", "s3cret"), ("number", "42")] {
      #expect(world.web("GET", "me/default/\(name).json", "X-Require-Whisk-Auth: \(value)\r\n")?.status == 200)
      #expect(world.web("GET", "me/default/\(name).json", "X-Require-Whisk-Auth: x\(value)\r\n")?.status == 401)
      #expect(world.web("GET", "me/default/\(name).json", authorization)?.status == 401)
    }
    #expect(world.web("GET", "me/default/nobody.json", "\(authorization)X-Require-Whisk-Auth: false\r\n")?.status == 401)
    #expect(world.executor.invocations.count == 2)
  }

  @Test func options() throws {
    let world = World()
    try world.deployWeb("a")
    let reply = try #require(world.web("OPTIONS", "me/default/a", "Access-Control-Request-Headers: X-One, X-Two\r\n"))
    #expect(reply.status == 200 && reply.body.isEmpty && reply["Content-Length"] == "0")
    #expect(reply["Access-Control-Allow-Headers"] == "X-One, X-Two" && reply["Access-Control-Allow-Origin"] == "*")
    #expect(world.web("OPTIONS", "me/default/a")?["Access-Control-Allow-Headers"]?.hasPrefix("Authorization, ") == true)
    #expect(world.executor.invocations.isEmpty)
    #expect(world.web("OPTIONS", "me/default/none")?.status == 404)

    try world.deployWeb("own", ["web-custom-options": true, "require-whisk-auth": true])
    let own = try #require(world.web("OPTIONS", "me/default/own.json"))
    #expect(own.json?["__ow_method"] as? String == "options" && own["Access-Control-Allow-Origin"] == nil)
    #expect(world.web("GET", "me/default/own.json")?.status == 401)
    #expect(world.web("GET", "me/default/own.json", authorization)?["Access-Control-Allow-Origin"] == nil)
  }

  @Test func bodiesHaveABound() throws {
    let world = World { $0.limits.bodyBytes = 4 << 20 }
    try world.deployWeb("a")
    let index = world.network.open(room: 4 << 20)
    let head = "POST /api/v1/web/me/default/a.json HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n"
    let replies = world.exchange(index, head + "Content-Length: 1048577\r\n\r\n")
    #expect(replies.first?.error == "Request larger than allowed: 1048577 > 1048576 bytes." && replies.first?.status == 413)
    let chunked = world.network.open(room: 4 << 20)
    let body = String(repeating: "x", count: 1_048_577)
    let late = world.exchange(chunked, head + "Transfer-Encoding: chunked\r\n\r\n100001\r\n\(body)\r\n0\r\n\r\n")
    #expect(late.first?.error == replies.first?.error && late.first?.status == 413 && late.first?["Access-Control-Allow-Origin"] == "*")
    #expect(world.executor.invocations.isEmpty)
  }

  @Test func chunkedForm() throws {
    let world = World()
    try world.deployWeb("a")
    let reply = try #require(
      world.request(
        "POST /api/v1/web/me/default/a.json HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n"
          + "3\r\nn=J\r\n5\r\n%C3%A\r\n1\r\n4\r\n0\r\n\r\n"))
    #expect(reply.json?["n"] as? String == "Jä")
  }

  /// An action that is no more exported when the body has arrived is not run.
  @Test func changedWhileTheBodyArrived() throws {
    let world = World()
    try world.deployWeb("a")
    let index = world.network.open(room: 64 << 10)
    #expect(world.exchange(index, "POST /api/v1/web/me/default/a.json HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx").isEmpty)
    try world.deployWeb("a", ["web-export": false])
    #expect(world.exchange(index, "y").first?.status == 404)
    #expect(world.executor.invocations.isEmpty)
  }

  @Test func patienceEnds() throws {
    let world = World()
    try world.deployWeb("a")
    let index = world.network.open(room: 64 << 10)
    world.network.deliver(index, Array("GET /api/v1/web/me/default/a.json HTTP/1.1\r\nHost: a\r\nX-Request-ID: mine\r\n\r\n".utf8))
    world.process()
    guard let invocation = world.next() else {
      Issue.record("nothing runs")
      return
    }
    world.now = world.now + .milliseconds(60_001)
    world.process()
    let replies = world.replies(index)
    #expect(replies.count == 1)
    let reply = try #require(replies.first)
    #expect(reply.status == 202 && reply.error == "Response not yet ready." && reply.json?["code"] as? String == "mine")
    let id = try #require(reply["x-openwhisk-activation-id"])
    world.finish(invocation)
    #expect(world.replies(index).isEmpty)
    #expect(world.get("activations/\(id)")?.status == 200)
  }

  @Test func sequence() throws {
    let world = World()
    #expect(world.deploy("a")?.status == 200)
    #expect(
      world.api("PUT", "_/actions/s", #"{"exec":{"kind":"sequence","components":["/_/a","/_/a"]},"annotations":[{"key":"web-export","value":true}]}"#)?.status == 200)
    let reply = try #require(world.post("me/default/s", #"{"body":"through","statusCode":202}"#))
    #expect(reply.status == 202 && reply.text == "through")
    #expect(world.executor.invocations.count == 2)
  }

  @Test func queueIsFull() throws {
    let world = World { $0.queue = 1 }
    try world.deployWeb("a")
    let places = [world.network.open(room: 64 << 10), world.network.open(room: 64 << 10)]
    for index in places {
      world.network.deliver(index, Array("GET /api/v1/web/me/default/a.json HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
      world.process()
    }
    let refused = world.replies(places[1])
    #expect(refused.first?.status == 503 && refused.first?["Access-Control-Allow-Origin"] == "*")
    #expect(world.replies(places[0]).first?.status == 200)
  }
}
