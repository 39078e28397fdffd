// Sequences, triggers and parameters on a booted kernel, with real actions.

import Foundation
import SwiftletHost
import Testing

extension Guest {
  /// Makes `name` a sequence.
  func sequence(_ name: String, _ components: [String]) throws {
    let list = components.map { "\"/_/\($0)\"" }.joined(separator: ",")
    let reply = try api("PUT", "actions/\(name)?overwrite=true", #"{"exec":{"kind":"sequence","components":[\#(list)]}}"#)
    guard reply.status == 200 else { throw Failure("PUT \(name): \(reply.status) \(reply.text)") }
  }

  /// Deploys `file` under `name`, with one parameter.
  func deploy(_ name: String, _ file: [UInt8], parameter: String, query: String = "public=true") throws {
    guard try put(name, file, query: query).status == 200 else { throw Failure("PUT \(name)") }
    let reply = try api("PUT", "actions/\(name)?overwrite=true", #"{"parameters":[{"key":"\#(parameter)","value":"\#(name)"}]}"#)
    guard reply.status == 200 else { throw Failure("PUT \(name): \(reply.status) \(reply.text)") }
  }

  /// The newest activations of `name`, as many as there must be.
  func activations(of name: String, _ count: Int) throws -> String {
    var reply = try api("GET", "activations?name=\(name)&docs=true&limit=\(count)")
    for _ in 0..<100 where reply.text.components(separatedBy: "\"activationId\"").count <= count {
      Thread.sleep(forTimeInterval: 0.02)
      reply = try api("GET", "activations?name=\(name)&docs=true&limit=\(count)")
    }
    return reply.text
  }
}

extension SystemCase {
  static let sequenceCases: [SystemCase] = [
    SystemCase("sequences: three actions hand on, with their defaults, through a binding, within one another, in loop mode") { guest in
      let file = try Project.action("echo")
      #expect(try guest.api("PUT", "packages/pk", #"{"parameters":[{"key":"k","value":"package"}]}"#).status == 200)
      #expect(try guest.api("PUT", "packages/bd", #"{"binding":{"namespace":"_","name":"pk"},"parameters":[{"key":"b","value":"binding"}]}"#).status == 200)
      try guest.deploy("first", file, parameter: "x")
      try guest.deploy("pk/second", Project.action("echo-c"), parameter: "y")
      try guest.deploy("third", file, parameter: "z", query: "loop=true&memory=16")
      try guest.sequence("three", ["first", "bd/second", "third"])
      let result = #""k":"package","b":"binding","y":"pk/second","x":"first","n":1}"#
      let reply = try guest.activate("three", #"{"n": 1}"#)
      // In loop mode the action is given its parameters within a line, which is what it echoes.
      #expect(reply.status == 200 && reply.text.contains(#""result":{"value":{"z":"third",\#(result)"#), "\(reply.text)")
      let record = try ActivationRecord(reply)
      #expect(record.logs.count == 3)
      for (step, name) in zip(record.logs, ["first", "second", "third"]) {
        let text = try guest.activation(step).text
        #expect(text.contains(#""name":"\#(name)""#) && text.contains(#""cause":"\#(record.activationId)""#), "\(text)")
      }
      try guest.sequence("inner", ["bd/second", "third"])
      try guest.sequence("outer", ["first", "inner"])
      let nested = try guest.activate("outer", query: "blocking=true&result=true", #"{"n": 1}"#)
      #expect(nested.text.hasPrefix(#"{"value":{"z":"third",\#(result)"#), "\(nested.text)")
      for path in ["actions/outer", "actions/inner", "actions/three", "actions/third", "actions/first", "packages/bd", "packages/pk?force=true"] {
        #expect(try guest.api("DELETE", path).status == 200, "\(path)")
      }
    },
    SystemCase("sequences: one that fails in the middle ends there, and the action is as new") { guest in
      try guest.deploy("echo")
      try guest.deploy("hello")
      let spin = try guest.put("s-spin", Project.action("loop-probe"), query: "timeout=300&memory=16")
      #expect(spin.status == 200)
      try guest.sequence("breaks", ["echo", "hello", "echo"])
      try guest.sequence("late", ["echo", "s-spin", "echo"])
      for _ in 0..<3 {
        let reply = try guest.activate("breaks", #"{"n":1}"#)
        #expect(reply.status == 502 && reply.text.contains(#""result":{"error":"The action did not return a dictionary or array."}"#), "\(reply.text)")
        #expect(try ActivationRecord(reply).logs.count == 2)
      }
      let reply = try guest.activate("late")
      #expect(reply.status == 502 && reply.text.contains("The action exceeded its time limits of 300 milliseconds."), "\(reply.text)")
      #expect(try ActivationRecord(reply).duration >= 300)
      #expect(try guest.activate("echo", query: "blocking=true&result=true", #"{"n":2}"#).text == #"{"n":2}"#)
      for name in ["breaks", "late", "s-spin", "hello", "echo"] { #expect(try guest.delete(name).status == 200) }
    },
    SystemCase("sequences: a thousand of them leave nothing behind but their records") { guest in
      try guest.deploy("echo")
      try guest.sequence("inner", ["echo", "echo"])
      try guest.sequence("outer", ["inner", "echo"])
      let client = try guest.connect()
      func run(_ count: Int) throws {
        for index in 0..<count {
          let body = Array("{\"n\":\(index),\"filler\":\"\(String(repeating: "x", count: index % 200))\"}".utf8)
          let reply = try client.exchange("POST", Guest.actionTarget("outer") + "?blocking=true&result=true", key: Guest.key, body: body)
          guard reply.status == 200, reply.body == body else { throw Failure("\(index): \(reply.status) \(reply.text)") }
        }
      }
      try run(400)
      let settled = try guest.counters(connections: 2)
      try run(1_000)
      try guest.counters(connections: 2).expectSame(as: settled, slack: 256 << 10)
      for name in ["outer", "inner", "echo"] { #expect(try guest.delete(name).status == 200) }
    },
    SystemCase("sequences: many at once take turns with other requests, and what is too much is refused") { guest in
      try guest.deploy("echo")
      try guest.sequence("five", Array(repeating: "echo", count: 5))
      let client = try guest.connect()
      let other = try guest.connect()
      var requests: [UInt8] = []
      for index in 0..<400 {
        requests += HTTPConnection.request("POST", Guest.actionTarget("five"), credentials: Guest.key, body: Array("{\"n\":\(index)}".utf8))
      }
      try client.send(requests)
      // It waits with the others, and asks again where they have taken all places.
      var refusals = 0
      for index in 0..<20 {
        var reply = try other.exchange("POST", "/function/echo", body: [UInt8(index)])
        while reply.status == 503 && refusals < 10_000 {
          refusals += 1
          reply = try other.exchange("POST", "/function/echo", body: [UInt8(index)])
        }
        #expect(reply.status == 200 && reply.body == [UInt8(index)], "\(index), after \(refusals) refusals: \(reply.status)")
      }
      var accepted = 0
      for index in 0..<400 {
        let reply = try client.response()
        #expect(reply.status == 202 || reply.status == 503, "\(index): \(reply.text)")
        if reply.status == 202 { accepted += 1 }
      }
      #expect(accepted > 0)
      // The last one is at its end when all are.
      #expect(try guest.activate("five", query: "blocking=true&result=true", #"{"end":1}"#).text == #"{"end":1}"#)
      for name in ["five", "echo"] { #expect(try guest.delete(name).status == 200) }
    },
    SystemCase("triggers: each active rule's action is given the parameters, a sequence too") { guest in
      try guest.deploy("echo")
      try guest.sequence("twice", ["echo", "echo"])
      #expect(try guest.api("PUT", "triggers/tr", #"{"parameters":[{"key":"p","value":1},{"key":"q","value":1}]}"#).status == 200)
      for (rule, action) in [("one", "echo"), ("two", "twice"), ("off", "echo")] {
        #expect(try guest.api("PUT", "rules/\(rule)", #"{"trigger":"/_/tr","action":"/_/\#(action)"}"#).status == 200)
      }
      #expect(try guest.api("POST", "rules/off", #"{"status":"inactive"}"#).status == 200)
      let reply = try guest.api("POST", "triggers/tr", #"{"q":2}"#)
      #expect(reply.status == 202, "\(reply.text)")
      let id = try #require(reply.header("x-openwhisk-activation-id"))
      let record = try guest.activation(id)
      #expect(try ActivationRecordLogs(record).logs.map { $0.contains(#""success":true"#) } == [false, true, true], "\(record.text)")
      for (name, count) in [("twice", 1), ("echo", 3)] {
        let list = try guest.activations(of: name, count)
        #expect(list.components(separatedBy: #""result":{"p":1,"q":2}"#).count == count + 1, "\(list)")
      }
      #expect(try guest.activations(of: "twice", 1).contains(#""cause":"\#(id)""#))
      for rule in ["one", "two"] { #expect(try guest.api("POST", "rules/\(rule)", #"{"status":"inactive"}"#).status == 200) }
      #expect(try guest.api("POST", "triggers/tr", "{}").status == 204)
      for path in ["rules/one", "rules/two", "rules/off", "triggers/tr", "actions/twice", "actions/echo"] {
        #expect(try guest.api("DELETE", path).status == 200, "\(path)")
      }
    },
    SystemCase("parameters: what is final cannot be set") { guest in
      let file = try Project.action("echo")
      try guest.deploy("fixed", file, parameter: "p")
      #expect(try guest.api("PUT", "actions/fixed?overwrite=true", #"{"annotations":[{"key":"final","value":true}]}"#).status == 200)
      let reply = try guest.activate("fixed", #"{"p":2}"#)
      #expect(reply.status == 400 && reply.text.contains("Request defines parameters that are not allowed (e.g., reserved properties)."))
      #expect(try guest.activate("fixed", query: "blocking=true&result=true", #"{"q":2}"#).text == #"{"p":"fixed","q":2}"#)
      #expect(try guest.delete("fixed").status == 200)
    },
  ]
}

/// The log of a trigger's record, which has less than others.
private struct ActivationRecordLogs: Decodable {
  var logs: [String]

  init(_ reply: HTTPResponse) throws { self = try JSONDecoder().decode(Self.self, from: Data(reply.body)) }
}
