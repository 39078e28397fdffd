// Web actions on a booted kernel: requests of every form in, responses of every form out, with echo, whose result is what it was given.

import Foundation
import SwiftletHost
import Testing

extension Guest {
  /// Deploys an action that anybody may use, with more annotations as JSON.
  func deployWeb(_ name: String, as new: String? = nil, _ annotations: String = "", parameters: String = "[]") throws {
    let name = (new ?? name, try Project.action(name))
    try deploy(name.0, name.1, query: "public=false&timeout=5000")
    let all = #"{"key":"web-export","value":true}"# + (annotations.isEmpty ? "" : "," + annotations)
    let reply = try api("PUT", "actions/\(name.0)?overwrite=true", #"{"annotations":[\#(all)],"parameters":\#(parameters)}"#)
    guard reply.status == 200 else { throw Failure("annotations of \(name.0): \(reply.status) \(reply.text)") }
  }

  static func webTarget(_ rest: String) -> String { "/api/v1/web/\(namespace)/default/\(rest)" }
  private static var namespace: String { String(key.prefix { $0 != ":" }) }

  func web(
    _ method: String, _ rest: String, type: String? = nil, key: String? = nil, headers: [(String, String)] = [], _ body: String? = nil
  ) throws -> HTTPResponse {
    try request(
      method, Self.webTarget(rest), key: key, headers: (type.map { [("Content-Type", $0)] } ?? []) + headers, body: body.map { Array($0.utf8) })
  }

  /// The parameters that echo was given, which is deployed as `w`.
  func webParameters(
    _ method: String, _ rest: String, type: String? = nil, key: String? = nil, _ body: String? = nil
  ) throws -> [String: Any] {
    let reply = try web(method, rest, type: type, key: key, body)
    guard reply.status == 200, let object = try JSONSerialization.jsonObject(with: Data(reply.body)) as? [String: Any] else {
      throw Failure("\(method) \(rest): \(reply.status) \(reply.text)")
    }
    return object
  }
}

extension SystemCase {
  private static let json = "application/json"
  private static let form = "application/x-www-form-urlencoded"

