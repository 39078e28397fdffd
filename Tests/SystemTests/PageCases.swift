// The page at `/`: that it comes whole, and that a browser can make of it what it is to show.

import Foundation
import SwiftletHost
import Testing

extension SystemCase {
  private static let html = ("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")

  static let page: [SystemCase] = [
    SystemCase("the page comes whole, packed and unpacked") { guest in
      let reply = try guest.request("GET", "/", headers: [html])
      #expect(reply.status == 200 && reply.header("Content-Type") == "text/html; charset=utf-8")
      #expect(try reply.body == Project.bytes(of: "build/kernel/page/page.html"))
      let packed = try guest.request("GET", "/", headers: [html, ("Accept-Encoding", "gzip, deflate, br")])
      #expect(packed.status == 200 && packed.header("Content-Encoding") == "gzip")
      #expect(try Host.run("/usr/bin/env", ["gzip", "-dc"], input: packed.body).output == reply.body)
      for headers in [[html], [html, ("Accept-Encoding", "gzip")]] {
        let client = try guest.connect()
        try client.send(HTTPConnection.request("HEAD", "/", headers: headers))
        let head = try client.response(toHEAD: true)
        #expect(head.body.isEmpty && head.header("Content-Length") == String(headers.count == 1 ? reply.body.count : packed.body.count))
      }
    },
    SystemCase("the page's headers keep it to itself") { guest in
      let reply = try guest.request("GET", "/", headers: [html])
      let policy = try #require(reply.header("Content-Security-Policy"))
      #expect(policy.hasPrefix("default-src 'none'; ") && !policy.contains("unsafe") && !policy.contains("*"))
      #expect(reply.header("X-Content-Type-Options") == "nosniff" && reply.header("Access-Control-Allow-Origin") == nil)
      // Only what the policy names runs: the one script and the one style, whose hashes the kernel's own action makes.
      try guest.deploy("page-hash", Project.action("sha256"))
      for name in ["script", "style"] {
        let parts = reply.text.components(separatedBy: "<\(name)>")
        #expect(parts.count == 2, "\(name)")
        let text = parts[1].components(separatedBy: "</\(name)>")[0]
        let digest = Array(try guest.invoke("page-hash", Array(text.utf8)).text.utf8).prefix(64)
        let bytes = stride(from: 0, to: 64, by: 2).compactMap { UInt8(String(decoding: digest[$0..<$0 + 2], as: UTF8.self), radix: 16) }
        #expect(bytes.count == 32 && policy.contains("\(name)-src 'sha256-\(Data(bytes).base64EncodedString())';"), "\(name)")
      }
      #expect(try guest.delete("page-hash").status == 200)
    },
    SystemCase("the page refers to nothing outside") { guest in
      var text = try guest.request("GET", "/", headers: [html]).text
      // The name of SVG is no address that is asked.
      text = text.replacingOccurrences(of: "http://www.w3.org/2000/svg", with: "")
      for word in ["http:", "https:", "src=", "url(", "@import", "import(", "//cdn", "WebSocket", "innerHTML", "style=", "onclick"] {
        #expect(!text.contains(word), "\(word)")
      }
      let links = text.components(separatedBy: "href=\"").dropFirst().map { String($0.prefix { $0 != "\"" }) }
      #expect(links.allSatisfy { $0.hasPrefix("/") || $0.hasPrefix("data:image/svg+xml,") }, "\(links)")
    },
    SystemCase("the page is sent once, and others get text") { guest in
      let tag = try #require(try guest.request("GET", "/", headers: [html]).header("ETag"))
      let again = try guest.request("GET", "/", headers: [html, ("If-None-Match", tag)])
      #expect(again.status == 304 && again.body.isEmpty && again.header("ETag") == tag)
      let text = try guest.request("GET", "/", headers: [("Accept", "*/*")])
      #expect(text.status == 200 && text.header("Content-Type") == "text/plain; charset=utf-8")
    },
  ]
}

/// Chromium, where the host has it.
private enum Browser {
  static let path = ["chromium", "chromium-browser", "google-chrome"].lazy.map { "/usr/bin/\($0)" }
    .first { FileManager.default.isExecutableFile(atPath: $0) }

  /// The document that the page at `address` is after four seconds.
  static func document(_ address: String) throws -> String {
    // A page of this machine's own kernel needs no sandbox, which root has not.
    let arguments = ["-k", "5", "60", path ?? "", "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=4000", "--dump-dom", address]
    return String(decoding: try Host.run("/usr/bin/timeout", arguments).output, as: UTF8.self)
  }
}

extension SystemTests {
  @Test(.enabled(if: Browser.path != nil, "no chromium is installed: what the page shows is not tested"), .timeLimit(.minutes(2)))
  static func thePageShowsWhatTheKernelDoes() throws {
    let guest = try Guest(.microvm, lifetime: .seconds(110))
    defer { guest.stop() }
    let empty = try Browser.document("http://127.0.0.1:\(guest.port)/")
    #expect(empty.contains("data-state=\"serving\"") && empty.contains("0 since boot, 0 failed, 0 cold"), "\(empty)")
    #expect(empty.contains("<section id=\"first\" aria-labelledby"), "what to do first is shown")
    try guest.deploy("shown", Project.action("echo"))
    for _ in 0..<7 { #expect(try guest.invoke("shown", [1]).status == 200) }
    let busy = try Browser.document("http://127.0.0.1:\(guest.port)/")
    #expect(busy.contains("7 since boot, 0 failed, 1 cold") && busy.contains("<section id=\"first\" hidden"), "\(busy)")
  }
}
