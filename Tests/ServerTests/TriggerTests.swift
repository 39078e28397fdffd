import API
import Actions
import Base
import Foundation
import Server
import Testing

/// Two users; me has actions a and b, the trigger t, and for each action a rule.
private func world(_ change: (inout ServerSettings) -> Void = { _ in }) -> World {
  let world = World(accounts: [("me", "secret", ""), ("you", "secret", "")], change)
  for name in ["a", "b"] { #expect(world.deploy(name)?.status == 200) }
  #expect(world.api("PUT", "_/triggers/t", #"{"parameters":[{"key":"p","value":1},{"key":"x","value":0}]}"#)?.status == 200)
  for name in ["a", "b"] {
    #expect(world.api("PUT", "_/rules/r\(name)", #"{"trigger":"/_/t","action":"/_/\#(name)"}"#)?.status == 200)
  }
  return world
}

@Suite struct TriggerTests {
  @Test func eachActiveRuleIsFired() throws {
    let world = world()
    let reply = try #require(world.api("POST", "_/triggers/t", #"{"x": 2}"#))
    #expect(reply.status == 202)
    let id = try #require(reply.json?["activationId"] as? String)
    #expect(reply.text == #"{"activationId":"\#(id)"}"# && reply["x-openwhisk-activation-id"] == id)
    #expect(world.invoked == ["b", "a"])
    #expect(world.inputs == [#"{"p":1,"x":2}"#, #"{"p":1,"x":2}"#])
    let fired = world.activations()
    #expect(fired.map { $0["name"] as? String } == ["a", "b", "t"])
    #expect(fired.map { $0["cause"] as? String } == [id, id, nil])
    let line = { (action: String, index: Int) in
      #"{"statusCode":0,"success":true,"activationId":"\#(fired[index]["activationId"] as? String ?? "")","rule":"me/r\#(action)","action":"me/\#(action)"}"#
    }
    let record = try #require(world.get("activations/\(id)"))
    #expect(record.json?["logs"] as? [String] == [line("b", 1), line("a", 0)])
    #expect(
      record.text.hasPrefix(
        #"{"namespace":"me","name":"t","version":"0.0.1","activationId":"\#(id)","start":1000000000000,"publish":false,"subject":"me","response":{"result":{"x": 2},"size":8,"status":"success","statusCode":0,"success":true},"logs":["#))
    #expect(record.text.hasSuffix(#"],"annotations":[]}"#))
    // No payload is an empty one.
    #expect(world.request("POST /api/v1/namespaces/_/triggers/t HTTP/1.1\r\nHost: a\r\n\(authorization)\r\n")?.status == 202)
    #expect(world.inputs.last == #"{"p":1,"x":0}"#)
    #expect(response(world.activations("?name=t&docs=true").first)?["result"] as? NSDictionary == [:])
  }

  @Test func rulesThatAreNotActive() throws {
    let world = world()
    #expect(world.api("POST", "_/rules/rb", #"{"status":"inactive"}"#)?.status == 200)
    let reply = try #require(world.api("POST", "_/triggers/t", "{}"))
    #expect(reply.status == 202 && world.invoked == ["a"])
    let logs = try #require(world.activations("?name=t&docs=true").first?["logs"] as? [String])
    #expect(
      logs.first
        == #"{"statusCode":1,"success":false,"error":"Rule 'me/rb' is inactive, action 'me/b' was not activated.","rule":"me/rb","action":"me/b"}"#)
    #expect(logs.count == 2)
    // With none there is nothing to keep.
    #expect(world.api("POST", "_/rules/ra", #"{"status":"inactive"}"#)?.status == 200)
    let none = try #require(world.api("POST", "_/triggers/t", "{}"))
    #expect(none.status == 204 && none.text.isEmpty)
    #expect(world.activations("?name=t").count == 1 && world.invoked == ["a"])
    #expect(world.api("PUT", "_/triggers/lonely", "{}")?.status == 200)
    #expect(world.api("POST", "_/triggers/lonely", "{}")?.status == 204)
  }

  @Test func actionsThatCannotBeStarted() throws {
    let world = world()
    #expect(world.api("DELETE", "_/actions/b")?.status == 200)
    #expect(
      world.api("PUT", "_/actions/a?overwrite=true", #"{"parameters":[{"key":"x","value":1}],"annotations":[{"key":"final","value":true}]}"#)?
        .status == 200)
    let reply = try #require(world.api("POST", "_/triggers/t", "{}"))
    #expect(reply.status == 202)
    let id = try #require(reply.json?["activationId"] as? String)
    #expect(
      world.get("activations/\(id)/logs")?.json?["logs"] as? [String] == [
        #"{"statusCode":1,"success":false,"error":"The requested resource does not exist.","rule":"me/rb","action":"me/b"}"#,
        #"{"statusCode":1,"success":false,"error":"Request defines parameters that are not allowed (e.g., reserved properties).","rule":"me/ra","action":"me/a"}"#,
      ])
    #expect(world.executor.invocations.isEmpty)
  }

  /// What does not fit into the queue is told, and the trigger's own record says so.
  @Test func aFullQueue() throws {
    let world = world { $0.queue = 1 }
    let reply = try #require(world.api("POST", "_/triggers/t", "{}"))
    let id = try #require(reply.json?["activationId"] as? String)
    let logs = try #require(world.get("activations/\(id)/logs")?.json?["logs"] as? [String])
    #expect(logs.map { $0.contains(#""statusCode":0"#) } == [true, false])
    #expect(logs[1].hasPrefix(#"{"statusCode":3,"success":false,"error":"Too many requests are waiting"#))
    #expect(world.invoked == ["b"])
  }

  /// What no rule's action can take any more costs nothing for each: the payload is neither copied nor looked through.
  @Test func aFullQueueComesFirst() throws {
    let world = world { $0.queue = 1 }
    #expect(
      world.api("PUT", "_/actions/a?overwrite=true", #"{"parameters":[{"key":"x","value":1}],"annotations":[{"key":"final","value":true}]}"#)?
        .status == 200)
    let id = try #require(world.api("POST", "_/triggers/t", "{}")?.json?["activationId"] as? String)
    let logs = try #require(world.get("activations/\(id)/logs")?.json?["logs"] as? [String])
    #expect(logs.count == 2 && logs[1].hasPrefix(#"{"statusCode":3,"success":false,"error":"Too many requests are waiting"#))
  }

  @Test func sequencesAndBindings() throws {
    let world = world()
    #expect(world.api("PUT", "_/packages/pk", #"{"publish":true,"parameters":[{"key":"k","value":9}]}"#, as: otherAuthorization)?.status == 200)
    #expect(
      world.request(
        "PUT /api/v1/namespaces/_/actions/pk/c HTTP/1.1\r\nHost: a\r\n\(otherAuthorization)Content-Length: \(smallestELF.count)\r\n\r\n",
        body: smallestELF)?.status == 200)
    #expect(world.api("PUT", "_/packages/bd", #"{"binding":{"namespace":"you","name":"pk"}}"#)?.status == 200)
    #expect(world.sequence("s", ["a", "bd/c"])?.status == 200)
    #expect(world.api("PUT", "_/rules/ra?overwrite=true", #"{"action":"/_/s"}"#)?.status == 200)
    #expect(world.api("PUT", "_/rules/rb?overwrite=true", #"{"action":"/_/bd/c"}"#)?.status == 200)
    let id = try #require(world.api("POST", "_/triggers/t", "{}")?.json?["activationId"] as? String)
    #expect(world.invoked == ["pk/c", "a", "pk/c"])
    #expect(world.inputs.last == #"{"k":9,"p":1,"x":0}"#)
    let sequence = try #require(world.activations("?name=s&docs=true").first)
    #expect(sequence["cause"] as? String == id && annotation(sequence, "topmost") as? Bool == true)
  }

  @Test func refusals() {
    let world = world()
    #expect(world.api("POST", "_/triggers/none", "{}")?.status == 404)
    #expect(world.api("POST", "_/triggers/a", "{}")?.error == "Resource by this name exists but is not in this collection.")
    #expect(world.api("POST", "me/triggers/t", "{}", as: otherAuthorization)?.status == 403)
    #expect(world.api("POST", "_/triggers/t", "[1]")?.error == "The request content was malformed: parameters must be a JSON object.")
    #expect(world.api("POST", "_/triggers/t", "{")?.status == 400)
    #expect(world.executor.invocations.isEmpty && world.activations().isEmpty)
  }

  /// The connection goes on at once with what its client sent behind it.
  @Test func pipelined() {
    let world = world()
    let head = "POST /api/v1/namespaces/_/triggers/t HTTP/1.1\r\nHost: a\r\n\(authorization)Content-Length: 2\r\n\r\n{}"
    let index = world.network.open()
    #expect(world.exchange(index, head + head + head).map(\.status) == [202, 202, 202])
    #expect(world.executor.invocations.count == 6)
  }
}

