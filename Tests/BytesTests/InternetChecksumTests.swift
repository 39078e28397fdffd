import Bytes
import Testing

@Suite struct InternetChecksumTests {
  /// The sum as RFC 1071 §1 defines it, a word at a time.
  private func reference(_ bytes: [UInt8]) -> UInt16 {
    var sum: UInt32 = 0
    for index in stride(from: 0, to: bytes.count, by: 2) {
      let low = index + 1 < bytes.count ? UInt32(bytes[index + 1]) : 0
      sum += UInt32(bytes[index]) << 8 | low
      sum = (sum & 0xffff) + (sum >> 16)
    }
    return ~UInt16(sum)
  }

  @Test func exampleOfRFC1071() {
    var sum = InternetChecksum()
    sum.add([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7].span)
    check(sum.folded == 0xddf2)
    check(sum.checksum == ~0xddf2)
  }

  @Test func agreesWithTheDefinitionAtEveryLength() {
    var generator = SystemRandomNumberGenerator()
    for length in 0...200 {
      let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
      var sum = InternetChecksum()
      sum.add(bytes.span)
      check(sum.checksum == reference(bytes), "length \(length)")
    }
  }

  @Test func carriesAreKept() {
    let bytes = [UInt8](repeating: 0xff, count: 65_536)
    var sum = InternetChecksum()
    sum.add(bytes.span)
    check(sum.folded == 0xffff)
  }

  @Test func piecesAndWordsAddUp() {
    let bytes = (0..<64).map { UInt8($0 * 7 & 0xff) }
    var pieces = InternetChecksum()
    pieces.add(bytes.span.extracting(0..<10))
    pieces.add(UInt16(bytes[10]) << 8 | UInt16(bytes[11]))
    pieces.add(bytes.span.loadBE32(12))
    pieces.add(bytes.span.extracting(16..<64))
    check(pieces.checksum == reference(bytes))
  }

  @Test func aFieldWithTheChecksumIsValid() {
    var bytes = (0..<20).map { UInt8($0) }
    bytes[10] = 0
    bytes[11] = 0
    var sum = InternetChecksum()
    sum.add(bytes.span)
    bytes[10] = UInt8(sum.checksum >> 8)
    bytes[11] = UInt8(sum.checksum & 0xff)
    var whole = InternetChecksum()
    whole.add(bytes.span)
    check(whole.isValid)
    bytes[3] ^= 0x40
    var broken = InternetChecksum()
    broken.add(bytes.span)
    check(!broken.isValid)
  }
}
