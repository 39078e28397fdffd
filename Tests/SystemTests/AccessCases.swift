// Who may do what: keys, and actions that need none.

import SwiftletHost
import Testing

extension SystemCase {
  static let list = "/api/v1/namespaces/_/actions"

  static let access: [SystemCase] = [
    SystemCase("healthz answers without a key") { guest in
      let reply = try guest.request("GET", "/healthz")
      #expect(reply.status == 200)
      #expect(reply.header("X-Request-ID")?.isEmpty == false)
    },
    SystemCase("the API answers 401 without a right key") { guest in
      for key in [nil, "swiftlet:wrong", "wrong:development", "swiftlet:", ":", "", "swiftlet:development2", "swiftlet:developmen"] {
        let reply = try guest.request("GET", list, key: key)
        #expect(reply.status == 401, "key \(key ?? "none")")
        #expect(reply.header("WWW-Authenticate") == "Basic realm=\"OpenWhisk secure realm\"")
      }
      for value in ["Basic", "Basic !!!", "Bearer c3dpZnRsZXQ6ZGV2ZWxvcG1lbnQ=", "Basic c3dpZnRsZXQ", "Digest username=\"x\""] {
        #expect(try guest.request("GET", list, headers: [("Authorization", value)]).status == 401, "\(value)")
      }
      #expect(try guest.request("GET", list, key: Guest.key).status == 200)
    },
    SystemCase("nothing is deployed or deleted without a key") { guest in
      let echo = try Project.action("echo")
      #expect(try guest.request("PUT", Guest.actionTarget("intruder"), body: echo).status == 401)
      #expect(try guest.request("GET", Guest.actionTarget("intruder"), key: Guest.key).status == 404)
      try guest.deploy("kept", echo)
      #expect(try guest.request("DELETE", Guest.actionTarget("kept")).status == 401)
      #expect(try guest.invoke("kept", [1]).body == [1])
      #expect(try guest.delete("kept").status == 200)
    },
    SystemCase("an action that is not public needs the key") { guest in
      try guest.deploy("private", Project.action("echo"), query: "public=false")
      let refused = try guest.invoke("private", [7])
      #expect(refused.status == 401)
      #expect(refused.header("WWW-Authenticate") != nil)
      let reply = try guest.request("POST", "/function/private", key: Guest.key, body: [7])
      #expect(reply.status == 200 && reply.body == [7])
      try guest.deploy("private", Project.action("echo"), query: "public=true")
      #expect(try guest.invoke("private", [7]).body == [7])
      #expect(try guest.delete("private").status == 200)
    },
    SystemCase("unknown paths are 404, known ones with another method 405") { guest in
      for path in ["/nothing", "/api/v2", "/api/v1/nothing", "/function/never-deployed"] {
        #expect(try guest.request("GET", path, key: Guest.key).status == 404, "\(path)")
      }
      let reply = try guest.request("DELETE", "/healthz")
      #expect(reply.status == 405)
      #expect(reply.header("Allow")?.contains("GET") == true)
    },
    SystemCase("a client's request identifier comes back") { guest in
      let reply = try guest.request("GET", "/healthz", headers: [("X-Request-ID", "abc-123")])
      #expect(reply.header("X-Request-ID") == "abc-123")
    },
  ]
}
