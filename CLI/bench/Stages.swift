// Cuts a trace into the stages of a request's life, by the functions that are entered, and counts instructions.

/// The stages of a request, in order.
enum Stage: String, CaseIterable {
  case receive, http, start, user, systemCalls, exit, send, restore, other

  var title: String {
    switch self {
    case .receive: "receive (driver, network in)"
    case .http: "HTTP (parse, route)"
    case .start: "start (request parsed to first user instruction)"
    case .user: "user (the action itself)"
    case .systemCalls: "system calls"
    case .exit: "exit (last system call done to executor's return)"
    case .send: "reply and send"
    case .restore: "restore"
    case .other: "other (loop, timers, halt, interrupts)"
    }
  }
}

/// Instruction counts of a trace.
struct Profile {
  private(set) var stages: [Stage: Int] = [:]
  private(set) var symbols: [String: Int] = [:]
  /// The same for the instructions of each stage.
  private(set) var stageSymbols: [Stage: [String: Int]] = [:]
  /// Calls of each function.
  private(set) var calls: [String: Int] = [:]

  /// Pages that were copied or zeroed while restoring.
  var pageFills: Int { (calls["restore_page"] ?? 0) + (calls["restore_zeros"] ?? 0) }

  /// All of the kernel's instructions but for those of waiting for a frame.
  var kernel: Int { symbols.values.reduce(0, +) }
  func count(_ stage: Stage) -> Double { Double(stages[stage] ?? 0) }
  var total: Int { stages.values.reduce(0, +) }

  init(_ trace: Trace, kernel: Program, action: Program?) { self.init(trace.blocks[...], kernel: kernel, action: action) }

  /// User code counts where `action` is given; its image lies 2 MiB into a slot of 1 GiB.
  private init(_ blocks: ArraySlice<UInt64>, kernel: Program, action: Program?) {
    var stage = Stage.receive
    for (index, address) in zip(blocks.indices, blocks) {
      let next = index + 1 < blocks.endIndex ? blocks[index + 1] : 0
      if address >= 1 << 39 {
        stage = .user
        let place = address & 0x3fff_ffff
        if let action, place >= 0x20_0000 {
          stages[.user, default: 0] += action.instructions(from: place - 0x20_0000, before: (next & 0x3fff_ffff) &- 0x20_0000)
        }
        continue
      }
      guard let symbol = kernel.symbol(at: address) else { continue }
      let name = kernel.name(symbol)
      if name == Program.waiting { continue }
      let isEntry = kernel.address(symbol) == address
      if isEntry { calls[name, default: 0] += 1 }
      stage = Self.stage(after: stage, in: name, isEntry: isEntry)
      let count = kernel.instructions(from: address, before: next)
      stages[stage, default: 0] += count
      symbols[name, default: 0] += count
      stageSymbols[stage, default: [:]][name, default: 0] += count
    }
  }

  /// The request in the middle, of all in `trace` ordered by what they cost: a frame more, such as an acknowledgement that the client sends on its own since
  /// tracing makes the guest slow, is in a few of them only. Each request has `runs` runs of an action.
  static func typical(of trace: Trace, runs: Int, kernel: Program, action: Program) -> Profile {
    var requests: [ArraySlice<UInt64>] = []
    var (start, restored) = (0, 0)
    for (index, address) in trace.blocks.enumerated() {
      guard let symbol = kernel.symbol(at: address), kernel.address(symbol) == address else { continue }
      if kernel.name(symbol).contains("Executor.restore(") { restored += 1 }
      if restored == runs, kernel.name(symbol) == "Kernel.poll()" {
        requests.append(trace.blocks[start..<index])
        (start, restored) = (index, 0)
      }
    }
    let profiles = requests.map { Profile($0, kernel: kernel, action: action) }.sorted { $0.total < $1.total }
    return profiles.isEmpty ? Profile(trace, kernel: kernel, action: action) : profiles[profiles.count / 2]
  }

  /// The stage that a block of function `name` belongs to.
  private static func stage(after stage: Stage, in name: String, isEntry: Bool) -> Stage {
    if !isEntry {
      // Back in a caller.
      if stage == .http, name == "Kernel.poll()" { return .other }
      if stage == .restore, name == "Kernel.runAction()" || name == "Kernel.serve()" { return .other }
      if name == "leave_user" { return .exit }
      return stage
    }
    if name.hasPrefix("stub_") || name == "trap_common" { return stage == .user ? .other : stage }
    switch name {
    case "syscall_entry": return .systemCalls
    case "leave_user": return .exit
    case "Kernel.poll()": return stage == .start ? .start : .receive
    default: break
    }
    if name.contains("HTTPServer.process<") { return stage == .start ? .start : .http }
    if name.contains("HTTPServer.next<") { return .start }
    if name.contains("HTTPServer.finish<") { return .send }
    if name.contains("Executor.restore(") { return .restore }
    return stage
  }
}
