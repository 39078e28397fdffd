// The monotonic clock, from the time stamp counter, and the wall clock, read once at boot.
// Out of scope: the timer's interrupt (LocalAPIC.swift).

import Base
import CBoot

/// Nanoseconds since the kernel's entry.
public struct Clock: Sendable {
  private let start: UInt64
  /// Nanoseconds in a tick, as a binary fraction of 32 bits.
  private let scale: UInt64
  /// Counter ticks in a second.
  public let frequency: UInt64
  /// Seconds since 1970 at boot; zero where the machine has no wall clock.
  public let wallClockStart: UInt64

  /// `start` is the counter's value at the kernel's entry.
  init(start: UInt64, apic: LocalAPIC, features: CPUFeatures) {
    self.start = start
    let frequency = Self.announcedFrequency() ?? Self.measuredFrequency(apic)
    self.frequency = frequency
    scale = (UInt64(1_000_000_000) << 32) / frequency
    wallClockStart = RealTimeClock.secondsSince1970() ?? 0
  }

  @inline(__always)
  public var now: Instant { Instant(nanoseconds: scaleTicks(readTSC() &- start, by: scale)) }

  /// Nanoseconds since 1970; since boot where the machine has no wall clock.
  public var wallClockNanoseconds: UInt64 { wallClockStart &* 1_000_000_000 &+ now.nanoseconds }

  /// The frequency as CPUID gives it: leaf 0x40000010 (kHz, of hypervisors), leaf 0x15 (crystal and ratio).
  private static func announcedFrequency() -> UInt64? {
    if cpuid(1, 0).ecx >> 31 & 1 == 1, cpuid(0x4000_0000, 0).eax >= 0x4000_0010 {
      let kilohertz = UInt64(cpuid(0x4000_0010, 0).eax)
      if kilohertz > 100_000 { return kilohertz &* 1000 }
    }
    if cpuid(0, 0).eax >= 0x15 {
      let ratio = cpuid(0x15, 0)
      if ratio.eax != 0, ratio.ebx != 0, ratio.ecx != 0 {
        return UInt64(ratio.ecx) &* UInt64(ratio.ebx) / UInt64(ratio.eax)
      }
    }
    return nil
  }

  /// Measures the counter against the APIC's timer, which QEMU and KVM run at 1 GHz, for half a millisecond.
  private static func measuredFrequency(_ apic: LocalAPIC) -> UInt64 {
    apic.startCounting(.max)
    let first = sample(apic)
    while first.count &- apic.currentCount < 500_000 { pauseHint() }
    let last = sample(apic)
    apic.startCounting(0)
    let nanoseconds = UInt64(max(first.count &- last.count, 1))
    // The product fits 64 bits for as long as the window was shorter than a second at 18 GHz.
    let ticks = min(last.ticks &- first.ticks, 18_000_000_000)
    return max(ticks &* 1_000_000_000 / nanoseconds, 1_000_000)
  }

  /// Both counters at one moment: of several readings, the one that took the least time.
  @_optimize(size)
  private static func sample(_ apic: LocalAPIC) -> (ticks: UInt64, count: UInt32) {
    var best: (ticks: UInt64, count: UInt32) = (0, 0)
    var shortest = UInt64.max
    for _ in 0..<8 {
      let before = readTSC()
      let count = apic.currentCount
      let after = readTSC()
      if after &- before < shortest {
        shortest = after &- before
        best = (before &+ (after &- before) / 2, count)
      }
    }
    return best
  }
}

/// The CMOS real-time clock (MC146818), in UTC.
enum RealTimeClock {
  /// Nil where there is no clock, or its registers make no date.
  @_optimize(size)
  static func secondsSince1970() -> UInt64? {
    var patience = 1000
    while read(0x0a) & 0x80 != 0 {
      patience &-= 1
      guard patience > 0 else { return nil }
    }
    let status = read(0x0b)
    let binary = status & 4 != 0
    let second = number(read(0), binary)
    let minute = number(read(2), binary)
    let rawHour = read(4)
    var hour = number(rawHour & 0x7f, binary)
    if status & 2 == 0 { hour = hour % 12 &+ (rawHour & 0x80 != 0 ? 12 : 0) }
    let day = number(read(7), binary)
    let month = number(read(8), binary)
    let year = number(read(9), binary) &+ 2000
    guard second < 61, minute < 60, hour < 24, day >= 1, day <= 31, month >= 1, month <= 12, year < 2100 else { return nil }
    return ((days(year, month, day) &* 24 &+ hour) &* 60 &+ minute) &* 60 &+ second
  }

  private static func read(_ register: UInt8) -> UInt8 {
    out8(port: 0x70, register)
    return in8(port: 0x71)
  }

  private static func number(_ value: UInt8, _ binary: Bool) -> UInt64 {
    binary ? UInt64(value) : UInt64(value >> 4) &* 10 &+ UInt64(value & 15)
  }

  /// Days from 1970 to a date of this century, by the civil calendar with March as first month.
  private static func days(_ year: UInt64, _ month: UInt64, _ day: UInt64) -> UInt64 {
    let y = month <= 2 ? year &- 1 : year
    let dayOfYear = (153 &* ((month &+ 9) % 12) &+ 2) / 5 &+ day &- 1
    return y &* 365 &+ y / 4 &- y / 100 &+ y / 400 &+ dayOfYear &- 719_468
  }
}
