// The local interrupt controller, its timer, and the I/O interrupt controller's one used line.
// (Intel SDM volume 3, chapter 11; 82093AA data sheet.)
// Out of scope: MSI-X, which the PCI transport programs.

import CBoot

/// The core's interrupt controller: as x2APIC (through MSRs) where the CPU has it, else as xAPIC (through memory).
public struct LocalAPIC: Sendable {
  private static let memoryBase: UInt64 = 0xfee0_0000

  private enum Register {
    static let id: UInt32 = 0x20
    static let taskPriority: UInt32 = 0x80
    static let endOfInterrupt: UInt32 = 0xb0
    static let spurious: UInt32 = 0xf0
    static let timer: UInt32 = 0x320
    static let performance: UInt32 = 0x340
    static let lint0: UInt32 = 0x350
    static let lint1: UInt32 = 0x360
    static let error: UInt32 = 0x370
    static let initialCount: UInt32 = 0x380
    static let currentCount: UInt32 = 0x390
    static let divide: UInt32 = 0x3e0
  }

  private static let masked: UInt32 = 1 << 16
  private let x2apic: Bool

  init(_ features: CPUFeatures) {
    x2apic = features.x2apic
    var base = readMSR(MSR.apicBase) | 1 << 11
    if x2apic { base |= 1 << 10 }
    writeMSR(MSR.apicBase, base)
    write(Register.timer, Self.masked)
    write(Register.performance, Self.masked)
    write(Register.lint0, Self.masked)
    write(Register.lint1, Self.masked)
    write(Register.error, Self.masked)
    write(Register.taskPriority, 0)
    write(Register.divide, 0b1011)
    write(Register.spurious, 1 << 8 | UInt32(Vector.spurious))
  }

  /// The controller's identifier, which interrupt messages are addressed to.
  public var identifier: UInt32 { x2apic ? read(Register.id) : read(Register.id) >> 24 }

  @inline(__always)
  public func endOfInterrupt() { write(Register.endOfInterrupt, 0) }

  /// Starts the timer at `count`, with its interrupt masked: for measuring.
  func startCounting(_ count: UInt32) {
    write(Register.timer, Self.masked)
    write(Register.initialCount, count)
  }

  var currentCount: UInt32 { read(Register.currentCount) }

  /// Interrupts once, `count` ticks from now; zero stops the timer.
  @inline(__always)
  func interrupt(after count: UInt32) {
    write(Register.timer, UInt32(Vector.timer))
    write(Register.initialCount, count)
  }

  @inline(__always)
  private func write(_ register: UInt32, _ value: UInt32) {
    if x2apic {
      writeMSR(MSR.x2apicBase &+ register >> 4, UInt64(value))
    } else {
      volatileStore32(Self.memoryBase &+ UInt64(register), value)
    }
  }

  @inline(__always)
  private func read(_ register: UInt32) -> UInt32 {
    x2apic
      ? UInt32(truncatingIfNeeded: readMSR(MSR.x2apicBase &+ register >> 4))
      : volatileLoad32(Self.memoryBase &+ UInt64(register))
  }
}

/// The I/O APIC at its usual address.
public enum IOAPIC {
  private static let base: UInt64 = 0xfec0_0000

  /// Sends line `line` (level triggered, active high) to `vector` on the core with `identifier`.
  public static func route(line: UInt8, vector: UInt8, to identifier: UInt32) {
    let register = 0x10 &+ UInt32(line) &* 2
    write(register &+ 1, identifier << 24)
    write(register, UInt32(vector) | 1 << 15)
  }

  private static func write(_ register: UInt32, _ value: UInt32) {
    volatileStore32(base, register)
    volatileStore32(base &+ 0x10, value)
  }
}

/// The two 8259 interrupt controllers, where there are any, must stay silent.
enum LegacyPIC {
  static func mask() {
    out8(port: 0x21, 0xff)
    out8(port: 0xa1, 0xff)
  }
}
