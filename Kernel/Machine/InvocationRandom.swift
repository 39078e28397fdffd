// The 16 random bytes that each invocation is given (AT_RANDOM): AES-128 of a counter where the CPU has the instructions,
// SipHash elsewhere (AuxiliaryRandom in Base, which says what they are for).
//
// Both are pseudorandom functions under a secret key, which is replaced every 1024 values. AES's overwrites vector registers: it is for
// the time when no action is on its way.

import Base
import CBoot

struct InvocationRandom {
  private static let period: UInt64 = 1024
  private let hasAES: Bool
  private var hash = AuxiliaryRandom()
  /// Values left to the AES key.
  private var left: UInt64 = 0

  init(_ features: CPUFeatures) { hasAES = features.aes }

  /// The next 128 bits; keys come from `generator`.
  @inline(__always)
  mutating func next(_ generator: inout RandomGenerator) -> (UInt64, UInt64) {
    guard hasAES else { return hash.next(&generator) }
    if left == 0 { replaceKey(&generator) }
    left &-= 1
    let block = encryptAES(left, 0)
    return (block.low, block.high)
  }

  @_optimize(size) @inline(never)
  private mutating func replaceKey(_ generator: inout RandomGenerator) {
    setAESKey(generator.next64(), generator.next64())
    left = Self.period
  }
}
