import Bytes
import Testing

@testable import HTTP

private enum Decoded: Equatable {
  case incomplete
  case complete(body: [UInt8], rest: [UInt8])
  case failed(ChunkError)
}

private let head = Array("HEAD".utf8)

/// Decodes `bytes`, which arrive behind a head in pieces that end at `cuts` and at the end.
private func decode(_ bytes: [UInt8], cuts: [Int] = [], limit: Int = 100) -> Decoded {
  var buffer = ByteBuffer()
  _ = buffer.append(head.span)
  var decoder = ChunkedDecoder(start: head.count, limit: limit)
  var start = 0
  for cut in cuts + [bytes.count] {
    guard buffer.append(bytes.span.extracting(start..<cut)) else { return .incomplete }
    start = cut
    do throws(ChunkError) {
      if let end = try decoder.decode(&buffer) {
        let all = Array(buffer.span.bytes)
        guard Array(all[0..<head.count]) == head else { return .incomplete }
        return .complete(body: Array(all[head.count..<head.count + decoder.count]), rest: Array(all[end...]) + bytes[cut...])
      }
    } catch {
      return .failed(error)
    }
  }
  return .incomplete
}

extension Span where Element == UInt8 {
  fileprivate var bytes: [UInt8] {
    var bytes: [UInt8] = []
    for index in indices { bytes.append(self[index]) }
    return bytes
  }
}

private func decode(_ text: String, cuts: [Int] = [], limit: Int = 100) -> Decoded {
  decode(Array(text.utf8), cuts: cuts, limit: limit)
}

private func complete(_ body: String, _ rest: String = "") -> Decoded {
  .complete(body: Array(body.utf8), rest: Array(rest.utf8))
}

@Suite struct ChunkedDecoderTests {
  static let legal: [(String, String, String)] = [
    ("0\r\n\r\n", "", ""), ("5\r\nhello\r\n0\r\n\r\n", "hello", ""), ("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nGET /", "hello world", "GET /"),
    ("a\r\n0123456789\r\nA\r\n0123456789\r\n000\r\n\r\n", "01234567890123456789", ""),
    ("1;name=value;other=\"a;b\"\r\nx\r\n0;last\r\n\r\n", "x", ""), ("0000000000000001\r\nx\r\n0\r\n\r\n", "x", ""),
    ("1\r\n\r\r\n1\r\n\n\r\n0\r\nTrailer: x\r\nOther:\ty\r\n\r\n", "\r\n", ""),
  ]

  @Test(arguments: legal)
  func bodies(_ text: String, _ body: String, _ rest: String) {
    #expect(decode(text) == complete(body, rest))
  }

  @Test(arguments: legal)
  func everyCut(_ text: String, _ body: String, _ rest: String) {
    let count = text.utf8.count
    for first in 0...count {
      for second in first...count { #expect(decode(text, cuts: [first, second]) == complete(body, rest)) }
    }
    #expect(decode(text, cuts: Array(0..<count)) == complete(body, rest))
  }

  @Test(arguments: legal)
  func noPrefixIsComplete(_ text: String, _ body: String, _ rest: String) {
    let bytes = Array(text.utf8)
    for count in 0..<bytes.count - rest.utf8.count { #expect(decode(Array(bytes[0..<count])) == .incomplete) }
  }

  static let illegal: [(String, ChunkError)] = [
    ("\r\n", .malformedSize), ("x\r\n", .malformedSize), ("-1\r\n", .malformedSize), ("+1\r\n", .malformedSize), ("0x1\r\n", .malformedSize),
    (" 1\r\n", .malformedSize), ("1 \r\n", .malformedSize), (";a\r\n", .malformedSize), ("1\n", .malformedSize), ("1\rx", .malformedLineEnd),
    ("1;a\n", .malformedSize), ("1;\0\r\n", .malformedSize), ("1\r\nxx", .malformedLineEnd), ("1\r\nx\n", .malformedLineEnd),
    ("1\r\nx\rx", .malformedLineEnd), ("0\r\nx\n", .malformedLineEnd), ("0\r\nx\rx", .malformedLineEnd), ("0\r\n\rx", .malformedLineEnd),
    ("00000000000000001\r\nx", .malformedSize), ("65\r\n", .bodyTooLarge), ("ffffffffffffffff\r\n", .bodyTooLarge),
    ("40\r\n" + String(repeating: "x", count: 64) + "\r\n25\r\n", .bodyTooLarge),
    ("1;" + String(repeating: "x", count: 4097), .extensionsTooLong), ("0\r\n" + String(repeating: "x", count: 4097), .trailersTooLong),
    (String(repeating: "1;abcdefgh\r\nx\r\n", count: 90) + "1;" + String(repeating: "x", count: 4000), .extensionsTooLong),
    ("0\r\n" + String(repeating: "a: b\r\n", count: 1025), .trailersTooLong),
  ]

  @Test(arguments: illegal)
  func errors(_ text: String, _ error: ChunkError) {
    #expect(decode(text) == .failed(error))
    #expect(decode(text, cuts: Array(0..<text.utf8.count)) == .failed(error))
  }

  @Test func theLimitIsExact() {
    let body = String(repeating: "x", count: 100)
    #expect(decode("64\r\n\(body)\r\n0\r\n\r\n") == complete(body))
    #expect(decode("63\r\n\(body.dropLast())\r\n2\r\n") == .failed(.bodyTooLarge))
  }

  @Test func mutatedBodiesNeverTrap() {
    var random = Random(2)
    let seeds = Self.legal.map { Array($0.0.utf8) }
    for _ in 0..<30_000 {
      var bytes = seeds[random.below(seeds.count)]
      for _ in 0...random.below(3) { bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next()) }
      let whole = decode(bytes)
      #expect(decode(bytes, cuts: [random.below(bytes.count)]) == whole)
    }
  }
}
