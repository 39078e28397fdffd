// The parts that set Swiftlet beside its peers.

import Foundation
import SwiftletHost

extension Bench {
  // MARK: rounds

  /// All contestants, started once.
  private func field(_ findings: Findings) throws -> Field {
    if let field = findings.field { return field }
    let measurements = try measurements
    var field = try Field(measurements.plan, load: measurements.load)
    try field.fill(peers: true)
    findings.field = field
    for line in field.leftOut { print("left out: \(line)") }
    return field
  }

  func compare(_ findings: Findings) throws {
    let field = try field(findings)
    let measurements = try measurements
    var results = Results()
    try Comparison(load: measurements.load, rounds: quick ? 1 : 7, seconds: quick ? 0.2 : 0.4).run(field.contestants, into: &results)
    let tables = Tables(names: field.contestants.map(\.title), results: results)
    findings.report.add("latency", "Time to the answer, one request at a time, 64 bytes:", tables.latency)
    findings.report.add("throughput", "Right answers a second:", tables.throughput)
    findings.report.add("ratios", "How many times better Swiftlet on microvm is (least and greatest of the rounds):", tables.ratios)
    findings.report.add("work", "Other work:", tables.work)
    var left = field.leftOut.map { "- left out: \($0)" } + results.faults.map { "- fault: \($0)" }
    if left.isEmpty { left = ["Nobody was left out, and every answer was right."] }
    if let check = try checkGenerator(field) { left.append(check) }
    findings.report.add("faults", "Left out, and faults:", left)
    findings.report.add("commands", "Commands:", try commands(field))
    for goal in tables.goals { findings.report.add(goal) }
    if let charts {
      try FileManager.default.createDirectory(atPath: charts, withIntermediateDirectories: true)
      try tables.charts(into: charts)
    }
  }

  /// The generator beside wrk on the server that costs least; nil where wrk is not installed.
  private func checkGenerator(_ field: Field) throws -> String? {
    guard ProgramPath.find("wrk", in: ProcessInfo.processInfo.environment["PATH"]) != nil,
      let target = field.contestants.first(where: { $0.title == Names.warm })?.targets[.echo]
    else { return nil }
    var ours: [Double] = []
    var theirs: [Double] = []
    for _ in 0..<3 {
      ours.append(try measurements.load.run(target, Cell(connections: 16, body: 0), seconds: 1)["rate"])
      let lines = try Tool.lines("wrk -c 16 -t 1 -d 1 http://\(target.address):\(target.port)/")
      theirs += lines.filter { $0.hasPrefix("Requests/sec:") }.compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
    }
    return "- the generator against wrk, host in the server, 16 connections, no body, medians of three: "
      + "\(Text.grouped(ours.median ?? 0)) and \(Text.grouped(theirs.median ?? 0)) answers a second"
  }

  /// The command lines of guests and servers, with no path of this machine in them.
  private func commands(_ field: Field) throws -> [String] {
    let load = try measurements.load
    var lines = ["```"]
    for contestant in field.contestants {
      lines.append("# " + contestant.title)
      if let command = contestant.command { lines.append(command) }
      if let target = contestant.targets[.echo] { lines.append(load.command(target, Cell(connections: 16), seconds: quick ? 0.2 : 0.4)) }
    }
    let folder = (build as NSString).deletingLastPathComponent + "/"
    return (lines + ["```"]).map { $0.replacingOccurrences(of: folder, with: "") }
  }

  // MARK: first answers, sizes and memory

