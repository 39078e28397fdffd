import Testing

@testable import SwiftletHost

@Suite struct ConsoleTests {
  /// The lines of `text`, which arrives in pieces of `size` bytes.
  static func lines(_ text: String, piece size: Int) -> [String] {
    var splitter = LineSplitter()
    let bytes = Array(text.utf8)
    var lines: [String] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
      lines += splitter.add(Array(bytes[start..<min(start + size, bytes.count)]))
    }
    if splitter.hasPartialLine { lines.append(splitter.finish()) }
    return lines
  }

  @Test(arguments: [1, 2, 3, 7, 1000]) func splitsWhateverThePieces(size: Int) {
    let text = "first\r\n\u{1b}[2J\u{1b}[01;01Hswiftlet: ready, 10.0.2.15:80\n\nümlaut\ttab\u{7}\npartial"
    #expect(Self.lines(text, piece: size) == ["first", "swiftlet: ready, 10.0.2.15:80", "", "ümlaut\ttab", "partial"])
  }

  @Test func endlessLinesAreCut() {
    let lines = Self.lines(String(repeating: "x", count: 10_000), piece: 100)
    #expect(lines.map(\.count) == [4096, 4096, 1808])
  }

  @Test(arguments: [
    ("swiftlet: ready", ""), ("swiftlet: ready, 10.0.2.15:80", "10.0.2.15:80"), ("swiftlet: ready: x", "x"),
    ("  swiftlet: ready", nil), ("swiftlet: not ready", nil), ("", nil), ("the console says swiftlet: ready", nil),
  ] as [(String, String?)]) func readiness(text: String, message: String?) {
    #expect(ConsoleLine(text: text, time: .now).readiness == message)
  }

  @Test func panics() {
    #expect(ConsoleLine(text: "panic: page fault in the kernel", time: .now).isPanic)
    #expect(!ConsoleLine(text: "no panic here", time: .now).isPanic)
  }

  @Test(arguments: [
    ("on http://10.0.2.15 after 10.411 ms, 61 MiB free", .microseconds(10_411)), ("after 3 ms", .milliseconds(3)), ("", nil),
    ("after a while", nil), ("10 ms", nil), ("after x ms", nil),
  ] as [(String, Duration?)]) func guestTime(message: String, time: Duration?) {
    #expect(BootTime(readyLine: .zero, firstAnswer: .zero, message: message).guestTime == time)
  }
}
