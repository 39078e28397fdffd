// What the kernel says on its console while it boots and when it is ready.

import Base
import Bytes
import Machine
import Net
import Settings

enum BootLog {
  static func printProblems(of settings: borrowing KernelSettings) {
    let console = SerialConsole()
    for index in 0..<settings.problemCount {
      var text = ByteBuffer()
      guard settings.describe(problem: index, into: &text) else { break }
      console.write("swiftlet: ")
      console.write(text.span)
      console.write("\n")
    }
    guard settings.omittedProblemCount > 0 else { return }
    console.write("swiftlet: and ")
    console.write(decimal: UInt64(settings.omittedProblemCount))
    console.write(" more problems with the command line\n")
  }

  /// Says that `activations=` is more than memory has room for.
  @_optimize(size)
  static func printFewerActivations(_ wanted: UInt32, kept: Int) {
    let console = SerialConsole()
    console.write("swiftlet: activations=")
    console.write(decimal: UInt64(wanted))
    console.write(": with this memory ")
    console.write(decimal: UInt64(max(0, kept)))
    console.write(" are kept\n")
  }

  /// The line that says the kernel serves: its address, the time since its entry, and memory.
  static func printReady(_ address: IPv4Address, port: UInt16, after: Interval) {
    let console = SerialConsole()
    console.write("swiftlet: ready on http://")
    for shift in [UInt32(24), 16, 8, 0] {
      console.write(decimal: UInt64(address.bits >> shift & 0xff))
      if shift > 0 { console.write(".") }
    }
    if port != 80 {
      console.write(":")
      console.write(decimal: UInt64(port))
    }
    console.write(" after ")
    console.write(thousandths: after.microseconds)
    console.write(" ms, ")
    console.write(decimal: UInt64(MemoryUse.current.framesFree) >> 8)
    console.write(" MiB free\n")
  }
}
