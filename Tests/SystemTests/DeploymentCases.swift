// PUT, GET, list and DELETE of actions.

import Foundation
import SwiftletHost
import Testing

extension SystemCase {
  /// The fields of an action's entity that are looked at.
  struct Entity: Decodable {
    struct Limits: Decodable {
      var timeout: Int
      var memory: Int
    }
    var name: String
    var limits: Limits?
  }

  static func entities(_ reply: HTTPResponse) throws -> [Entity] {
    try JSONDecoder().decode([Entity].self, from: Data(reply.body))
  }

  static func entity(_ reply: HTTPResponse) throws -> Entity {
    try JSONDecoder().decode(Entity.self, from: Data(reply.body))
  }

  static let deployment: [SystemCase] = [
    SystemCase("the samples are deployed, listed, read and deleted") { guest in
      let samples = ["echo", "hello", "sha256", "echo-c"]
      for name in samples {
        let reply = try guest.put(name, Project.action(name))
        #expect(reply.status == 200, "\(reply.text)")
        #expect(try entity(reply).name == name)
      }
      let listed = try entities(guest.request("GET", list, key: Guest.key)).map(\.name)
      #expect(Set(samples).isSubset(of: listed))
      for name in samples {
        let reply = try guest.request("GET", Guest.actionTarget(name), key: Guest.key)
        #expect(reply.status == 200)
        #expect(try entity(reply).name == name)
        #expect(try guest.delete(name).status == 200)
        #expect(try guest.request("GET", Guest.actionTarget(name), key: Guest.key).status == 404)
        #expect(try guest.invoke(name).status == 404)
        #expect(try guest.delete(name).status == 404)
      }
    },
    SystemCase("a second PUT replaces, or is 409 where overwrite=false") { guest in
      try guest.deploy("twice", Project.action("hello"))
      let hello = try guest.invoke("twice").body
      try guest.deploy("twice", Project.action("echo"))
      #expect(try guest.invoke("twice", [1, 2]).body == [1, 2])
      let refused = try guest.put("twice", Project.action("hello"), query: "overwrite=false")
      #expect(refused.status == 409)
      #expect(refused.text.contains("resource already exists"))
      #expect(try guest.invoke("twice", hello).body == hello)
      #expect(try guest.delete("twice").status == 200)
    },
    SystemCase("wrong names and parameters are 400") { guest in
      let echo = try Project.action("echo")
      for name in ["-bad", "a%2Fb", "a%00b", "%20a", String(repeating: "x", count: 300)] {
        let reply = try guest.put(name, echo)
        #expect(reply.status == 400, "\(name): \(reply.status)")
      }
      for query in ["timeout=99", "timeout=300001", "timeout=soon", "timeout=-1", "memory=0", "memory=513", "public=maybe", "overwrite=2"] {
        let reply = try guest.put("unborn", echo, query: query)
        #expect(reply.status == 400, "\(query): \(reply.status)")
        #expect(reply.text.contains(query.prefix { $0 != "=" }), "\(query): \(reply.text)")
      }
      #expect(try guest.request("GET", Guest.actionTarget("unborn"), key: Guest.key).status == 404)
    },
    SystemCase("limits are kept with the action") { guest in
      let reply = try guest.put("limited", Project.action("echo"), query: "timeout=1234&memory=3")
      #expect(reply.status == 200)
      let limits = try entity(guest.request("GET", Guest.actionTarget("limited"), key: Guest.key)).limits
      #expect(limits?.timeout == 1234 && limits?.memory == 3)
      #expect(try guest.delete("limited").status == 200)
    },
    SystemCase("deploying and deleting leaves nothing behind") { guest in
      let echo = try Project.action("echo")
      func round() throws {
        try guest.deploy("passing", echo)
        #expect(try guest.invoke("passing", [5]).body == [5])
        #expect(try guest.delete("passing").status == 200)
      }
      for _ in 0..<5 { try round() }
      let before = try guest.counters()
      for _ in 0..<30 { try round() }
      // The names of deleted actions stay until there are enough of them to be worth sweeping.
      try guest.counters().expectSame(as: before, slack: 1024)
    },
  ]
}
