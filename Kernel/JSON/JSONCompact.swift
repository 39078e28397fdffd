// Values written without the white space between tokens: on one line, therefore, since strings hold no raw line ends.

public import Base
import Bytes

extension JSONValue {
  /// Writes the value without white space between its tokens; all else is written as it is, numbers and escapes too. Linear.
  public func writeCompact(of text: Span<UInt8>, into writer: inout TextWriter) {
    writer.write(compact: written(in: text))
  }
}

extension TextWriter {
  /// Writes checked `tokens` without the white space between them.
  @inline(never)
  mutating func write(compact tokens: Span<UInt8>) {
    let start = buffer.count
    write(tokens)
    let first = tokens.compactEnd(0)
    guard first < tokens.count, buffer.count == start &+ tokens.count else { return }
    // What was written is as long as need be: the gaps are closed in it.
    write { buffer in
      var target = buffer.mutableSpan
      let end = tokens.copyCompact(from: first, to: &target, at: start &+ first)
      buffer.truncate(to: end)
      return true
    }
  }
}

extension Span where Element == UInt8 {
  /// Copies what is not white space from the token that begins, or the white space, at `first` on to place `start` of `target`, which has room
  /// for all bytes from `first` on; returns the place after the last byte.
  fileprivate func copyCompact(from first: Int, to target: inout MutableSpan<UInt8>, at start: Int) -> Int {
    var at = skipSpace(first)
    var place = start
    while at < count {
      let end = compactEnd(at)
      if end &- at > 64 {
        target.copy(extracting(at..<end), to: place)
        place &+= end &- at
      } else {
        // Bytes past the end of a run are written over by the next one or dropped.
        while at <= count &- 8, at < end {
          target.storeLE64(loadLE64(at), at: place)
          let length = Swift.min(8, end &- at)
          at &+= length
          place &+= length
        }
        while at < end {
          target[place] = self[at]
          at &+= 1
          place &+= 1
        }
      }
      at = skipSpace(end)
    }
    return place
  }

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
