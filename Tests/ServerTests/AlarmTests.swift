// Alarms from the feed's invocation to the rule's action, by a clock that the test moves. The clock shows 2001-09-09T01:46:40Z at first.

import API
import Actions
import Base
import Foundation
import HTTP
import Net
import Server
import Testing

extension World {
  /// Invokes a feed of the package alarms, as OpenWhisk's client does.
  fileprivate func feed(
    _ name: String, _ event: String, trigger: String = "/_/t", _ parameters: String = "", query: String = "?blocking=true&result=false",
    as user: String = authorization
  ) -> Response? {
    api(
      "POST", "whisk.system/actions/alarms/\(name)\(query)",
      "{\"authKey\":\"me:secret\",\"lifecycleEvent\":\"\(event)\",\"triggerName\":\"\(trigger)\"\(parameters.isEmpty ? "" : ",")\(parameters)}", as: user)
  }

  /// An action that a trigger fires by a rule.
  fileprivate func prepare() {
    #expect(deploy("a")?.status == 200)
    #expect(api("PUT", "_/triggers/t", #"{"parameters":[{"key":"from","value":"trigger"}]}"#)?.status == 200)
    #expect(api("PUT", "_/rules/r", #"{"trigger":"/_/t","action":"/_/a"}"#)?.status == 200)
  }
}

private func response(_ reply: Response?) -> NSDictionary? { reply?.json?["response"] as? NSDictionary }

@Suite struct AlarmTests {
  @Test func aFeedAnswersItsRecord() throws {
    let world = World()
    world.prepare()
    let reply = try #require(world.feed("alarm", "CREATE", #""cron":"* * * * *""#))
    #expect(reply.status == 200)
    #expect(reply.json?["namespace"] as? String == "me" && reply.json?["name"] as? String == "alarm")
    #expect(response(reply) == ["status": "success", "statusCode": 0, "success": true, "result": ["status": "success"], "size": 20] as NSDictionary)
    let annotations = try #require(reply.json?["annotations"] as? [NSDictionary])
    #expect(annotations.first { $0["key"] as? String == "path" }?["value"] as? String == "whisk.system/alarms/alarm")
    let id = try #require(reply.json?["activationId"] as? String)
    #expect(world.get("activations/\(id)")?.json == reply.json)
    #expect(world.activations("?name=alarms/alarm").count == 1)
    // Not blocking, and with the result alone.
    #expect(world.feed("alarm", "PAUSE", query: "")?.status == 202)
    #expect(world.feed("alarm", "UNPAUSE", query: "?blocking=true&result=true")?.text == #"{"status":"success"}"#)
    let shown = world.feed("alarm", "READ", query: "?blocking=true&result=true")?.json
    #expect((shown?["config"] as? NSDictionary)?["cron"] as? String == "* * * * *")
    #expect((shown?["status"] as? NSDictionary)?["active"] as? Bool == true)
    #expect(world.executor.invocations.isEmpty)
  }

  @Test func everySecondTheRuleRuns() throws {
    let world = World()
    world.prepare()
    #expect(world.feed("alarm", "CREATE", #""cron":"* * * * * *","trigger_payload":{"name":"Odin"}"#)?.status == 200)
    let first = world.nextDeadline
    #expect(first == Instant(nanoseconds: 1_000_000_000))
    world.now = Instant(nanoseconds: 999_999_999)
    world.settle()
    #expect(world.inputs.isEmpty)
    for second in 1...3 {
      world.now = Instant(nanoseconds: UInt64(second) * 1_000_000_000)
      world.settle()
      #expect(world.inputs == Array(repeating: #"{"from":"trigger","name":"Odin"}"#, count: second))
    }
    // Ten seconds that were missed are one firing.
    world.pass(.seconds(10))
    #expect(world.inputs.count == 4)
    // The trigger's activations are there, and are the cause of the action's.
    let fired = world.activations("?name=t")
    #expect(fired.count == 4)
    let action = try #require(world.activations("?name=a").first)
    #expect(action["cause"] as? String == fired[0]["activationId"] as? String)
    #expect(world.feed("alarm", "DELETE")?.status == 200)
    world.pass(.seconds(10))
    #expect(world.inputs.count == 4)
  }

  @Test func itFiresWhileAnActionRuns() {
    let world = World()
    world.prepare()
    #expect(world.feed("alarm", "CREATE", #""cron":"* * * * * *""#)?.status == 200)
    let index = world.network.open()
    world.network.deliver(index, Array("POST /api/v1/namespaces/_/actions/a HTTP/1.1\r\nHost: a\r\n\(authorization)Content-Length: 0\r\n\r\n".utf8))
    world.process()
    guard let running = world.next() else { Issue.record("nothing waits"); return }
    world.now = world.now + .seconds(1)
    world.process()
    #expect(world.waitingCount == 1)
    world.finish(running)
    world.settle()
    #expect(world.inputs == ["{}", #"{"from":"trigger"}"#])
  }

