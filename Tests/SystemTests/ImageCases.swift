// Files that are no actions: each is refused with words that name its fault, and leaves nothing behind.

import BrokenELF
import Foundation
import SwiftletHost
import Testing

extension SystemCase {
  static let images: [SystemCase] = [
    SystemCase("broken executables are refused by name") { guest in
      var variants = BrokenELF.variants(of: try Project.action("hello"))
      variants += BrokenELF.variants(of: try Project.action("echo-c")).map { ("echo-c, " + $0.name, $0.bytes, $0.expectedError) }
      #expect(variants.count >= 30)
      let before = try guest.counters()
      for variant in variants {
        let reply = try guest.put("broken-image", variant.bytes)
        #expect(reply.status == 400, "\(variant.name): \(reply.status) \(reply.text)")
        #expect(reply.text.contains(variant.expectedError), "\(variant.name): \(reply.text)")
        #expect(try guest.request("GET", "/healthz").status == 200, "after \(variant.name)")
      }
      #expect(try guest.request("GET", Guest.actionTarget("broken-image"), key: Guest.key).status == 404)
      try guest.counters().expectSame(as: before)
    },
    SystemCase("a broken file does not replace a good action") { guest in
      try guest.deploy("standing", Project.action("echo"))
      #expect(try guest.put("standing", Array("#!/bin/sh\n".utf8)).status == 400)
      #expect(try guest.invoke("standing", [3]).body == [3])
      #expect(try guest.delete("standing").status == 200)
    },
    SystemCase("executables with random bytes changed never harm the kernel") { guest in
      let good = try Project.action("hello")
      var noise = Noise(seed: 6)
      for _ in 0..<60 {
        var bytes = good
        for _ in 0..<Int.random(in: 1...8, using: &noise) {
          // Mostly in the headers, where it matters most.
          let limit = Bool.random(using: &noise) ? min(512, bytes.count) : bytes.count
          bytes[Int.random(in: 0..<limit, using: &noise)] = UInt8.random(in: 0...255, using: &noise)
        }
        let reply = try guest.put("mutant", bytes, query: "public=true&timeout=100&memory=2")
        #expect(reply.status == 200 || reply.status == 400, "\(reply.status) \(reply.text)")
        if reply.status == 200 {
          let answer = try guest.invoke("mutant")
          #expect(answer.status == 200 || answer.status == 502, "\(answer.status) \(answer.text)")
        }
      }
      _ = try guest.delete("mutant")
    },
    SystemCase("other kinds of upload are told what to send") { guest in
      let text = try guest.request(
        "PUT", Guest.actionTarget("text"), key: Guest.key, headers: [("Content-Type", "text/plain")], body: Array("{}".utf8))
      #expect(text.status == 415)
      #expect(text.text.contains("curl -T"))
    },
  ]
}