  func starts(_ findings: Findings) throws {
    let measurements = try measurements
    let plan = measurements.plan
    guard Lab.isIsolated else {
      print("\nFirst answers beside Linux's need a TAP interface: left out.")
      return
    }
    let hasLinux = LinuxGuest.isThere(plan)
    let swiftlet = try measurements.firstAnswers(swiftlet: .microvm, count: quick ? 5 : 10)
    let q35 = try measurements.firstAnswers(swiftlet: .q35, count: quick ? 3 : 5)
    let linux = hasLinux ? try measurements.firstAnswersOfLinux(count: quick ? 1 : 3) : []
    var table = Table(head: ["", "first answer after spawning QEMU", "image", "QEMU's resident memory after the first answer"])
    func size(_ paths: [String]) throws -> String {
      let bytes = try paths.map { try FileManager.default.attributesOfItem(atPath: $0)[.size] as? Int ?? 0 }.reduce(0, +)
      return Text.grouped(Double(bytes)) + " bytes"
    }
    func row(_ name: String, _ times: [Double], _ paths: [String], _ memory: Int?) throws {
      guard let median = times.median, let least = times.min(), let greatest = times.max() else { return }
      let spread = "\(Text.short(median)) ms (\(Text.short(least)) to \(Text.short(greatest)), \(times.count) boots)"
      table.rows.append([name, spread, try size(paths), memory.map { Text.short(Double($0) / 1e6) + " MB" } ?? ""])
    }
    func memory(_ model: MachineModel) throws -> Int? {
      let guest = try SwiftletGuest(plan, model)
      _ = try measurements.load.firstAnswer(guest.target("echo"), path: "/healthz", pause: 2)
      return ProcessMemory.resident(guest.machine.processIdentifier)
    }
    try row(Names.microvm, swiftlet, [plan.kernel], try memory(.microvm))
    try row(Names.q35, q35, [plan.kernel], try memory(.q35))
    if hasLinux {
      let guest = try LinuxGuest(plan)
      _ = try measurements.load.firstAnswer(guest.target(port: 80), path: "/", pause: 10)
      try row("Linux guest", linux, [plan.guest + "/vmlinuz", plan.guest + "/initrd.cpio.gz"], ProcessMemory.resident(guest.process))
    }
    var lines = table.lines + [""]
    for name in ["echo", "echo-glibc"] where FileManager.default.fileExists(atPath: build + "/actions/" + name) {
      let time = try measurements.spawns(of: build + "/actions/" + name, count: quick ? 300 : 2000)
      lines.append("On the host with no HTTP, from posix_spawn of `\(name)` until it was waited for: \(Text.short(time)) us (p50).")
    }
    findings.report.add("starts", "Boots, sizes, memory:", lines)
    findings.report.add(.ratio("first answer sooner than the Linux guest's", ratio(linux.median, swiftlet.median), atLeast: 20))
    if let charts {
      var chart = Chart(title: "Spawning QEMU to the first answer over HTTP", unit: "ms, log scale", series: ["median"])
      chart.rows = [(Names.microvm, [swiftlet.median]), (Names.q35, [q35.median]), ("Linux guest", [linux.median])]
      try chart.write(to: charts + "/start.svg")
    }
  }

  private func ratio(_ one: Double?, _ other: Double?) -> Ratio? {
    guard let one, let other, other > 0 else { return nil }
    return Ratio(one / other)
  }

  // MARK: instructions

  func instructions(_ findings: Findings) throws {
    let measurements = try measurements
    guard Lab.isIsolated, try accelerator.kind == .tcg else {
      print("\nInstructions beside Linux's are counted under TCG, over TAP: left out.")
      return
    }
    var counts = [try measurements.swiftletInstructions()]
    if LinuxGuest.isThere(measurements.plan) { counts += try measurements.linuxInstructions() }
    var table = Table(head: ["", "keep-alive", "times Swiftlet's", "new connection", "times Swiftlet's"])
    for count in counts {
      table.rows.append([
        count.title, Text.grouped(count.keepAlive), Text.short(count.keepAlive / counts[0].keepAlive), Text.grouped(count.new),
        Text.short(count.new / counts[0].new),
      ])
    }
    findings.report.add("instructions", "Guest instructions of one request, 64 bytes:", table.lines)
    func times(_ name: String) -> Ratio? { ratio(counts.first { $0.title == name }?.keepAlive, counts[0].keepAlive) }
    findings.report.add(
      .ratio("guest instructions fewer than a process per request in the Linux guest", times(Names.linuxProcess), atLeast: 50))
    findings.report.add(.ratio("guest instructions fewer than the warm server in the Linux guest", times(Names.linuxWarm), atLeast: 5))
    findings.report.add(.ratio("guest instructions fewer than nginx in the Linux guest", times(Names.linuxNginx), atLeast: 5))
    if let charts {
      var chart = Chart(
        title: "Guest instructions of one request", unit: "instructions, log scale", series: ["keep-alive", "new connection"],
        label: { Text.grouped($0) })
      chart.rows = counts.map { ($0.title, [$0.keepAlive, $0.new]) }
      try chart.write(to: charts + "/instructions.svg")
    }
  }

  // MARK: overload, tails, soak

  func overload(_ findings: Findings) throws {
    let field = try field(findings)
    let measurements = try measurements
    func target(_ title: String) -> Target? { field.contestants.first { $0.title == title }?.targets[.echo] }
    guard let swiftlet = target(Names.microvm), let process = target(Names.process), let warm = target(Names.warm) else { return }
    var table = Table(
      head: ["", "best/s", "right answers/s at 10 times that", "% of the best", "refused/s", "503/s", "other faults", "a request afterwards"])
    var worst: Ratio?
    var bad = 0
    // 250 connections are what the kernel takes, 400 are more.
    for (name, target) in [(Names.microvm, swiftlet), (Names.process, process)] {
      for (isNew, width) in [(false, 250), (true, 250), (true, 400)] {
        let one = try measurements.overload(target, name, isNew: isNew, connections: width, rounds: quick ? 1 : 5, seconds: 1)
        table.rows.append([
          one.title, Text.grouped(one.best), Text.grouped(one.goodput), Text.spread(one.share, times: 100), Text.grouped(one.refused),
          Text.grouped(one.busy), "\(one.bad)", "\(Text.short(one.afterwards)) ms",
        ])
        guard name == Names.microvm, let share = one.share else { continue }
        if share.median < worst?.median ?? .infinity { worst = share }
        bad += one.bad
      }
    }
    findings.report.add("overload", "Ten times the best rate, open loop:", table.lines)
    findings.report.add(.ratio("goodput by the best, at 10 times the best rate, worst of the three loads", worst, atLeast: 0.8))
    findings.report.add(
      Goal(title: "requests lost or wrong under overload", measured: "\(bad)", goal: "none", isMet: bad == 0))

    try tails([(Names.microvm, swiftlet), (Names.process, process), (Names.warm, warm)], findings)
  }