@Suite struct ParameterFlowTests {
  @Test func packageThenBindingThenActionThenRequest() {
    let world = World()
    func list(_ keys: String, _ value: String) -> String {
      "[" + keys.map { #"{"key":"\#($0)","value":"\#(value)"}"# }.joined(separator: ",") + "]"
    }
    #expect(world.api("PUT", "_/packages/pk", #"{"parameters":\#(list("abcd", "package"))}"#)?.status == 200)
    #expect(world.api("PUT", "_/packages/bd", #"{"binding":{"namespace":"_","name":"pk"},"parameters":\#(list("bcd", "binding"))}"#)?.status == 200)
    #expect(world.deploy("pk/x")?.status == 200)
    #expect(world.api("PUT", "_/actions/pk/x?overwrite=true", #"{"parameters":\#(list("cd", "action"))}"#)?.status == 200)
    #expect(
      world.invoke("bd/x", query: "?blocking=true&result=true", body: #"{"d": "request", "e":1}"#)?.text
        == #"{"a":"package","b":"binding","c":"action","d":"request","e":1}"#)
    #expect(world.invoke("pk/x", query: "?blocking=true&result=true")?.text == #"{"a":"package","b":"package","c":"action","d":"action"}"#)
    // Those that are for the initialisation are given with the others.
    #expect(world.api("PUT", "_/actions/pk/x?overwrite=true", #"{"parameters":[{"key":"i","value":1,"init":true}]}"#)?.status == 200)
    #expect(world.invoke("pk/x", query: "?blocking=true&result=true")?.text.hasSuffix(#","i":1}"#) == true)
    // Raw invocations are given their bytes alone.
    #expect(world.api("PUT", "_/actions/y", #"{"exec":{"kind":"blackbox","code":"\#(Data(smallestELF).base64EncodedString())"},"parameters":[{"key":"p","value":1}],"annotations":[{"key":"public","value":true}]}"#)?.status == 200)
    #expect(world.request("POST /function/y HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")?.text == "{}")
    #expect(world.invoke("y", query: "?blocking=true&result=true")?.text == #"{"p":1}"#)
  }

  @Test func finalParameters() {
    let world = World()
    let refusal = "Request defines parameters that are not allowed (e.g., reserved properties)."
    #expect(world.api("PUT", "_/packages/pk", #"{"parameters":[{"key":"a","value":1},{"key":"n","value":1}]}"#)?.status == 200)
    #expect(world.deploy("pk/x")?.status == 200)
    let put = #"{"parameters":[{"key":"b","value":2},{"key":"n","value":null}],"annotations":[{"key":"final","value":FINAL}]}"#
    for isFinal in [true, false] {
      #expect(world.api("PUT", "_/actions/pk/x?overwrite=true", put.replacing("FINAL", with: "\(isFinal)"))?.status == 200)
      let before = world.executor.invocations.count
      for body in [#"{"a":0}"#, #"{"c":1,"b":0}"#, #"{"\u0062":0}"#] {
        let reply = world.invoke("pk/x", query: "?blocking=true", body: body)
        #expect(reply?.status == (isFinal ? 400 : 200) && (!isFinal || reply?.error == refusal), "\(body)")
      }
      #expect(world.executor.invocations.count == before + (isFinal ? 0 : 3))
      // What has no value is still open.
      #expect(world.invoke("pk/x", query: "?blocking=true", body: #"{"c":1,"n":2}"#)?.status == 200)
    }
  }

  @Test func parametersJoinInLoopMode() throws {
    let world = World()
    #expect(world.deploy("a", query: "?loop=true")?.status == 200)
    #expect(world.api("PUT", "_/actions/a?overwrite=true", #"{"parameters":[{"key":"p","value":1}]}"#)?.status == 200)
    #expect(world.invoke("a", query: "?blocking=true", body: "{\"x\" :\n2}") != nil)
    #expect(try #require(world.inputs.last).hasPrefix(#"{"value":{"p":1,"x":2},"action_name":"/me/a""#))
  }

  /// A package that is changed or removed between head and body of a request.
  @Test func thePackageGoesMeanwhile() {
    let world = World()
    #expect(world.api("PUT", "_/packages/pk", #"{"parameters":[{"key":"a","value":1}]}"#)?.status == 200)
    #expect(world.deploy("pk/x")?.status == 200)
    let index = world.deliver("POST /api/v1/namespaces/_/actions/pk/x?blocking=true HTTP/1.1\r\nHost: a\r\n\(authorization)Content-Length: 2\r\n\r\n{")
    #expect(world.api("DELETE", "_/packages/pk?force=true")?.status == 200)
    #expect(world.exchange(index, "}").first?.status == 404)
  }
}
