// What was found, as Markdown between the marks of docs/benchmarks.md, and printed. Out of scope: the charts.

import Foundation

/// One line of what issue 5 asks for.
struct Goal {
  var title: String
  var measured: String
  var goal: String
  var isMet: Bool

  /// `ratio` has to be at least, or at most, `bound`; the rounds' least and greatest are told as well.
  static func ratio(_ title: String, _ ratio: Ratio?, atLeast bound: Double? = nil, atMost limit: Double? = nil) -> Goal {
    let goal = bound.map { "at least \(Text.short($0))" } ?? "at most \(Text.short(limit ?? 0))"
    guard let ratio else { return Goal(title: title, measured: "not measured", goal: goal, isMet: false) }
    let isMet = bound.map { ratio.median >= $0 } ?? (ratio.median <= (limit ?? 0))
    let measured = ratio.least == ratio.greatest ? Text.short(ratio.median) : Text.spread(ratio)
    return Goal(title: title, measured: measured, goal: goal, isMet: isMet)
  }

  var row: [String] { [title, measured, goal, isMet ? "met" : "**not met**"] }
}

enum Text {
  /// A number with three digits that matter.
  static func short(_ value: Double) -> String {
    switch abs(value) {
    case 1000...: grouped(value)
    case 100...: String(format: "%.0f", value)
    case 10...: String(format: "%.1f", value)
    default: String(format: "%.2f", value)
    }
  }

  /// A whole number with commas.
  static func grouped(_ value: Double) -> String {
    var digits = String(Int(value.rounded()))
    var result = ""
    while digits.count > 3, digits.last?.isNumber == true {
      result = "," + digits.suffix(3) + result
      digits.removeLast(3)
    }
    return digits + result
  }

  /// Nanoseconds as microseconds or milliseconds.
  static func time(_ nanoseconds: Double?) -> String {
    guard let nanoseconds else { return "" }
    return nanoseconds < 1e6 ? "\(short(nanoseconds / 1e3)) us" : "\(short(nanoseconds / 1e6)) ms"
  }

  static func rate(_ value: Double?) -> String { value.map { grouped($0) } ?? "" }
  static func ratio(_ value: Ratio?) -> String { value.map { short($0.median) } ?? "" }

  /// The median, and the least and the greatest of the rounds, each times `factor`.
  static func spread(_ value: Ratio?, times factor: Double = 1) -> String {
    value.map { "\(short($0.median * factor)) (\(short($0.least * factor)) to \(short($0.greatest * factor)))" } ?? ""
  }
}

/// A Markdown table.
struct Table {
  var head: [String]
  var rows: [[String]] = []

  var lines: [String] {
    [head, head.map { _ in "---" }] .map { "| " + $0.joined(separator: " | ") + " |" } + rows.map { "| " + $0.joined(separator: " | ") + " |" }
  }
}

/// The parts of the document that a run fills in, by the names of their marks.
struct Report {
  private var blocks: [String: [String]] = [:]
  private(set) var goals: [Goal] = []

  mutating func add(_ mark: String, _ title: String, _ lines: [String]) {
    blocks[mark] = lines
    print("\n\(title)\n")
    for line in lines { print(line) }
    fflush(nil)
  }

  mutating func add(_ goal: Goal) {
    goals.append(goal)
    print("goal: \(goal.title): \(goal.measured), \(goal.goal): \(goal.isMet ? "met" : "NOT MET")")
    fflush(nil)
  }

  /// Fills `path` in between `<!-- begin NAME -->` and `<!-- end -->`; what was not measured stays.
  func write(to path: String) throws {
    var blocks = blocks
    if !goals.isEmpty {
      blocks["goals"] = Table(head: ["", "measured", "goal", ""], rows: goals.map(\.row)).lines
    }
    var result: [Substring] = []
    var isInside = false
    for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false) {
      if line == "<!-- end -->" { isInside = false }
      if !isInside { result.append(line) }
      if line.hasPrefix("<!-- begin "), let lines = blocks[String(line.dropFirst(11).dropLast(4))] {
        isInside = true
        result += [""] + lines.map { Substring($0) } + [""]
      }
    }
    try result.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
  }
}
