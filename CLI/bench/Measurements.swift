// What is measured besides the rounds: first answers, memory, instructions, overload, tails, bare processes, the soak.

import Dispatch
import Foundation
import SwiftletHost
import Synchronization

struct Measurements {
  var plan: GuestPlan
  var load: LoadTool

  // MARK: from spawning to the first answer

  /// Milliseconds from spawning QEMU to the first answer over HTTP, of `count` boots. Needs TAP: QEMU's user network accepts on the guest's behalf.
  func firstAnswers(swiftlet model: MachineModel, count: Int) throws -> [Double] {
    try (0..<count).map { _ in
      let guest = try SwiftletGuest(plan, model)
      return (try load.firstAnswer(guest.target("echo"), path: "/healthz", pause: 2) - guest.started) / 1e6
    }
  }

  func firstAnswersOfLinux(count: Int) throws -> [Double] {
    try (0..<count).map { _ in
      let guest = try LinuxGuest(plan)
      return (try load.firstAnswer(guest.target(port: 80), path: "/", pause: 10) - guest.started) / 1e6
    }
  }

  // MARK: processes without HTTP

  /// Microseconds from posix_spawn to the process having been waited for, on the host: p50.
  func spawns(of action: String, count: Int) throws -> Double {
    let words = [plan.build + "/bench/bench-server", "--spawn", "\(count)", "--", action]
    return Sample(try Tool.lines(Shell.command(words)).last ?? "")["p50"] / 1000
  }

  // MARK: guest instructions

  /// Guest instructions of one request, counted by a plugin of QEMU over `count` requests; what the guest does when idle is taken off.
  func instructions(_ target: Target, counter: Counter, isNew: Bool, count: Int) throws -> Double {
    let cell = Cell(isNew: isNew)
    func run(_ count: Int) throws {
      let sample = try load.run(target, cell, seconds: 120, extra: ["--warmup", "0", "--requests", "\(count)"])
      guard Int(sample["answers"]) == count else { throw BenchError("\(target.address): \(count) requests, \(sample.faultText)") }
    }
    try run(count)
    let (idle, pause) = try counter.during { Thread.sleep(forTimeInterval: 1) }
    let (busy, time) = try counter.during { try run(count) }
    return (Double(busy) - Double(idle) * time / pause) / Double(count)
  }

  /// A file that QEMU's plugin counts into.
  struct Counter {
    let path: String

    init(_ name: String, build: String) {
      path = build + "/bench/\(name).count"
      try? FileManager.default.removeItem(atPath: path)
    }

    /// QEMU's arguments that make it count all instructions but those at `waiting`.
    func arguments(build: String, waiting: Range<UInt64>? = nil) -> [String] {
      func hex(_ address: UInt64) -> String { String(address, radix: 16) }
      let left = waiting.map { ",from=\(hex($0.lowerBound)),to=\(hex($0.upperBound))" } ?? ""
      return ["-plugin", "\(build)/bench/instructions.so,count=\(path)\(left)"]
    }

    private func read() throws -> UInt64 {
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
      return bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Instructions and seconds of `body`.
    func during(_ body: () throws -> Void) throws -> (UInt64, Double) {
      let (before, start) = (try read(), monotonicTime())
      try body()
      return (try read() - before, (monotonicTime() - start) / 1e9)
    }
  }

  struct InstructionCounts {
    var title: String
    var keepAlive: Double
    var new: Double
  }

  func swiftletInstructions() throws -> InstructionCounts {
    let counter = Counter("swiftlet", build: plan.build)
    guard let waiting = try Program(path: plan.kernel).range(of: Program.waiting) else { throw BenchError("the kernel has no \(Program.waiting)") }
    let guest = try SwiftletGuest(plan, .microvm, extra: counter.arguments(build: plan.build, waiting: waiting))
    try guest.deploy("echo", plan.build + "/actions/echo")
    let target = guest.target("echo")
    return InstructionCounts(
      title: Names.microvm, keepAlive: try instructions(target, counter: counter, isNew: false, count: 2000),
      new: try instructions(target, counter: counter, isNew: true, count: 2000))
  }

