// Bodies that are sent, and records that come back.

import Foundation
import Testing

@testable import SwiftletHost

@Suite struct EntityTests {
  static let code = "\"exec\":{\"kind\":\"blackbox\",\"image\":\"openwhisk/dockerskeleton\",\"code\":\"f0VM\"}"

  @Test func deploymentSaysOnlyWhatWasAskedFor() {
    #expect(String(decoding: Deployment().body(image: Array("\u{7f}EL".utf8)), as: UTF8.self) == "{\(Self.code)}")
  }

  @Test func deploymentSaysAllThatWasAskedFor() throws {
    var deployment = Deployment()
    deployment.memory = 64
    deployment.timeout = 1000
    deployment.parameters = [.init("greeting", "hi"), .init("n", .number(1))]
    deployment.annotations = [.init("a", [1])]
    deployment.web = true
    deployment.isPublic = true
    deployment.environment = true
    deployment.cgi = true
    deployment.loop = true
    let expected = """
      {\(Self.code),"limits":{"timeout":1000,"memory":64},\
      "parameters":[{"key":"greeting","value":"hi"},{"key":"n","value":1}],\
      "annotations":[{"key":"a","value":[1]},{"key":"web-export","value":true},{"key":"raw-http","value":false},{"key":"final","value":true},\
      {"key":"public","value":true},{"key":"env","value":true},{"key":"cgi","value":true},{"key":"loop","value":true}]}
      """
    #expect(String(decoding: deployment.body(image: Array("\u{7f}EL".utf8)), as: UTF8.self) == expected)
    deployment.overwrites = false
    let request = deployment.request(for: try ActionReference(parsing: "pk/a"), image: [])
    #expect(request.method == "PUT" && request.target == "/api/v1/namespaces/_/actions/pk/a?overwrite=false")
    #expect(request.mediaType == "application/json")
  }

  static let entity = """
    {"namespace":"guest/pk","name":"hello","version":"0.0.3","exec":{"kind":"blackbox","binary":true},"updated":1700000000000,"size":5120,
     "annotations":[{"key":"exec","value":"blackbox"},{"key":"public","value":true},{"key":"loop","value":false},{"key":"web-export","value":true},
     {"key":"final","value":true},{"key":"mine","value":{"x":1}}],"parameters":[{"key":"greeting","value":"hi"}],
     "limits":{"timeout":1500,"memory":64,"logs":1}}
    """

  @Test func entityIsRead() throws {
    let entity = try #require(ActionEntity(JSON(parsing: Self.entity)))
    #expect(entity.name == "pk/hello" && entity.kind == "blackbox" && entity.version == "0.0.3" && entity.size == 5120)
    #expect(entity.webPath == "/api/v1/web/guest/pk/hello")
    #expect(entity.flags == ["web", "public"] && entity.summary == "version 0.0.3, 64 MB, 1.5 s, web, public")
    #expect(entity.parameters == [.init("greeting", "hi")] && entity.annotations == [.init("mine", ["x": 1])])
    #expect(ActionEntity(["version": "1"]) == nil)
    let bare = try #require(ActionEntity(["name": "x", "exec": ["kind": "sequence"]]))
    #expect(bare.kind == "sequence" && ActionEntity.table([bare]).lines[1] == "x     sequence       -        -  -        -")
  }

  static let record = """
    {"activationId":"0123456789abcdef0123456789abcdef","name":"hello","start":1700000000123,"end":1700000000124,"duration":1,
     "response":{"status":"action developer error","statusCode":2,"success":false,"result":{"error":"it crashed"},"size":3},
     "logs":["2023-11-14T22:13:20.123000000Z stderr: two words"],
     "annotations":[{"key":"kind","value":"blackbox"},{"key":"swiftlet","value":{"queue":12,"start":3,"run":204,"restore":31,
     "pagesCopied":3,"pagesZeroed":2,"pageFaults":5}}]}
    """

  @Test func recordIsRead() throws {
    let activation = try #require(Activation(JSON(parsing: Self.record)))
    #expect(activation.outcome == .developerError && activation.outcome.exitCode == 2 && activation.time == "204 µs")
    #expect(activation.result == ["error": "it crashed"] && activation.logs?.count == 1)
    let line = LogLine(parsing: try #require(activation.logs?.first))
    #expect(line.time == "2023-11-14T22:13:20.123000000Z" && line.stream == "stderr" && line.text == "two words")
    #expect(LogLine(parsing: "swiftlet: the log is cut").text == "swiftlet: the log is cut")
  }

  @Test func listEntriesHaveNoResponse() throws {
    let brief = try #require(Activation(["activationId": "a", "name": "x", "start": 5, "duration": 2, "statusCode": 1]))
    #expect(brief.outcome == .applicationError && brief.outcome.exitCode == 1 && brief.logs == nil && brief.time == "2 ms")
    let packaged: JSON = ["activationId": "a", "name": "x", "annotations": [["key": "path", "value": "guest/pk/x"]]]
    #expect(Activation(packaged)?.name == "pk/x")
    let trigger = try #require(Activation(["activationId": "a", "name": "x", "start": 5]))
    #expect(trigger.outcome == .success && trigger.time == "-")
    #expect(Activation(["name": "x"]) == nil)
    #expect(Activation(["activationId": "a", "statusCode": 9]) == nil)
  }

  @Test func timingIsATable() throws {
    let timing = try #require(Activation(JSON(parsing: Self.record))?.timing)
    let expected = """
        queue          12 µs  waiting for the core
        start           3 µs  entering the action
        run           204 µs  in the action
        restore        31 µs  bringing its memory back, after the response
        network       781 µs  the rest: network, HTTP, virtual machine
        round trip      1 ms  as this command sees it
        pages copied       3
        pages zeroed       2
        page faults        5
      """
    #expect(timing.table(roundTrip: .microseconds(1000)) == expected)
    #expect(InvocationTiming(["run": 5]).table(roundTrip: .microseconds(4)).hasPrefix("  run         5 µs  in the action\n  network     0 µs"))
  }
}
