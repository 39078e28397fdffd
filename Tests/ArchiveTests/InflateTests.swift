import Archive
import Bytes
import Foundation
import Testing

/// What came of a stream: its bytes and how many of the source it took, or what was wrong.
struct Inflated: Equatable {
  var bytes: [UInt8] = []
  var consumed = 0
  var error: InflateError?
}

func inflate(_ source: [UInt8], limit: Int = 1 << 20) -> Inflated {
  var output = ByteBuffer()
  check(output.append(StaticString("before")))
  do throws(InflateError) {
    let consumed = try Inflate.append(source.span, to: &output, limit: limit)
    return Inflated(bytes: output.array(from: 6), consumed: consumed)
  } catch {
    check(output.count == 6)
    return Inflated(error: error)
  }
}

extension ByteBuffer {
  func array(from start: Int = 0) -> [UInt8] { (start..<count).map { span[$0] } }
}

/// One stream of one block.
private func block(_ body: (inout DeflateWriter) -> Void) -> [UInt8] {
  var writer = DeflateWriter()
  body(&writer)
  return writer.bytes
}

@Suite struct InflateTests {
  @Test func stored() {
    let content = [UInt8]("kept as it is".utf8)
    #expect(inflate(block { $0.stored(content, isLast: true) }).bytes == content)
    #expect(inflate(block { $0.stored([], isLast: true) }) == Inflated(bytes: [], consumed: 5))
    let two = block {
      $0.stored(content, isLast: false)
      $0.stored(content, isLast: true)
    }
    #expect(inflate(two).bytes == content + content)
    #expect(inflate(block { $0.stored(content, isLast: true, complement: 1) }).error == .badStoredLength)
  }

  @Test func fixed() {
    let steps: [Step] = [.literal(0), .literal(143), .literal(144), .literal(255), .match(length: 3, distance: 4), .match(length: 258, distance: 1)]
    #expect(inflate(block { $0.fixed(steps + [.symbol(256)], isLast: true) }).bytes == expand(steps))
  }

