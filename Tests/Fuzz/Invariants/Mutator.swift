// Reproducible damage to seeds, for tests that run without libFuzzer.

public struct Mutator {
  private let seeds: [[UInt8]]
  private var random: SmallRandom
  private static let interesting: [UInt8] = Array("\r\n\t \"\\/{}[]:,;=&?%#*-+.09afAF_\0".utf8) + [0x7f, 0x80, 0xc0, 0xff]

  /// What is changed is one of `seeds`, of which there must be one.
  public init(_ seeds: [[UInt8]], seed: UInt64) {
    precondition(!seeds.isEmpty)
    self.seeds = seeds
    random = SmallRandom(seed)
  }

  /// A seed with one to four changes.
  public mutating func next() -> [UInt8] {
    var bytes = seeds[random.below(seeds.count)]
    for _ in 0...random.below(4) { change(&bytes) }
    return bytes
  }

  private mutating func change(_ bytes: inout [UInt8]) {
    let place = random.below(bytes.count + 1)
    let end = min(bytes.count, place + 1 + random.below(8))
    switch random.below(9) {
    case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(random.below(8))
    case 1 where place < bytes.count: bytes[place] = UInt8(truncatingIfNeeded: random.next())
    case 2 where place < bytes.count: bytes[place] = Self.interesting[random.below(Self.interesting.count)]
    case 3: bytes.insert(Self.interesting[random.below(Self.interesting.count)], at: place)
    case 4: bytes.removeSubrange(place..<end)
    case 5: bytes.insert(contentsOf: bytes[place..<end], at: random.below(bytes.count + 1))
    case 6: for index in place..<end { bytes[index] = random.below(2) == 0 ? 0 : 0xff }
    case 7: bytes.removeLast(random.below(min(bytes.count, 64) + 1))
    default:
      // The end of another seed.
      let other = seeds[random.below(seeds.count)]
      bytes.replaceSubrange(place..., with: other.dropFirst(place))
    }
  }
}
