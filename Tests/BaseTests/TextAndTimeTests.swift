import Base
import Bytes
import Testing

@Suite struct TextTests {
  private func text(_ body: (inout ByteBuffer) -> Bool) -> String {
    var buffer = ByteBuffer()
    check(body(&buffer))
    return String(decoding: (0..<buffer.count).map { buffer.span[$0] }, as: UTF8.self)
  }

  @Test(arguments: [0, 7, 10, 99, 100, 18_446_744_073_709_551_615])
  func decimals(value: UInt64) {
    check(text { $0.append(decimal: value) } == String(value))
    check(ASCII.decimal(Array(String(value).utf8).span) == value)
  }

  @Test func hexadecimals() {
    check(text { $0.append(hex: 0xbeef) } == "beef")
    check(text { $0.append(hex: 0) } == "0")
    check(text { $0.append(hex: 0xbeef, width: 8) } == "0000beef")
    check(text { $0.append(hex: .max, width: 99) } == "ffffffffffffffff")
  }

  @Test(arguments: ["", "-1", "+1", " 1", "1 ", "1a", "18446744073709551616", "99999999999999999999999"])
  func refusesWhatIsNoNumber(text: String) {
    check(ASCII.decimal(Array(text.utf8).span) == nil)
  }

  @Test func keepsToTheLimit() {
    check(ASCII.decimal(Array("65535".utf8).span, limit: 65_535) == 65_535)
    check(ASCII.decimal(Array("65536".utf8).span, limit: 65_535) == nil)
  }

  @Test func characters() {
    check(ASCII.hexValue(UInt8(ascii: "f")) == 15 && ASCII.hexValue(UInt8(ascii: "A")) == 10)
    check(ASCII.hexValue(UInt8(ascii: "g")) == nil)
    check(ASCII.lowercased(UInt8(ascii: "Z")) == UInt8(ascii: "z"))
    check(ASCII.lowercased(UInt8(ascii: "[")) == UInt8(ascii: "["))
    check(ASCII.isLetter(UInt8(ascii: "q")) && !ASCII.isLetter(UInt8(ascii: "@")))
    check(ASCII.isDigit(UInt8(ascii: "9")) && !ASCII.isDigit(UInt8(ascii: ":")))
  }
}

@Suite struct WordTests {
  /// The lowest mark is right whatever the bytes above it are.
  @Test func lowestMarks() {
    for (place, above) in [(0, 0x21), (3, 0x23), (6, 0x80), (7, 0)] as [(Int, UInt64)] {
      let lower = 0x4141_4141_4141_4141 & ((UInt64(1) << UInt64(8 * place)) - 1)
      let upper = place < 7 ? (Word.ones * above) << UInt64(8 * place + 8) : 0
      let quote = lower | 0x22 << UInt64(8 * place) | upper
      check(Word.first(Word.equal(quote, 0x22)) == place && Word.byte(quote, at: Word.equal(quote, 0x22)) == 0x22)
      let control = lower | 0x1f << UInt64(8 * place) | upper
      check(Word.first(Word.below(control, 0x20)) == place && Word.byte(control, at: Word.below(control, 0x20)) == 0x1f)
    }
    check(Word.first(Word.equal(0x4141_4141_4141_4141, 0x22)) == 8 && Word.below(0x2041_ff41_8041_4120, 0x20) == 0)
  }
}

@Suite struct TimeTests {
  @Test func saturates() {
    check(Instant.distantFuture + .seconds(1) == .distantFuture)
    check(Instant(nanoseconds: 3) - Instant(nanoseconds: 5) == .zero)
    check(Interval.seconds(1) - .seconds(2) == .zero)
    check(Interval(nanoseconds: .max) + .seconds(1) == Interval(nanoseconds: .max))
  }

  @Test func units() {
    check(Interval.milliseconds(1500).microseconds == 1_500_000)
    check(Interval.seconds(2).milliseconds == 2000)
    check(Instant(nanoseconds: 10) + .microseconds(1) > Instant(nanoseconds: 1009))
  }
}
