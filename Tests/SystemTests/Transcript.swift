// Commands with what they print, as documents show them, and the running of such a text in a shell.
//
//     $ swiftlet build
//     Built build/hello: 6.5 KB.
//
// A line `…` stands for any lines, and a last line `[65]` for an exit code other than 0. Times, sizes, identifiers and dates may
// be others, and so may the width of columns.

import Foundation
import Testing

struct Transcript {
  struct Step {
    let command: String
    var shown: [String] = []
    var status = 0

    /// What has to be the same as in another run.
    func lines(_ text: [String]) -> [String] { text.map { normalised($0) } }

    private func normalised(_ line: String) -> String {
      // What is installed here, and where, is this host's.
      if command.hasSuffix(" doctor") { return line.split(separator: " ").prefix(2).joined(separator: " ") }
      var line = line.replacing(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}/, with: "DATE").replacing(/\b[0-9a-f]{32}\b|\b[0-9a-f]{16}\b/, with: "ID")
      if command.contains(" top ") || line.contains("page") { line = line.replacing(/\d+(\.\d+)?/, with: "0") }
      line = line.replacing(/\b\d+(\.\d+)? (µs|ms|s|min)\b/, with: "TIME").replacing(/TIME ago|\bnow\b/, with: "AGO").replacing(/\b\d+(\.\d+)? (B|KB|MB|GB)\b/, with: "SIZE")
      return line.split(separator: " ").joined(separator: " ")
    }
  }

  var steps: [Step] = []

  init(_ text: String) {
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if line.hasPrefix("$ ") {
        steps.append(Step(command: String(line.dropFirst(2))))
      } else if let status = line.wholeMatch(of: /\[(\d+)\]/) {
        steps[steps.count - 1].status = Int(status.1)!
      } else if !steps.isEmpty {
        steps[steps.count - 1].shown.append(line)
      }
    }
    for index in steps.indices {
      while steps[index].shown.last == "" { steps[index].shown.removeLast() }
    }
  }

  /// The indented blocks of a section of a document of the project.
  init(section: String, of document: String) throws {
    let text = String(decoding: try Project.bytes(of: document), as: UTF8.self)
    let start = try #require(text.range(of: "\n## \(section)\n"))
    let rest = text[start.upperBound...]
    let lines = rest[..<(rest.range(of: "\n## ")?.lowerBound ?? rest.endIndex)].split(separator: "\n", omittingEmptySubsequences: false)
    self.init(lines.filter { $0.isEmpty || $0.hasPrefix("    ") }.map { $0.dropFirst(4) }.joined(separator: "\n"))
  }

  /// Runs all commands in one shell and expects of each what is shown.
  func check(in home: CommandHome, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let script = steps.map { "printf '\\036'\n\($0.command)\nprintf '\\037%d' $?\n" }.joined()
    let output = try home.run(script).output
    let parts = output.split(separator: "\u{1e}")
    #expect(parts.count == steps.count, "\(output)", sourceLocation: sourceLocation)
    for (step, part) in zip(steps, parts) {
      let halves = part.split(separator: "\u{1f}", omittingEmptySubsequences: false)
      var actual = halves[0].split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      while actual.last == "" { actual.removeLast() }
      #expect(halves.last.flatMap { Int($0) } == step.status, "\(step.command)\n\(halves[0])", sourceLocation: sourceLocation)
      let isAsShown = Self.matches(step.lines(step.shown)[...], step.lines(actual)[...])
      #expect(isAsShown, "\(step.command)\n\(actual.joined(separator: "\n"))\nis shown as\n\(step.shown.joined(separator: "\n"))", sourceLocation: sourceLocation)
    }
  }

  private static func matches(_ shown: ArraySlice<String>, _ actual: ArraySlice<String>) -> Bool {
    guard let first = shown.first else { return actual.isEmpty }
    if first == "…" { return matches(shown.dropFirst(), actual) || !actual.isEmpty && matches(shown, actual.dropFirst()) }
    return first == actual.first && matches(shown.dropFirst(), actual.dropFirst())
  }
}

/// A home directory for a user of the command, which calls the kernel of a guest. Text from outside and back has the port 8080 for the guest's.
final class CommandHome {
  let folder: URL
  private let port: UInt16

  init(_ guest: Guest) throws {
    port = guest.port
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-home-\(UUID().uuidString)")
    let bin = folder.appendingPathComponent(".local/bin")
    try FileManager.default.createDirectory(at: bin, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      at: bin.appendingPathComponent("swiftlet"), withDestinationURL: URL(fileURLWithPath: Project.path("build/swiftlet")))
    // To a terminal curl shows no progress for so little.
    try Data("silent\n".utf8).write(to: folder.appendingPathComponent(".curlrc"))
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Runs a shell script that begins in the project's folder; `output` has both of its outputs unless it is told otherwise.
  func run(_ script: String, withErrors: Bool = true) throws -> (status: Int32, output: String) {
    let real = ProcessInfo.processInfo.environment
    let file = folder.appendingPathComponent("output")
    try Data().write(to: file)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", script.replacing(":8080", with: ":\(port)")]
    process.currentDirectoryURL = Project.root
    var environment = ["HOME": folder.path, "TZ": "UTC", "LANG": "C.UTF-8", "SWIFTLET_HOST": "http://127.0.0.1:\(port)"]
    environment["PATH"] = folder.appendingPathComponent(".local/bin").path + ":" + (real["PATH"] ?? "")
    // The compilers' own settings are below the real home.
    environment["RUSTUP_HOME"] = real["RUSTUP_HOME"] ?? real["HOME"].map { $0 + "/.rustup" }
    environment["CARGO_HOME"] = real["CARGO_HOME"]
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: file)
    process.standardError = withErrors ? process.standardOutput : FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    let output = String(decoding: try Data(contentsOf: file), as: UTF8.self).replacing(":\(port)", with: ":8080")
    return (process.terminationStatus, output)
  }
}
