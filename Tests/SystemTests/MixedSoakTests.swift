// A long run of everything at once: good invocations, hostile ones, deployments and removals. Nothing may be left behind.

import Foundation
import SwiftletHost
import Testing

extension SystemTests {
  @Suite(.serialized) struct MixedSoakTests {
    init() { SharedGuest.shared.stop() }

    /// What is invoked, in turn by chance: a name, an input, and words of the answer.
    private struct Kind {
      var action: String
      var input: String
      var status: Int
      var text: String?
      /// How often, of a thousand.
      var weight: Int
    }

    private static let kinds: [Kind] = [
      Kind(action: "attack", input: "null-write", status: 502, text: "page fault", weight: 25),
      Kind(action: "attack", input: "write-kernel", status: 502, text: "page fault", weight: 25),
      Kind(action: "attack", input: "read-next-slot", status: 502, text: "page fault", weight: 25),
      Kind(action: "attack", input: "cr3", status: 502, text: "general protection", weight: 25),
      Kind(action: "attack", input: "ud2", status: 502, text: "invalid opcode", weight: 25),
      Kind(action: "attack", input: "tlb-unmap", status: 502, text: "page fault", weight: 25),
      Kind(action: "attack", input: "tlb-remap", status: 200, text: "survived 0x0000000000000000", weight: 15),
      Kind(action: "attack", input: "exit 7", status: 502, text: "exit status 7", weight: 25),
      Kind(action: "attack", input: "syscalls", status: 200, text: "survived", weight: 5),
      Kind(action: "attack", input: "stack-overflow", status: 502, text: nil, weight: 5),
      Kind(action: "attack", input: "memory-hog", status: 502, text: "exhausted its memory", weight: 5),
      Kind(action: "attack", input: "output-flood", status: 502, text: "output limit", weight: 1),
      Kind(action: "dirty-then-exit", input: "", status: 200, text: "pristine\n", weight: 10),
      Kind(action: "dirty-then-exit", input: "fault", status: 502, text: "invalid opcode", weight: 10),
      Kind(action: "hello", input: "", status: 200, text: nil, weight: 100),
      Kind(action: "looping", input: "loop", status: 502, text: "exceeded its time limits", weight: 1),
    ]

    private static let limits = [
      "echo": "", "echo-c": "", "hello": "", "attack": "&memory=2&timeout=10000", "looping": "&timeout=100", "dirty-then-exit": "",
    ]

    private static func deploy(_ name: String, _ client: Client) throws {
      let file = try Project.action(name == "looping" ? "attack" : name)
      let target = Guest.actionTarget(name) + "?public=true&overwrite=true" + (limits[name] ?? "")
      let type = [("Content-Type", "application/octet-stream")]
      let reply = try client.exchange("PUT", target, key: Guest.key, headers: type, body: file)
      guard reply.status == 200 else { throw Failure("PUT \(name): \(reply.status) \(reply.text)") }
    }

    private static func delete(_ name: String, _ client: Client) throws {
      let reply = try client.exchange("DELETE", Guest.actionTarget(name), key: Guest.key)
      guard reply.status == 200 else { throw Failure("DELETE \(name): \(reply.status) \(reply.text)") }
    }

    /// Deploys all actions, invokes them `count` times and removes them.
    private static func run(_ count: Int, _ client: Client, _ noise: inout Noise) throws {
      let names = limits.keys.sorted()
      for name in names { try deploy(name, client) }
      let body = noise.bytes(60_000)
      for index in 0..<count {
        // Now and then one is replaced, or removed and deployed anew.
        let chance = noise.next()
        if chance % 100 == 0 {
          let name = names[Int(chance / 100 % UInt64(names.count))]
          if chance / 1000 % 2 == 0 { try delete(name, client) }
          try deploy(name, client)
        }
        var place = Int(noise.next() % 1000)
        if let kind = kinds.first(where: { kind in
          place -= kind.weight
          return place < 0
        }) {
          let reply = try client.exchange("POST", "/function/\(kind.action)", body: Array(kind.input.utf8))
          guard reply.status == kind.status, kind.text.map({ reply.text.contains($0) }) ?? true else {
            throw Failure("number \(index), \(kind.action) \(kind.input): \(reply.status) \(reply.text.prefix(200))")
          }
        } else {
          let part = Array(body.prefix([0, 1, 64, 64, 500, 1460, 5000, 60_000][Int(noise.next() % 8)]))
          let reply = try client.exchange("POST", noise.next() % 2 == 0 ? "/function/echo" : "/function/echo-c", body: part)
          guard reply.status == 200, reply.body == part else { throw Failure("number \(index): \(reply.status) \(reply.text.prefix(200))") }
        }
      }
      for name in names { try delete(name, client) }
    }

    /// SWIFTLET_MIXED sets the number of invocations.
    @Test(.timeLimit(.minutes(60)), .enabled(if: Project.machines.contains(.microvm))) func everythingAtOnce() throws {
      let count = Project.number("SWIFTLET_MIXED") ?? 10_000
      let guest = try Guest(.microvm, arguments: ["auth=\(Guest.key)", "log=quiet"], lifetime: .seconds(3500))
      defer { guest.stop() }
      let client = try guest.connect()
      var noise = Noise(seed: 2026)
      try Self.run(500, client, &noise)
      let before = try guest.counters(connections: 2)
      let time = try ContinuousClock().measure { try Self.run(count, client, &noise) }
      let after = try guest.counters(connections: 2)
      // The heap keeps an empty page for each size that was used, and the buffer of names grows to some KiB before it is
      // compacted: nothing else may differ.
      after.expectSame(as: before, slack: 16 << 10)
      Summary.shared.add("\(count) mixed invocations in \(time.milliseconds)")
      Summary.shared.add("  after the first 500, all removed: \(before)")
      Summary.shared.add("  at the end, all removed:          \(after)")
      guest.expectAlive()
    }
  }
}
