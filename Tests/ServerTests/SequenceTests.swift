import API
import Actions
import Base
import Foundation
import Server
import Testing

extension World {
  /// Makes `name` a sequence of `components`.
  func sequence(_ name: String, _ components: [String], query: String = "") -> Response? {
    let list = components.map { "\"/_/\($0)\"" }.joined(separator: ",")
    return api("PUT", "_/actions/\(name)\(query)", #"{"exec":{"kind":"sequence","components":[\#(list)]}}"#)
  }

  /// What actions were invoked, by their names.
  var invoked: [String] { executor.invocations.map { String($0.strings.prefix { $0 != "\0" }) } }
  /// What they were given.
  var inputs: [String] { executor.invocations.map { String(decoding: $0.input, as: UTF8.self) } }

  /// A request that is only begun.
  func deliver(_ text: String) -> Int {
    let index = network.open()
    network.deliver(index, Array(text.utf8))
    process()
    return index
  }

  func deliver(post name: String, query: String = "?blocking=true", body: String = "{}") -> Int {
    deliver(
      "POST /api/v1/namespaces/_/actions/\(name)\(query) HTTP/1.1\r\nHost: a\r\n\(authorization)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
  }

  /// Runs one invocation; false where there was none.
  func step() -> Bool {
    guard let invocation = next() else { return false }
    finish(invocation)
    return true
  }
}

func response(_ record: NSDictionary?) -> NSDictionary? { record?["response"] as? NSDictionary }

func annotation(_ record: NSDictionary?, _ key: String) -> Any? {
  (record?["annotations"] as? [NSDictionary])?.first { $0["key"] as? String == key }?["value"]
}

private func world(_ actions: [String] = ["a", "b", "c"], _ change: (inout ServerSettings) -> Void = { _ in }) -> World {
  let world = World(change)
  for action in actions { #expect(world.deploy(action)?.status == 200) }
  return world
}

private let limits = #"{"key":"limits","value":{"timeout":60000,"memory":256,"logs":1,"concurrency":1}}"#

@Suite struct SequenceTests {
  /// It runs no program of its own: nothing is kept of the attempt.
  @Test func isNoFunction() {
    let world = world(["a"])
    #expect(world.sequence("s", ["a"])?.status == 200)
    #expect(world.request("POST /function/s HTTP/1.1\r\nHost: a\r\n\(authorization)Content-Length: 2\r\n\r\n{}")?.status == 404)
    #expect(world.executor.invocations.isEmpty && world.activations().isEmpty && world.counters.failedInvocations == 0)
  }

  @Test func eachResultIsTheNextInput() throws {
    let world = world()
    #expect(world.sequence("s", ["a", "b", "c"])?.status == 200)
    world.executor.outputs = ["a": "noise\n{\"n\": 1}", "b": #"{"n":2}"#, "c": #"{"n":3}"#]
    let reply = try #require(world.invoke("s", query: "?blocking=true", body: #"{"n":0}"#))
    #expect(reply.status == 200)
    #expect(world.invoked == ["a", "b", "c"])
    #expect(world.inputs == [#"{"n":0}"#, #"{"n": 1}"#, #"{"n":2}"#])
    let id = try #require(reply["x-openwhisk-activation-id"])
    let steps = try #require(reply.json?["logs"] as? [String])
    let names = world.executor.invocations.compactMap { call in
      call.strings.split(separator: "\0").first { $0.hasPrefix("__OW_ACTIVATION_ID=") }?.dropFirst("__OW_ACTIVATION_ID=".count)
    }
    #expect(steps == names.map(String.init) && steps.count == 3)
    let text = #"{"namespace":"me","name":"s","version":"0.0.1","activationId":"\#(id)","start":1000000000000,"end":1000000000000,"duration":0,"publish":false,"subject":"me","response":{"result":{"n":3},"size":7,"status":"success","statusCode":0,"success":true},"logs":["\#(steps.joined(separator: #"",""#))"],"annotations":[{"key":"path","value":"me/s"},{"key":"kind","value":"sequence"},\#(limits),{"key":"topmost","value":true}]}"#
    #expect(reply.text == text)
    #expect(world.get("activations/\(id)")?.text == text)
    #expect(world.get("activations/\(id)/result")?.json?["result"] as? NSDictionary == ["n": 3])
    for step in steps {
      let record = world.get("activations/\(step)")?.json
      #expect(record?["cause"] as? String == id && annotation(record, "causedBy") as? String == "sequence")
      #expect(annotation(record, "topmost") == nil)
    }
    // The sequence's record comes after those of its steps.
    #expect(world.activations().map { $0["name"] as? String } == ["s", "c", "b", "a"])
    #expect(world.invoke("s", query: "?blocking=true&result=true")?.text == #"{"n":3}"#)
  }

  static let ends: [(output: String, outcome: Outcome, code: Int, result: String)] = [
    (#"{"error":"no"}"#, .exited(status: 0), 1, #"{"error":"no"}"#),
    (#"{"error":null}"#, .exited(status: 0), 1, #"{"error":null}"#),
    ("text", .exited(status: 0), 2, #"{"error":"The action did not return a dictionary or array."}"#),
    ("", .timeLimit, 2, #"{"error":"The action exceeded its time limits of 60000 milliseconds."}"#),
    ("", .noMemory, 3, #"{"error":"The machine ran out of memory; the action was aborted."}"#),
  ]

  @Test(arguments: ends)
  func aStepThatFailsEndsIt(_ output: String, _ outcome: Outcome, _ code: Int, _ result: String) throws {
    let world = world()
    #expect(world.sequence("s", ["a", "b", "c"])?.status == 200)
    let index = world.deliver(post: "s")
    #expect(world.step())
    world.executor.outputs = ["b": output]
    world.executor.outcome = outcome
    #expect(world.step() && !world.step())
    let reply = try #require(world.replies(index).first)
    #expect(reply.status == (code == 3 ? 500 : 502))
    #expect(response(reply.json)?["statusCode"] as? Int == code)
    #expect(reply.text.contains(#""response":{"result":\#(result),"#))
    #expect((reply.json?["logs"] as? [String])?.count == 2)
    #expect(world.invoked == ["a", "b"])
  }

  @Test func anArrayGoesOnAsItIs() {
    let world = world(["a"])
    #expect(world.api("PUT", "_/actions/a?overwrite=true", #"{"parameters":[{"key":"p","value":1}]}"#)?.status == 200)
    #expect(world.sequence("s", ["a", "a"])?.status == 200)
    world.executor.outputs = ["a": "[1, 2]"]
    #expect(world.invoke("s", query: "?blocking=true&result=true")?.text == "[1, 2]")
    #expect(world.inputs == [#"{"p":1}"#, "[1, 2]"])
  }

  /// Only components have parameters, each its own; the sequence's package has none for them.
  @Test func parametersOfComponents() {
    let world = world([])
    #expect(world.api("PUT", "_/packages/pk", #"{"parameters":[{"key":"p","value":"pk"},{"key":"x","value":"pk"}]}"#)?.status == 200)
    #expect(world.api("PUT", "_/packages/bd", #"{"binding":{"namespace":"_","name":"pk"},"parameters":[{"key":"x","value":"bd"}]}"#)?.status == 200)
    for name in ["a", "pk/b"] { #expect(world.deploy(name)?.status == 200) }
    #expect(world.api("PUT", "_/actions/pk/b?overwrite=true", #"{"parameters":[{"key":"y","value":[1, null]}]}"#)?.status == 200)
    #expect(world.sequence("pk/s", ["a", "bd/b"])?.status == 200)
    #expect(world.invoke("bd/s", query: "?blocking=true", body: #"{"a": 1, "y": 2}"#)?.status == 200)
    #expect(world.inputs == [#"{"a": 1, "y": 2}"#, #"{"p":"pk","x":"bd","y":2,"a":1}"#])
    let step = world.activations("?name=bd/b&docs=true").first
    #expect(annotation(step, "path") as? String == "me/pk/b" && annotation(step, "binding") as? String == "me/bd")
  }

  @Test func sequencesWithinSequences() throws {
    let world = world()
    #expect(world.sequence("inner", ["b", "c"])?.status == 200)
    #expect(world.sequence("outer", ["a", "inner", "a"])?.status == 200)
    let reply = try #require(world.invoke("outer", query: "?blocking=true", body: #"{"n":0}"#))
    #expect(reply.status == 200)
    #expect(world.invoked == ["a", "b", "c", "a"])
    let id = try #require(reply.json?["activationId"] as? String)
    let logs = try #require(reply.json?["logs"] as? [String])
    #expect(logs.count == 3)
    let inner = try #require(world.get("activations/\(logs[1])")?.json)
    #expect(inner["name"] as? String == "inner" && inner["cause"] as? String == id)
    #expect(annotation(inner, "topmost") as? Bool == false && annotation(inner, "causedBy") as? String == "sequence")
    #expect(annotation(inner, "kind") as? String == "sequence" && response(inner)?["result"] as? NSDictionary == ["n": 0])
    let steps = try #require(inner["logs"] as? [String])
    #expect(steps.compactMap { world.get("activations/\($0)")?.json?["name"] as? String } == ["b", "c"])
    for step in steps { #expect(world.get("activations/\(step)")?.json?["cause"] as? String == logs[1]) }
    // An error ends them all.
    world.executor.outputs = ["b": #"{"error":1}"#]
    let failed = try #require(world.invoke("outer", query: "?blocking=true"))
    #expect(failed.status == 502 && response(failed.json)?["result"] as? NSDictionary == ["error": 1])
    #expect((failed.json?["logs"] as? [String])?.count == 2)
    #expect(world.invoked.count == 6)
  }

  /// A sequence is counted when it is deployed; what it holds may grow afterwards.
  @Test func noMoreThanFiftyActions() throws {
    let world = world()
    #expect(world.sequence("t", ["a"])?.status == 200)
    #expect(world.sequence("s", Array(repeating: "t", count: 26))?.status == 200)
    #expect(world.sequence("t", ["a", "b"], query: "?overwrite=true")?.status == 200)
    let reply = try #require(world.invoke("s", query: "?blocking=true"))
    #expect(reply.status == 502 && response(reply.json)?["statusCode"] as? Int == 1)
    #expect(response(reply.json)?["result"] as? NSDictionary == ["error": "Too many actions in the sequence."])
    #expect((reply.json?["logs"] as? [String])?.count == 25)
    #expect(world.invoked.count == 50)
  }

  /// A binding that is changed can make a sequence hold itself.
  @Test func aSequenceThatHoldsItselfEnds() throws {
    let world = world([])
    for name in ["one", "two"] { #expect(world.api("PUT", "_/packages/\(name)", "{}")?.status == 200) }
    #expect(world.deploy("one/x")?.status == 200)
    #expect(world.api("PUT", "_/packages/bd", #"{"binding":{"namespace":"_","name":"one"}}"#)?.status == 200)
    #expect(world.sequence("s", ["bd/x"])?.status == 200)
    #expect(world.sequence("two/x", ["s"])?.status == 200)
    #expect(world.api("PUT", "_/packages/bd?overwrite=true", #"{"binding":{"namespace":"_","name":"two"}}"#)?.status == 200)
    let reply = try #require(world.invoke("s", query: "?blocking=true&result=true"))
    #expect(reply.status == 502 && reply.text == #"{"error":"Too many actions in the sequence."}"#)
    #expect(world.executor.invocations.isEmpty)
    #expect(world.activations("?limit=100").count == 50)
    #expect(world.deploy("two/x", query: "?overwrite=true")?.status == 200)
    #expect(world.invoke("s", query: "?blocking=true&result=true")?.text == "{}")
  }

  @Test func aComponentThatIsGone() throws {
    let world = world()
    #expect(world.sequence("s", ["a", "b"])?.status == 200)
    #expect(world.api("DELETE", "_/actions/b")?.status == 200)
    let reply = try #require(world.invoke("s", query: "?blocking=true"))
    #expect(reply.status == 502 && response(reply.json)?["result"] as? NSDictionary == ["error": "Sequence component does not exist."])
    #expect((reply.json?["logs"] as? [String])?.count == 1)
    // The same where it goes while the step waits.
    #expect(world.deploy("b")?.status == 200)
    let index = world.deliver(post: "s", query: "?blocking=true&result=true")
    guard let invocation = world.next() else {
      Issue.record("nothing to run")
      return
    }
    let other = world.deliver("DELETE /api/v1/namespaces/_/actions/b HTTP/1.1\r\nHost: a\r\n\(authorization)\r\n")
    world.finish(invocation)
    world.settle()
    #expect(world.replies(other).first?.status == 200)
    #expect(world.replies(index).first?.text == #"{"error":"Sequence component does not exist."}"#)
  }

  /// A step that is replaced by a sequence while it waits, and a sequence that is replaced or removed while it runs.
  @Test func whatChangesMeanwhile() throws {
    let world = world()
    #expect(world.sequence("s", ["a", "b"])?.status == 200)
    let index = world.deliver(post: "s", query: "?blocking=true&result=true")
    guard let invocation = world.next() else {
      Issue.record("nothing to run")
      return
    }
    func put(_ name: String, _ component: String) -> Int {
      let body = #"{"exec":{"kind":"sequence","components":["/_/\#(component)"]}}"#
      return world.deliver(
        "PUT /api/v1/namespaces/_/actions/\(name)?overwrite=true HTTP/1.1\r\nHost: a\r\n\(authorization)Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }
    let changes = [
      put("b", "c"), put("s", "a"), world.deliver("DELETE /api/v1/namespaces/_/actions/s HTTP/1.1\r\nHost: a\r\n\(authorization)\r\n"),
    ]
    world.finish(invocation)
    world.settle()
    #expect(changes.map { world.replies($0).first?.status } == [200, 200, 200])
    #expect(world.replies(index).first?.text == "{}")
    #expect(world.invoked == ["a", "c"])
    #expect(world.activations().map { $0["name"] as? String } == ["s", "b", "c", "a"])
    #expect(world.invoke("s")?.status == 404)
  }

  @Test func nobodyNeedWait() throws {
    let world = world()
    #expect(world.sequence("s", ["a", "b"])?.status == 200)
    let reply = try #require(world.invoke("s", body: #"{"n":1}"#))
    #expect(reply.status == 202)
    let id = try #require(reply.json?["activationId"] as? String)
    #expect(response(world.get("activations/\(id)")?.json)?["result"] as? NSDictionary == ["n": 1])
    // A client that has waited long enough is told the identifier, and the sequence goes on.
    let index = world.deliver(
      "POST /api/v1/namespaces/_/actions/s?blocking=true&timeout=100 HTTP/1.1\r\nHost: a\r\nX-Request-ID: mine\r\n\(authorization)\r\n")
    #expect(world.step())
    world.now = world.now + .milliseconds(100)
    world.process()
    let late = try #require(world.replies(index).first)
    #expect(late.status == 202 && late["x-request-id"] == "mine")
    let second = try #require(late.json?["activationId"] as? String)
    world.settle()
    #expect(response(world.get("activations/\(second)")?.json)?["statusCode"] as? Int == 0)
    #expect(world.replies(index).isEmpty)
    // One that goes away leaves it, too.
    let gone = world.deliver(post: "s")
    #expect(world.step())
    world.network.drop(gone)
    world.settle()
    #expect(world.activations("?name=s").count == 3)
  }

  /// The duration is what the actions ran; from start to end there are the waits, too.
  @Test func times() throws {
    let world = world()
    #expect(world.sequence("s", ["a", "b"])?.status == 200)
    let index = world.deliver(post: "s")
    for _ in 0..<2 {
      world.now = world.now + .milliseconds(30)
      guard let invocation = world.next() else {
        Issue.record("nothing to run")
        return
      }
      world.now = world.now + .milliseconds(10)
      world.finish(invocation)
    }
    let record = try #require(world.replies(index).first).json
    #expect(record?["duration"] as? Int == 20)
    #expect(record?["start"] as? Int == 1_000_000_000_030 && record?["end"] as? Int == 1_000_000_000_080)
  }

  @Test func theMostMemoryOfAComponent() throws {
    let world = world([])
    for (name, memory) in [("a", 8), ("b", 32), ("c", 16)] {
      #expect(world.deploy(name, query: "?memory=\(memory)")?.status == 200)
    }
    #expect(world.sequence("inner", ["b"])?.status == 200)
    #expect(world.sequence("s", ["a", "inner", "c"])?.status == 200)
    let record = try #require(world.invoke("s", query: "?blocking=true")).json
    #expect((annotation(record, "limits") as? NSDictionary)?["memory"] as? Int == 32)
  }

  /// Others have their turns between two steps, and the next step has a place though the queue is full.
  @Test func stepsTakeTurns() throws {
    let world = world(["a", "b", "x"]) { $0.queue = 2 }
    #expect(world.sequence("s", ["a", "b"])?.status == 200)
    let first = world.deliver(post: "s")
    guard let invocation = world.next() else {
      Issue.record("nothing to run")
      return
    }
    let others = [world.deliver(post: "x"), world.deliver(post: "s"), world.deliver(post: "x")]
    #expect(world.replies(others[2]).first?.status == 503)
    world.finish(invocation)
    // The step took the place that is kept for it: still there is none for others.
    let late = world.deliver(post: "x")
    #expect(world.replies(late).first?.status == 503)
    world.settle()
    #expect(([first] + others.prefix(2)).map { world.replies($0).first?.status } == [200, 200, 200])
    #expect(world.invoked == ["a", "x", "a", "b", "b"])
    // Nothing is left in the queue's places.
    #expect(world.invoke("s", query: "?blocking=true")?.status == 200)
    #expect(world.waitingCount == 0)
  }

  /// A result that is more than may lie waiting goes on at once.
  @Test func longResults() throws {
    let world = world(["a", "b", "x"]) { $0.backlogBytes = 1_000 }
    #expect(world.sequence("s", ["a", "b"])?.status == 200)
    world.executor.outputs = ["a": "{\"long\":\"\(String(repeating: "y", count: 5_000))\"}"]
    let index = world.deliver(post: "s", query: "?blocking=true&result=true")
    let other = world.deliver(post: "x")
    world.settle()
    #expect(world.invoked == ["a", "b", "x"])
    #expect(world.replies(index).first?.text.utf8.count == 5_011 && world.replies(other).first?.status == 200)
  }

  @Test func otherRoutes() {
    let world = world(["a"])
    #expect(world.sequence("s", ["a"])?.status == 200)
    for path in ["/function/s", "/async-function/s"] {
      #expect(world.request("POST \(path) HTTP/1.1\r\nHost: a\r\n\(authorization)\r\n")?.status == 404, "\(path)")
    }
    #expect(world.executor.invocations.allSatisfy { $0.id.index == .max })
    #expect(world.activations("?name=s").count <= 1)
  }

  /// A sequence of a shared package: it runs in the caller's namespace, its components are its owner's.
  @Test func sharedSequences() throws {
    let world = World(accounts: [("me", "secret", ""), ("you", "secret", "")])
    #expect(world.api("PUT", "_/packages/pk", #"{"publish":true}"#)?.status == 200)
    for name in ["a", "pk/b"] { #expect(world.deploy(name)?.status == 200) }
    #expect(world.sequence("pk/s", ["a", "pk/b"])?.status == 200)
    let reply = try #require(world.api("POST", "me/actions/pk/s?blocking=true", "{}", as: otherAuthorization))
    #expect(reply.status == 200)
    let record = reply.json
    #expect(record?["namespace"] as? String == "you" && annotation(record, "path") as? String == "me/pk/s")
    let strings = world.executor.invocations.map(\.strings)
    #expect(strings.allSatisfy { $0.contains("__OW_NAMESPACE=you\0") })
    #expect(strings[1].contains("__OW_ACTION_NAME=/me/pk/b\0"))
    #expect(world.activations().isEmpty)
    #expect(world.api("POST", "me/actions/a?blocking=true", "{}", as: otherAuthorization)?.status == 403)
  }

  /// A second request that came with the first is taken up when the sequence has ended.
  @Test func pipelined() {
    let world = world(["a"])
    #expect(world.sequence("s", ["a", "a"])?.status == 200)
    let head = "POST /api/v1/namespaces/_/actions/s?blocking=true&result=true HTTP/1.1\r\nHost: a\r\n\(authorization)Content-Length: 7\r\n\r\n"
    let index = world.network.open()
    #expect(world.exchange(index, (1...3).map { head + "{\"n\":\($0)}" }.joined()).map(\.text) == (1...3).map { "{\"n\":\($0)}" })
  }
}