  @Test func aTriggerTakesItsAlarmAlong() {
    let world = World()
    world.prepare()
    #expect(world.feed("interval", "CREATE", #""minutes":1"#)?.status == 200)
    #expect(world.api("DELETE", "_/triggers/t")?.status == 200)
    // As OpenWhisk's client does after that.
    #expect(world.feed("interval", "DELETE")?.status == 200)
    #expect(world.api("PUT", "_/triggers/t", "{}")?.status == 200)
    #expect(world.api("POST", "_/rules/r", #"{"status":"active"}"#)?.status == 200)
    world.pass(.seconds(600))
    #expect(world.inputs.isEmpty)
    #expect(response(world.feed("interval", "READ"))?["status"] as? String == "application error")
  }

  @Test(arguments: [("false", true, true), ("true", false, true), ("rules", false, false)])
  func onceAndGone(deletes: String, leavesTrigger: Bool, leavesRule: Bool) {
    let world = World()
    world.prepare()
    #expect(world.feed("once", "CREATE", "\"date\":1000000005000,\"deleteAfterFire\":\"\(deletes)\"")?.status == 200)
    world.pass(.seconds(4))
    #expect(world.inputs.isEmpty)
    world.pass(.seconds(2))
    world.pass(.seconds(100))
    #expect(world.inputs.count == 1)
    #expect(world.get("triggers/t")?.status == (leavesTrigger ? 200 : 404))
    #expect(world.get("rules/r")?.status == (leavesRule ? 200 : 404))
  }

  @Test func withoutARuleNothingIsKept() {
    let world = World()
    #expect(world.api("PUT", "_/triggers/t", "{}")?.status == 200)
    #expect(world.feed("alarm", "CREATE", #""cron":"* * * * * *""#)?.status == 200)
    world.pass(.seconds(2))
    #expect(world.activations("?name=t").isEmpty)
    // The alarm goes on, and so does a connection's time: both share one bound.
    #expect(world.deploy("a")?.status == 200 && world.api("PUT", "_/rules/r", #"{"trigger":"/_/t","action":"/_/a"}"#)?.status == 200)
    world.pass(.seconds(2))
    #expect(world.inputs.count == 1)
  }

