// Rounds: every contestant in turn, each cell of the tables once, and the same again.

import Foundation

/// What was measured, by contestant and cell, a sample for each round.
struct Results {
  private(set) var samples: [String: [Cell: [Int: Sample]]] = [:]
  /// Faults that were seen, for the report.
  private(set) var faults: [String] = []

  mutating func add(_ sample: Sample, _ contestant: String, _ cell: Cell, round: Int) {
    samples[contestant, default: [:]][cell, default: [:]][round] = sample
    if sample.faults > 0 { faults.append("\(contestant), \(cell.title): \(sample.faultText)") }
  }

  mutating func note(_ fault: String) { faults.append(fault) }

  func all(_ contestant: String, _ cell: Cell, _ value: String) -> [Double] {
    rounds(contestant, cell).values.map { $0[value] }
  }

  /// The samples with answers, by round.
  private func rounds(_ contestant: String, _ cell: Cell) -> [Int: Sample] {
    (samples[contestant]?[cell] ?? [:]).filter { $0.value["answers"] > 0 }
  }

  /// The median over the rounds; nil where nothing was measured.
  func median(_ contestant: String, _ cell: Cell, _ value: String) -> Double? { all(contestant, cell, value).median }

  /// `one` by `other`, round by round: the median, and the least and the greatest.
  func ratio(_ one: String, _ other: String, _ cell: Cell, _ value: String) -> Ratio? {
    let (mine, theirs) = (rounds(one, cell), rounds(other, cell))
    return Ratio(mine.keys.sorted().compactMap { round in
      guard let mine = mine[round]?[value], let theirs = theirs[round]?[value], theirs > 0 else { return nil }
      return mine / theirs
    })
  }
}

struct Ratio {
  var median: Double
  var least: Double
  var greatest: Double

  init?(_ values: [Double]) {
    guard let median = values.median, let least = values.min(), let greatest = values.max() else { return nil }
    self.median = median
    self.least = least
    self.greatest = greatest
  }

  init(_ value: Double) {
    median = value
    least = value
    greatest = value
  }
}

extension [Double] {
  var median: Double? {
    let sorted = self.sorted()
    if sorted.isEmpty { return nil }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}

struct Comparison {
  var load: LoadTool
  var rounds: Int
  /// Seconds that each cell is measured for in each round.
  var seconds: Double

  static let widths = [1, 4, 16, 64]

  /// The cells that one contestant is measured in.
  static func cells(_ contestant: Contestant) -> [Cell] {
    var cells: [Cell] = []
    for isNew in [false, true] {
      // QEMU's user network listens with a backlog of 1.
      for width in widths where Lab.isIsolated || !isNew || width == 1 { cells.append(Cell(connections: width, isNew: isNew)) }
    }
    // Answers from memory have one size.
    if contestant.targets[.echo]?.expected == nil { cells.append(Cell(body: 65_536)) }
    if contestant.targets[.echoGlibc] != nil { cells.append(Cell(work: .echoGlibc)) }
    if contestant.targets[.compute] != nil { cells += [Cell(work: .compute, body: 0), Cell(work: .compute, connections: 16, body: 0)] }
    return cells
  }

  func run(_ contestants: [Contestant], into results: inout Results) throws {
    for round in 0..<rounds {
      print("round \(round + 1) of \(rounds), each contestant:", terminator: "")
      // Those that take milliseconds need fewer rounds to show by how much they are behind.
      for contestant in contestants where !contestant.isSlow || round % 2 == 0 {
        let start = ContinuousClock.now
        try revive(contestant, into: &results)
        for cell in Self.cells(contestant) {
          guard let target = contestant.targets[cell.work] else { continue }
          results.add(try load.run(target, cell, seconds: seconds, extra: ["--timeout", "4"]), contestant.title, cell, round: round)
        }
        print(" \((ContinuousClock.now - start).seconds)", terminator: "")
        fflush(nil)
      }
      print()
    }
  }

  /// Debian's kernel sometimes hangs under TCG, as do its boots: it is started again, and that is told. Swiftlet's never is.
  private func revive(_ contestant: Contestant, into results: inout Results) throws {
    guard let restart = contestant.restart, let target = contestant.targets[.echo] else { return }
    let sample = try load.run(target, Cell(), seconds: 5, extra: ["--requests", "1", "--warmup", "0", "--timeout", "4"])
    if sample["answers"] > 0 { return }
    try restart()
    results.note("\(contestant.title): had stopped answering and was started again")
  }
}
