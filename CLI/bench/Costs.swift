// What the example programs cost a request: the table of docs/writing-actions.md.

import Foundation
import SwiftletHost

extension Bench {
  /// An example and a small request of it.
  private static let examples = [
    ("echo", "Ada"), ("echo-c", "Ada"), ("echo-glibc", "Ada"), ("statistics", "3 1 4 1 5 9 2 6"), ("words-rust", "to be or not to be"),
    ("lua", "Ada"), ("swift-full", "to be or not to be"), ("primes", "104729"),
  ]
  /// Nanoseconds of the virtual CPU for one instruction, as a power of two: so many that a record's microseconds tell a dozen instructions apart, and so
  /// few that the longest example stays within the time limit.
  private static let shift = 6

  func costs(_ findings: Findings) throws {
    let bed = try Bed(kernel: kernel, memory: "512M", extra: ["-icount", "shift=\(Self.shift)"])
    var table = Table(head: [
      "action", "file", "image", "private pages", "instructions to run", "to restore", "loop mode: pages", "to run", "to restore",
    ])
    for (name, input) in Self.examples where FileManager.default.fileExists(atPath: build + "/actions/" + name) {
      let once = try timing(bed, name, input, options: "")
      let loop = try timing(bed, name, input, options: "&loop=true")
      let path = build + "/actions/" + name
      let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
      table.rows.append([
        "`\(name)`", size < 100_000 ? "\((size + 500) / 1000) KB" : String(format: "%.1f MB", Double(size) / 1e6), "\(try Self.imagePages(path))",
        "\(Self.kept(once)) + \(once.pageFaults ?? 0)", Self.instructions(once.run), Self.instructions(once.restore), "\(Self.kept(loop))",
        Self.instructions(loop.run), Self.instructions(loop.restore),
      ])
    }
    findings.report.add("costs", "What the example programs cost a request:", table.lines)
  }

  /// Deploys the example and gives the kernel's times of an invocation when it has run often enough for its pages to be kept.
  private func timing(_ bed: Bed, _ name: String, _ input: String, options: String) throws -> InvocationTiming {
    try bed.deploy(name, try file(of: name), options: options)
    // The one that runs for half a minute of the virtual CPU's writes the same pages each time.
    let isLong = name == "primes" && options.isEmpty
    for _ in 0..<(isLong ? 1 : 20) { _ = try bed.invoke(name, Array(input.utf8)) }
    return try bed.timing(of: name, Array(input.utf8))
  }

  /// Private pages that are there when an invocation begins.
  private static func kept(_ timing: InvocationTiming) -> Int {
    max(0, (timing.pagesCopied ?? 0) + (timing.pagesZeroed ?? 0) - (timing.pageFaults ?? 0))
  }

  /// Microseconds of the virtual CPU as instructions, with the two digits that they have.
  private static func instructions(_ microseconds: Double?) -> String {
    guard let microseconds, microseconds > 0 else { return "" }
    let count = microseconds * 1000 / Double(1 << shift)
    let unit = pow(10, max(1, floor(log10(count)) - 1))
    return Text.grouped((count / unit).rounded() * unit)
  }

  /// Pages with bytes of the file.
  private static func imagePages(_ path: String) throws -> Int {
    var pages: Set<Int> = []
    for line in try Tool.lines("llvm-readelf -lW '\(path)'") {
      let words = line.split(separator: " ")
      guard words.count > 5, words[0] == "LOAD", let start = Int(words[2].dropFirst(2), radix: 16), let size = Int(words[4].dropFirst(2), radix: 16),
        size > 0
      else { continue }
      pages.formUnion(start >> 12...(start + size - 1) >> 12)
    }
    return pages.count
  }
}
