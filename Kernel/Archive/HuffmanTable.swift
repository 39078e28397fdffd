// Prefix codes of a deflate block (RFC 1951 §3.2.2), and what their symbols stand for.

/// Which alphabet a code is for.
enum HuffmanAlphabet: UInt8 {
  case codeLengths, literals, distances
}

/// What a code stands for, in one word: its length (bits 0-3), the number of extra bits (4-7), flags, and a value (16-31).
struct HuffmanEntry: BitwiseCopyable {
  private let word: UInt32

  private static var literalFlag: UInt32 { 1 << 8 }
  private static var endFlag: UInt32 { 1 << 9 }
  private static var badFlag: UInt32 { 1 << 10 }

  /// No code: the table has to be asked for longer ones.
  static var none: HuffmanEntry { HuffmanEntry(word: 0) }
  /// What stands for nothing.
  static var bad: HuffmanEntry { HuffmanEntry(word: badFlag | 1) }

  private init(word: UInt32) { self.word = word }

  /// `symbol` of `alphabet`, whose code has `length` bits (RFC 1951 §3.2.5).
  init(_ symbol: Int, _ alphabet: HuffmanAlphabet, length: Int) {
    let meaning =
      switch alphabet {
      case .codeLengths: UInt32(symbol) << 16
      case .literals: Self.literal(UInt32(symbol))
      case .distances: Self.distance(UInt32(symbol))
      }
    word = meaning | UInt32(length)
  }

  private static func literal(_ symbol: UInt32) -> UInt32 {
    switch symbol {
    case 0..<256: symbol << 16 | literalFlag
    case 256: endFlag
    case 257..<265: (symbol &- 254) << 16
    case 265..<285: scaled(symbol &- 265, perStep: 4, least: 3)
    case 285: 258 << 16
    default: badFlag
    }
  }

  private static func distance(_ symbol: UInt32) -> UInt32 {
    switch symbol {
    case 0..<4: (symbol &+ 1) << 16
    case 4..<30: scaled(symbol &- 4, perStep: 2, least: 1)
    default: badFlag
    }
  }

  /// One extra bit for the first `perStep` symbols, two for as many more, and so on. Each symbol's values begin where those of the one
  /// before end; the first symbol of all stands for `least`.
  private static func scaled(_ index: UInt32, perStep: UInt32, least: UInt32) -> UInt32 {
    let extra = index / perStep &+ 1
    let base = (perStep &+ index % perStep) << extra &+ least
    return base << 16 | extra << 4
  }

  /// Bits of the code; 0 for `none` only.
  var length: Int { Int(word & 15) }
  /// Bits that follow the code, to add to `value`.
  var extraBits: Int { Int(word >> 4 & 15) }
  var isLiteral: Bool { word & Self.literalFlag != 0 }
  var isEnd: Bool { word & Self.endFlag != 0 }
  /// Whether it is neither a literal nor something with a value.
  var isExceptional: Bool { word & (Self.endFlag | Self.badFlag) != 0 }
  /// The literal, the code length, or the base of the length or distance.
  var value: Int { Int(word >> 16) }
}

/// One code. Codes of up to 10 bits are looked up; longer ones, which are rare, are found bit by bit.
struct HuffmanTable: ~Copyable {
  private static var lookupBits: Int { 10 }

  /// The entry of each value that the next bits may have.
  private var lookup: [1024 of HuffmanEntry] = .init(repeating: .none)
  private var mask: UInt64 = 0
  /// Codes of each length.
  private var counts: [16 of UInt16] = .init(repeating: 0)
  /// The symbols in the order of their codes.
  private var symbols: [288 of UInt16] = .init(repeating: 0)
  private var alphabet = HuffmanAlphabet.codeLengths

  /// Makes the code whose symbol n has `lengths[n]` bits, at most 15; 0 for no code. At most 288 symbols.
  ///
  /// Returns false where the code is not complete or over-subscribed; one single code of one bit may be all there is, and so may no code
  /// at all, unless it is for code lengths (as in zlib).
  @inline(never)
  mutating func make(_ lengths: Span<UInt8>, _ alphabet: HuffmanAlphabet) -> Bool {
    self.alphabet = alphabet
    for length in 0..<16 { counts[length] = 0 }
    for symbol in lengths.indices { counts[Int(lengths[symbol])] &+= 1 }
    let used = lengths.count &- Int(counts[0])
    counts[0] = 0
    guard let longest = longestOfLegal(used) else { return false }

    var next: [16 of UInt16] = .init(repeating: 0)
    for length in 1..<16 { next[length] = next[length &- 1] &+ counts[length &- 1] }
    for symbol in lengths.indices where lengths[symbol] != 0 {
      let length = Int(lengths[symbol])
      symbols[Int(next[length])] = UInt16(symbol)
      next[length] &+= 1
    }
    fillLookup(bits: min(longest, Self.lookupBits))
    return true
  }

  /// The length of the longest code, 1 where there is none; nil where the lengths make no legal code.
  private mutating func longestOfLegal(_ used: Int) -> Int? {
    var left = 1
    var longest = 0
    for length in 1..<16 {
      left = left &* 2 &- Int(counts[length])
      guard left >= 0 else { return nil }
      if counts[length] != 0 { longest = length }
    }
    guard left == 0 || longest <= 1 && alphabet != .codeLengths else { return nil }
    return max(longest, 1)
  }

  /// Codes arrive with their first bit lowest: the entry of a code is at every index whose low bits are the code reversed.
  private mutating func fillLookup(bits: Int) {
    let size = 1 << bits
    mask = UInt64(size &- 1)
    for place in 0..<size { lookup[place] = .none }
    var index = 0
    var reversed = 0
    for length in 1...bits {
      for _ in 0..<counts[length] {
        let entry = HuffmanEntry(Int(symbols[index]), alphabet, length: length)
        index &+= 1
        var place = reversed
        while place < size {
          lookup[place] = entry
          place &+= 1 << length
        }
        reversed = Self.successor(of: reversed, length: length)
      }
    }
  }

  /// The code after `reversed`, of `length` bits, both of them reversed.
  private static func successor(of reversed: Int, length: Int) -> Int {
    var bit = 1 << (length &- 1)
    while reversed & bit != 0 { bit >>= 1 }
    return bit == 0 ? 0 : reversed & (bit &- 1) | bit
  }

  /// What the code at the beginning of `bits` stands for.
  @inline(__always)
  mutating func entry(_ bits: UInt64) -> HuffmanEntry {
    let entry = lookup[Int(truncatingIfNeeded: bits & mask & 1023)]
    return entry.length != 0 ? entry : longEntry(bits)
  }

  /// Codes of one length are consecutive numbers, and those of the next begin at twice the number after the last.
  @inline(never)
  private mutating func longEntry(_ bits: UInt64) -> HuffmanEntry {
    var code = 0
    var first = 0
    var index = 0
    for length in 1..<16 {
      code = code << 1 | Int(truncatingIfNeeded: bits >> UInt64(length &- 1) & 1)
      first <<= 1
      let count = Int(counts[length])
      if code &- first < count { return HuffmanEntry(Int(symbols[index &+ code &- first]), alphabet, length: length) }
      index &+= count
      first &+= count
    }
    return .bad
  }
}
