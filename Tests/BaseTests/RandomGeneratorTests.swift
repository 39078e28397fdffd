import Base
import Testing

@Suite struct SipHashTests {
  private let hash = SipHash(key0: 0x0706_0504_0302_0100, key1: 0x0f0e_0d0c_0b0a_0908)

  /// Entry 16 of `vectors_sip64` in the reference implementation: key 00 … 0f, input 00 … 0f.
  @Test func twoWords() {
    #expect(hash.hash24(0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908) == 0x3f2a_cc7f_57c2_9bdb)
    #expect(hash.hash13(1) != hash.hash13(2))
    #expect(hash.hash13(1) == hash.hash13(1))
    #expect(SipHash(seed: 1, purpose: 1).hash13(1) != SipHash(seed: 1, purpose: 2).hash13(1))
  }

  /// Entry 8 of `vectors_sip128`: input 00 … 07.
  @Test func wideResult() {
    let (first, second) = hash.wide24(0x0706_0504_0302_0100)
    #expect(first == 0x61f5_5862_baa9_623b)
    #expect(second == 0xb497_14f3_64e2_830f)
  }

  @Test func auxiliaryValuesDifferAcrossKeys() {
    var generator = RandomGenerator(seed: .init(repeating: 7))
    var auxiliary = AuxiliaryRandom()
    var seen: Set<UInt64> = []
    for _ in 0..<5000 {
      let (first, second) = auxiliary.next(&generator)
      seen.insert(first)
      seen.insert(second)
    }
    #expect(seen.count == 10_000)
    var same = RandomGenerator(seed: .init(repeating: 7))
    var again = AuxiliaryRandom()
    #expect(seen.contains(again.next(&same).0))
    var otherGenerator = RandomGenerator(seed: .init(repeating: 8))
    var other = AuxiliaryRandom()
    #expect(!seen.contains(other.next(&otherGenerator).0))
  }
}

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
