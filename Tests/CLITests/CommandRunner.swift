// The built `swiftlet`, run as a user runs it.

import Foundation

@testable import SwiftletHost

/// A folder of its own, where commands are run; it is the home, too.
final class CommandRunner {
  let folder: URL
  /// SWIFTLET_HOST of the commands.
  var host: String?
  var environment: [String: String]
  /// Lives as long as what calls it.
  private let server: FakeServer?

  init(server: FakeServer? = nil) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    host = server?.url
    self.server = server
    // The compilers' own settings are below the real home.
    let real = ProcessInfo.processInfo.environment
    environment = ["PATH": real["PATH"] ?? "", "HOME": folder.path, "TZ": "UTC"]
    for name in ["RUSTUP_HOME", "CARGO_HOME"] { environment[name] = real[name] }
    if let home = real["HOME"], environment["RUSTUP_HOME"] == nil { environment["RUSTUP_HOME"] = home + "/.rustup" }
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Beside this test's own program.
  static let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("swiftlet")

  struct Outcome {
    var status: Int32
    var output: String
    var error: String
  }

  func process(_ arguments: [String], in subfolder: String = "") -> Process {
    let process = Process()
    process.executableURL = Self.program
    process.arguments = arguments
    process.currentDirectoryURL = folder.appendingPathComponent(subfolder)
    process.environment = environment.merging(host.map { ["SWIFTLET_HOST": $0] } ?? [:]) { $1 }
    return process
  }

  /// Runs the command to its end.
  func run(_ arguments: String..., input: String? = nil, in subfolder: String = "") throws -> Outcome {
    let process = process(arguments, in: subfolder)
    let (output, error) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = error
    let stdin = Pipe()
    process.standardInput = stdin
    try process.run()
    try stdin.fileHandleForWriting.write(contentsOf: Data((input ?? "").utf8))
    try stdin.fileHandleForWriting.close()
    // Both at once: neither may fill up while the other is waited for.
    let errors = Monitor<Data?>(nil)
    Thread.detachNewThread {
      let data = error.fileHandleForReading.readDataToEndOfFile()
      errors.update { $0 = data }
    }
    let outputText = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let errorData = errors.wait(until: .now + .seconds(60)) { $0 } ?? Data()
    process.waitUntilExit()
    return Outcome(status: process.terminationStatus, output: outputText, error: String(decoding: errorData, as: UTF8.self))
  }

  func write(_ name: String, _ bytes: some Sequence<UInt8>) throws {
    try Data(Array(bytes)).write(to: folder.appendingPathComponent(name))
  }

  /// A small file that passes for an action: the smallest ELF that the kernel takes.
  static let elf: [UInt8] = {
    var file = [UInt8](repeating: 0, count: 64 + 56 + 8)
    func store(_ value: UInt64, _ size: Int, at offset: Int) {
      for index in 0..<size { file[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }
    file.replaceSubrange(0..<7, with: [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
    store(3, 2, at: 16)  // ET_DYN
    store(62, 2, at: 18)  // x86-64
    store(1, 4, at: 20)
    store(120, 8, at: 24)  // The entry: the bytes behind the headers.
    store(64, 8, at: 32)
    store(64, 2, at: 52)
    store(56, 2, at: 54)
    store(1, 2, at: 56)
    store(1, 4, at: 64)  // PT_LOAD
    store(5, 4, at: 68)  // Read and execute.
    store(128, 8, at: 64 + 32)
    store(128, 8, at: 64 + 40)
    store(4096, 8, at: 64 + 48)
    return file
  }()
}