  /// After the stream there may be anything; a byte that it uses in part is its own.
  @Test func whatFollowsIsNotTouched() {
    let stream = block { $0.fixed([.literal(65), .symbol(256)], isLast: true) }
    for extra in 0..<20 { #expect(inflate(stream + Array(repeating: 0xff, count: extra)) == Inflated(bytes: [65], consumed: stream.count)) }
  }

  /// Every length and distance that there is, at the borders of each symbol.
  @Test func allLengthsAndDistances() {
    var random = Random(1)
    let start = (0..<32_768).map { _ in Step.literal(UInt8(random.below(256))) }
    let lengths = (3...258).map { Step.match(length: $0, distance: 1 + $0) }
    let borders: [Int] = (0..<15).flatMap { (power: Int) -> [Int] in [1 << power, (1 << power) + 1, 3 << power, (3 << power) + 1] }
    let distances = borders.filter { $0 <= 32_768 }.map { Step.match(length: 17, distance: $0) }
    let steps = start + lengths + distances + [.match(length: 258, distance: 32_768)]
    #expect(inflate(block { $0.fixed(steps + [.symbol(256)], isLast: true) }).bytes == expand(steps))
  }

  /// Overlapping copies of every small distance and length, right before the limit and far from it.
  @Test(arguments: [0, 1, 7, 8, 300]) func overlaps(room: Int) {
    for distance in 1...20 {
      for length in 3...40 {
        let steps = (0..<20).map { Step.literal(UInt8($0)) } + [.match(length: length, distance: distance)]
        let expected = expand(steps)
        #expect(inflate(block { $0.fixed(steps + [.symbol(256)], isLast: true) }, limit: expected.count + room).bytes == expected)
      }
    }
  }

  @Test func randomFixedBlocks() {
    var random = Random(2)
    for _ in 0..<300 {
      let steps = random.steps(random.below(300))
      let stream = block { $0.fixed(steps + [.symbol(256)], isLast: true) }
      #expect(inflate(stream) == Inflated(bytes: expand(steps), consumed: stream.count))
    }
  }

  /// Random codes have codes of up to 15 bits, so both ways of finding one are taken.
  @Test func randomDynamicBlocks() {
    var random = Random(3)
    for _ in 0..<200 {
      var codes = Codes(literals: random.completeCode(286), distances: random.completeCode(30))
      if random.below(4) == 0 { codes.literals = skewed(286, &random) }
      if random.below(4) == 0 { codes.distances = skewed(30, &random) }
      let steps = random.steps(random.below(400))
      let stream = block {
        $0.dynamic(codes, steps + [.symbol(256)], isLast: false)
        $0.stored([1, 2, 3], isLast: true)
      }
      #expect(inflate(stream) == Inflated(bytes: expand(steps) + [1, 2, 3], consumed: stream.count))
    }
  }

  /// A complete code in which one symbol has one bit, one has two, and so on up to 6; the others share the rest.
  private func skewed(_ count: Int, _ random: inout Random) -> [Int] {
    let rest = random.completeCode(count - 6, longest: 9).map { $0 + 6 }
    return [1, 2, 3, 4, 5, 6] + rest
  }

  // MARK: - Codes

  /// A dynamic block with these code lengths.
  private func dynamic(_ literals: [Int], _ distances: [Int], _ steps: [Step] = [.symbol(256)]) -> Inflated {
    inflate(block { $0.dynamic(Codes(literals: literals, distances: distances), steps, isLast: true) })
  }

  private let endOnly = Array(repeating: 0, count: 256) + [1]

  @Test func codesThatZlibTakes() {
    // One code of one bit is all there is; no distances at all.
    #expect(dynamic(endOnly, [0]) == dynamic([0] + endOnly.dropFirst(), [1]))
    #expect(dynamic(endOnly, [0]).error == nil)
    // One distance.
    #expect(dynamic([2] + endOnly.dropFirst() + [2], [1], [.literal(0), .match(length: 3, distance: 1), .symbol(256)]).bytes == [0, 0, 0, 0])
    let third: [Step] = [.literal(0), .literal(0), .literal(0), .match(length: 3, distance: 3), .symbol(256)]
    #expect(dynamic([2] + endOnly.dropFirst() + [2], [0, 0, 1], third).bytes.count == 6)
  }

  @Test func codesThatZlibRefuses() {
    #expect(dynamic([1, 1] + endOnly.dropFirst(2), [0]).error == .badLiteralCode)
    #expect(dynamic(Array(repeating: 0, count: 256) + [2], [0]).error == .badLiteralCode)
    #expect(dynamic([2] + endOnly.dropFirst(), [0]).error == .badLiteralCode)
    #expect(dynamic(Array(repeating: 8, count: 257), [0], []).error == .badLiteralCode)
    #expect(dynamic(endOnly, [2]).error == .badDistanceCode)
    #expect(dynamic(endOnly, [1, 2]).error == .badDistanceCode)
    #expect(dynamic(endOnly, [1, 1, 1], []).error == .badDistanceCode)
    #expect(dynamic([1, 1] + Array(repeating: 0, count: 255), [0], []).error == .noEndOfBlock)
    #expect(dynamic(Array(repeating: 0, count: 257), [0], []).error == .noEndOfBlock)
  }

  @Test func codeLengthCodes() {
    func codeLengths(_ lengths: [Int]) -> InflateError? {
      inflate(block { $0.dynamicHeader(literals: 257, distances: 1, isLast: true, codeLengths: lengths) } + Array(repeating: 0, count: 100)).error
    }
    let zeros = Array(repeating: 0, count: 19)
    #expect(codeLengths(zeros) == .badCodeLengthCode)
    #expect(codeLengths([1] + zeros.dropFirst()) == .badCodeLengthCode)
    #expect(codeLengths([1, 2] + zeros.dropFirst(2)) == .badCodeLengthCode)
    #expect(codeLengths([1, 1, 1] + zeros.dropFirst(3)) == .badCodeLengthCode)
    #expect(codeLengths(Array(repeating: 4, count: 19)) == .badCodeLengthCode)
    // Complete: what follows is then read as 257 zeros.
    #expect(codeLengths([1, 1] + zeros.dropFirst(2)) == .noEndOfBlock)
  }

  @Test func tooManySymbols() {
    func counts(_ literals: Int, _ distances: Int) -> InflateError? {
      inflate(block { $0.dynamicHeader(literals: literals, distances: distances, isLast: true) }).error
    }
    #expect(counts(287, 1) == .tooManySymbols)
    #expect(counts(288, 1) == .tooManySymbols)
    #expect(counts(257, 31) == .tooManySymbols)
    #expect(counts(257, 32) == .tooManySymbols)
    #expect(counts(286, 30) == .truncated)
  }

  @Test func repeats() {
    func repeats(_ body: (inout DeflateWriter) -> Void) -> Inflated {
      inflate(block {
        $0.dynamicHeader(literals: 257, distances: 2, isLast: true)
        body(&$0)
      } + Array(repeating: 0, count: 50))
    }
    #expect(repeats { $0.codeLength(16, extra: 0, bits: 2) }.error == .badRepeat)
    func zeros(_ last: Int) -> Inflated {
      repeats {
        $0.codeLength(18, extra: 127, bits: 7)
        $0.codeLength(18, extra: last - 11, bits: 7)
      }
    }
    #expect(zeros(259 - 138).error == .noEndOfBlock)
    #expect(zeros(260 - 138).error == .badRepeat)
    // 256 zeros, then one bit for the end of the block and for two distances.
    let good = repeats { writer in
      writer.codeLength(18, extra: 127, bits: 7)
      writer.codeLength(18, extra: 103, bits: 7)
      writer.codeLength(17, extra: 1, bits: 3)
      writer.codeLength(1)
      writer.codeLength(1)
      writer.codeLength(1)
      writer.bits(0, 1)
    }
    #expect(good.error == nil)
    let over = repeats { writer in
      writer.codeLength(18, extra: 127, bits: 7)
      writer.codeLength(18, extra: 107, bits: 7)
      writer.codeLength(1)
      writer.codeLength(16, extra: 0, bits: 2)
    }
    #expect(over.error == .badRepeat)
  }

  // MARK: - Data

  @Test func symbolsThatStandForNothing() {
    for symbol in [286, 287] { #expect(inflate(block { $0.fixed([.symbol(symbol), .symbol(256)], isLast: true) }).error == .badSymbol) }
    for symbol in [30, 31] {
      #expect(inflate(block { $0.fixed([.literal(1), .symbol(257), .distanceSymbol(symbol), .symbol(256)], isLast: true) }).error == .badSymbol)
    }
    // The half of an incomplete code that no symbol has.
    #expect(inflate(block {
      $0.dynamic(Codes(literals: endOnly, distances: [0]), [], isLast: true)
      $0.bits(1, 1)
    } + [0, 0, 0]).error == .badSymbol)
    // A length where there are no distances.
    #expect(inflate(block {
      $0.dynamic(Codes(literals: [2] + endOnly.dropFirst() + [2], distances: [0]), [.literal(0), .symbol(257)], isLast: true)
      $0.bits(0, 15)
    }).error == .badSymbol)
  }

  @Test func distanceTooFar() {
    func far(_ distance: Int) -> InflateError? {
      inflate(block { $0.fixed([.literal(1), .literal(2), .match(length: 3, distance: distance), .symbol(256)], isLast: true) }).error
    }
    #expect(far(2) == nil)
    #expect(far(3) == .distanceTooFar)
    #expect(far(32_768) == .distanceTooFar)
  }

  @Test func blockType() {
    #expect(inflate([6]).error == .badBlockType)
    #expect(inflate([7]).error == .badBlockType)
    #expect(inflate([]).error == .truncated)
  }

  @Test func limits() {
    let literals = block { $0.fixed([.literal(1), .literal(2), .symbol(256)], isLast: true) }
    #expect(inflate(literals, limit: 2).error == nil)
    #expect(inflate(literals, limit: 1).error == .outputLimit)
    #expect(inflate(literals, limit: 0).error == .outputLimit)
    let match = block { $0.fixed([.literal(1), .match(length: 10, distance: 1), .symbol(256)], isLast: true) }
    #expect(inflate(match, limit: 11).bytes.count == 11)
    #expect(inflate(match, limit: 10).error == .outputLimit)
    let stored = block { $0.stored([1, 2, 3], isLast: true) }
    #expect(inflate(stored, limit: 3).bytes == [1, 2, 3])
    #expect(inflate(stored, limit: 2).error == .outputLimit)
    #expect(inflate(stored, limit: -1).error == .outOfMemory)
    #expect(inflate(stored, limit: .max).error == .outOfMemory)
  }

  /// A thousand to one: what is unpacked stops at the limit.
  @Test func bomb() {
    let steps = [Step.literal(0)] + Array(repeating: .match(length: 258, distance: 1), count: 8_000)
    let codes = Codes(literals: [2] + Array(repeating: 0, count: 255) + [2] + Array(repeating: 0, count: 28) + [1], distances: [1])
    let stream = block { $0.dynamic(codes, steps + [.symbol(256)], isLast: true) }
    #expect(stream.count < 2_200)
    #expect(inflate(stream, limit: 4 << 20).bytes.count == 8_000 * 258 + 1)
    #expect(inflate(stream, limit: 100_000).error == .outputLimit)
  }

  /// Blocks of ten bits that need new tables, more of them than any compressor makes.
  @Test func manyTinyBlocks() {
    func tiny(_ count: Int) -> Inflated {
      inflate(block { writer in
        for _ in 0..<count {
          writer.fixed([.symbol(256)], isLast: false)
          writer.dynamic(Codes(literals: endOnly, distances: [0]), [.symbol(256)], isLast: false)
        }
        writer.stored([], isLast: true)
      }, limit: 0)
    }
    #expect(tiny(30).error == nil)
    #expect(tiny(300).error == .tooManyBlocks)
    // The fixed code is made once.
    let fixed = block { writer in
      for _ in 0..<10_000 { writer.fixed([.symbol(256)], isLast: false) }
      writer.stored([9], isLast: true)
    }
    #expect(inflate(fixed, limit: 1).bytes == [9])
  }

  // MARK: - Damage

  @Test func everyTruncation() {
    var random = Random(4)
    let stream = block { writer in
      writer.fixed(random.steps(40) + [.symbol(256)], isLast: false)
      writer.stored(random.bytes(20), isLast: false)
      let codes = Codes(literals: random.completeCode(286), distances: random.completeCode(30))
      writer.dynamic(codes, random.steps(200) + [.symbol(256)], isLast: true)
    }
    #expect(inflate(stream).error == nil)
    for length in 0..<stream.count { #expect(inflate(Array(stream[0..<length])).error == .truncated, "\(length)") }
  }

  /// Whatever is damaged, it ends, within the limit.
  @Test func mutations() {
    var random = Random(5)
    let good = [UInt8](Data(base64Encoded: Fixture.text)!)
    var failures = 0
    for _ in 0..<20_000 {
      var stream = good
      for _ in 0...random.below(3) { stream[random.below(stream.count)] = UInt8(random.below(256)) }
      let result = inflate(stream, limit: 4096)
      if result.error != nil { failures += 1 }
      #expect(result.bytes.count <= 4096)
    }
    #expect(failures > 5_000)
  }

  @Test func noise() {
    var random = Random(6)
    for _ in 0..<20_000 { #expect(inflate(random.bytes(random.below(200)), limit: 2000).bytes.count <= 2000) }
  }

  /// What zlib made, at its levels 1, 6 and 9.
  @Test(arguments: [Fixture.textFast, Fixture.text, Fixture.textBest]) func zlibStreams(_ stream: String) {
    let stream = [UInt8](Data(base64Encoded: stream)!)
    let result = inflate(stream)
    #expect(String(decoding: result.bytes, as: UTF8.self) == Fixture.plainText)
    #expect(result.consumed == stream.count)
  }
}

@Suite struct CRC32Tests {
  /// One bit at a time.
  private func slow(_ bytes: [UInt8]) -> UInt32 {
    var value = UInt32.max
    for byte in bytes {
      value ^= UInt32(byte)
      for _ in 0..<8 { value = value >> 1 ^ (value & 1 == 1 ? 0xedb8_8320 : 0) }
    }
    return ~value
  }

  @Test func checkValue() {
    check(CRC32.checksum(of: Array("123456789".utf8).span) == 0xcbf4_3926)
    check(CRC32.checksum(of: [UInt8]().span) == 0)
  }

  @Test func allLengths() {
    var random = Random(7)
    for length in 0..<100 {
      let bytes = random.bytes(length)
      check(CRC32.checksum(of: bytes.span) == slow(bytes))
    }
  }
}
