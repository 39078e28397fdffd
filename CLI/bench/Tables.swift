// The tables and charts of the comparison.

import Foundation

struct Tables {
  var names: [String]
  var results: Results

  private func median(_ name: String, _ cell: Cell, _ value: String) -> Double? { results.median(name, cell, value) }

  /// Contestants by the kind of connection: p50, p90, p99, p99.9 with one request at a time.
  var latency: [String] {
    var table = Table(head: ["", "keep-alive p50", "p90", "p99", "p99.9", "new connection p50", "p90", "p99", "p99.9"])
    for name in names {
      table.rows.append(
        [name]
          + [false, true].flatMap { isNew in
            ["p50", "p90", "p99", "p999"].map { Text.time(median(name, Cell(isNew: isNew), $0)) }
          })
    }
    return table.lines
  }

  /// Right answers a second with 1, 4, 16 and 64 connections.
  var throughput: [String] {
    var table = Table(head: [""] + ["keep-alive", "new connections"].flatMap { kind in Comparison.widths.map { $0 == 1 ? "\(kind) 1" : "\($0)" } })
    for name in names {
      table.rows.append(
        [name]
          + [false, true].flatMap { isNew in
            Comparison.widths.map { Text.rate(median(name, Cell(connections: $0, isNew: isNew), "rate")) }
          })
    }
    return table.lines
  }

  /// How many times Swiftlet on microvm is better, with the spread between rounds.
  var ratios: [String] {
    var table = Table(head: ["against", "keep-alive p50", "new connection p50", "keep-alive, 16 at once", "new connections, 16 at once"])
    for name in names where name != Names.microvm {
      table.rows.append([
        name,
        Text.spread(results.ratio(name, Names.microvm, Cell(), "p50")), Text.spread(results.ratio(name, Names.microvm, Cell(isNew: true), "p50")),
        Text.spread(results.ratio(Names.microvm, name, Cell(connections: 16), "rate")),
        Text.spread(results.ratio(Names.microvm, name, Cell(connections: 16, isNew: true), "rate")),
      ])
    }
    return table.lines
  }

  /// The other work, with one request at a time over a kept connection, and `compute` with 16.
  var work: [String] {
    var table = Table(head: ["", "64 KiB echo p50", "glibc echo p50", "compute p50", "compute, 16 at once"])
    for name in names {
      let row = [
        Text.time(median(name, Cell(body: 65_536), "p50")), Text.time(median(name, Cell(work: .echoGlibc), "p50")),
        Text.time(median(name, Cell(work: .compute, body: 0), "p50")),
        median(name, Cell(work: .compute, connections: 16, body: 0), "rate").map { Text.rate($0) + "/s" } ?? "",
      ]
      if row.contains(where: { !$0.isEmpty }) { table.rows.append([name] + row) }
    }
    return table.lines
  }

  func charts(into folder: String) throws {
    var latency = Chart(title: "An echo of 64 bytes: time to the answer, p50", unit: "us, log scale", series: ["keep-alive", "new connection"])
    latency.rows = names.map { name in (name, [false, true].map { median(name, Cell(isNew: $0), "p50").map { $0 / 1000 } }) }
    try latency.write(to: folder + "/latency.svg")
    var throughput = Chart(
      title: "An echo of 64 bytes: answers a second, 16 connections", unit: "1/s, log scale", series: ["keep-alive", "new connections"])
    throughput.rows = names.map { name in (name, [false, true].map { median(name, Cell(connections: 16, isNew: $0), "rate") }) }
    try throughput.write(to: folder + "/throughput.svg")
  }

  /// What issue 5 wants of the rounds.
  var goals: [Goal] {
    func p50(_ name: String, isNew: Bool = false) -> Ratio? { results.ratio(Names.microvm, name, Cell(isNew: isNew), "p50") }
    func faster(_ name: String) -> Ratio? { results.ratio(name, Names.microvm, Cell(), "p50") }
    func rate(_ name: String) -> Ratio? { results.ratio(Names.microvm, name, Cell(connections: 16), "rate") }
    return [
      .ratio("p50 by that of a native process per request, keep-alive", p50(Names.process), atMost: 0.75),
      .ratio("p50 by that of a native process per request, new connection", p50(Names.process, isNew: true), atMost: 1),
      .ratio("throughput at 16 by that of a native process per request", rate(Names.process), atLeast: 1.5),
      .ratio("p50 better than a process per request in the Linux guest", faster(Names.linuxProcess), atLeast: 40),
      .ratio("throughput at 16 by that of a process per request in the Linux guest", rate(Names.linuxProcess), atLeast: 50),
      .ratio("p50 better than the warm server in the Linux guest", faster(Names.linuxWarm), atLeast: 2),
      .ratio("throughput at 16 by that of the warm server in the Linux guest", rate(Names.linuxWarm), atLeast: 2.5),
      .ratio("p50 better than nginx in the Linux guest", faster(Names.linuxNginx), atLeast: 2),
      .ratio("throughput at 16 by that of nginx in the Linux guest", rate(Names.linuxNginx), atLeast: 2.5),
    ]
  }
}
