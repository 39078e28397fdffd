// An action's standard error as it may be printed on a console that other things share.

import Base
public import Bytes
import HTTP

/// The log of an invocation, line by line.
public enum LogText {
  /// Appends each line of `log` to `text` as `name: line`, ended by LF. Control characters and bytes that are not UTF-8 are shown as
  /// `\xNN`, so that no action can forge a line or send escape sequences to a terminal. False where memory is out.
  @_optimize(size)
  public static func write(_ log: Span<UInt8>, name: Span<UInt8>, into text: inout ByteBuffer) -> Bool {
    var at = 0
    while at < log.count {
      guard text.append(name), text.append(": ") else { return false }
      while at < log.count, log[at] != 0x0a {
        let length = printableLength(log, at: at)
        if length > 0 {
          guard text.append(log.extracting(at..<at &+ length)) else { return false }
          at &+= length
        } else {
          // CR before LF is a line's end on many systems, and nothing to show.
          if log[at] != 0x0d || at &+ 1 >= log.count || log[at &+ 1] != 0x0a {
            guard text.append("\\x"), text.append(hex: UInt64(log[at]), width: 2) else { return false }
          }
          at &+= 1
        }
      }
      guard text.append(0x0a) else { return false }
      at &+= 1
    }
    return true
  }

  /// Bytes of the character at `position` where it can be shown as it is; 0 where not.
  private static func printableLength(_ log: Span<UInt8>, at position: Int) -> Int {
    let byte = log[position]
    if byte < 0x80 { return byte == 0x09 || byte >= 0x20 && byte != 0x7f ? 1 : 0 }
    // U+0080 to U+009F are control characters, too.
    if byte == 0xc2, position &+ 1 < log.count, log[position &+ 1] < 0xa0 { return 0 }
    return UTF8Sequence.length(log, at: position)
  }
}
