import Actions
import Base
import Bytes
import Foundation
import Testing

@testable import Records

@Suite struct ActivationLogTests {
  private func lines(_ log: [UInt8], start: UInt64 = 0) throws -> [String] {
    let text = written {
      var lines = LogLines(start: start)
      lines.write(log.span, into: &$0)
    }
    return try #require(try json(text) as? [String])
  }

  @Test func asOpenWhiskShowsIt() throws {
    let log = log([(.output, 0, "line\n"), (.error, 1_000_000_001, "other\n")])
    // 2026-11-20T23:00:00Z
    #expect(try lines(log, start: 1_795_215_600_000_000_000) == [
      "2026-11-20T23:00:00.000000000Z stdout: line", "2026-11-20T23:00:01.000000001Z stderr: other",
    ])
  }

  @Test(arguments: [
    ("", []), ("\n", [""]), ("a", ["a"]), ("a\n", ["a"]), ("a\nb", ["a", "b"]), ("\n\na", ["", "", "a"]), ("a\r\nb\r", ["a", "b"]), ("\r\r\n", ["\r"]),
    ("  a \n", ["  a "]), ("\"\\\u{1}é", ["\"\\\u{1}é"]),
  ])
  func oneStream(_ text: String, _ expected: [String]) throws {
    #expect(try lines(log([(.error, 0, text)])) == expected.map { "1970-01-01T00:00:00.000000000Z stderr: " + $0 })
  }

  @Test func linesOfSeveralPieces() throws {
    let log = log([
      (.output, 1, "a"), (.error, 2, "x\ny"), (.output, 3, "b\nc"), (.error, 4, "\n"), (.output, 5, "d"),
    ])
    #expect(try lines(log).map { $0.dropFirst(28) } == ["1Z stdout: ab", "2Z stderr: x", "2Z stderr: y", "3Z stdout: cd"])
  }

  @Test func aCharacterMayLieInTwoPieces() throws {
    let bytes = Array("é\n".utf8)
    let log = log(bytes: [(.output, 0, Array(bytes[..<1])), (.output, 0, Array(bytes[1...]))])
    #expect(try lines(log) == ["1970-01-01T00:00:00.000000000Z stdout: é"])
  }

  @Test func whatIsNoLogIsNotShown() throws {
    let good = log([(.output, 0, "a\n")])
    for cut in 1..<good.count { #expect(try lines(Array(good.prefix(cut))) == []) }
    #expect(try lines(good + [1, 2, 3]).count == 1)
    #expect(try lines([UInt8](repeating: 0xff, count: 64)) == [])
  }

  @Test func emptyPiecesAreNoPieces() {
    #expect(log([(.output, 0, ""), (.error, 0, "")]) == [])
  }

  @Test func plainLines() throws {
    func plain(_ text: String) throws -> [String] {
      let bytes = Array(text.utf8)
      return try #require(try json(written { LogLines.writePlain(bytes.span, into: &$0) }) as? [String])
    }
    #expect(try plain("") == [])
    #expect(try plain("a\nb\n") == ["a", "b"])
    #expect(try plain("a\n\n{\"x\":1}") == ["a", "", "{\"x\":1}"])
  }

  /// Pieces at random, against the plain way: each stream's bytes put together and split, ordered by where lines begin.
  @Test(arguments: 0..<50)
  func model(_ seed: UInt64) throws {
    var random = IdentifierGenerator(seed: seed)
    var pieces: [(LogStream, UInt64, String)] = []
    for index in 0..<Int(random.next() % 30) {
      let text = (0..<Int(random.next() % 6)).map { _ in ["a", "b", "\n", "é"][Int(random.next() % 4)] }.joined()
      pieces.append((random.next() % 2 == 0 ? .output : .error, UInt64(index), text))
    }
    var expected: [(at: Int, text: String)] = []
    var position = 0
    var open: [LogStream: Int] = [:]
    for (stream, offset, text) in pieces {
      for character in text {
        if open[stream] == nil {
          expected.append((position, written { $0.write { (buffer: inout ByteBuffer) in buffer.append(timestamp: offset) } } + (stream == .output ? " stdout: " : " stderr: ")))
          open[stream] = expected.count - 1
        }
        if character == "\n" { open[stream] = nil } else { expected[open[stream]!].text.append(character) }
        position += 1
      }
    }
    #expect(try lines(log(pieces)) == expected.map(\.text))
  }

  @Test func longLogsAreLinear() throws {
    // One stream's first line goes on past all pieces of the other.
    var pieces: [(LogStream, UInt64, String)] = [(.output, 0, "begin")]
    for _ in 0..<20_000 { pieces.append((.error, 0, "e\n")) }
    pieces.append((.output, 0, "end"))
    let found = try lines(log(pieces))
    #expect(found.count == 20_001 && found[0].hasSuffix("beginend"))
  }
}
