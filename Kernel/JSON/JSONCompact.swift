// Values written without the white space between tokens: on one line, therefore, since strings hold no raw line ends.

public import Base
import Bytes

extension JSONValue {
  /// Writes the value without white space between its tokens; all else is written as it is, numbers and escapes too. Linear.
  public func writeCompact(of text: Span<UInt8>, into writer: inout TextWriter) {
    let written = written(in: text)
    guard kind == .object || kind == .array else { return writer.write(written) }
    var run = 0
    var at = 0
    while true {
      at = written.compactEnd(at)
      writer.write(written.extracting(run..<at))
      guard at < written.count else { return }
      at = written.skipSpace(at &+ 1)
      run = at
    }
  }
}

extension Span where Element == UInt8 {
  /// The place of the first white space between tokens from `start` on, which is not within a string; the end where there is none.
  @inline(never)
  fileprivate func compactEnd(_ start: Int) -> Int {
    var at = start
    while at < count {
      if at <= count &- 8 {
        let word = loadLE64(at)
        let marks = Word.below(word, 0x21) | Word.equal(word, Mark.quote)
        if marks == 0 {
          at &+= 8
          continue
        }
        at &+= Word.first(marks)
      }
      let byte = self[at]
      if byte <= 0x20 { return at }
      at = byte == Mark.quote ? stringEnd(at) : at &+ 1
    }
    return at
  }
}
