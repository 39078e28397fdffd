// Deflate streams written bit by bit, right and wrong ones, so that each test says which rule it is about.

/// A step of a compressed block.
enum Step {
  case literal(UInt8)
  case match(length: Int, distance: Int)
  /// A symbol of the literal code, with what follows it as extra bits.
  case symbol(Int, extra: Int = 0, bits: Int = 0)
  case distanceSymbol(Int, extra: Int = 0, bits: Int = 0)
}

/// Codes of a block, as lengths.
struct Codes {
  var literals: [Int]
  var distances: [Int]

  /// RFC 1951 §3.2.6.
  static let fixed = Codes(
    literals: (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 }, distances: Array(repeating: 5, count: 32))
}

struct DeflateWriter {
  private(set) var bytes: [UInt8] = []
  private var used = 8

  mutating func bits(_ value: Int, _ count: Int) {
    for index in 0..<count {
      if used == 8 {
        bytes.append(0)
        used = 0
      }
      bytes[bytes.count - 1] |= UInt8(value >> index & 1) << UInt8(used)
      used += 1
    }
  }

  mutating func stored(_ content: [UInt8], isLast: Bool, complement: Int? = nil) {
    bits(isLast ? 1 : 0, 3)
    used = 8
    bits(content.count, 16)
    bits(complement ?? ~content.count, 16)
    bytes += content
  }

  mutating func fixed(_ steps: [Step], isLast: Bool) {
    bits((isLast ? 1 : 0) | 1 << 1, 3)
    write(steps, .fixed)
  }

  /// A dynamic block whose code lengths are written one by one, with a complete code of code lengths.
  mutating func dynamic(_ codes: Codes, _ steps: [Step], isLast: Bool) {
    dynamicHeader(literals: codes.literals.count, distances: codes.distances.count, isLast: isLast)
    for length in codes.literals + codes.distances { codeLength(length) }
    write(steps, codes)
  }

  /// The beginning of a dynamic block, up to the lengths of its codes.
  mutating func dynamicHeader(literals: Int, distances: Int, isLast: Bool, codeLengths: [Int] = Self.codeLengths) {
    bits((isLast ? 1 : 0) | 2 << 1, 3)
    bits(literals - 257, 5)
    bits(distances - 1, 5)
    bits(15, 4)
    for symbol in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] { bits(codeLengths[symbol], 3) }
  }

  /// One symbol of the code of code lengths.
  mutating func codeLength(_ symbol: Int, extra: Int = 0, bits count: Int = 0) {
    code(symbol, Self.codeLengths)
    bits(extra, count)
  }

  /// 13 codes of 4 bits and 6 of 5.
  static let codeLengths = Array(repeating: 4, count: 13) + Array(repeating: 5, count: 6)

  private mutating func write(_ steps: [Step], _ codes: Codes) {
    for step in steps {
      switch step {
      case .literal(let byte): code(Int(byte), codes.literals)
      case .match(let length, let distance):
        let first = Self.lengthSymbol(length)
        code(first.symbol, codes.literals)
        bits(first.extra, first.bits)
        let second = Self.distanceSymbol(distance)
        code(second.symbol, codes.distances)
        bits(second.extra, second.bits)
      case .symbol(let symbol, let extra, let count):
        code(symbol, codes.literals)
        bits(extra, count)
      case .distanceSymbol(let symbol, let extra, let count):
        code(symbol, codes.distances)
        bits(extra, count)
      }
    }
  }

  /// A code's most significant bit is the first (RFC 1951 §3.1.1).
  private mutating func code(_ symbol: Int, _ lengths: [Int]) {
    var value = 0
    for length in 1..<16 {
      for other in lengths.indices where lengths[other] == length {
        if other == symbol {
          for index in (0..<length).reversed() { bits(value >> index, 1) }
          return
        }
        value += 1
      }
      value <<= 1
    }
    preconditionFailure("symbol \(symbol) has no code")
  }

  /// The table of RFC 1951 §3.2.5, by counting through it.
  private static func lengthSymbol(_ length: Int) -> (symbol: Int, extra: Int, bits: Int) {
    if length == 258 { return (285, 0, 0) }
    var first = 3
    for symbol in 257..<285 {
      let bits = symbol < 265 ? 0 : (symbol - 261) / 4
      if length < first + 1 << bits { return (symbol, length - first, bits) }
      first += 1 << bits
    }
    preconditionFailure("no length \(length)")
  }

  private static func distanceSymbol(_ distance: Int) -> (symbol: Int, extra: Int, bits: Int) {
    var first = 1
    for symbol in 0..<30 {
      let bits = symbol < 4 ? 0 : symbol / 2 - 1
      if distance < first + 1 << bits { return (symbol, distance - first, bits) }
      first += 1 << bits
    }
    preconditionFailure("no distance \(distance)")
  }
}

/// What steps come to, byte by byte.
func expand(_ steps: [Step]) -> [UInt8] {
  var output: [UInt8] = []
  for step in steps {
    switch step {
    case .literal(let byte): output.append(byte)
    case .match(let length, let distance): for _ in 0..<length { output.append(output[output.count - distance]) }
    case .symbol, .distanceSymbol: break
    }
  }
  return output
}

/// A small deterministic generator.
struct Random {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state >> 33
  }

  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 5) } }

  /// Up to `count` steps that refer to nothing before the beginning.
  mutating func steps(_ count: Int) -> [Step] {
    var steps: [Step] = []
    var length = 0
    for _ in 0..<count {
      if length > 0 && below(3) == 0 {
        let reach = below(2) == 0 ? 12 : 32_768
        let match = 3 + (below(4) == 0 ? below(256) : below(8))
        steps.append(.match(length: match, distance: 1 + below(min(length, reach))))
        length += match
      } else {
        steps.append(.literal(UInt8(below(256))))
        length += 1
      }
    }
    return steps
  }

  /// Lengths of a complete code of `count` symbols, of at most `longest` bits: leaves of a tree, split at random.
  mutating func completeCode(_ count: Int, longest: Int = 15) -> [Int] {
    var leaves = [0]
    while leaves.count < count {
      let index = below(leaves.count)
      guard leaves[index] < longest else { continue }
      leaves[index] += 1
      leaves.append(leaves[index])
    }
    for index in leaves.indices { leaves.swapAt(index, below(count)) }
    return leaves
  }
}
