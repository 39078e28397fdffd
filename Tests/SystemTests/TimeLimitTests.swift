// Time limits by a clock that counts instructions: the host cannot make the kernel late.

import SwiftletHost
import Testing

extension SystemTests {
  @Suite(.serialized) struct TimeLimitTests {
    init() { SharedGuest.shared.stop() }

    @Test(.timeLimit(.minutes(3)), arguments: Project.machines.filter { $0 != .iso })
    func actionsEndWithinTenMilliseconds(machine: MachineModel) throws {
      let guest = try Guest.counting(machine)
      defer { guest.stop() }
      var late: [Double] = []
      for limit in [100, 105, 250] {
        try guest.deploy("looping", Project.action("attack"), query: "public=true&timeout=\(limit)")
        for input in ["loop", "spin-syscalls"] {
          let reply = try guest.invoke("looping", Array(input.utf8))
          #expect(reply.status == 502 && reply.text.contains("The action exceeded its time limits of \(limit) milliseconds."))
          late.append((SystemCase.runTime(reply) ?? .infinity) - Double(limit))
        }
      }
      #expect(late.allSatisfy { $0 >= 0 && $0 < 10 }, "late by \(late) ms")
      Summary.shared.add("time limit, counted: \(machine) ended actions at most \(((late.max() ?? 0) * 1000).rounded() / 1000) ms late")
    }
  }
}
