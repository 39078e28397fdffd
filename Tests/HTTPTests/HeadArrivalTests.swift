import Base
import Testing

@testable import HTTP

private let requests = [
  "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
  "POST /function/echo?a=b HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\nContent-Length: 5\r\n"
    + "Content-Type: application/x-www-form-urlencoded\r\nX_under.score!: \tv\t\r\n\r\nhello",
  "\r\nPUT http://h/x HTTP/1.0\r\nConnection: keep-alive\r\nEmpty:\r\n\r\nrest",
  "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\nHost: a\n\n", "BAD\r\n\r\n",
  "GET / HTTP/3.0\r\nHost: a\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: caf\u{e9}\r\n\r\n",
]

@Suite struct HeadArrivalTests {
  @Test(arguments: requests)
  func theCutDoesNotMatter(_ text: String) {
    let bytes = Array(text.utf8)
    let whole = parse(bytes)
    #expect(whole != .incomplete)
    for cut in 0...bytes.count {
      #expect(parse(bytes, cuts: [cut]) == whole, "cut at \(cut)")
    }
    for first in stride(from: 0, to: bytes.count, by: 3) {
      for second in stride(from: first, to: bytes.count, by: 5) {
        #expect(parse(bytes, cuts: [first, second]) == whole)
      }
    }
  }

  @Test(arguments: requests)
  func byteByByte(_ text: String) {
    let bytes = Array(text.utf8)
    #expect(parse(bytes, cuts: Array(0..<bytes.count)) == parse(bytes))
  }

  @Test(arguments: requests.prefix(3))
  func noPrefixIsComplete(_ text: String) {
    let bytes = Array(text.utf8)
    guard case .parsed(let head) = parse(bytes) else { Issue.record("not parsed"); return }
    for length in 0..<head.length { #expect(parse(Array(bytes[0..<length])) == .incomplete) }
    #expect(parse(Array(bytes[0..<head.length])) != .incomplete)
  }

  /// Whatever is in a head, it is parsed or refused, the same whether it comes whole or in pieces.
  @Test func mutatedHeads() {
    var random = Random(1)
    var parsed = 0
    var refused = 0
    let seeds = requests.map { Array($0.utf8) }
    let interesting = Array("\r\n :,\t\0\u{7f}?#%/*;=09AZaz-_".utf8) + [0x80, 0xff]
    for _ in 0..<100_000 {
      var bytes = seeds[random.below(seeds.count)]
      for _ in 0...random.below(4) {
        let place = random.below(bytes.count)
        switch random.below(5) {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes[place] = interesting[random.below(interesting.count)]
        case 2: bytes.insert(interesting[random.below(interesting.count)], at: place)
        case 3: if bytes.count > 1 { bytes.remove(at: place) }
        default:
          let end = min(bytes.count, place + random.below(20))
          bytes.insert(contentsOf: bytes[place..<end], at: random.below(bytes.count))
        }
      }
      let whole = parse(bytes)
      switch whole {
      case .parsed: parsed += 1
      case .failed: refused += 1
      case .incomplete: break
      }
      let cut = random.below(bytes.count + 1)
      let pieces = parse(bytes, cuts: [cut])
      // With no end in sight an error may wait for more bytes.
      if pieces == .incomplete && !isEnded(bytes) { continue }
      #expect(pieces == whole, "\(bytes) cut at \(cut)")
    }
    #expect(parsed > 5_000)
    #expect(refused > 20_000)
  }

  /// Whether an empty line is in the bytes, past the two that may come before a request.
  private func isEnded(_ bytes: [UInt8]) -> Bool {
    for index in bytes.indices.dropFirst(5) where bytes[index] == 0x0a {
      if bytes[index - 1] == 0x0a { return true }
      if index >= 2 && bytes[index - 1] == 0x0d && bytes[index - 2] == 0x0a { return true }
    }
    return false
  }

  @Test func scanningIsLinear() {
    // One byte at a time through a head of 24 KiB would take 300 million steps if each arrival began anew.
    let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\n".utf8) + Array(String(repeating: "X: " + String(repeating: "v", count: 300) + "\r\n", count: 50).utf8) + Array("\r\n".utf8)
    let start = ContinuousClock.now
    guard case .parsed(let head) = parse(bytes, cuts: Array(1..<bytes.count)) else { Issue.record("not parsed"); return }
    #expect(head.length == bytes.count)
    #expect(ContinuousClock.now - start < .seconds(2))
  }
}
