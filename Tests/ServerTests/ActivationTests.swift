import API
import Actions
import Base
import Foundation
import HTTP
import Net
import Server
import Testing

extension World {
  /// POST of an action of the API.
  func invoke(_ name: String, query: String = "", body: String = "", headers: String = "") -> Response? {
    request(
      "POST /api/v1/namespaces/_/actions/\(name)\(query) HTTP/1.1\r\nHost: a\r\n\(authorization)\(headers)Content-Length: \(body.utf8.count)\r\n\r\n",
      body: Array(body.utf8))
  }

  func get(_ path: String) -> Response? { request("GET /api/v1/namespaces/_/\(path) HTTP/1.1\r\nHost: a\r\n\(authorization)\r\n") }

  /// The list that `GET …/activations` answers.
  func activations(_ query: String = "") -> [NSDictionary] {
    guard let reply = get("activations\(query)"), reply.status == 200 else { return [] }
    return (try? JSONSerialization.jsonObject(with: Data(reply.body))) as? [NSDictionary] ?? []
  }
}

@Suite struct ActivationTests {
  @Test func blockingInvocationAnswersItsRecord() throws {
    let world = World()
    #expect(world.deploy("a")?.status == 200)
    let reply = try #require(world.invoke("a", query: "?blocking=true", body: #"{"name": "Ada"}"#))
    #expect(reply.status == 200)
    let record = reply.json
    #expect(record?["namespace"] as? String == "me")
    #expect(record?["name"] as? String == "a")
    #expect(record?["version"] as? String == "0.0.1")
    #expect(record?["subject"] as? String == "me")
    #expect(record?["publish"] as? Bool == false)
    #expect(record?["logs"] as? [String] == [])
    #expect(record?["start"] as? Int == 1_000_000_000_000)
    #expect(record?["end"] as? Int == 1_000_000_000_000)
    #expect(record?["duration"] as? Int == 0)
    let id = try #require(record?["activationId"] as? String)
    #expect(id.count == 32 && reply["x-openwhisk-activation-id"] == id)
    #expect(
      response(record) == ["status": "success", "statusCode": 0, "success": true, "result": ["name": "Ada"], "size": 15] as NSDictionary)
    #expect(annotation(record, "path") as? String == "me/a")
    #expect(annotation(record, "kind") as? String == "blackbox")
    #expect(annotation(record, "limits") as? NSDictionary == ["concurrency": 1, "timeout": 60000, "memory": 256, "logs": 1])
    #expect((annotation(record, "swiftlet") as? NSDictionary)?["pagesCopied"] as? Int == 0)
    // The same record, by its identifier.
    #expect(world.get("activations/\(id)")?.json == record)
    #expect(world.get("activations/\(id)/result")?.json?["result"] as? NSDictionary == ["name": "Ada"])
    #expect(world.get("activations/\(id)/logs")?.json == ["logs": [String]()] as NSDictionary)
  }

  @Test func theRecordShowsTheActionsLimits() throws {
    let world = World()
    #expect(world.deploy("a", query: "?public=true&timeout=1000&memory=8")?.status == 200)
    #expect(world.api("PUT", "_/actions/a?overwrite=true", #"{"limits":{"concurrency":3}}"#)?.status == 200)
    let expected = ["timeout": 1000, "memory": 8, "logs": 1, "concurrency": 3]
    #expect(annotation(world.invoke("a", query: "?blocking=true")?.json, "limits") as? [String: Int] == expected)
    #expect(world.request("GET /function/a HTTP/1.1\r\nHost: a\r\n\r\n")?.status == 200)
    #expect(annotation(world.activations("?docs=true").first, "limits") as? [String: Int] == expected)
    #expect(annotation(world.activations().last, "limits") as? [String: Int] == expected)
    // A sequence's is always 1, as in OpenWhisk.
    #expect(world.sequence("s", ["a"])?.status == 200)
    #expect(world.api("PUT", "_/actions/s?overwrite=true", #"{"limits":{"concurrency":4}}"#)?.status == 200)
    let sequence = annotation(world.invoke("s", query: "?blocking=true")?.json, "limits") as? [String: Int]
    #expect(sequence == ["timeout": 60000, "memory": 8, "logs": 1, "concurrency": 1])
  }

  /// A call's body may have 1,048,576 bytes, with a length before it or in chunks, whatever the server takes otherwise.
  @Test func callsHaveABound() throws {
    let world = World { $0.limits.bodyBytes = 4 << 20 }
    #expect(world.deploy("a", query: "?public=true")?.status == 200)
    #expect(world.api("PUT", "_/packages/pk", "{}")?.status == 200)
    #expect(world.deploy("pk/a")?.status == 200)
    #expect(world.api("PUT", "_/triggers/t", "{}")?.status == 200)
    #expect(world.api("PUT", "_/rules/r", #"{"trigger":"/_/t","action":"/_/a"}"#)?.status == 200)
    let least = "{\"x\":\"\"}".utf8.count
    let (most, over) = (1_048_576, 1_048_577)
    func body(_ bytes: Int) -> [UInt8] { Array("{\"x\":\"".utf8) + [UInt8](repeating: 0x61, count: bytes - least) + Array("\"}".utf8) }
    for path in ["actions/a", "actions/pk/a", "triggers/t"] {
      let head = "POST /api/v1/namespaces/_/\(path) HTTP/1.1\r\nHost: a\r\n\(authorization)"
      let count = world.executor.invocations.count
      // It is refused before it comes.
      let announced = try #require(world.request(head + "Content-Length: \(over)\r\n\r\n"))
      #expect(announced.status == 413 && announced.error == "Request larger than allowed: 1048577 > 1048576 bytes.")
      let chunks = world.network.open(room: 4 << 20)
      let chunked = Array((head + "Transfer-Encoding: chunked\r\n\r\n100001\r\n").utf8) + body(over) + Array("\r\n0\r\n\r\n".utf8)
      let late = world.exchange(chunks, chunked)
      #expect(late.count == 1 && late.first?.status == 413 && late.first?.error == announced.error)
      #expect(world.executor.invocations.count == count)
      #expect(world.request(head + "Content-Length: \(most)\r\n\r\n", body: body(most))?.status == 202)
      let whole = Array((head + "Transfer-Encoding: chunked\r\n\r\n100000\r\n").utf8) + body(most) + Array("\r\n0\r\n\r\n".utf8)
      #expect(world.exchange(chunks, whole).map(\.status) == [202], "the connection goes on")
      #expect(world.executor.invocations.count == count + 2)
    }
    // What is no call of OpenWhisk's is the server's to bound.
    #expect(world.request("POST /function/a HTTP/1.1\r\nHost: a\r\nContent-Length: \(over)\r\n\r\n", body: body(over))?.body.count == over)
  }

  @Test func theActionIsGivenParametersThreeTimes() throws {
    let world = World()
    #expect(world.deploy("a")?.status == 200)
    let reply = try #require(world.invoke("a", query: "?blocking=true&result=true", body: " {\"x\":1}\n"))
    #expect(reply.text == #"{"x":1}"#)
    let call = try #require(world.executor.invocations.last)
    #expect(String(decoding: call.input, as: UTF8.self) == #"{"x":1}"#)
    let strings = call.strings.split(separator: "\0").map(String.init)
    #expect(strings.prefix(2) == ["a", #"{"x":1}"#])
    let id = try #require(reply["x-openwhisk-activation-id"])
    #expect(
      strings.dropFirst(2) == [
        "__OW_ACTION_NAME=/me/a", "__OW_ACTION_VERSION=0.0.1", "__OW_NAMESPACE=me", "__OW_ACTIVATION_ID=\(id)",
        "__OW_DEADLINE=1000000060000",
      ])
    // Nothing is an empty object.
    #expect(world.invoke("a", query: "?blocking=true&result=true")?.text == "{}")
  }

  @Test func aLoopActionReadsOneLine() throws {
    let world = World()
    #expect(world.deploy("a", query: "?loop=true")?.status == 200)
    let reply = try #require(world.invoke("a", query: "?blocking=true", body: "{\"x\" :\n [1, 2]}"))
    let id = try #require(reply["x-openwhisk-activation-id"])
    let input = String(decoding: try #require(world.executor.invocations.last).input, as: UTF8.self)
    #expect(
      input == #"{"value":{"x":[1,2]},"action_name":"/me/a","action_version":"0.0.1","activation_id":"\#(id)","namespace":"me","deadline":"1000000060000"}"#
        + "\n")
  }

  @Test func longParametersAreNoArgument() throws {
    let world = World()
    #expect(world.deploy("a")?.status == 200)
    for (length, arguments) in [(131_071, 2), (131_072, 1)] {
      let body = "{\"x\":\"" + String(repeating: "y", count: length - 8) + "\"}"
      let index = world.network.open(room: 256 << 10)
      let head = "POST /api/v1/namespaces/_/actions/a?blocking=true&result=true HTTP/1.1\r\nHost: a\r\n\(authorization)Content-Length: \(body.utf8.count)\r\n\r\n"
      #expect(world.exchange(index, head + body).first?.status == 200)
      let strings = try #require(world.executor.invocations.last).strings.split(separator: "\0")
      #expect(strings.filter { !$0.hasPrefix("__OW_") }.count == arguments)
    }
  }

  static let ends: [(output: String, outcome: Outcome, status: Int, kind: String, result: String)] = [
    ("one\ntwo\n{\"a\":1}\n", .exited(status: 0), 200, "success", #"{"a":1}"#),
    ("[1]", .exited(status: 3), 200, "success", "[1]"),
    ("{\"error\":\"no\"}\n", .exited(status: 0), 502, "application error", #"{"error":"no"}"#),
    ("text\n", .exited(status: 0), 502, "action developer error", #"{"error":"The action did not return a dictionary or array."}"#),
    ("", .exited(status: 0), 502, "action developer error", #"{"error":"The action did not return a dictionary or array."}"#),
    ("7\n", .exited(status: 0), 502, "action developer error", #"{"error":"The action did not return a dictionary or array."}"#),
    (
      "", .exited(status: 7), 502, "action developer error",
      #"{"error":"The action did not produce a valid response and exited unexpectedly. The action ended with exit status 7."}"#
    ),
    (
      "{}\n", .timeLimit, 502, "action developer error", #"{"error":"The action exceeded its time limits of 60000 milliseconds."}"#
    ),
    ("", .memoryLimit, 502, "action developer error", #"{"error":"The action exhausted its memory and was aborted."}"#),
    ("", .noMemory, 500, "whisk internal error", #"{"error":"The machine ran out of memory; the action was aborted."}"#),
  ]

  @Test(arguments: ends)
  func end(_ output: String, _ outcome: Outcome, _ status: Int, _ kind: String, _ result: String) throws {
    let world = World()
    #expect(world.deploy("a")?.status == 200)
    world.executor.output = Array(output.utf8)
    world.executor.outcome = outcome
    let reply = try #require(world.invoke("a", query: "?blocking=true"))
    #expect(reply.status == status)
    let found = response(reply.json)
    #expect(found?["status"] as? String == kind)
    #expect(found?["success"] as? Bool == (kind == "success"))
    #expect(world.invoke("a", query: "?blocking=true&result=true")?.text == result)
    #expect(annotation(reply.json, "timeout") as? Bool == (outcome == .timeLimit))
    #expect(world.counters.invocations == (kind == "success" ? 2 : 0))
    #expect(world.counters.failedInvocations == (kind == "success" ? 0 : 2))
  }

  @Test func linesBeforeTheLastAreLogs() throws {
    let world = World()
    #expect(world.deploy("a")?.status == 200)
    world.executor.output = Array("one\ntwo\n{}\n".utf8)
    world.executor.log = Array("bad\tthing\n".utf8)
    let record = try #require(world.invoke("a", query: "?blocking=true")?.json)
    let time = "2001-09-09T01:46:40.000001000Z"
    #expect(record["logs"] as? [String] == ["\(time) stderr: bad\tthing", "\(time) stdout: one", "\(time) stdout: two"])
    #expect(world.console == "a: bad\tthing\n")
  }

  @Test func nobodyWaits() throws {
    let world = World()
    #expect(world.deploy("a")?.status == 200)
    let index = world.network.open()
    let head = "POST /api/v1/namespaces/_/actions/a HTTP/1.1\r\nHost: a\r\n\(authorization)Content-Length: 8\r\n\r\n{\"x\": 1}"
    // The second request is in the same segment.
    world.network.deliver(index, Array((head + head).utf8))
    world.process()
    let first = try #require(world.replies(index).first)
    #expect(first.status == 202)
    let id = try #require(first.json?["activationId"] as? String)
    #expect(first["x-openwhisk-activation-id"] == id)
    world.settle()
    _ = world.replies(index)
    #expect(world.executor.invocations.count == 2)
    #expect(response(world.get("activations/\(id)")?.json)?["result"] as? NSDictionary == ["x": 1])
  }

  @Test func aClientThatWaitsTooLongIsToldTheIdentifier() throws {
    let world = World()
    #expect(world.deploy("a")?.status == 200)
    let index = world.network.open()
    world.network.deliver(
      index,
      Array(
        "POST /api/v1/namespaces/_/actions/a?blocking=true&timeout=500 HTTP/1.1\r\nHost: a\r\nX-Request-ID: mine\r\n\(authorization)\r\n".utf8))
    world.process()
    guard let invocation = world.next() else {
      Issue.record("nothing to run")
      return
    }
    world.now = world.now + .milliseconds(499)
    world.process()
    #expect(world.replies(index).isEmpty)
    world.now = world.now + .milliseconds(1)
    world.process()
    let reply = try #require(world.replies(index).first)
    #expect(reply.status == 202 && reply["x-request-id"] == "mine")
    let id = try #require(reply.json?["activationId"] as? String)
    world.finish(invocation)
    #expect(world.replies(index).isEmpty)
    let record = world.get("activations/\(id)")?.json
    #expect(record?["duration"] as? Int == 500)
    // The connection goes on.
    #expect(world.exchange(index, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").first?.status == 200)
  }

  @Test func aClientThatGoesAwayLeavesItsActivation() throws {
    let world = World()
    #expect(world.deploy("a")?.status == 200)
    let index = world.network.open()
    world.network.deliver(
      index, Array("POST /api/v1/namespaces/_/actions/a?blocking=true HTTP/1.1\r\nHost: a\r\n\(authorization)\r\n".utf8))
    world.process()
    world.network.drop(index)
    world.settle()
    #expect(world.executor.invocations.count == 1)
    #expect(world.activations().count == 1)
  }

  static let refusals: [(query: String, body: String, status: Int, text: String)] = [
    ("", "{", 400, "The request content was malformed: at byte 1: the text ends within an object"),
    ("", "[1]", 400, "The request content was malformed: parameters must be a JSON object."),
    ("", "null", 400, "The request content was malformed: parameters must be a JSON object."),
    ("?blocking=yes", "{}", 400, "The parameter blocking must be true or false."),
    ("?result=1", "{}", 400, "The parameter result must be true or false."),
    ("?blocking=true&timeout=60001", "{}", 400, "The parameter timeout must be a number of milliseconds from 1 to 60000."),
  ]

  @Test(arguments: refusals)
  func refused(_ query: String, _ body: String, _ status: Int, _ text: String) throws {
    let world = World()
    #expect(world.deploy("a")?.status == 200)
    let reply = try #require(world.invoke("a", query: query, body: body))
    #expect(reply.status == status)
    #expect(reply.error?.hasPrefix(text) == true, "\(reply.error ?? "")")
    #expect(world.activations().isEmpty)
  }

  @Test func unknownActionsAndActivations() {
    let world = World()
    #expect(world.invoke("none", body: "{}")?.status == 404)
    #expect(world.get("activations/" + String(repeating: "0", count: 32))?.status == 404)
    #expect(world.request("GET /api/v1/namespaces/_/activations HTTP/1.1\r\nHost: a\r\n\r\n")?.status == 401)
  }

  /// An action that is removed while its activation waits: 404, and the next one goes on.
  @Test func removedWhileItWaits() throws {
    let world = World()
    #expect(world.deploy("a")?.status == 200)
    let index = world.network.open()
    let other = world.network.open()
    world.network.deliver(other, Array("DELETE /api/v1/namespaces/_/actions/a HTTP/1.1\r\nHost: a\r\n\(authorization)\r\n".utf8))
    world.network.deliver(
      index, Array("POST /api/v1/namespaces/_/actions/a?blocking=true HTTP/1.1\r\nHost: a\r\n\(authorization)\r\n".utf8))
    world.settle()
    #expect(world.replies(other).first?.status == 200)
    #expect(world.replies(index).first?.status == 404)
    #expect(world.executor.invocations.isEmpty)
  }

  @Test func theQueueIsBounded() throws {
    let world = World { $0.queue = 2 }
    #expect(world.deploy("a")?.status == 200)
    let indices = (0..<3).map { _ in world.network.open() }
    for index in indices {
      world.network.deliver(
        index, Array("POST /api/v1/namespaces/_/actions/a HTTP/1.1\r\nHost: a\r\n\(authorization)\r\n".utf8))
    }
    world.process()
    let replies = indices.map { world.replies($0).first }
    #expect(replies.map { $0?.status } == [202, 202, 503])
    #expect(replies[2]?["retry-after"] == "1")
    world.settle()
    #expect(world.executor.invocations.count == 2)
    #expect(world.invoke("a", query: "?blocking=true")?.status == 200)
  }

  @Test func bytesThatWaitAreBounded() {
    let world = World { $0.backlogBytes = 1_000 }
    #expect(world.deploy("a")?.status == 200)
    let long = "{\"x\":\"" + String(repeating: "y", count: 1_000) + "\"}"
    #expect(world.invoke("a", body: long)?.status == 503)
    #expect(world.invoke("a", query: "?blocking=true", body: "{}")?.status == 200)
  }

  @Test func listsHaveFiltersAndPages() throws {
    let world = World(accounts: [("me", "secret", ""), ("you", "secret", "")])
    for name in ["a", "b"] { #expect(world.deploy(name, query: "?public=true")?.status == 200) }
    for index in 0..<6 {
      #expect(world.invoke(index % 3 == 0 ? "b" : "a", query: "?blocking=true", body: "{\"n\":\(index)}")?.status == 200)
      world.now = world.now + .milliseconds(10)
    }
    #expect(world.request("POST /function/b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nraw")?.status == 200)
    let all = world.activations()
    #expect(all.map { $0["name"] as? String } == ["b", "a", "a", "b", "a", "a", "b"])
    #expect(all.allSatisfy { $0["response"] == nil && $0["statusCode"] as? Int == 0 })
    #expect(world.activations("?limit=2&skip=1") == Array(all[1...2]))
    #expect(world.activations("?name=b").count == 3)
    let start = 1_000_000_000_000
    #expect(world.activations("?since=\(start + 20)&upto=\(start + 40)").count == 3)
    #expect(world.get("activations?count=true")?.json == ["activations": 7])
    #expect(world.get("activations?count=true&name=a")?.json == ["activations": 4])
    #expect(response(world.activations("?docs=true&limit=2").last)?["result"] as? NSDictionary == ["n": 5])
    #expect(world.activations("?name=/a/").count == 4 && world.activations("?name=%20").count == 7 && world.activations("?name=p/a").isEmpty)
    #expect(world.activations("?since=-5&upto=0&limit=+3").count == 3)
    // Another namespace sees none of it.
    let id = try #require(all[0]["activationId"] as? String)
    let other = "Authorization: Basic eW91OnNlY3JldA==\r\n"
    #expect(world.request("GET /api/v1/namespaces/_/activations HTTP/1.1\r\nHost: a\r\n\(other)\r\n")?.text == "[]")
    #expect(world.request("GET /api/v1/namespaces/_/activations/\(id) HTTP/1.1\r\nHost: a\r\n\(other)\r\n")?.status == 404)
  }

  static let malformed: [(String, String)] = [
    ("limit=201", "The query parameter 'limit' was malformed:\nThe value '201' is not in the range of 0 to 200 for activations."),
    ("limit=-1", "The query parameter 'limit' was malformed:\nThe value '-1' is not in the range of 0 to 200 for activations."),
    ("limit=", "The query parameter 'limit' was malformed:\nThe value '' is not an integer for activations."),
    ("limit=2147483648", "The query parameter 'limit' was malformed:\nThe value '2147483648' is not an integer for activations."),
    ("skip=-3", "The query parameter 'skip' was malformed:\nThe value '-3' is not greater than or equal to 0 for activations."),
    ("skip=a%22b", "The query parameter 'skip' was malformed:\nThe value 'a\"b' is not an integer for activations."),
    ("count=1", "The query parameter 'count' was malformed:\n'1' is not a valid Boolean value"),
    ("docs=maybe", "The query parameter 'docs' was malformed:\n'maybe' is not a valid Boolean value"),
    ("since=x", "The query parameter 'since' was malformed:\nParameter is not a valid value for epoch seconds: x"),
    ("upto=1e3", "The query parameter 'upto' was malformed:\nParameter is not a valid value for epoch seconds: 1e3"),
    ("name=a/b/c", "The query parameter 'name' was malformed:\nParameter may be a 'simple' name or 'package-name/simple' name: a/b/c"),
    ("name=%", "The query parameter 'name' was malformed:\nParameter may be a 'simple' name or 'package-name/simple' name: %"),
    ("count=true&docs=true", "The parameter 'docs' is not permitted with 'count'."),
  ]

  @Test(arguments: malformed) func whatIsWrongWithAListIsSaid(query: String, text: String) {
    let reply = World().get("activations?\(query)")
    #expect(reply?.status == 400 && reply?.error == text, "\(reply?.text ?? "")")
    #expect(reply?.json?["code"] as? String == reply?["X-Request-ID"])
  }

  @Test func aLongValueIsCut() {
    let reply = World().get("activations?name=a/b/" + String(repeating: "c", count: 5_000))
    #expect(reply?.status == 400 && (reply?.error?.count ?? 0) < 300)
  }

  @Test func listsOfEntitiesNameTheirCollection() {
    let world = World()
    for collection in ["actions", "packages", "triggers", "rules"] {
      #expect(world.get("\(collection)?limit=300")?.error?.hasSuffix("'300' is not in the range of 0 to 200 for \(collection).") == true)
      #expect(world.get("\(collection)?count=true")?.text == "{\"\(collection)\":0}")
    }
  }

  @Test(arguments: ["", "/logs", "/result"]) func identifiersAreChecked(part: String) {
    let world = World()
    #expect(world.get("activations/abc12\(part)")?.error == "Activation id length is 5 but must be 32.")
    let letters = String(repeating: "g", count: 32)
    #expect(world.get("activations/\(letters)\(part)")?.error == "The activation id is not valid.")
    #expect(world.get("activations/\(letters)\(part)")?.status == 400)
    #expect(world.get("activations/\(String(repeating: "0", count: 32))\(part)")?.status == 404)
  }

  /// Only the first record of an executable tells what its initialisation took.
  @Test func initialisationIsTheFirstRecords() {
    let world = World()
    let deployment = world.network.open()
    world.network.deliver(
      deployment,
      Array("PUT /api/v1/namespaces/_/actions/a?loop=true HTTP/1.1\r\nHost: a\r\n\(authorization)Content-Length: \(smallestELF.count)\r\n\r\n".utf8) + smallestELF)
    world.process()
    guard let initialisation = world.next() else { Issue.record("nothing waits"); return }
    world.now = world.now + .milliseconds(12)
    world.finish(initialisation)
    #expect(world.replies(deployment).map(\.status) == [200])
    for expected in [12, nil, nil] {
      #expect(annotation(world.invoke("a", query: "?blocking=true")?.json, "initTime") as? Int == expected)
    }
    #expect(world.activations().map { annotation($0, "initTime") as? Int } == [nil, nil, 12])
  }

  /// The store keeps the newest, and the texts of the newest. A reply has its result even where that is not kept.
  @Test func theStoreIsBounded() throws {
    let world = World {
      $0.activations = 4
      $0.activationBytes = 4_096
    }
    #expect(world.deploy("a")?.status == 200)
    func result(_ record: NSDictionary?) -> Int? { (response(record)?["result"] as? NSDictionary)?["n"] as? Int }
    for index in 0..<10 {
      let filler = String(repeating: "y", count: index == 9 ? 2_000 : 900)
      let reply = world.invoke("a", query: "?blocking=true", body: "{\"n\":\(index),\"x\":\"\(filler)\"}")
      #expect(result(reply?.json) == index)
    }
    #expect(world.activations("?docs=true").map(result) == [nil, 8, 7, 6])
    #expect(world.get("activations?count=true")?.json == ["activations": 4])
  }

  @Test func rawInvocationsLeaveRecords() throws {
    let world = World()
    #expect(world.deploy("a", query: "?public=true")?.status == 200)
    #expect(world.request("POST /function/a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nraw")?.text == "raw")
    world.executor.outcome = .exited(status: 4)
    world.executor.log = Array("why\n".utf8)
    #expect(world.request("POST /function/a HTTP/1.1\r\nHost: a\r\n\r\n")?.status == 502)
    let all = world.activations("?docs=true")
    #expect(all.count == 2)
    #expect(response(all[1])?["size"] as? Int == 3)
    #expect(response(all[0])?["status"] as? String == "action developer error")
    #expect((all[0]["logs"] as? [String])?.first?.hasSuffix(" stderr: why") == true)
    let reply = try #require(
      world.request("POST /async-function/a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nraw"))
    #expect(reply.status == 202)
    #expect(world.executor.invocations.last?.input == Array("raw".utf8))
  }

  @Test func metricsAreText() throws {
    let world = World()
    #expect(world.deploy("a")?.status == 200)
    #expect(world.invoke("a", query: "?blocking=true")?.status == 200)
    let reply = try #require(world.request("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"))
    #expect(reply["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
    let lines = reply.text.split(separator: "\n")
    #expect(lines.contains("swiftlet_invocations_total{outcome=\"success\"} 1"))
    #expect(lines.contains("swiftlet_invocation_duration_microseconds_count 1"))
    #expect(lines.contains("swiftlet_pages_copied_total 0"))
    #expect(lines.contains("swiftlet_deployments_total 1"))
  }
}
