// Activations of the API on a booted kernel: what the client is told, what is kept, what it cost.

import Foundation
import SwiftletHost
import Testing

extension Guest {
  /// POST of an action of the API; the key's namespace.
  func activate(_ name: String, query: String = "blocking=true", _ json: String = "{}") throws -> HTTPResponse {
    try request("POST", Self.actionTarget(name) + "?" + query, key: Self.key, body: Array(json.utf8))
  }

  func activation(_ id: String, _ part: String = "") throws -> HTTPResponse {
    try request("GET", "/api/v1/namespaces/_/activations/\(id)\(part)", key: Self.key)
  }

  /// The record of an activation that may not have ended yet, once it is there; the last refusal where it does not come.
  func lateActivation(_ id: String) throws -> HTTPResponse {
    var found = try activation(id)
    for _ in 0..<500 where found.status == 404 {
      Thread.sleep(forTimeInterval: 0.02)
      found = try activation(id)
    }
    return found
  }
}

/// The members of a record that cases look at.
struct ActivationRecord: Decodable, Equatable {
  struct Response: Decodable, Equatable {
    var status: String
    var success: Bool
  }
  struct Annotation: Decodable, Equatable {
    var key: String
    var figures: [String: Int]?

    enum Keys: CodingKey { case key, value }
    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Keys.self)
      key = try values.decode(String.self, forKey: .key)
      figures = try? values.decode([String: Int].self, forKey: .value)
    }
  }

  var activationId: String
  var name: String
  var duration: Int
  var logs: [String]
  var response: Response
  var annotations: [Annotation]

  var figures: [String: Int] { annotations.first { $0.key == "swiftlet" }?.figures ?? [:] }

  init(_ reply: HTTPResponse) throws { self = try JSONDecoder().decode(Self.self, from: Data(reply.body)) }
}

