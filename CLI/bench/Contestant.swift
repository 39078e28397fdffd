// Who is measured: something that answers HTTP requests for one or more programs.

import Foundation
import SwiftletHost

/// What is asked for.
enum Work: String, CaseIterable {
  /// The freestanding echo of `Userland/echo`.
  case echo
  /// The same in C with a static glibc.
  case echoGlibc
  /// `Tests/Actions/compute.c`.
  case compute
}

/// Where a contestant answers for one kind of work.
struct Target {
  var address: String
  var port: UInt16
  var path: String
  /// The file that holds the answer; nil: the request's body.
  var expected: String?
  /// Whether the request's body is to hold the head of a CGI response.
  var isCGI = false
}

final class Contestant {
  /// How the tables name it.
  let title: String
  let targets: [Work: Target]
  /// How it was started, where that is a command of its own.
  let command: String?
  /// Whether each request takes milliseconds, so that one in two rounds is enough.
  let isSlow: Bool
  /// Starts it again where it has stopped answering; nil where that must not happen.
  let restart: (() throws -> Void)?
  /// What keeps it alive.
  private let keep: [AnyObject]

  init(
    _ title: String, targets: [Work: Target], command: String? = nil, isSlow: Bool = false, restart: (() throws -> Void)? = nil,
    keep: [AnyObject] = []
  ) {
    self.title = title
    self.targets = targets
    self.command = command
    self.isSlow = isSlow
    self.restart = restart
    self.keep = keep
  }
}

/// One cell of the tables: what is asked for and how.
struct Cell: Hashable {
  var work = Work.echo
  var connections = 1
  var isNew = false
  var body = 64

  var title: String {
    let size = body >= 1024 ? "\(body / 1024) KiB" : "\(body) bytes"
    return "\(work.rawValue), \(size), \(isNew ? "new connections" : "keep-alive"), \(connections) at once"
  }
}

/// What `bench-load` printed.
struct Sample {
  private var values: [String: Double] = [:]

  init(_ line: some StringProtocol) {
    for word in line.split(separator: " ") {
      let parts = word.split(separator: "=")
      if parts.count == 2, let value = Double(parts[1]) { values[String(parts[0])] = value }
    }
  }

  subscript(_ name: String) -> Double { values[name] ?? 0 }

  static let faults = ["refused", "broken", "late", "busy", "status", "wrong", "unclosed"]
  /// Requests that were not answered as they should.
  var faults: Double { Self.faults.map { self[$0] }.reduce(0, +) }
  /// Which, for a message.
  var faultText: String { Self.faults.filter { self[$0] > 0 }.map { "\($0) \(Int(self[$0]))" }.joined(separator: ", ") }
}

/// The load generator.
struct LoadTool {
  let program: String

  /// Loads `target` for `seconds` and gives what came of it.
  func run(_ target: Target, _ cell: Cell, seconds: Double, extra: [String] = []) throws -> Sample {
    Sample(try lines(target, cell, seconds: seconds, extra: extra).last ?? "")
  }

  func lines(_ target: Target, _ cell: Cell, seconds: Double, extra: [String] = []) throws -> [Substring] {
    try Tool.lines(command(target, cell, seconds: seconds, extra: extra) + " || true")
  }

  func command(_ target: Target, _ cell: Cell, seconds: Double, extra: [String] = []) -> String {
    var words = [program, "--address", target.address, "--port", "\(target.port)", "--path", target.path]
    words += ["--connections", "\(cell.connections)", "--seconds", "\(seconds)", "--body", "\(cell.body)"]
    if cell.isNew { words.append("--new") }
    if target.isCGI { words.append("--cgi") }
    if let expected = target.expected { words += ["--expect", expected] }
    return Shell.command(words + extra)
  }

  /// Waits until anything answers at `target` and gives the monotonic clock's time of it, in nanoseconds.
  func firstAnswer(_ target: Target, path: String, pause: Int) throws -> Double {
    let words = [program, "--first-answer", "--address", target.address, "--port", "\(target.port)", "--path", path, "--pause", "\(pause)"]
    guard let line = try Tool.lines(Shell.command(words)).last else { throw BenchError("no answer from \(target.address)") }
    return Sample(line)["answered"]
  }
}
