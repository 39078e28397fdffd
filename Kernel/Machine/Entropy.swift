// The seed of the kernel's random generator.

import Base
import CBoot

enum Entropy {
  /// 256 bits: from RDRAND where the CPU has it, mixed with the jitter of the time stamp counter against the APIC's
  /// timer and with the wall clock, which alone serve where it has not.
  static func seed(_ features: CPUFeatures, _ clock: Clock, _ apic: LocalAPIC) -> [8 of UInt32] {
    var pool: [8 of UInt32] = .init(repeating: 0)
    var mixer = clock.wallClockStart ^ readTSC()
    for index in 0..<8 {
      for _ in 0..<(features.rdrand ? 1 : 64) {
        _ = apic.currentCount
        mixer = (mixer ^ readTSC()) &* 0x9e37_79b9_7f4a_7c15
        mixer ^= mixer >> 29
      }
      pool[index] = UInt32(truncatingIfNeeded: mixer >> 16) ^ UInt32(truncatingIfNeeded: hardware(features))
    }
    return pool
  }

  private static func hardware(_ features: CPUFeatures) -> UInt64 {
    guard features.rdrand else { return 0 }
    var value: UInt64 = 0
    // RDRAND may fail for a moment (Intel SDM volume 1, section 7.3.17); ten tries are the advised number.
    for _ in 0..<10 {
      // SAFETY: writes only the variable.
      if unsafe readRandom(&value) != 0 { return value }
    }
    return 0
  }
}
