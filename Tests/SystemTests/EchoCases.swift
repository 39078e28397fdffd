// Bodies in and out, byte for byte, and the same file as a Linux process.

import Foundation
import SwiftletHost
import Testing

extension SystemCase {
  /// Sizes around a segment, a power of two, and none.
  static let sizes = [0, 1, 2, 1459, 1460, 1461, 4095, 4096, 4097, 65_535, 65_536]

  static let echo: [SystemCase] =
    ["echo", "echo-c"].map { name in
      SystemCase("\(name) returns bodies byte for byte") { guest in
        try guest.deploy(name)
        var noise = Noise(seed: 1)
        var bodies = sizes.map { noise.bytes($0) } + [noise.bytes(1 << 20)]
        if let readme = try? Project.bytes(of: "README.md") { bodies.append(readme) }
        for body in bodies {
          let reply = try guest.invoke(name, body)
          #expect(reply.status == 200, "\(body.count) bytes: \(reply.status) \(reply.text.prefix(200))")
          #expect(reply.body == body, "\(body.count) bytes came back as \(reply.body.count)")
        }
        #expect(try guest.delete(name).status == 200)
      }
    } + [
      SystemCase("sha256 agrees with the host's sha256sum") { guest in
        try guest.deploy("sha256")
        var noise = Noise(seed: 2)
        for size in [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 65_536] {
          let body = noise.bytes(size)
          let expected = String(decoding: try Host.run("/usr/bin/sha256sum", input: body).output.prefix(64), as: UTF8.self)
          let reply = try guest.invoke("sha256", body)
          #expect(reply.status == 200 && reply.text.hasPrefix(expected), "\(size) bytes: \(reply.status) \(reply.text)")
        }
        #expect(try guest.delete("sha256").status == 200)
      },
      SystemCase("the same file run as a Linux process does the same") { guest in
        let body = Array("Swiftlet".utf8)
        for name in ["echo", "hello", "sha256", "echo-c"] {
          try guest.deploy(name)
          let process = try Host.run(Project.path(Project.actionPath(name)), input: body)
          let reply = try guest.invoke(name, body)
          #expect(process.status == 0 && reply.status == 200)
          #expect(reply.body == process.output, "\(name)")
          #expect(try guest.delete(name).status == 200)
        }
      },
    ]
}
