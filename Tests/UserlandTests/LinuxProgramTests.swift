// The samples in other languages as Linux processes: what they compute is right. That they compute the same as actions is
// for the system tests.

import Foundation
import Testing

@Suite struct LinuxProgramTests {
  /// Built where their toolchain is there.
  static let programs = ["echo-glibc", "statistics", "lua", "words-rust", "swift-full"]

  private func output(_ program: String, _ input: [UInt8]) throws -> String {
    let result = try Program.run(Program.action(program), input: input)
    #expect(result.status == 0, "\(result.errors)")
    return String(decoding: result.output, as: UTF8.self)
  }

  @Test(.enabled(if: Program.isBuilt("echo-glibc"), "make actions left out echo-glibc"), arguments: SampleTests.sizes)
  func echoGlibcGivesBackItsInput(size: Int) throws {
    let body = Program.bytes(size)
    let result = try Program.run(Program.action("echo-glibc"), input: body)
    #expect(result.output == body)
    #expect(result.errors.isEmpty)
    #expect(result.status == 0)
  }

  @Test(
    .enabled(if: Program.isBuilt("statistics"), "make actions left out statistics"),
    arguments: [
      ("", "bytes     0\nnumbers   0\nothers    0\n"),
      ("nan inf x1 1x .", "bytes     15\nnumbers   0\nothers    5\n"),
      (
        "4\t1e0 -2.5\n x 3",
        """
        bytes     15
        numbers   4
        others    1
        least     -2.5
        quartile  0.125
        median    2
        quartile  3.25
        greatest  4
        mean      1.375000
        deviation 2.484326

        """
      ),
    ])
  func statisticsAreRight(input: String, expected: String) throws {
    #expect(try output("statistics", Array(input.utf8)) == expected)
  }

  /// Two megabytes: memory that grows, and a sort of many.
  @Test(.enabled(if: Program.isBuilt("statistics"), "make actions left out statistics"))
  func statisticsOfMany() throws {
    let numbers = (0..<300_000).map { String($0 * 7919 % 300_000) }.joined(separator: " ")
    let text = try output("statistics", Array(numbers.utf8))
    #expect(text.contains("numbers   300000\n"))
    #expect(text.contains("median    150000\n"), "149999.5, in six digits")
    #expect(text.contains("mean      149999.500000\ndeviation 86602.540378\n"))
  }

  @Test(
    .enabled(if: Program.isBuilt("words-rust"), "make actions left out words-rust"),
    arguments: [
      ("", "0 bytes, 0 words, 0 different\n"),
      ("b a, B! ß-a b", "14 bytes, 6 words, 3 different\n     3  50.0% b\n     2  33.3% a\n     1  16.7% ß\n"),
    ])
  func wordsAreCounted(input: String, expected: String) throws {
    #expect(try output("words-rust", Array(input.utf8)) == expected)
  }

  @Test(
    .enabled(if: Program.isBuilt("swift-full"), "make actions left out swift-full"),
    arguments: [
      ("", "lines: 0\nwords: 0, 0 different\ncharacters: 0 of 0 scalars, 0 different\n"),
      // Two spellings of one character, and one of several scalars.
      (
        "e\u{301} \u{e9}\n👩‍👩‍👧",
        """
        lines: 2
        words: 2, 1 different
          \u{e9}: 2
        characters: 4 of 9 scalars, 3 different, the last of them "👩‍👩‍👧"

        """
      ),
    ])
  func swiftKnowsUnicode(input: String, expected: String) throws {
    // Swift compares strings as Unicode says; what is printed is one of the two spellings.
    #expect(try output("swift-full", Array(input.utf8)) == expected)
  }

  @Test(.enabled(if: Program.isBuilt("swift-full"), "make actions left out swift-full"))
  func swiftReportsLinesThatAreTooLong() throws {
    let text = try output("swift-full", [UInt8](repeating: 65, count: 1_000_001))
    #expect(text.hasSuffix("left out: LineTooLong(length: 1000001)\n"))
  }

  @Test(
    .enabled(if: Program.isBuilt("lua"), "make actions left out lua"),
    arguments: [
      ("", "Lua 5.4: 0 bytes, 0 different, 0.000 bits of information\n"),
      ("abab ", "Lua 5.4: 5 bytes, 3 different, 7.610 bits of information\na      2\nb      2\n0x20   1\n"),
    ])
  func luaRunsItsScript(input: String, expected: String) throws {
    #expect(try output("lua", Array(input.utf8)) == expected)
  }
}
