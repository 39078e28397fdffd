// `swiftlet-bench`: measures the kernel under QEMU: beside its peers, in guest instructions of a request, in boots, in memory of deployed actions.

import ArgumentParser
import Foundation
import SwiftletHost

@main
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "swiftlet-bench", abstract: "Measure Swiftlet beside its peers, and count its guest instructions.")

  enum Part: String, CaseIterable, ExpressibleByArgument {
    /// Rounds of all contestants; first answers and memory; instructions beside Linux's; overload and tails.
    case compare, starts, instructions, overload
    /// Instructions by stage and function, raw and through the API; boots; many actions.
    case profile, api, boots, density
    /// Two million requests.
    case soak
    /// What the example programs cost; only where asked for.
    case costs
  }

  @Option(help: "The folder that make built into.") var build = "build"
  @Option(help: "Requests that are counted.") var requests = 40
  @Option(help: "Functions to show.") var top = 30
  @Option(help: "Boots to measure.") var boots = 10
  @Option(help: "Actions to deploy for the density.") var actions = 10_000
  @Option(help: "The action to profile.") var action = "echo"
  @Option(help: "Show the functions of one stage only: receive, http, start, systemCalls, exit, send, restore, other.") var stage: Stage?
  @Option(help: "Requests of the soak.") var soak = 2_000_000
  @Option(help: "The document to fill in; charts go into a folder beside it. Given none, nothing is written.") var document: String?
  @Flag(help: "Fewer rounds and contestants: two minutes.") var quick = false
  @Option(help: "What to measure; may be given several times (default: everything).") var part: [Part] = []

  /// The folder for charts.
  var charts: String? {
    document.map { $0.hasSuffix(".md") ? String($0.dropLast(3)) : $0 + ".charts" }
  }

  var accelerator: Accelerator { get throws { try Accelerator(for: .auto, support: .detect()) } }
  var measurements: Measurements {
    get throws {
      Measurements(
        plan: GuestPlan(build: build, accelerator: try accelerator), load: LoadTool(program: build + "/bench/bench-load"))
    }
  }

  var kernel: String { build + "/swiftlet-kernel.elf" }

  /// What is found.
  final class Findings {
    var report = Report()
    var field: Field?
  }

  func run() throws {
    try Lab.enter()
    let findings = Findings()
    let started = ContinuousClock.now
    let standard = Part.allCases.filter { $0 != .costs && (!quick || [.compare, .starts, .instructions, .profile].contains($0)) }
    for one in part.isEmpty ? standard : part {
      switch one {
      case .compare: try compare(findings)
      case .starts: try starts(findings)
      case .instructions: try instructions(findings)
      case .overload: try overload(findings)
      case .profile: try profile(findings)
      case .api: try profileAPI(findings)
      case .boots: try measureBoots(findings)
      case .density: try density(findings)
      case .soak: try soakRun(findings)
      case .costs: try costs(findings)
      }
    }
    print("\nAll of it took \((ContinuousClock.now - started).seconds).")
    guard let document else { return }
    findings.report.add("machine", "Machine:", try Machine.facts(accelerator: try accelerator.kind.rawValue))
    try findings.report.write(to: document)
    print("Written: \(document)")
  }

  func file(of action: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: build + "/actions/" + action)))
  }

  private func line(_ title: String, _ value: Double, _ note: String = "") {
    print(String(format: "  %9.1f  ", value) + title + (note.isEmpty ? "" : "  (\(note))"))
  }

  // MARK: one request

  private func profile(_ findings: Findings) throws {
    let program = try Program(path: kernel)
    let user = try Program(path: build + "/actions/" + action)
    let bed = try Bed(kernel: kernel)
    try bed.deploy(action, try file(of: action))
    let body = [UInt8](repeating: UInt8(ascii: "x"), count: 64)
    // Past the ring of activations, which fills up first.
    for _ in 0..<1_500 { _ = try bed.invoke(action, body) }
    let trace = try bed.trace { for _ in 0..<requests { _ = try bed.invoke(action, body) } }
    let typical = Profile.typical(of: trace, runs: 1, kernel: program, action: user)

    var table = Table(head: ["stage", "instructions"])
    for stage in Stage.allCases { table.rows.append([stage.title, Text.grouped(typical.count(stage))]) }
    table.rows.append(["**whole request**", "**\(Text.grouped(Double(typical.total)))**"])
    table.rows.append([
      "after exit back to ready (exit and restore of \(typical.pageFills) pages; goal 3,000 and 600 a page)",
      Text.grouped(typical.count(.exit) + typical.count(.restore)),
    ])
    let title = "Guest instructions of one invocation of \(action), keep-alive, 64 bytes, the median of \(requests):"
    findings.report.add(action == "echo" ? "profile" : "profile of \(action)", title, table.lines)
    if action == "echo" {
      findings.report.add(.ratio("guest instructions of a raw echo request, keep-alive", Ratio(Double(typical.total)), atMost: 12_000))
    }
    showFunctions(Profile(trace, kernel: program, action: user))
  }

  private func showFunctions(_ profile: Profile) {
    print("\nThe \(top) functions that cost the most:")
    let symbols = stage.map { profile.stageSymbols[$0] ?? [:] } ?? profile.symbols
    for (name, count) in symbols.sorted(by: { ($0.value, $1.key) > ($1.value, $0.key) }).prefix(top) {
      line(String(name.prefix(110)), per(count), String(format: "%.1f calls", per(profile.calls[name] ?? 0)))
    }
  }

  // MARK: through the API

  /// What OpenWhisk's API adds to a raw invocation of the same action with the same bytes, and a step of a sequence to that.
  private func profileAPI(_ findings: Findings) throws {
    let program = try Program(path: kernel)
    let user = try Program(path: build + "/actions/" + action)
    let bed = try Bed(kernel: kernel)
    try bed.deploy(action, try file(of: action))
    try bed.deploy("three", sequence: [action, action, action])
    let body = Array("{\"name\":\"\(String(repeating: "x", count: 53))\"}".utf8)
    // Past the ring of activations, which fills up first.
    for _ in 0..<1_500 { _ = try bed.invoke(action, body) }
    func measure(runs: Int = 1, _ request: () throws -> [UInt8]) throws -> (typical: Profile, all: Profile) {
      for _ in 0..<100 { _ = try request() }
      let trace = try bed.trace { for _ in 0..<requests { _ = try request() } }
      return (Profile.typical(of: trace, runs: runs, kernel: program, action: user), Profile(trace, kernel: program, action: user))
    }
    let raw = try measure { try bed.invoke(action, body) }.typical
    let (api, all) = try measure { try bed.activate(action, body) }
    let sequence = try measure(runs: 3) { try bed.activate("three", body) }.typical
    func row(_ title: String, _ count: Double, _ rawCount: Double) -> [String] {
      [title, Text.grouped(count), String(format: "%+.0f", count - rawCount)]
    }
    var table = Table(head: ["stage", "instructions", "more than raw"])
    table.rows = Stage.allCases.map { row($0.title, api.count($0), raw.count($0)) }
    table.rows.append(row("**whole request** (goal: 12,000 more)", Double(api.total), Double(raw.total)))
    table.rows.append(["each further step of a sequence", Text.grouped(Double(sequence.total - api.total) / 2), ""])
    let title = "Guest instructions of a blocking invocation of \(action) through /api/v1, the record kept, the median of \(requests):"
    findings.report.add(action == "echo" ? "api" : "api of \(action)", title, table.lines)
    showFunctions(all)
  }

  private func per(_ count: Int) -> Double { Double(count) / Double(requests) }

  // MARK: boots

  private func measureBoots(_ findings: Findings) throws {
    let plan = LaunchPlan(
      machine: .microvm, accelerator: Accelerator(kind: .tcg, reason: "to compare"), image: kernel,
      network: .user(hostPort: 0), kernelArguments: ["auth=\(Bed.key)"])
    let times = try BootMeasurement(plan: plan, program: QEMU.locate(), count: boots)
    let counted = try Bed(kernel: kernel, extra: ["-icount", "shift=0"])
    let size = try FileManager.default.attributesOfItem(atPath: kernel)[.size] as? Int ?? 0
    let rest = try counted.counters()
    var table = Table(head: ["boots on microvm under TCG", ""])
    let all = times.times.map { $0.firstAnswer / .milliseconds(1) }
    table.rows.append([
      "spawning QEMU to the first answer over its user network, with DHCP, median of \(boots)",
      "\(times.median(\.firstAnswer).milliseconds) (\(Text.short(all.min() ?? 0)) to \(Text.short(all.max() ?? 0)))",
    ])
    if let time = counted.boot.guestTime {
      table.rows.append([
        "kernel entry to ready, `-icount shift=0`",
        "\(Text.grouped(time / .nanoseconds(1))) (instructions, and nanoseconds of waiting for the DHCP server)",
      ])
    }
    table.rows.append(["kernel file", "\(Text.grouped(Double(size))) bytes"])
    table.rows.append(["in use at rest with 64 MiB", "\(rest.framesInUse) of \(rest.framesTotal) frames, \(rest.heapFrames) of them the heap's"])
    findings.report.add("boots", "Boots:", table.lines)
  }

  // MARK: many actions

  private func density(_ findings: Findings) throws {
    let program = try Program(path: kernel)
    let bed = try Bed(kernel: kernel, memory: "512M")
    let file = try file(of: action)
    // All of one length: a longer name costs more.
    func name(_ index: Int) -> String { "a\(1_000_000 + index)" }
    let before = try bed.counters()
    let deploying = try ContinuousClock().measure {
      for index in 0..<actions { try bed.deploy(name(index), file) }
    }
    let deployed = try bed.counters()
    let body = [UInt8](repeating: UInt8(ascii: "x"), count: 64)
    let invoking = try ContinuousClock().measure {
      for index in 0..<actions where try bed.invoke(name(index), body) != body { throw BenchError("\(name(index)) answers wrongly") }
    }
    let used = try bed.counters()
    let first = try alternate(bed, program, name(0), name(1))
    let last = try alternate(bed, program, name(actions - 2), name(actions - 1))
    func frames(_ later: Counters) -> String { Text.short(Double(later.framesInUse - before.framesInUse) / Double(actions)) }
    var table = Table(head: ["\(Text.grouped(Double(actions))) deployed \(action) actions in 512 MiB", ""])
    table.rows = [
      ["frames for one deployed action", frames(deployed)],
      ["for one that has run", frames(used)],
      ["frames left with all having run", Text.grouped(Double(used.framesTotal - used.framesInUse))],
      ["deploying them, and invoking each once, over one connection", "\(deploying.milliseconds), \(invoking.milliseconds)"],
      ["kernel instructions of an invocation, the first two actions in turn", Text.grouped(first)],
      ["the last two in turn", "\(Text.grouped(last)) (\(String(format: "%+.1f %%", (last / first - 1) * 100)))"],
    ]
    findings.report.add("density", "Many actions:", table.lines)
  }

  /// Kernel instructions of one of many invocations of two actions in turn.
  private func alternate(_ bed: Bed, _ program: Program, _ one: String, _ other: String) throws -> Double {
    let body = [UInt8](repeating: UInt8(ascii: "x"), count: 64)
    for _ in 0..<20 {
      _ = try bed.invoke(one, body)
      _ = try bed.invoke(other, body)
    }
    let trace = try bed.trace {
      for _ in 0..<20 {
        _ = try bed.invoke(one, body)
        _ = try bed.invoke(other, body)
      }
    }
    return Double(Profile(trace, kernel: program, action: nil).kernel) / 40
  }
}

extension Stage: ExpressibleByArgument {}
