import Base
import Testing

@Suite struct RandomGeneratorTests {
  /// RFC 8439 §2.3.2.
  @Test func blockOfRFC8439() {
    var key: [8 of UInt32] = .init(repeating: 0)
    for index in 0..<8 {
      let byte = UInt32(index * 4)
      key[index] = byte | (byte + 1) << 8 | (byte + 2) << 16 | (byte + 3) << 24
    }
    let block = ChaCha20.block(key: key, counter: 1, nonce: (0x0900_0000, 0x4a00_0000, 0))
    let expected: [UInt32] = [
      0xe4e7_f110, 0x1559_3bd1, 0x1fdd_0f50, 0xc471_20a3, 0xc7f4_d1c7, 0x0368_c033, 0x9aaa_2204, 0x4e6c_d4c3,
      0x4664_82d2, 0x09aa_9f07, 0x05d7_c214, 0xa202_8bd9, 0xd19c_12b5, 0xb94e_16de, 0xe883_d0cb, 0x4e3c_50a2,
    ]
    for index in 0..<16 { check(block[index] == expected[index]) }
  }

  @Test func neverRepeatsAndDependsOnTheSeed() {
    var one = RandomGenerator(seed: .init(repeating: 1))
    var same = RandomGenerator(seed: .init(repeating: 1))
    var other = RandomGenerator(seed: .init(repeating: 2))
    var seen: Set<UInt64> = []
    for _ in 0..<10_000 {
      let value = one.next64()
      check(value == same.next64())
      check(value != other.next64())
      check(seen.insert(value).inserted)
    }
  }

  @Test func stirringChangesWhatFollows() {
    var one = RandomGenerator(seed: .init(repeating: 7))
    var stirred = RandomGenerator(seed: .init(repeating: 7))
    stirred.stir(42)
    check(one.next64() != stirred.next64())
  }
}
