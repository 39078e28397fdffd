// The end of the kernel: says on the console what broke, where, and how it got there, and ends QEMU with a status.
// Out of scope: faults of actions, which end only the action (Traps.swift).

import CBoot

/// Where panics exit to: QEMU's isa-debug-exit device; the status it ends with is 2 * value + 1.
enum DebugExit {
  static let port: UInt16 = 0xf4
  static let panicValue: UInt8 = 0x10
}

/// Prints `reason` and a backtrace, and stops the machine.
public func panic(_ reason: StaticString) -> Never {
  let console = SerialConsole()
  console.write("\npanic: ")
  console.write(reason)
  console.write("\n")
  Backtrace.print(from: readFramePointer(), to: console)
  stopMachine()
}

/// Prints the trap, the registers and a backtrace, and stops the machine.
func panic(_ frame: trap_frame) -> Never {
  let console = SerialConsole()
  console.write("\npanic: ")
  console.write(TrapName.of(frame.vector))
  console.write(" in the kernel, error code ")
  console.write(hex: frame.error_code, digits: 4)
  if frame.vector == 14 {
    console.write(", address ")
    console.write(hex: readCR2())
  }
  console.write("\n")
  printRegisters(frame, console)
  Backtrace.printLine(0, frame.rip, to: console)
  Backtrace.print(from: frame.rbp, to: console, first: 1)
  stopMachine()
}

@_optimize(size)
private func printRegisters(_ frame: trap_frame, _ console: SerialConsole) {
  printRow(console, "rip", frame.rip, "rsp", frame.rsp, "rbp", frame.rbp, "flg", frame.rflags)
  printRow(console, "rax", frame.rax, "rbx", frame.rbx, "rcx", frame.rcx, "rdx", frame.rdx)
  printRow(console, "rsi", frame.rsi, "rdi", frame.rdi, "r8 ", frame.r8, "r9 ", frame.r9)
  printRow(console, "r10", frame.r10, "r11", frame.r11, "r12", frame.r12, "r13", frame.r13)
  printRow(console, "r14", frame.r14, "r15", frame.r15, "cr3", readCR3(), "cs ", frame.cs)
}

@_optimize(size)
@inline(never)
private func printRow(
  _ console: SerialConsole, _ n0: StaticString, _ v0: UInt64, _ n1: StaticString, _ v1: UInt64, _ n2: StaticString,
  _ v2: UInt64, _ n3: StaticString, _ v3: UInt64
) {
  printRegister(console, n0, v0)
  printRegister(console, n1, v1)
  printRegister(console, n2, v2)
  printRegister(console, n3, v3)
  console.write("\n")
}

@inline(never)
private func printRegister(_ console: SerialConsole, _ name: StaticString, _ value: UInt64) {
  console.write("  ")
  console.write(name)
  console.write(" ")
  console.write(hex: value)
}

/// Ends QEMU where it has the debug exit device; resets the machine otherwise (QEMU's -no-reboot then ends it too).
func stopMachine() -> Never {
  out8(port: DebugExit.port, DebugExit.panicValue)
  // Reset by the chipset's reset control register, which q35 has.
  out8(port: 0xcf9, 0x0e)
  haltForever()
  fatalError()
}

/// The exceptions' names (AMD64 manual, volume 2, table 8-1).
enum TrapName {
  static func of(_ vector: UInt64) -> StaticString {
    switch vector {
    case 0: "divide error"
    case 1: "debug exception"
    case 2: "non-maskable interrupt"
    case 3: "breakpoint"
    case 4: "overflow"
    case 5: "bound range exceeded"
    case 6: "invalid opcode"
    case 7: "device not available"
    case 8: "double fault"
    case 10: "invalid task state segment"
    case 11: "segment not present"
    case 12: "stack fault"
    case 13: "general protection fault"
    case 14: "page fault"
    case 16: "x87 floating-point exception"
    case 17: "alignment check"
    case 18: "machine check"
    case 19: "SIMD floating-point exception"
    default: "unexpected interrupt"
    }
  }
}

/// A fault on purpose (`panic=test`), two calls deep, for the test of panics.
public enum PanicTest {
  @inline(never)
  public static func run() { readUnmapped(0) }

  @inline(never)
  private static func readUnmapped(_ offset: UInt64) {
    // Page 0 is never mapped.
    SerialConsole().write(decimal: Physical.load(offset &+ 8))
  }
}
