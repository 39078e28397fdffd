import Base
import Bytes
import Testing

@Suite struct Base64Tests {
  /// RFC 4648 §10 and the two digits past the alphanumeric ones.
  static let vectors: [([UInt8], String)] = [
    ([], ""), (Array("f".utf8), "Zg=="), (Array("fo".utf8), "Zm8="), (Array("foo".utf8), "Zm9v"), (Array("foob".utf8), "Zm9vYg=="),
    (Array("fooba".utf8), "Zm9vYmE="), (Array("foobar".utf8), "Zm9vYmFy"), ([0xfb, 0xff, 0xbf], "+/+/"),
  ]

  @Test(arguments: vectors)
  func both(_ bytes: [UInt8], _ text: String) {
    #expect(decode(text) == bytes)
    #expect(decodeInPlace(text) == bytes)
    #expect(encode(bytes) == text)
  }

  @Test(arguments: [
    "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm9v\n", "Zm 9", "Zm9-", "Zm9_", "=Zm9", "Zm=v", "Zg==\0\0\0\0",
  ])
  func refused(_ text: String) {
    // The same behind enough characters that eight are taken at a time.
    for before in ["", "AAAA", "AAAAAAAAAAAAAAAAAAAA"] {
      #expect(decode(before + text) == nil)
      #expect(decodeInPlace(before + text) == nil)
    }
  }

  /// Every byte at every place of a text that is long enough for each way of decoding.
  @Test func everyByteEverywhere() {
    let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    let good = Array("QUJDREVGR0hJSktMTU5PUFFS".utf8)
    for place in good.indices {
      for byte in UInt8.min...UInt8.max {
        var text = good
        text[place] = byte
        let isLegal = alphabet.contains(byte) || byte == UInt8(ascii: "=") && place == good.count - 1 && good[place - 1] & 3 == 0
        #expect((decode(text) != nil) == isLegal, "\(byte) at \(place)")
        #expect((decodeInPlace(text) != nil) == isLegal, "\(byte) at \(place)")
      }
    }
  }

  @Test func theOutputMustBeLongEnough() {
    #expect(decode("Zm9vYmFy", room: 5) == nil)
    #expect(decode("Zm9vYmE=", room: 5)?.count == 5)
    let long = encode(Array(repeating: 7, count: 100))
    for room in 0..<100 { #expect(decode(long, room: room) == nil) }
    #expect(decode(long, room: 100)?.count == 100)
  }

  @Test func randomBytesComeBack() {
    var random = Random(3)
    for length in 0..<200 {
      let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      let text = encode(bytes)
      #expect(text.utf8.count == (length + 2) / 3 * 4)
      #expect(decode(text) == bytes)
      #expect(decodeInPlace(text) == bytes)
    }
  }

  @Test func onlyTheRangeIsTouched() {
    var buffer = ByteBuffer()
    check(buffer.append(StaticString("\"Zm9vYmFyZm9vYmFy\"rest")))
    check(Base64.decodeInPlace(&buffer, range: 1..<17) == 12)
    #expect(buffer.span.extracting(0..<13).text == "\"foobarfoobar")
    #expect(buffer.span.extracting(17..<22).text == "\"rest")
    for range in [21..<25, 0..<100, 30..<34, -4..<0] {
      check(Base64.decodeInPlace(&buffer, range: range) == nil)
      check(Base64.decodeInPlace(&buffer, jsonString: range) == nil)
    }
  }

  @Test(arguments: [
    ("", ""), ("Zm9v", "foo"), ("\\/\\/\\/\\/", "\u{ff}\u{ff}\u{ff}"), ("Zm9vYmFyZm9vYmFyZm9vYmFy\\/w==", "foobarfoobarfoobar\u{ff}"),
    ("Zg\\u003d\\u003D", "f"), ("\\u002b\\/\\u002B/", "\u{fb}\u{ff}\u{bf}"), ("\\u005am9v", "foo"),
  ])
  func jsonStrings(_ text: String, _ bytes: String) {
    #expect(decodeInPlace(json: text) == bytes.unicodeScalars.map { UInt8($0.value) })
  }

  @Test(arguments: [
    "\\", "Zm9\\", "Zm9v\\", "Zm9\\v", "Zm9\\\\", "Zm9\\n", "Zm9\\u", "Zm9\\u00", "Zm9\\u003", "Zm9\\u003g", "Zm9\\u013d", "Zm9\\u103d",
    "Zm9v\\/", "Zm9\\u000a",
    "Zm9\\x003d", "Zm9\\U003d",
  ])
  func refusedJSONStrings(_ text: String) {
    #expect(decodeInPlace(json: text) == nil)
    #expect(decodeInPlace(json: "AAAAAAAAAAAAAAAAAAAA" + text) == nil)
  }

  /// Slashes escaped at random, in texts of all lengths.
  @Test func randomJSONStrings() {
    var random = Random(4)
    for length in 0..<300 {
      let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next() | random.next()) }
      let text = encode(bytes).map { $0 == "/" && random.below(2) == 0 ? "\\/" : String($0) }.joined()
      #expect(decodeInPlace(json: text) == bytes)
    }
  }

  @Test func encodingAppends() {
    var buffer = ByteBuffer()
    check(buffer.append(StaticString("Basic ")))
    check(Base64.encode(Array("me:secret".utf8).span, into: &buffer))
    #expect(buffer.span.text == "Basic bWU6c2VjcmV0")
  }

  private func encode(_ bytes: [UInt8]) -> String {
    var buffer = ByteBuffer()
    check(Base64.encode(bytes.span, into: &buffer))
    return buffer.span.text
  }

  private func decode(_ text: String, room: Int = 256) -> [UInt8]? { decode(Array(text.utf8), room: room) }

  private func decode(_ text: [UInt8], room: Int = 256) -> [UInt8]? {
    var output = [UInt8](repeating: 0, count: room)
    var span = output.mutableSpan
    guard let count = Base64.decode(text.span, into: &span) else { return nil }
    return Array(output[0..<count])
  }

  private func decodeInPlace(_ text: String) -> [UInt8]? { decodeInPlace(Array(text.utf8)) }

  private func decodeInPlace(_ text: [UInt8]) -> [UInt8]? {
    var buffer = ByteBuffer()
    check(buffer.append(text.span))
    guard let count = Base64.decodeInPlace(&buffer, range: 0..<text.count) else { return nil }
    return Array(buffer.span.array[0..<count])
  }

  private func decodeInPlace(json text: String) -> [UInt8]? {
    var buffer = ByteBuffer()
    check(buffer.append(StaticString("{\"code\":\"")) && buffer.append(Array(text.utf8).span) && buffer.append(StaticString("\"}")))
    let range = 9..<9 + text.utf8.count
    let count = Base64.decodeInPlace(&buffer, jsonString: range)
    check(buffer.span.text.hasPrefix("{\"code\":\"") && buffer.span.extracting(range.upperBound..<buffer.count).text == "\"}")
    return count.map { Array(buffer.span.array[9..<9 + $0]) }
  }
}
