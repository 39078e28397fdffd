// The whole terminal as a page that is written anew; where there is no terminal, one page after the other.

import SwiftletHost

struct Screen {
  private let isTerminal = Terminal.outputIsTerminal

  /// Takes the terminal: its other screen, the cursor hidden.
  init() { if isTerminal { Terminal.raw("\u{1b}[?1049h\u{1b}[?25l") } }

  /// Gives the terminal back as it was.
  func leave() { if isTerminal { Terminal.raw("\u{1b}[?25h\u{1b}[?1049l") } }

  /// Shows `lines`, cut to the terminal's size.
  func show(_ lines: [String]) {
    guard isTerminal, let size = TerminalDevice.size else { return Terminal.line(lines.joined(separator: "\n") + "\n") }
    let visible = lines.prefix(size.rows - 1).map { String($0.prefix(size.columns)) + "\u{1b}[K" }
    Terminal.raw("\u{1b}[H" + visible.joined(separator: "\r\n") + "\u{1b}[J")
  }
}