  func linuxInstructions() throws -> [InstructionCounts] {
    let counter = Counter("linux", build: plan.build)
    let guest = try LinuxGuest(plan, extra: counter.arguments(build: plan.build))
    _ = try load.firstAnswer(guest.target(port: 80), path: "/", pause: 20)
    // The other servers start after the first.
    Thread.sleep(forTimeInterval: 3)
    let constant = plan.build + "/bench/constant"
    let targets = [
      (Names.linuxProcess, guest.target(port: 80), 200), (Names.linuxWarm, guest.target(port: 81), 1000),
      (Names.linuxNginx, guest.target(port: 82, expected: constant), 1000),
    ]
    return try targets.map { title, target, count in
      InstructionCounts(
        title: title, keepAlive: try instructions(target, counter: counter, isNew: false, count: count),
        new: try instructions(target, counter: counter, isNew: true, count: count))
    }
  }

  // MARK: overload and tails

  struct Overload {
    var title: String
    /// Answers a second, medians of the rounds: of a closed loop with 64 connections, and right answers at ten times that.
    var best: Double
    var goodput: Double
    /// The second by the first, round by round.
    var share: Ratio?
    /// Requests refused and answered 503, a second.
    var refused: Double
    var busy: Double
    /// What must not be: no answer, broken connections, wrong answers.
    var bad: Int
    /// Milliseconds that a single request took right afterwards, at worst.
    var afterwards: Double
  }

  /// Ten times the best rate at once, in an open loop with `connections`.
  func overload(_ target: Target, _ title: String, isNew: Bool, connections: Int, rounds: Int, seconds: Double) throws -> Overload {
    var best: [Double] = []
    var samples: [Sample] = []
    var afterwards = 0.0
    for _ in 0..<rounds {
      best.append(try load.run(target, Cell(connections: 64, isNew: isNew), seconds: seconds)["rate"])
      let rate = (best.last ?? 0) * 10
      samples.append(
        try load.run(target, Cell(connections: connections, isNew: isNew), seconds: seconds, extra: ["--rate", "\(rate)", "--warmup", "0.5"]))
      let after = try load.run(target, Cell(isNew: true), seconds: 5, extra: ["--warmup", "0", "--requests", "1"])
      if after["answers"] != 1 { throw BenchError("\(title): no answer after the overload (\(after.faultText))") }
      afterwards = max(afterwards, after["p50"] / 1e6)
    }
    func median(_ name: String) -> Double { samples.map { $0[name] }.median ?? 0 }
    return Overload(
      title: "\(title), \(isNew ? "new connections" : "keep-alive"), \(connections) at once", best: best.median ?? 0, goodput: median("rate"),
      share: Ratio(zip(samples, best).map { $0["rate"] / max($1, 1) }), refused: median("refused") / seconds, busy: median("busy") / seconds,
      bad: samples.map { sample in ["broken", "late", "status", "wrong", "unclosed"].map { Int(sample[$0]) }.reduce(0, +) }.reduce(0, +),
      afterwards: afterwards)
  }

  struct Tail {
    var title: String
    /// Microseconds, medians of the rounds.
    var p50: Double
    var p999: Double
    /// p99.9 by p50, round by round.
    var ratio: Ratio?
  }

  struct Tails {
    /// Requests a second, the median of the rounds.
    var rate: Double
    /// In the order of the targets.
    var each: [Tail]
  }

  /// Open loops at half of what `targets[0]` can do, all at the same rate.
  func tails(_ targets: [(String, Target)], rounds: Int, seconds: Double) throws -> Tails {
    var rates: [Double] = []
    var samples = targets.map { _ in [Sample]() }
    for _ in 0..<rounds {
      rates.append(try load.run(targets[0].1, Cell(connections: 16), seconds: 1)["rate"] / 2)
      for (index, (_, target)) in targets.enumerated() {
        samples[index].append(
          try load.run(target, Cell(connections: 16), seconds: seconds, extra: ["--rate", "\(rates.last ?? 1)"]))
      }
    }
    let each = zip(targets, samples).map { target, samples in
      Tail(
        title: target.0, p50: (samples.map { $0["p50"] }.median ?? 0) / 1000, p999: (samples.map { $0["p999"] }.median ?? 0) / 1000,
        ratio: Ratio(samples.map { $0["p999"] / max($0["p50"], 1) }))
    }
    return Tails(rate: rates.median ?? 0, each: each)
  }