  static let web: [SystemCase] = [
    SystemCase("web actions: the request is the parameters") { guest in
      try guest.deployWeb("echo", as: "w", parameters: #"[{"key":"own","value":1},{"key":"n","value":0}]"#)
      let get = try guest.webParameters("GET", "w.json/a%20path?n=J%C3%BCrgen+K.")
      #expect(get["__ow_method"] as? String == "get" && get["__ow_path"] as? String == "/a%20path")
      #expect(get["n"] as? String == "Jürgen K." && get["own"] as? Int == 1 && get["__ow_user"] == nil)
      #expect((get["__ow_headers"] as? [String: String])?["host"] == "127.0.0.1")
      let posted = try guest.webParameters("POST", "w.json?n=1&m=2", type: json, #"{"n":[3]}"#)
      #expect(posted["n"] as? [Int] == [3] && posted["m"] as? String == "2")
      #expect(try guest.webParameters("PUT", "w.json?n=1", type: form, "n=2&x=a%26b")["x"] as? String == "a&b")
      #expect(try guest.webParameters("PATCH", "w.json", type: "text/plain", "plain \"text\"")["__ow_body"] as? String == "plain \"text\"")
      #expect(try guest.webParameters("DELETE", "w.json", type: "image/png", "abc")["__ow_body"] as? String == "YWJj")
      #expect(try guest.webParameters("GET", "w.json", key: Guest.key)["__ow_user"] as? String != nil)
      #expect(try guest.web("POST", "w", type: json, "{").status == 400)
      #expect(try guest.delete("w").status == 200)
    },
    SystemCase("web actions: raw HTTP") { guest in
      try guest.deployWeb("echo", as: "w", #"{"key":"raw-http","value":true},{"key":"final","value":true}"#, parameters: #"[{"key":"n","value":0}]"#)
      let raw = try guest.webParameters("POST", "w.json?n=1&__ow_path=x", type: json, #"{"name":"Jane"}"#)
      #expect(raw["__ow_query"] as? String == "n=1&__ow_path=x" && raw["__ow_body"] as? String == "eyJuYW1lIjoiSmFuZSJ9")
      #expect(raw["name"] == nil && raw["n"] as? Int == 0)
      #expect(try guest.delete("w").status == 200)
    },
    SystemCase("web actions: the result is the response") { guest in
      try guest.deployWeb("echo", as: "w")
      let made = try guest.web(
        "POST", "w", type: json, #"{"statusCode":"203","headers":{"Set-Cookie":["a=b","c=d"],"X-N":1,"Content-Length":"0"},"body":"<p>ä"}"#)
      #expect(made.status == 203 && made.text == "<p>ä" && made.header("X-N") == "1" && made.header("Content-Type") == "text/html; charset=UTF-8")
      #expect(made.headers.filter { $0.name.lowercased() == "set-cookie" }.map(\.value) == ["a=b", "c=d"])
      #expect(made.header("Access-Control-Allow-Origin") == "*" && made.header("x-openwhisk-activation-id")?.count == 32)
      let moved = try guest.web("POST", "w.http", type: json, #"{"statusCode":302,"headers":{"location":"/elsewhere"}}"#)
      #expect(moved.status == 302 && moved.header("Location") == "/elsewhere" && moved.body.isEmpty)
      #expect(try guest.web("POST", "w", type: json, "{}").status == 204)
      #expect(try guest.web("POST", "w", type: json, #"{"body":[1, {"a":null}]}"#).text == #"[1,{"a":null}]"#)
      let binary = try guest.web("POST", "w", type: json, #"{"headers":{"content-type":"image/png"},"body":"/+8A"}"#)
      #expect(binary.body == [0xff, 0xef, 0] && binary.header("Content-Type") == "image/png")
      #expect(try guest.web("POST", "w.html", type: json, #"{"html":"<h1>"}"#).text == "<h1>")
      #expect(try guest.web("POST", "w.svg", type: json, #"{"svg":"<svg/>"}"#).header("Content-Type") == "image/svg+xml")
      #expect(try guest.web("POST", "w.text", type: json, #"{"text":{"a": 1}}"#).text == #"{"a":1}"#)
      let missing = try guest.web("POST", "w.text", type: json, "{}")
      #expect(missing.status == 404 && missing.text.contains("Response does not include requested property."))
      #expect(try guest.web("POST", "w", type: json, #"{"error":{"statusCode":409,"body":"taken"}}"#).text == "taken")
      let head = try guest.web("HEAD", "w.json")
      #expect(head.status == 200 && head.body.isEmpty && Int(head.header("Content-Length") ?? "") ?? 0 > 20)
      #expect(try guest.delete("w").status == 200)
    },
    SystemCase("web actions: bytes in, bytes out") { guest in
      try guest.deployWeb("web-probe")
      for count in [1, 2, 3, 255, 100_000, 700_000] {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let reply = try guest.request(
          "POST", Guest.webTarget("web-probe/back"), headers: [("Content-Type", "application/octet-stream")], body: bytes)
        #expect(reply.status == 201 && reply.body == bytes, "\(count): \(reply.status) \(reply.body.count)")
      }
      let large = try guest.request(
        "POST", Guest.webTarget("web-probe/back"), headers: [("Content-Type", "text/plain")], body: [UInt8](repeating: 0x61, count: 1_048_577))
      #expect(large.status == 413 && large.text.contains("Request larger than allowed: 1048577 > 1048576 bytes."))
      #expect(try guest.delete("web-probe").status == 200)
    },
    SystemCase("web actions: how an action ends badly stays its owner's") { guest in
      try guest.deployWeb("web-probe")
      let client = try guest.connect()
      for path in ["crash", "exit", "silent"] {
        let reply = try client.exchange("GET", Guest.webTarget("web-probe.json/\(path)"))
        #expect(reply.status == 400 && reply.text.contains(#""error":"There was an error processing your request.""#), "\(path): \(reply.text)")
        let id = try #require(reply.header("x-openwhisk-activation-id"))
        #expect(try ActivationRecord(guest.activation(id)).response.status == "action developer error")
      }
      let injected = try client.exchange("GET", Guest.webTarget("web-probe/inject"))
      #expect(injected.status == 400 && injected.text.contains("Response is not valid 'message/http'.") && injected.header("X-Injected") == nil)
      #expect(try client.exchange("GET", Guest.webTarget("web-probe.html")).text == "<p>")
      #expect(try guest.delete("web-probe").status == 200)
    },
    SystemCase("web actions: who may, and what may not be set") { guest in
      try guest.deploy("echo")
      #expect(try guest.web("GET", "echo.json").status == 404)
      #expect(try guest.delete("echo").status == 200)
      try guest.deployWeb("echo", as: "w", #"{"key":"require-whisk-auth","value":"s3cret"}"#)
      #expect(try guest.web("GET", "w.json", key: Guest.key).status == 401)
      #expect(try guest.web("GET", "w.json", headers: [("X-Require-Whisk-Auth", "s3cret")]).status == 200)
      try guest.deployWeb("echo", as: "w", #"{"key":"require-whisk-auth","value":true},{"key":"final","value":true}"#, parameters: #"[{"key":"n","value":0}]"#)
      #expect(try guest.web("GET", "w.json").status == 401)
      #expect(try guest.web("GET", "w.json", key: Guest.key).status == 200)
      for query in ["__ow_body=1", "n=1", "x=1&__ow_user=me"] {
        let reply = try guest.web("GET", "w.json?\(query)", key: Guest.key)
        #expect(reply.status == 400 && reply.text.contains("Request defines parameters that are not allowed"), "\(query): \(reply.text)")
      }
      #expect(try guest.delete("w").status == 200)
    },
    SystemCase("web actions: browsers ask first") { guest in
      try guest.deployWeb("echo", as: "w")
      let asked = try guest.web("OPTIONS", "w", headers: [("Access-Control-Request-Headers", "X-A, X-B")])
      #expect(asked.status == 200 && asked.header("Access-Control-Allow-Headers") == "X-A, X-B" && asked.body.isEmpty)
      #expect(asked.header("Access-Control-Allow-Methods") == "OPTIONS, GET, DELETE, POST, PUT, HEAD, PATCH")
      try guest.deployWeb("echo", as: "w", #"{"key":"web-custom-options","value":true}"#)
      let own = try guest.web("OPTIONS", "w.json")
      #expect(own.text.contains(#""__ow_method":"options""#) && own.header("Access-Control-Allow-Origin") == nil)
      #expect(try guest.delete("w").status == 200)
    },
    SystemCase("web actions: a thousand requests leave nothing behind but their records") { guest in
      try guest.deployWeb("echo", as: "w")
      let client = try guest.connect()
      func run(_ count: Int) throws {
        for index in 0..<count {
          let body = Array(#"{"body":"\#(String(repeating: "x", count: index % 300 + 1))"}"#.utf8)
          let reply = try client.exchange("POST", Guest.webTarget("w?n=\(index)"), headers: [("Content-Type", json)], body: body)
          guard reply.status == 200, reply.body.count == index % 300 + 1 else { throw Failure("\(index): \(reply.status) \(reply.text)") }
        }
      }
      try run(1_200)
      let settled = try guest.counters(connections: 2)
      try run(1_024)
      try guest.counters(connections: 2).expectSame(as: settled, slack: 256 << 10)
      #expect(try guest.delete("w").status == 200)
    },
  ]
}
