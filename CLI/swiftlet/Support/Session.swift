// The life of a virtual machine that a user watches: signals, console, end.

import Foundation
import SwiftletHost

final class Session: Sendable {
  let machine: VirtualMachine
  private let signals: StopSignals

  /// `signals` were made before the machine was started.
  init(machine: VirtualMachine, signals: StopSignals) {
    self.machine = machine
    self.signals = signals
    signals.handle { machine.stop() }
  }

  /// Whether a signal asked for the end.
  var wasStopped: Bool { signals.arrived }

  /// Prints every line of the console, from the first one on, while the machine runs.
  func showConsole() {
    let machine = machine
    Thread.detachNewThread {
      var position = 0
      while true {
        guard let (lines, exit) = machine.nextLines(from: &position, until: .now + .seconds(3600)) else { continue }
        for line in lines { Terminal.line(line.text) }
        if exit != nil { break }
      }
    }
  }

  /// Waits until the machine has ended; the error to report, unless a signal asked for it.
  func waitForEnd() -> HostError? {
    while true {
      guard let exit = machine.waitForExit(until: .now + .seconds(3600)) else { continue }
      return wasStopped ? nil : machine.deathReport(exit)
    }
  }

  func end() {
    machine.stop()
    if wasStopped { Terminal.line("\nStopped.") }
  }
}
