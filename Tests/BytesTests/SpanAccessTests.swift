import Bytes
import Testing

@Suite struct SpanAccessTests {
  let bytes: [UInt8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xff]

  @Test func loadsInBothOrders() {
    check(bytes.span.loadBE16(0) == 0x0123)
    check(bytes.span.loadBE32(1) == 0x2345_6789)
    check(bytes.span.loadLE16(7) == 0xffef)
    check(bytes.span.loadLE32(5) == 0xffef_cdab)
    check(bytes.span.loadLE64(1) == 0xffef_cdab_8967_4523)
  }

  @Test func storesWhatItLoads() {
    var copy = [UInt8](repeating: 0, count: 16)
    var span = copy.mutableSpan
    span.storeBE16(0xa1b2, at: 1)
    span.storeBE32(0xc3d4_e5f6, at: 3)
    span.storeLE64(0x0102_0304_0506_0708, at: 8)
    check(copy == [0, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6, 0, 8, 7, 6, 5, 4, 3, 2, 1])
  }

  @Test func copiesAndMoves() {
    var copy = [UInt8](repeating: 0, count: 12)
    var span = copy.mutableSpan
    span.copy(bytes.span.extracting(0..<3), to: 2)
    check(span.copy("abc", to: 5) == 8)
    span.move(from: 2, to: 4, length: 6)
    check(copy == [0, 0, 1, 0x23, 1, 0x23, 0x45, 0x61, 0x62, 0x63, 0, 0])
  }

  @Test func comparesWithTextAndBytes() {
    let text: [UInt8] = Array("swift".utf8)
    check(text.span.equals("swift"))
    check(!text.span.equals("swifts"))
    check(!text.span.equals("swifT"))
    check(text.span.extracting(0..<0).equals(""))
    check(text.span.equals(Array("swift".utf8).span))
  }

  @Test func bytesOfLiterals() {
    check(("swift" as StaticString).bytes.equals(Array("swift".utf8).span))
    check(("é" as StaticString).bytes.equals([0xc3, 0xa9].span))
    check(("" as StaticString).bytes.isEmpty)
  }

  @Test(arguments: [8, 9, Int.max, -1])
  func refusesLoadsOutside(offset: Int) async {
    await #expect(processExitsWith: .failure) { [offset] in
      let bytes = [UInt8](repeating: 0, count: 9)
      _ = bytes.span.loadBE16(offset)
    }
  }

  @Test func comparisonsOfBytesSeeEveryByte() {
    for length in 0...80 {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      check(bytes.span.equals(bytes.span))
      check(!bytes.span.equals((bytes + [0]).span))
      for index in bytes.indices {
        var other = bytes
        other[index] ^= 0x80
        check(!bytes.span.equals(other.span))
      }
    }
  }

  @Test func comparisonsThatLeaveBytesFree() {
    for length in 0...40 {
      let bytes = (0..<length).map { UInt8(0x41 + $0 % 26) }
      for index in bytes.indices {
        var free = [UInt8](repeating: 0, count: length)
        free[index] = 255
        for byte: UInt8 in 0...255 {
          var other = bytes
          other[index] = byte
          let isLegal = (0x20...0x7e).contains(byte)
          check(other.span.equals(bytes.span, except: free.span) == (length >= 8 && isLegal))
        }
        var other = bytes
        other[(index + 1) % length] ^= 1
        check(!other.span.equals(bytes.span, except: free.span) || length == 1)
      }
    }
  }

  /// Of each length, and with each byte changed in turn.
  @Test func comparisonsSeeEveryByte() {
    let texts: [StaticString] = [
      "", "a", "ab", "abc", "abcd", "abcde", "abcdef", "abcdefg", "abcdefgh", "abcdefghi", "abcdefghijk", "abcdefghijklmno",
      "abcdefghijklmnop", "abcdefghijklmnopq", "abcdefghijklmnopqrstuvwxyz",
    ]
    for text in texts {
      var bytes = Array(String(describing: text).utf8)
      check(bytes.span.equals(text))
      let capitals = bytes.map { $0 - 0x20 }
      check(capitals.span.equalsIgnoringCase(text))
      for index in bytes.indices {
        bytes[index] ^= 1
        check(!bytes.span.equals(text))
        check(!bytes.span.hasPrefix(text))
        check(!bytes.span.equalsIgnoringCase(text))
        bytes[index] ^= 1
      }
    }
  }
}
