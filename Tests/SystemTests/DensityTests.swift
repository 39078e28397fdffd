// Many deployed actions on one machine. (The instructions that the last of them costs: `make bench`.)

import Foundation
import SwiftletHost
import Testing

extension SystemTests {
  @Suite(.serialized) struct DensityTests {
    init() { SharedGuest.shared.stop() }

    /// SWIFTLET_DENSITY sets another number.
    @Test(.timeLimit(.minutes(5)), .enabled(if: Project.machines.contains(.microvm)))
    func manyActions() throws {
      let count = Project.number("SWIFTLET_DENSITY") ?? 10_000
      let guest = try Guest(.microvm, memory: try MemorySize(parsing: "512M"), lifetime: .seconds(290))
      defer { guest.stop() }
      let file = try Project.action("echo")
      let client = try guest.connect()
      let type = [("Content-Type", "application/octet-stream")]
      let empty = try guest.counters(connections: 2)

      func each(_ body: (Int) throws -> Void) rethrows -> Duration {
        try ContinuousClock().measure { for index in 0..<count { try body(index) } }
      }
      let deploying = try each { index in
        let target = Guest.actionTarget("a\(index)") + "?public=true"
        let reply = try client.exchange("PUT", target, key: Guest.key, headers: type, body: file)
        guard reply.status == 200 else { throw Failure("PUT a\(index): \(reply.status) \(reply.text)") }
      }
      let invoking = try each { index in
        let body = Array("this is \(index)".utf8)
        let reply = try client.exchange("POST", "/function/a\(index)", body: body)
        guard reply.status == 200, reply.body == body else { throw Failure("POST a\(index): \(reply.status) \(reply.text)") }
      }
      let full = try guest.counters(connections: 2)
      let removing = try each { index in
        let reply = try client.exchange("DELETE", Guest.actionTarget("a\(index)"), key: Guest.key)
        guard reply.status == 200 else { throw Failure("DELETE a\(index): \(reply.status) \(reply.text)") }
      }
      let after = try guest.counters(connections: 2)
      let perAction = Double(full.framesInUse - empty.framesInUse) / Double(count)
      #expect(perAction < 12)
      // What remains: the tables' own memory, which keeps its size, and two leaves and tables of slots for each 512 of them.
      #expect(after.otherFrames - empty.otherFrames <= count / 128 + 4, "before: \(empty); now: \(after)")
      Summary.shared.add(
        "\(count) actions: deployed in \(deploying.milliseconds), invoked in \(invoking.milliseconds), removed in \(removing.milliseconds); \((perAction * 10).rounded() / 10) frames each"
      )
      guest.expectAlive()
    }
  }
}
