// The terminal that a standard stream may be.

internal import Glibc

public enum TerminalDevice {
  /// Whether the standard stream of this number is a terminal.
  public static func isTerminal(_ number: Int32) -> Bool { isatty(number) == 1 }

  /// Columns and rows of the terminal at standard output; nil where it is none, or does not say.
  public static var size: (columns: Int, rows: Int)? {
    var size = winsize()
    // SAFETY: the call writes a winsize alone.
    let result = unsafe withUnsafeMutablePointer(to: &size) { unsafe ioctl(1, UInt(TIOCGWINSZ), UnsafeMutableRawPointer($0)) }
    return result == 0 && size.ws_col > 0 && size.ws_row > 0 ? (Int(size.ws_col), Int(size.ws_row)) : nil
  }
}
