/// The 16 random bytes that each invocation is given in its auxiliary vector (AT_RANDOM), on CPUs without AES: SipHash-2-4 with 128 bits
/// of result, over a counter, with a secret key.
///
/// They seed stack protectors, pointer mangling and hash tables, and each invocation sees only its own. To foretell those
/// of another from them is to tell SipHash from a random function without its key of 128 bits, which is what it was designed
/// against. What an action asks for with getrandom comes from `RandomGenerator` (ChaCha20), at five times the cost; so
/// does the key, which is replaced every 1024 values, so that one that leaked tells of no more than those.
public struct AuxiliaryRandom: Sendable, BitwiseCopyable {
  private static var period: UInt64 { 1024 }
  private var hash = SipHash(key0: 0, key1: 0)
  /// Values left to this key.
  private var left: UInt64 = 0

  public init() {}

  /// The next 128 bits; keys come from `generator`.
  public mutating func next(_ generator: inout RandomGenerator) -> (UInt64, UInt64) {
    if left == 0 {
      hash = SipHash(key0: generator.next64(), key1: generator.next64())
      left = Self.period
    }
    left &-= 1
    return hash.wide24(left)
  }
}
