// What the tests found out, printed when all have run.

import Foundation
import SwiftletHost

final class Summary: @unchecked Sendable {
  static let shared = Summary()
  private let lock = NSLock()
  private var machines: [MachineModel] = []
  private var cases: [MachineModel: (count: Int, time: Duration)] = [:]
  private var lines: [String] = []

  private init() {
    atexit { Summary.shared.print() }
  }

  func note(machine: MachineModel) {
    lock.withLock {
      if !machines.contains(machine) { machines.append(machine) }
    }
  }

  /// Notes that a case took `time` on `machine`.
  func note(_ machine: MachineModel, _ name: String, _ time: Duration) {
    lock.withLock {
      cases[machine, default: (0, .zero)].count += 1
      cases[machine, default: (0, .zero)].time += time
      if time > .seconds(5) { lines.append("slow: \(name), on \(machine): \(time.milliseconds)") }
    }
  }

  func add(_ line: String) { lock.withLock { lines.append(line) } }

  private func print() {
    lock.withLock {
      if machines.isEmpty && lines.isEmpty { return }
      var text = "\nSystem tests: "
      text += machines.isEmpty ? "no machine" : machines.map(\.rawValue).joined(separator: ", ")
      text += " (\(Project.accelerator.kind.rawValue)).\n"
      for machine in machines {
        if let done = cases[machine] { text += "  \(machine): \(done.count) cases in \(done.time.milliseconds)\n" }
      }
      for line in lines { text += "  \(line)\n" }
      try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    }
  }
}
