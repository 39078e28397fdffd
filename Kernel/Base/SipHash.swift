// A keyed hash of short fixed inputs (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012).
//
// Whoever does not know the key cannot make table entries collide or foretell a sequence number.
// Out of scope: inputs of other lengths than whole 64-bit words.

/// The key, expanded; hashing does not change it.
public struct SipHash: Sendable, BitwiseCopyable {
  private let key0: UInt64
  private let key1: UInt64

  public init(key0: UInt64, key1: UInt64) {
    self.key0 = key0
    self.key1 = key1
  }

  /// A key drawn from a 64-bit secret, different for each `purpose`.
  public init(seed: UInt64, purpose: UInt64) {
    let root = SipHash(key0: seed, key1: ~seed)
    self.init(key0: root.hash24(purpose, 0), key1: root.hash24(purpose, 1))
  }

  /// SipHash-1-3 of one word: for hash tables.
  @inline(__always)
  public func hash13(_ word: UInt64) -> UInt64 {
    var state = State(key0, key1)
    state.compress(word, rounds: 1)
    state.compress(8 << 56, rounds: 1)
    return state.finish(rounds: 3)
  }

  /// SipHash-2-4 of two words: for what goes out on the wire.
  public func hash24(_ first: UInt64, _ second: UInt64) -> UInt64 {
    var state = State(key0, key1)
    state.compress(first, rounds: 2)
    state.compress(second, rounds: 2)
    state.compress(16 << 56, rounds: 2)
    return state.finish(rounds: 4)
  }

  /// SipHash-2-4 of one word, with 128 bits of result (as in the reference code of 2012's second version).
  public func wide24(_ word: UInt64) -> (UInt64, UInt64) {
    var state = State(key0, key1)
    state.v1 ^= 0xee
    state.compress(word, rounds: 2)
    state.compress(8 << 56, rounds: 2)
    state.v2 ^= 0xee
    for _ in 0..<4 { state.round() }
    let first = state.v0 ^ state.v1 ^ state.v2 ^ state.v3
    state.v1 ^= 0xdd
    for _ in 0..<4 { state.round() }
    return (first, state.v0 ^ state.v1 ^ state.v2 ^ state.v3)
  }

  private struct State {
    var v0: UInt64
    var v1: UInt64
    var v2: UInt64
    var v3: UInt64

    @inline(__always)
    init(_ key0: UInt64, _ key1: UInt64) {
      v0 = key0 ^ 0x736f_6d65_7073_6575
      v1 = key1 ^ 0x646f_7261_6e64_6f6d
      v2 = key0 ^ 0x6c79_6765_6e65_7261
      v3 = key1 ^ 0x7465_6462_7974_6573
    }

    @inline(__always)
    mutating func compress(_ word: UInt64, rounds: Int) {
      v3 ^= word
      for _ in 0..<rounds { round() }
      v0 ^= word
    }

    @inline(__always)
    mutating func finish(rounds: Int) -> UInt64 {
      v2 ^= 0xff
      for _ in 0..<rounds { round() }
      return v0 ^ v1 ^ v2 ^ v3
    }

    @inline(__always)
    mutating func round() {
      v0 &+= v1
      v1 = v1 << 13 | v1 >> 51
      v1 ^= v0
      v0 = v0 << 32 | v0 >> 32
      v2 &+= v3
      v3 = v3 << 16 | v3 >> 48
      v3 ^= v2
      v0 &+= v3
      v3 = v3 << 21 | v3 >> 43
      v3 ^= v0
      v2 &+= v1
      v1 = v1 << 17 | v1 >> 47
      v1 ^= v2
      v2 = v2 << 32 | v2 >> 32
    }
  }
}
