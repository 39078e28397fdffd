// Runs an action's file as the Linux process that it is as well.

import Foundation

struct ProgramResult {
  var output: [UInt8]
  var errors: String
  /// The exit status, or 128 + the signal's number.
  var status: Int32
}

enum Program {
  /// The build directory: SWIFTLET_BUILD, else build/ beside Package.swift.
  static let build: URL = {
    if let path = ProcessInfo.processInfo.environment["SWIFTLET_BUILD"] { return URL(fileURLWithPath: path) }
    return URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("build")
  }()

  static func action(_ name: String) -> URL { build.appendingPathComponent("actions/\(name)") }
  /// Whether `make actions` built it: it leaves out programs whose toolchain is not there.
  static func isBuilt(_ name: String) -> Bool { FileManager.default.fileExists(atPath: action(name).path) }
  static func testAction(_ name: String) -> URL { build.appendingPathComponent("test-actions/\(name)") }

  /// Runs the program with `input` on its stdin until it ends. The streams are files, so that no size of input or output blocks.
  static func run(
    _ file: URL, input: [UInt8] = [], arguments: [String] = [], environment: [String: String] = [:],
    outputPath: String? = nil
  ) throws -> ProgramResult {
    let manager = FileManager.default
    let directory = manager.temporaryDirectory.appendingPathComponent("swiftlet-\(UUID().uuidString)")
    try manager.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? manager.removeItem(at: directory) }
    let inputFile = directory.appendingPathComponent("in")
    let outputFile = outputPath.map { URL(fileURLWithPath: $0) } ?? directory.appendingPathComponent("out")
    let errorFile = directory.appendingPathComponent("err")
    try Data(input).write(to: inputFile)
    if outputPath == nil { try Data().write(to: outputFile) }
    try Data().write(to: errorFile)

    let process = Process()
    process.executableURL = file
    process.arguments = arguments
    process.environment = environment
    process.standardInput = try FileHandle(forReadingFrom: inputFile)
    process.standardOutput = try FileHandle(forWritingTo: outputFile)
    process.standardError = try FileHandle(forWritingTo: errorFile)
    try process.run()
    process.waitUntilExit()
    let signalled = process.terminationReason == .uncaughtSignal
    return ProgramResult(
      output: outputPath == nil ? try [UInt8](Data(contentsOf: outputFile)) : [],
      errors: try String(decoding: Data(contentsOf: errorFile), as: UTF8.self),
      status: process.terminationStatus + (signalled ? 128 : 0))
  }

  /// Bytes that look random and are the same each time.
  static func bytes(_ count: Int) -> [UInt8] {
    var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
  }
}