  /// What the host itself takes from threads that only read the clock, one for each core: how often one of them was kept waiting for half a
  /// millisecond or more, in a second, and the share of a core's time, 0 to 1.
  func stalls(seconds: Double) -> (perSecond: Double, share: Double) {
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let all = Mutex<[Double]>([])
    DispatchQueue.concurrentPerform(iterations: cores) { _ in
      let found = Self.gaps(longerThan: 500_000, seconds: seconds)
      all.withLock { $0 += found }
    }
    let gaps = all.withLock { $0 }
    return (Double(gaps.count) / seconds, gaps.reduce(0, +) / (seconds * 1e9 * Double(cores)))
  }

  /// Nanoseconds between readings of the clock that lie more than `bound` nanoseconds apart.
  private static func gaps(longerThan bound: Double, seconds: Double) -> [Double] {
    let start = monotonicTime()
    var last = start
    var gaps: [Double] = []
    while last - start < seconds * 1e9 {
      let now = monotonicTime()
      if now - last >= bound { gaps.append(now - last) }
      last = now
    }
    return gaps
  }

  // MARK: the soak

  struct Soak {
    var requests = 0
    var seconds = 0.0
    /// Answers a second in the first and the last minute.
    var first = 0.0
    var last = 0.0
    var faults = 0
    var framesBefore = 0
    var framesAfter = 0
    var heapBefore = 0
    var heapAfter = 0
  }

  /// At least `count` requests, kept and new connections side by side, 8 of each. `window` is how many seconds "a minute" has.
  func soak(_ count: Int, window: Int = 60) throws -> Soak {
    let guest = try SwiftletGuest(plan, .microvm)
    try guest.deploy("echo", plan.build + "/actions/echo")
    let target = guest.target("echo")
    var result = Soak()
    let logs = ["keep-alive", "new"].map { plan.build + "/bench/soak-\($0).log" }
    func bothStyles(connections: Int) throws -> [Helper] {
      try zip([false, true], logs).map { isNew, log in
        let cell = Cell(connections: connections, isNew: isNew)
        return try Helper(["sh", "-c", "exec " + load.command(target, cell, seconds: 7200, extra: ["--interval", "1", "--warmup", "0"])], log: log)
      }
    }
    // What more connections than the soak has make grow stays, and so does a full ring of activations.
    var helpers = try bothStyles(connections: 16)
    Thread.sleep(forTimeInterval: 10)
    for helper in helpers { helper.stop() }
    Thread.sleep(forTimeInterval: 3)
    let before = try guest.counters()
    result.framesBefore = before.framesInUse
    result.heapBefore = before.heapBytesInUse
    helpers = try bothStyles(connections: 8)
    var perSecond: [Int] = []
    while perSecond.reduce(0, +) < count || perSecond.count < 2 * window {
      Thread.sleep(forTimeInterval: 0.5)
      let lines = try logs.map { try Self.intervals($0) }
      perSecond = zip(lines[0], lines[1]).map { $0 + $1 }
      if !helpers.allSatisfy(\.isRunning) { throw BenchError("the soak's generator ended early, see \(logs)") }
      if perSecond.count > 7000 { break }
    }
    for helper in helpers { helper.stop() }
    Thread.sleep(forTimeInterval: 3)
    let after = try guest.counters()
    result.framesAfter = after.framesInUse
    result.heapAfter = after.heapBytesInUse
    result.requests = perSecond.reduce(0, +)
    result.seconds = Double(perSecond.count)
    let width = min(window, perSecond.count / 2)
    result.first = Double(perSecond.prefix(width).reduce(0, +)) / Double(max(1, width))
    result.last = Double(perSecond.suffix(width).reduce(0, +)) / Double(max(1, width))
    result.faults = try logs.map { try Self.faults($0) }.reduce(0, +)
    return result
  }

  private static func lines(_ log: String) throws -> [Sample] {
    try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").filter { $0.hasPrefix("interval") }.map { Sample($0) }
  }

  private static func intervals(_ log: String) throws -> [Int] { try lines(log).map { Int($0["answers"]) } }
  private static func faults(_ log: String) throws -> Int { Int(try lines(log).map { $0["faults"] }.reduce(0, +)) }
}
