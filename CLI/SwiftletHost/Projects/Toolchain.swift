// The compilers that are there, and what they say of themselves.

import Foundation

public struct Toolchain: Sendable {
  /// What an action's program needs of a compiler, and how it is got.
  public static let remedies: [String: String] = [
    "swiftc": "Install Swift 6.3 or newer: https://www.swift.org/install/linux",
    "ld.lld": "It comes with Swift: put the toolchain's usr/bin into PATH.",
    "gcc": "Install it with: apt-get install gcc libc6-dev",
    "strip": "Install it with: apt-get install binutils",
    "rustc": "Install Rust: https://www.rust-lang.org/tools/install",
  ]

  public static let muslFolder = "/usr/lib/x86_64-linux-musl"
  static let muslHeaders = "/usr/include/x86_64-linux-musl"
  public static let rustTarget = "x86_64-unknown-linux-gnu"

  public static var hasMusl: Bool { FileManager.default.fileExists(atPath: muslFolder + "/rcrt1.o") }

  public static func require(_ name: String) throws(HostError) -> String {
    try ProgramPath.require(name, toGet: remedies[name] ?? "")
  }

  /// What the program at `path` prints with `arguments`, without the blanks at its ends; nil where it fails.
  public static func answer(of path: String, _ arguments: [String]) -> String? {
    var plan = ProgramRun.Plan(path, arguments)
    plan.timeLimit = .seconds(20)
    guard let run = try? ProgramRun(plan), run.end == .exited(0) else { return nil }
    return String(decoding: run.output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  static func require(answerOf path: String, _ arguments: [String]) throws(HostError) -> String {
    if let text = answer(of: path, arguments) { return text }
    throw HostError(.unavailable, "\(Shell.command([path] + arguments)) failed.", remedy: "Is the compiler installed completely?")
  }

  /// Swift's tables for comparing and printing strings, which an embedded program links where it needs them.
  static func unicodeTables(of swiftc: String) throws(HostError) -> String {
    let text = try require(answerOf: swiftc, ["-print-target-info"])
    guard let resources = (try? JSON(parsing: text))?["paths"]?["runtimeResourcePath"]?.string else {
      throw HostError(.unavailable, "\(swiftc) does not say where its resources are.", remedy: remedies["swiftc"])
    }
    let tables = resources + "/embedded/x86_64-unknown-none-elf/libswiftUnicodeDataTables.a"
    guard FileManager.default.fileExists(atPath: tables) else {
      throw HostError(.unavailable, "\(swiftc) has no Embedded Swift for x86-64 without a system.", remedy: remedies["swiftc"])
    }
    return tables
  }

  /// Whether rustc can link against its standard library for Linux with glibc.
  public static func hasRustLibrary(_ rustc: String) -> Bool {
    guard let folder = answer(of: rustc, ["--print", "target-libdir", "--target", rustTarget]),
      let files = try? FileManager.default.contentsOfDirectory(atPath: folder)
    else { return false }
    return files.contains { $0.hasPrefix("libstd-") && $0.hasSuffix(".rlib") }
  }
}
