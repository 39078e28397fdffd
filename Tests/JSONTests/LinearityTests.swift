import Base
import Bytes
import Testing

@testable import JSON

/// Work is counted, or so large that more than linear work would not end.
@Suite struct LinearityTests {
  /// Documents of a million bytes and more, each a case that a careless parser takes the square of its length for.
  static let large: [(String, String, String, String, Int)] = [
    ("white space", "[", " ", "]", 1 << 22), ("empty arrays", "[", "[],", "0]", 1 << 20), ("digits", "[", "1", "]", 1 << 22),
    ("fraction", "[0.", "0", "]", 1 << 22), ("exponent", "[1e", "9", "]", 1 << 22), ("backslashes", "\"", "\\\\", "\"", 1 << 20),
    ("escapes", "\"", "\\u00e9", "\"", 1 << 20),
    ("wide characters", "\"", "€", "\"", 1 << 20), ("members", "{", "\"k\":0,", "\"k\":0}", 1 << 19),
    ("escaped keys", "{", "\"\\u006b\":[],", "\"k\":0}", 1 << 19),
  ]

  @Test(arguments: large)
  func largeDocuments(_ name: String, _ start: String, _ piece: String, _ end: String, _ count: Int) throws {
    let document = try Document(start + String(repeating: piece, count: count) + end)
    let text = document.bytes.span
    var elements = JSONElements(document.value)
    while let element = elements.next(in: text) { _ = element.integer(in: text) }
    var writer = TextWriter()
    document.value.writeCompact(of: text, into: &writer)
    let compact = writer.finish()
    #expect(compact.count <= document.bytes.count)
    var merger = JSONMerger(seed: 1)
    let added = merger.add(object: document.value, of: text)
    #expect(added && merger.entries.count <= 1)
    var buffer = ByteBuffer()
    let appended = document.value.appendString(of: text, to: &buffer)
    check(appended && !buffer.isEmpty)
  }

  /// Deep and wide: each of 64 levels looks at all below it once.
  @Test func walkingCostsDepthTimesSize() throws {
    let wide = String(repeating: "[0,\"abc\",{}],", count: 1000) + "0"
    let document = try Document(String(repeating: "[", count: 62) + wide + String(repeating: "]", count: 62))
    var visited = 0
    func visit(_ value: JSONValue) {
      visited += 1
      var elements = JSONElements(value)
      while let element = elements.next(in: document.bytes.span) { visit(element) }
    }
    visit(document.value)
    #expect(visited == 62 + 4001)
  }

  /// Steps along the buckets that finding every entry once takes.
  private func steps(_ merger: borrowing JSONMerger) -> Int {
    var steps = 0
    for bucket in 0..<merger.buckets.count {
      var length = 0
      var index = merger.buckets[bucket]
      while index != JSONMerger.none {
        length += 1
        steps += length
        index = merger.entries[Int(index)].next
      }
    }
    return steps
  }

  @Test func manyKeys() throws {
    let payload = try Document("{" + (0..<100_000).map { "\"key \($0)\":\($0)" }.joined(separator: ",") + "}")
    let defaults = try Document("{" + (0..<50).map { "\"key \($0 * 4000)\":\"default\"" }.joined(separator: ",") + "}")
    var merger = JSONMerger(seed: 0x0123_4567_89ab_cdef)
    let added = merger.add(object: defaults.value, of: defaults.bytes.span)
    #expect(added && merger.entries.count == 50)
    var writer = TextWriter()
    merger.write(payload: payload.value, of: payload.bytes.span, into: &writer)
    #expect(merger.entries.count == 50)
    let object = try Document(writer.text())
    #expect(object.member("key 4000") == "4000" && object.member("key 196000") == "\"default\"" && object.member("key 99999") == "99999")

    let everything = merger.add(object: payload.value, of: payload.bytes.span)
    #expect(everything && merger.entries.count == 100_025)
    // Half a step past the first on average where entries fill the buckets; a full one is far from the square.
    let all = steps(merger)
    #expect(all < 2 * merger.entries.count)
  }

  /// Keys that all fall into one bucket for one seed are spread by another: whoever does not know it cannot choose them.
  @Test func keysThatCollide() throws {
    let known = JSONKeyHash(seed: 42)
    var keys: [String] = []
    var number = 0
    while keys.count < 2000 {
      let key = "k\(number)"
      number += 1
      if known.hash(Array(key.utf8).span) & 511 == 7 { keys.append(key) }
    }
    let document = try Document("{" + keys.map { "\"\($0)\":0" }.joined(separator: ",") + "}")
    var attacked = JSONMerger(seed: 42)
    var other = JSONMerger(seed: 43)
    let first = attacked.add(object: document.value, of: document.bytes.span)
    let second = other.add(object: document.value, of: document.bytes.span)
    #expect(first && second)
    let long = steps(attacked)
    let short = steps(other)
    #expect(long > 100 * 2000 && short < 2 * 2000)
  }

  @Test func hashesOfKeys() {
    for seed: UInt64 in [0, 1, .max, 0x0123_4567_89ab_cdef, 0xdead_beef] {
      let hash = JSONKeyHash(seed: seed)
      // Escaped or not, at each length and each place.
      var seen: Set<UInt32> = []
      for length in 0..<24 {
        let plain = (0..<length).map { UInt8(0x61 + $0) }
        let value = hash.hash(plain.span)
        seen.insert(value)
        for place in 0..<length {
          let escaped = Array(plain[..<place]) + Array("\\u00\(String(plain[place], radix: 16))".utf8) + plain[(place + 1)...]
          let same = hash.hash(escaped.span)
          #expect(same == value)
        }
        // A zero byte more is another key.
        seen.insert(hash.hash((plain + [0]).span))
      }
      #expect(seen.count >= 47)
      // 4096 keys in 512 buckets: pairs that share one are not twice as many as by chance.
      var buckets = [Int](repeating: 0, count: 512)
      for number in 0..<4096 { buckets[Int(hash.hash(Array("parameter\(number)".utf8).span) & 511)] += 1 }
      #expect(buckets.reduce(0) { $0 + $1 * ($1 - 1) } < 2 * 4096 * 4096 / 512)
    }
  }

  /// The polynomial itself, computed with numbers of any size.
  @Test func theHashIsThePolynomial() {
    let modulus = (UInt64(1) << 61) - 1
    for seed: UInt64 in [3, 0xffff_ffff_ffff_ffff, 0x1234_5678_9abc_def0] {
      let point = (seed ^ 0x09e3_779b_97f4_a7c1) & modulus | 1 << 40
      for text in ["", "a", "abcd", "abcdefgh", "a key of thirty-three bytes and so"] {
        let bytes = Array(text.utf8)
        var words: [UInt64] = stride(from: 0, to: bytes.count - 3, by: 4).map { start in
          (0..<4).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
        }
        words.append(bytes.suffix(bytes.count % 4).enumerated().reduce(0) { $0 | UInt64($1.element) << UInt64(8 * $1.offset) })
        words.append(UInt64(bytes.count))
        let value = words.reduce(UInt64(0)) { sum, word in
          modulus.dividingFullWidth(((sum + word) % modulus).multipliedFullWidth(by: point % modulus)).remainder
        }
        let hash = JSONKeyHash(seed: seed).hash(bytes.span)
        #expect(hash == UInt32(truncatingIfNeeded: value))
      }
    }
  }
}
