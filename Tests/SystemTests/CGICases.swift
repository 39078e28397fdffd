// Actions as CGI programs: what they are given, and what is made of what they write.

import SwiftletHost
import Testing

extension SystemCase {
  static let cgi: [SystemCase] = [
    SystemCase("a CGI action gets the meta-variables") { guest in
      try guest.deploy("cgi-probe", query: "public=true&cgi=true&timeout=5000")
      let headers = [("X-Some-Header", "some value"), ("Proxy", "evil"), ("Content-Type", "text/x")]
      let reply = try guest.request("PUT", "/function/cgi-probe/a%20path?and=query&x", headers: headers, body: Array("env".utf8))
      #expect(reply.status == 200 && reply.header("Content-Type") == "text/plain", "\(reply.status) \(reply.text)")
      let lines = Set(reply.text.split(separator: "\n").map(String.init))
      let expected = [
        "GATEWAY_INTERFACE=CGI/1.1", "SERVER_PROTOCOL=HTTP/1.1", "SERVER_SOFTWARE=swiftlet", "SERVER_NAME=127.0.0.1", "SERVER_PORT=80",
        "REQUEST_METHOD=PUT", "SCRIPT_NAME=/function/cgi-probe", "PATH_INFO=/a path", "QUERY_STRING=and=query&x", "CONTENT_LENGTH=3",
        "CONTENT_TYPE=text/x", "REMOTE_ADDR=10.0.2.2", "HTTP_HOST=127.0.0.1", "HTTP_X_SOME_HEADER=some value",
        "__OW_ACTION_NAME=/swiftlet/cgi-probe", "__OW_NAMESPACE=swiftlet", "__OW_API_HOST=http://127.0.0.1", "argv cgi-probe",
      ]
      for line in expected { #expect(lines.contains(line), "no \(line) in \(reply.text)") }
      #expect(!reply.text.contains("HTTP_PROXY") && !reply.text.contains("HTTP_CONTENT"))
      #expect(lines.contains("__OW_ACTIVATION_ID=\(reply.header("x-openwhisk-activation-id") ?? "none")"))
      #expect(lines.contains { $0.hasPrefix("__OW_DEADLINE=") && $0.count == 27 })
      #expect(try guest.delete("cgi-probe").status == 200)
    },
    SystemCase("a CGI action's headers make the response") { guest in
      try guest.deploy("cgi-probe", query: "public=true&cgi=true")
      let client = try guest.connect()
      let found = try client.exchange("GET", "/function/cgi-probe?found")
      #expect(found.status == 302 && found.reason == "Found" && found.header("Location") == "/function/other?x" && found.body.isEmpty)
      #expect(found.header("X-Own") == "yes" && found.header("Connection") == nil)
      let teapot = try client.exchange("POST", "/function/cgi-probe", body: Array("teapot".utf8))
      #expect(teapot.status == 418 && teapot.reason == "I'm a teapot" && teapot.text == "teapot")
      let head = try client.exchange("HEAD", "/function/cgi-probe", body: Array("teapot".utf8))
      #expect(head.status == 418 && head.header("Content-Length") == "6" && head.body.isEmpty)
      let broken = try client.exchange("POST", "/function/cgi-probe", body: Array("broken".utf8))
      #expect(broken.status == 502 && broken.text.contains("its output is no CGI response: no empty line"), "\(broken.text)")
      let noise = String(repeating: "0123456789", count: 6000)
      #expect(try client.exchange("POST", "/function/cgi-probe", body: Array(noise.utf8)).text == noise)
      #expect(try client.exchange("GET", "/function/cgi-probe/%zz?found").status == 400)
      #expect(try client.exchange("GET", "/function/cgi-probe?found").status == 302)
      #expect(try guest.delete("cgi-probe").status == 200)
    },
    SystemCase("with env=true the variables are there and the output stays as it is; without, neither") { guest in
      try guest.deploy("cgi-probe", query: "public=true&env=true")
      let reply = try guest.request("GET", "/function/cgi-probe?env")
      #expect(reply.status == 200 && reply.text.hasPrefix("Content-Type: text/plain\n\nGATEWAY_INTERFACE=CGI/1.1\n"), "\(reply.text)")
      try guest.deploy("cgi-probe", query: "public=true&env=false")
      #expect(try guest.invoke("cgi-probe", Array("env".utf8)).text == "Content-Type: text/plain\n\nargv cgi-probe\n")
      #expect(try guest.delete("cgi-probe").status == 200)
    },
    SystemCase("CGI requests leave no memory behind") { guest in
      try guest.deploy("cgi-probe", query: "public=true&cgi=true")
      let longest = String(repeating: "p", count: 6000)
      func round() throws {
        for input in ["env", "found", "teapot", "broken", longest] { _ = try guest.invoke("cgi-probe", Array(input.utf8)) }
        #expect(try guest.request("GET", "/function/cgi-probe/\(longest)?env").text.contains("PATH_INFO=/\(longest)\n"))
      }
      try round()
      let before = try guest.counters()
      for _ in 0..<5 { try round() }
      try guest.counters().expectSame(as: before)
      #expect(try guest.delete("cgi-probe").status == 200)
    },
  ]
}
