import Foundation
import SwiftletHost

/// Text for the user, written at once, also where the output is a pipe.
enum Terminal {
  static func line(_ text: String) { write(text + "\n", to: .standardOutput) }

  static func error(_ text: String) { write(text + "\n", to: .standardError) }

  /// Bytes as they are.
  static func bytes(_ bytes: [UInt8]) { try? FileHandle.standardOutput.write(contentsOf: Data(bytes)) }

  /// With no line end added: for what moves the cursor.
  static func raw(_ text: String, to file: FileHandle = .standardOutput) { write(text, to: file) }

  static var outputIsTerminal: Bool { TerminalDevice.isTerminal(1) }
  static var errorIsTerminal: Bool { TerminalDevice.isTerminal(2) }

  private static func write(_ text: String, to file: FileHandle) { try? file.write(contentsOf: Data(text.utf8)) }
}

/// How much of an upload has gone, on the last line of a terminal; nothing where there is none, or where it is over at once.
struct UploadProgress {
  let name: String
  let total: Int
  private var shown = -1
  private let isShown: Bool

  init(_ name: String, total: Int) {
    self.name = name
    self.total = total
    isShown = total > 1 << 19 && Terminal.errorIsTerminal
  }

  mutating func update(_ done: Int) {
    let percent = total > 0 ? done * 100 / total : 100
    guard isShown, percent != shown else { return }
    shown = percent
    let bar = String(repeating: "#", count: percent / 4) + String(repeating: ".", count: 25 - percent / 4)
    Terminal.raw("\r\(name) [\(bar)] \(percent)% of \(Quantity.size(total))", to: .standardError)
  }

  /// Takes the line away.
  func end() { if shown >= 0 { Terminal.raw("\r\u{1b}[K", to: .standardError) } }
}
