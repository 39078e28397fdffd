// The suite that every machine passes, as a table: so that all cases run on one machine before the next is booted.

import SwiftletHost
import Testing

/// One test of a booted kernel. It leaves the kernel as it found it, but for actions of names that only it uses.
struct SystemCase: Sendable, CustomTestStringConvertible {
  let name: String
  let body: @Sendable (Guest) throws -> Void

  init(_ name: String, _ body: @escaping @Sendable (Guest) throws -> Void) {
    self.name = name
    self.body = body
  }

  var testDescription: String { name }

  static let all =
    access + deployment + echo + protocols + brokenHTTP + images + hostile + programs + limits + cgi + loop + activations + alarms + entityCases + sequenceCases
    + wskCases + web + page
}

/// Everything that boots a kernel: one test after the other, so that no more than two virtual machines run at once.
@Suite(.serialized) enum SystemTests {}

extension SystemTests {
  @Test(.timeLimit(.minutes(3)), arguments: Project.machines, SystemCase.all)
  static func onEveryMachine(machine: MachineModel, test: SystemCase) throws {
    let guest = try SharedGuest.shared.guest(machine)
    let start = ContinuousClock.now
    do {
      try test.body(guest)
    } catch {
      Issue.record("\(machine), \(test.name): \(error)\n\(guest.lastWords)")
    }
    Summary.shared.note(machine, test.name, ContinuousClock.now - start)
    guest.expectAlive()
  }
}
