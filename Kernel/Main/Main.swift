// The kernel's entry, and its boot order.

import Base
import Bytes
import Machine
import Settings

/// Called by entry.asm, on the kernel's stack, with what the loader gave and the time stamp counter at entry.
@c(kernel_main)
public func kernelMain(_ loader: UInt32, _ information: UInt32, _ start: UInt64) {
  // Nothing can be allocated before this returns, so all else is in another function.
  let information = Machine.prepare(loader: loader, information: information)
  boot(information, start)
}

@inline(never)
private func boot(_ information: BootInformation, _ start: UInt64) {
  let machine = Machine.boot(information, start: start)
  let settings = KernelSettings(parsing: machine.commandLine.span)
  BootLog.printProblems(of: settings)
  if settings.panicsOnPurpose { PanicTest.run() }
  let kernel = Kernel(machine, settings, attachCard(machine, settings))
  kernel.serve()
}
