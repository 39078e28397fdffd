// Where things are, and what the environment sets.

import Foundation
import SwiftletHost

enum Project {
  /// The project's folder.
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The path of a file of the project. What is below `build/` may be elsewhere: SWIFTLET_BUILD names the folder.
  static func path(_ name: String) -> String {
    if name.hasPrefix("build/"), let build = ProcessInfo.processInfo.environment["SWIFTLET_BUILD"] {
      return build + name.dropFirst(5)
    }
    return root.appendingPathComponent(name).path
  }

  static func bytes(of name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path(name)))) }

  /// The file of an action: a sample, or one that is there for the tests only.
  static func action(_ name: String) throws -> [UInt8] { try bytes(of: actionPath(name)) }

  static func actionPath(_ name: String) -> String {
    let sample = "build/actions/\(name)"
    return FileManager.default.fileExists(atPath: path(sample)) ? sample : "build/test-actions/\(name)"
  }

  /// A variable of the environment, where it is a number.
  static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

  /// The machines to test: all, or those that SWIFTLET_MACHINES names, separated by commas.
  static let machines: [MachineModel] = {
    guard let names = ProcessInfo.processInfo.environment["SWIFTLET_MACHINES"] else { return MachineModel.allCases }
    return names.split(separator: ",").compactMap { MachineModel(rawValue: String($0)) }
  }()

  /// The accelerator of all tests: the best there is, or the one that SWIFTLET_ACCEL names.
  static let accelerator: Accelerator = {
    let request = ProcessInfo.processInfo.environment["SWIFTLET_ACCEL"].flatMap { AcceleratorRequest(rawValue: $0) }
    let fallback = Accelerator(kind: .tcg, reason: "as asked")
    return (try? Accelerator(for: request ?? .auto, support: .detect())) ?? fallback
  }()
}

/// Pseudo-random bytes that are the same in every run.
struct Noise: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// SplitMix64.
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count { withLittleEndian(next()) { bytes.append($0) } }
    return Array(bytes.prefix(count))
  }

  /// `count` bytes from the beginning.
  func firstBytes(_ count: Int) -> [UInt8] {
    var copy = self
    return copy.bytes(count)
  }

  private func withLittleEndian(_ value: UInt64, _ body: (UInt8) -> Void) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) { body(UInt8(truncatingIfNeeded: value >> shift)) }
  }
}

/// Programs of the host.
enum Host {
  /// Runs a program with `input` on its standard input; its standard output.
  static func run(_ path: String, _ arguments: [String] = [], input: [UInt8] = []) throws -> (status: Int32, output: [UInt8]) {
    // Through files: a pipe would have to be written and read at the same time.
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (inputFile, outputFile) = (folder.appendingPathComponent("in"), folder.appendingPathComponent("out"))
    try Data(input).write(to: inputFile)
    try Data().write(to: outputFile)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardInput = try FileHandle(forReadingFrom: inputFile)
    process.standardOutput = try FileHandle(forWritingTo: outputFile)
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return (process.terminationStatus, Array(try Data(contentsOf: outputFile)))
  }

  /// What a process, and no child of it, used of the processors so far (proc(5): utime and stime, in hundredths of a second).
  static func processorTime(of process: Int32) throws -> Duration {
    let text = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
    // The name, in parentheses, may hold blanks.
    let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
    guard fields.count > 13, let user = Int(fields[12]), let system = Int(fields[13]) else { throw Failure("/proc/\(process)/stat: \(text)") }
    return .milliseconds(10 * (user + system))
  }
}