  @Test func whatIsWrongIsAnApplicationError() {
    let world = World()
    world.prepare()
    for (feed, event, trigger, parameters, text) in [
      ("alarm", "CREATE", "/_/t", #""cron":"99 * * * *""#, "cron pattern '99 * * * *' is not valid: a value lies outside its field; see the minute (0-59)"),
      ("alarm", "CREATE", "/_/none", #""cron":"* * * * *""#, "the trigger does not exist in this namespace; create it first"),
      ("once", "START", "/_/t", "", "unsupported lifecycleEvent: it is one of CREATE, READ, UPDATE, DELETE, PAUSE and UNPAUSE"),
      ("once", "CREATE", "", "", "no trigger name parameter was provided"),
    ] {
      let reply = world.feed(feed, event, trigger: trigger, parameters)
      #expect(reply?.status == 502)
      #expect(response(reply)?["status"] as? String == "application error")
      #expect((response(reply)?["result"] as? NSDictionary)?["error"] as? String == text)
    }
  }

  @Test func othersTriggersAreOutOfReach() {
    let world = World(accounts: [("me", "secret", ""), ("you", "secret", "")])
    world.prepare()
    #expect(world.feed("alarm", "CREATE", trigger: "/me/t", #""cron":"* * * * * *""#, as: otherAuthorization)?.status == 502)
    world.pass(.seconds(5))
    #expect(world.inputs.isEmpty)
    // OpenWhisk takes the caller's namespace, whatever the name says.
    #expect(world.feed("alarm", "CREATE", trigger: "/whisk.system/t", #""cron":"* * * * * *""#)?.status == 200)
    #expect(world.feed("alarm", "CREATE", trigger: "t", #""cron":"* * * * * *""#)?.status == 200)
  }

  @Test func thePackageIsThereAndStays() throws {
    let world = World(accounts: [("me", "secret", ""), ("root", "secret", "whisk.system")])
    let root = "Authorization: Basic \(Data("root:secret".utf8).base64EncodedString())\r\n"
    let package = try #require(world.api("GET", "whisk.system/packages/alarms")?.json)
    #expect((package["feeds"] as? [NSDictionary])?.compactMap { $0["name"] as? String }.sorted() == ["alarm", "interval", "once"])
    #expect((package["actions"] as? [NSDictionary])?.isEmpty == true && package["publish"] as? Bool == true)
    #expect(world.api("GET", "whisk.system/packages")?.text.contains(#""name":"alarms""#) == true)
    for list in ["whisk.system/actions", "whisk.system/actions/alarms/"] {
      let names = try JSONSerialization.jsonObject(with: Data(try #require(world.api("GET", list)).body)) as? [NSDictionary]
      #expect(names?.map { $0["namespace"] as? String } == Array(repeating: "whisk.system/alarms", count: 3))
    }
    #expect(world.api("GET", "whisk.system/actions/alarms/alarm")?.text.contains(#"{"key":"feed","value":true}"#) == true)
    #expect(world.api("GET", "_/actions")?.text == "[]")
    // The owner of the namespace may add to it, and others see what is shared.
    for path in ["actions/alarms/alarm", "packages/alarms?force=true"] {
      for user in [authorization, root] { #expect(world.api("DELETE", "whisk.system/\(path)", as: user)?.status == 403) }
    }
    #expect(world.api("PUT", "whisk.system/packages/alarms?overwrite=true", "{}", as: root)?.status == 403)
    #expect(world.api("PUT", "whisk.system/packages/p", "{}", as: root)?.status == 200)
    #expect(world.request("PUT /api/v1/namespaces/_/actions/p/x HTTP/1.1\r\nHost: a\r\n\(root)Content-Length: \(smallestELF.count)\r\n\r\n", body: smallestELF)?.status == 200)
    #expect(world.api("GET", "whisk.system/actions?count=true")?.text == #"{"actions":3}"#)
    #expect(world.api("GET", "whisk.system/actions?count=true", as: root)?.text == #"{"actions":4}"#)
    #expect(world.api("POST", "whisk.system/actions/p/x", "{}")?.status == 403)
    // What the kernel does itself is not counted as deployed.
    #expect(world.request("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")?.text.contains("\nswiftlet_actions 1\n") == true)
  }

  /// Through a binding its parameters count, and in a sequence and by a rule a feed is an action like others.
  @Test func feedsAreActions() throws {
    let world = World()
    world.prepare()
    #expect(world.api("PUT", "_/packages/mine", #"{"binding":{"namespace":"whisk.system","name":"alarms"},"parameters":[{"key":"minutes","value":5}]}"#)?.status == 200)
    let call = #"{"lifecycleEvent":"CREATE","triggerName":"/_/t"}"#
    let reply = try #require(world.api("POST", "_/actions/mine/interval?blocking=true", call)?.json)
    #expect((reply["annotations"] as? [NSDictionary])?.first { $0["key"] as? String == "binding" }?["value"] as? String == "me/mine")
    let shown = world.feed("interval", "READ", query: "?blocking=true&result=true")?.json
    #expect((shown?["config"] as? NSDictionary)?["minutes"] as? Int == 5)
    #expect(world.api("PUT", "_/actions/s", #"{"exec":{"kind":"sequence","components":["/_/a","/whisk.system/alarms/interval","/_/a"]}}"#)?.status == 200)
    #expect(world.api("POST", "_/actions/s?blocking=true&result=true", #"{"lifecycleEvent":"PAUSE","triggerName":"t"}"#)?.text == #"{"status":"success"}"#)
    #expect(world.api("PUT", "_/triggers/resume", "{}")?.status == 200)
    #expect(world.api("PUT", "_/rules/q", #"{"trigger":"/_/resume","action":"/whisk.system/alarms/interval"}"#)?.status == 200)
    #expect(world.api("POST", "_/triggers/resume", #"{"lifecycleEvent":"UNPAUSE","triggerName":"t"}"#)?.status == 202)
    let status = world.feed("interval", "READ", query: "?blocking=true&result=true")?.json?["status"] as? NSDictionary
    #expect(status?["active"] as? Bool == true)
  }

  @Test func withoutAClockItIsSaid() {
    let world = World { $0.epochMilliseconds = 0 }
    world.prepare()
    #expect(world.feed("alarm", "CREATE", #""cron":"* * * * *""#)?.text.contains("this machine has no clock") == true)
    #expect(world.feed("interval", "CREATE", #""minutes":1"#)?.status == 200)
    world.pass(.seconds(31))
    #expect(world.inputs.count == 1)
  }

  /// Many alarms of one moment fire all, as far as the queue has room.
  @Test func manyAtOnce() {
    let world = World { $0.queue = 64 }
    #expect(world.deploy("a")?.status == 200)
    for index in 0..<50 {
      #expect(world.api("PUT", "_/triggers/t\(index)", "{}")?.status == 200)
      #expect(world.api("PUT", "_/rules/r\(index)", "{\"trigger\":\"/_/t\(index)\",\"action\":\"/_/a\"}")?.status == 200)
      #expect(world.feed("alarm", "CREATE", trigger: "t\(index)", #""cron":"0 * * * *""#)?.status == 200)
    }
    world.pass(.seconds(3_600))
    #expect(world.inputs.count == 50)
  }
}