  /// With everything on one core, so that another is left for what the host itself does, and with all cores in use.
  private func tails(_ targets: [(String, Target)], _ findings: Findings) throws {
    let measurements = try measurements
    func measure() throws -> Measurements.Tails { try measurements.tails(targets, rounds: quick ? 1 : 5, seconds: 2) }
    var table = Table(head: ["", "requests/s", "p50", "p99.9", "p99.9 by p50"])
    for (cores, tails) in [("one core", try Lab.onOneCore(measure)), ("all cores", try measure())] {
      for one in tails.each {
        table.rows.append([
          "\(one.title), \(cores)", Text.grouped(tails.rate), Text.time(one.p50 * 1000), Text.time(one.p999 * 1000), Text.spread(one.ratio),
        ])
      }
      let noise = tails.each.last?.ratio.map { Text.short($0.median) } ?? ""
      findings.report.add(
        .ratio(
          "p99.9 by p50 at half of saturation, \(cores) (the same of a server without processes on the host: \(noise))",
          tails.each.first?.ratio, atMost: 10))
    }
    let stalls = measurements.stalls(seconds: quick ? 2 : 10)
    let noise = "With no requests at all, and a thread for each core that only reads the clock, one of them was kept waiting for 0.5 ms or longer "
      + "\(Text.short(stalls.perSecond)) times a second, in all \(Text.short(stalls.share * 100)) % of a core's time."
    let title = "At half of what Swiftlet can do with 16 connections, open loop:"
    findings.report.add("tails", title, [title, ""] + table.lines + ["", noise])
  }

  func soakRun(_ findings: Findings) throws {
    let soak = try measurements.soak(soak)
    findings.report.add(
      "soak", "Soak:",
      [
        "\(Text.grouped(Double(soak.requests))) requests in \(Int(soak.seconds)) s, 8 connections kept and 8 at a time made anew: "
          + "\(Text.grouped(soak.first)) answers a second in the first minute, \(Text.grouped(soak.last)) in the last; \(soak.faults) faults; "
          + "frames in use \(soak.framesBefore) before and \(soak.framesAfter) after, bytes of the heap \(soak.heapBefore) and \(soak.heapAfter).",
      ])
    findings.report.add(.ratio("soak: the last minute's throughput by the first's", ratio(soak.last, soak.first), atLeast: 0.95))
    // What may be kept for the next request is 4 KiB of the server's and 2 KiB of the one connection's that asks, and pages of the heap are filled
    // differently each time: a few bytes and frames more or fewer say nothing.
    let (frames, bytes) = (soak.framesAfter - soak.framesBefore, soak.heapAfter - soak.heapBefore)
    findings.report.add(
      Goal(
        title: "soak: memory that stays in use, beyond what was before", measured: "\(bytes) bytes of the heap, \(frames) frames",
        goal: "at most 6,144 bytes, 4 frames", isMet: bytes <= 6144 && frames <= 4))
    findings.report.add(Goal(title: "soak: faults", measured: "\(soak.faults)", goal: "none", isMet: soak.faults == 0))
  }
}

/// Facts of the machine, with no name or path.
enum Machine {
  static func facts(accelerator: String) throws -> [String] {
    func first(_ command: String) -> String { (try? Tool.lines(command).first).map { $0.map(String.init) ?? "" } ?? "" }
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let memory = ProcessInfo.processInfo.physicalMemory >> 30
    return [
      "- \(first("sed -n 's/^model name.*: //p' /proc/cpuinfo")), \(cores) cores, \(memory) GiB, Linux \(first("uname -r | sed 's/-.*//'"))",
      "- \(first("qemu-system-x86_64 --version")), accelerator \(accelerator), guests with one CPU and \(GuestPlan.memory)",
      "- network: " + (Lab.isIsolated ? "TAP in a network namespace for guests, loopback in the same for the host's servers" : "QEMU's user network"),
      "- \(first("date -u +%Y-%m-%d")), load average of the last minute at the end: \(first("cut -d' ' -f1 /proc/loadavg"))",
    ]
  }
}

extension Duration {
  /// In seconds, rounded: "143 s".
  var seconds: String { "\(Int((self / .seconds(1)).rounded())) s" }
}
