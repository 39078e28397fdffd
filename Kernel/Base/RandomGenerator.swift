/// A cryptographic random generator: the ChaCha20 block function (RFC 8439 §2.3) with fast key erasure, so that a state
/// that leaks tells nothing of earlier output. Deterministic for a seed; whoever makes one provides the entropy.
public struct RandomGenerator: ~Copyable {
  /// Key words, used up by every refill.
  private var key: [8 of UInt32]
  /// Output that is not handed out yet: words `next` to 8 of the last block.
  private var output: [8 of UInt32] = .init(repeating: 0)
  private var next = 8

  public init(seed: [8 of UInt32]) {
    key = seed
  }

  /// 64 unpredictable bits.
  public mutating func next64() -> UInt64 {
    if next >= 8 { refill() }
    let value = UInt64(output[next]) | UInt64(output[next &+ 1]) << 32
    output[next] = 0
    output[next &+ 1] = 0
    next &+= 2
    return value
  }

  /// Mixes `entropy` into the key.
  public mutating func stir(_ entropy: UInt64) {
    key[0] ^= UInt32(truncatingIfNeeded: entropy)
    key[1] ^= UInt32(truncatingIfNeeded: entropy >> 32)
    next = 8
    refill()
  }

  @inline(never)
  private mutating func refill() {
    let block = ChaCha20.block(key: key, counter: 0, nonce: (0, 0, 0))
    for index in 0..<8 {
      key[index] = block[index]
      output[index] = block[index &+ 8]
    }
    next = 0
  }
}

/// The ChaCha20 block function (RFC 8439 §2.3).
public enum ChaCha20 {
  public static func block(key: [8 of UInt32], counter: UInt32, nonce: (UInt32, UInt32, UInt32)) -> [16 of UInt32] {
    var state: [16 of UInt32] = .init(repeating: 0)
    state[0] = 0x6170_7865
    state[1] = 0x3320_646e
    state[2] = 0x7962_2d32
    state[3] = 0x6b20_6574
    for index in 0..<8 { state[index &+ 4] = key[index] }
    state[12] = counter
    state[13] = nonce.0
    state[14] = nonce.1
    state[15] = nonce.2
    let initial = state
    for _ in 0..<10 {
      quarterRound(&state, 0, 4, 8, 12)
      quarterRound(&state, 1, 5, 9, 13)
      quarterRound(&state, 2, 6, 10, 14)
      quarterRound(&state, 3, 7, 11, 15)
      quarterRound(&state, 0, 5, 10, 15)
      quarterRound(&state, 1, 6, 11, 12)
      quarterRound(&state, 2, 7, 8, 13)
      quarterRound(&state, 3, 4, 9, 14)
    }
    for index in 0..<16 { state[index] = state[index] &+ initial[index] }
    return state
  }

  @inline(__always)
  private static func quarterRound(_ s: inout [16 of UInt32], _ a: Int, _ b: Int, _ c: Int, _ d: Int) {
    s[a] = s[a] &+ s[b]
    s[d] = rotate(s[d] ^ s[a], 16)
    s[c] = s[c] &+ s[d]
    s[b] = rotate(s[b] ^ s[c], 12)
    s[a] = s[a] &+ s[b]
    s[d] = rotate(s[d] ^ s[a], 8)
    s[c] = s[c] &+ s[d]
    s[b] = rotate(s[b] ^ s[c], 7)
  }

  @inline(__always)
  private static func rotate(_ value: UInt32, _ count: UInt32) -> UInt32 { value << count | value >> (32 &- count) }
}