extension SystemCase {
  static let activations: [SystemCase] = [
    SystemCase("activations: a blocking invocation answers its record, which stays") { guest in
      try guest.deploy("echo")
      let reply = try guest.activate("echo", #"{"name": "Ada", "n": [1, 2]}"#)
      #expect(reply.status == 200, "\(reply.text)")
      let record = try ActivationRecord(reply)
      #expect(record.response.status == "success" && record.name == "echo")
      #expect(reply.header("x-openwhisk-activation-id") == record.activationId)
      #expect(try ActivationRecord(guest.activation(record.activationId)) == record)
      #expect(try guest.activation(record.activationId, "/result").text.contains(#""result":{"name": "Ada", "n": [1, 2]}"#))
      #expect(try guest.activate("echo", query: "blocking=true&result=true", #"{"a":1}"#).text == #"{"a":1}"#)
      #expect(try guest.delete("echo").status == 200)
      // It outlives its action.
      #expect(try guest.activation(record.activationId).status == 200)
    },
    SystemCase("activations: the record says what pages the invocation cost") { guest in
      try guest.deploy("loop-probe", query: "public=true&loop=true&memory=16")
      _ = try guest.activate("loop-probe")
      let figures = try ActivationRecord(guest.activate("loop-probe")).figures
      // The probe writes its data, its heap and its mappings.
      #expect(figures["pagesCopied"] ?? 0 > 10 && figures["pagesZeroed"] ?? 0 > 10, "\(figures)")
      #expect(figures["pageFaults"] ?? 0 > 0 && figures["run"] ?? 0 > 0, "\(figures)")
      #expect(figures["queue"] != nil)
      #expect(try guest.delete("loop-probe").status == 200)
    },
    SystemCase("activations: nobody waits, and the record comes") { guest in
      try guest.deploy("echo")
      let reply = try guest.activate("echo", query: "", #"{"later":true}"#)
      #expect(reply.status == 202)
      let id = try #require(reply.header("x-openwhisk-activation-id"))
      #expect(reply.text == "{\"activationId\":\"\(id)\"}")
      #expect(try guest.lateActivation(id).text.contains(#""result":{"later":true}"#))
      #expect(try guest.delete("echo").status == 200)
    },
    SystemCase("activations: failures are told in OpenWhisk's words") { guest in
      try guest.deploy("hello")
      let reply = try guest.activate("hello")
      #expect(reply.status == 502)
      #expect(reply.text.contains(#""error":"The action did not return a dictionary or array.""#), "\(reply.text)")
      #expect(try ActivationRecord(reply).response.status == "action developer error")
      try guest.deploy("hello", Project.action("loop-probe"), query: "timeout=300&memory=16")
      let spin = try guest.put("hello-spin", Project.action("loop-probe"), query: "timeout=300&memory=16")
      #expect(spin.status == 200)
      let late = try guest.activate("hello-spin")
      #expect(late.status == 502 && late.text.contains("The action exceeded its time limits of 300 milliseconds."), "\(late.text)")
      let record = try ActivationRecord(late)
      #expect(record.duration >= 300 && record.duration < 3_000)
      for name in ["hello", "hello-spin"] { #expect(try guest.delete(name).status == 200) }
    },
    SystemCase("activations: a call's body has a bound, however it is sent") { guest in
      try guest.deploy("echo")
      let trigger = "/api/v1/namespaces/_/triggers/bounded"
      #expect(try guest.request("PUT", trigger, key: Guest.key, headers: [("Content-Type", "application/json")], body: Array("{}".utf8)).status == 200)
      func body(_ bytes: Int) -> [UInt8] { Array("{\"x\":\"".utf8) + [UInt8](repeating: 0x61, count: bytes - 8) + Array("\"}".utf8) }
      let most = body(1_048_576)
      let reply = try guest.request("POST", Guest.actionTarget("echo") + "?blocking=true&result=true", key: Guest.key, body: most)
      #expect(reply.status == 200 && reply.body == most, "\(reply.status) \(reply.body.count)")
      for target in [Guest.actionTarget("echo"), trigger] {
        let head = "POST \(target) HTTP/1.1\r\nHost: x\r\nAuthorization: Basic \(Data(Guest.key.utf8).base64EncodedString())\r\n"
        let announced = try guest.connect()
        try announced.send(head + "Content-Length: 1048577\r\nExpect: 100-continue\r\n\r\n")
        let refused = try announced.response()
        #expect(refused.status == 413 && refused.text.contains("Request larger than allowed: 1048577 > 1048576 bytes."), "\(refused.text)")
        #expect(announced.isClosedByPeer())
        let client = try guest.connect()
        try client.send(Array((head + "Transfer-Encoding: chunked\r\n\r\n").utf8) + chunked(body(1_048_577), size: 65_536))
        #expect(try client.response().text.contains("Request larger than allowed: 1048577 > 1048576 bytes."))
        #expect(try client.exchange("GET", "/healthz").status == 200)
      }
      #expect(try guest.request("DELETE", trigger, key: Guest.key).status == 200)
      #expect(try guest.delete("echo").status == 200)
    },
    SystemCase("activations: a client that waits less than the action runs is told the identifier") { guest in
      let file = try Project.action("loop-probe")
      #expect(try guest.put("a-spin", file, query: "timeout=1500&memory=16").status == 200)
      let start = ContinuousClock.now
      let reply = try guest.activate("a-spin", query: "blocking=true&timeout=200")
      #expect(reply.status == 202 && ContinuousClock.now - start < .milliseconds(1300))
      let id = try #require(reply.header("x-openwhisk-activation-id"))
      #expect(try guest.lateActivation(id).text.contains("action developer error"))
      #expect(try guest.delete("a-spin").status == 200)
    },
    SystemCase("activations: a thousand of them leave nothing behind but their records") { guest in
      try guest.deploy("echo")
      let client = try guest.connect()
      func run(_ count: Int) throws {
        for index in 0..<count {
          let body = Array("{\"n\":\(index),\"filler\":\"\(String(repeating: "x", count: index % 200))\"}".utf8)
          let reply = try client.exchange("POST", Guest.actionTarget("echo") + "?blocking=true&result=true", key: Guest.key, body: body)
          guard reply.status == 200, reply.body == body else { throw Failure("\(index): \(reply.status) \(reply.text)") }
        }
      }
      // More than there are places for records, so that each new one takes an old one's.
      try run(1_200)
      let settled = try guest.counters(connections: 2)
      try run(1_024)
      try guest.counters(connections: 2).expectSame(as: settled, slack: 256 << 10)
      #expect(try guest.delete("echo").status == 200)
    },
    SystemCase("activations: requests that come all at once are answered in order, however many") { guest in
      try guest.deploy("echo")
      let client = try guest.connect()
      let target = Guest.actionTarget("echo")
      for query in ["", "?blocking=true&result=true"] {
        let requests = (0..<120).map { HTTPConnection.request("POST", target + query, credentials: Guest.key, body: Array("{\"n\":\($0)}".utf8)) }
        try client.send(Array(requests.joined()))
        for index in 0..<120 {
          let reply = try client.response()
          #expect(reply.status == (query.isEmpty ? 202 : 200), "\(index): \(reply.text)")
          if !query.isEmpty { #expect(reply.text == "{\"n\":\(index)}") }
        }
      }
      #expect(try guest.delete("echo").status == 200)
    },
    SystemCase("metrics: Prometheus' text, without a key") { guest in
      let reply = try guest.request("GET", "/metrics")
      #expect(reply.status == 200)
      #expect(reply.header("content-type") == "text/plain; version=0.0.4; charset=utf-8")
      for name in ["swiftlet_uptime_seconds", "swiftlet_pages_copied_total", "swiftlet_invocation_duration_microseconds_bucket{le=\"+Inf\"}"] {
        #expect(reply.text.contains("\n\(name) "), "\(name)")
      }
    },
  ]
}
