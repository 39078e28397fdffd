// One QEMU process: started, watched, stopped, and never left behind.
//
// A thread of its own starts QEMU and waits for its end, so that QEMU dies with this process however this process ends. Two more
// threads read the console and QEMU's messages.

import Foundation

/// A virtual machine that was started. All methods can be called from any thread.
public final class VirtualMachine: Sendable {
  public let plan: LaunchPlan
  /// When QEMU was spawned.
  public let spawned: ContinuousClock.Instant
  public let processIdentifier: Int32

  struct State: Sendable {
    var start: Start?
    var console: [ConsoleLine] = []
    /// Console lines dropped from the front: only the latest are kept.
    var dropped = 0
    var ready: ConsoleLine?
    var errors: [String] = []
    var openStreams = 2
    var status: Int32?

    /// The end, once the last words on both streams have been read, too.
    var exit: ExitReport? {
      guard let status, openStreams == 0 else { return nil }
      return ExitReport(status: status, errors: errors)
    }
  }

  enum Start: Sendable {
    case process(Int32, ContinuousClock.Instant)
    case failure(SystemError)
  }

  /// Console lines kept.
  static let consoleLines = 5000

  private let state = Monitor(State())

  /// Starts QEMU, the program at `program`. It is killed after `lifetime`, where given.
  public init(plan: LaunchPlan, program: String, lifetime: Duration? = nil) throws(HostError) {
    self.plan = plan
    let state = state
    let arguments = plan.arguments
    Thread.detachNewThread { Self.supervise(state, program: program, arguments: arguments) }
    switch state.wait(until: .now + .seconds(60), for: { $0.start }) {
    case .process(let identifier, let time):
      processIdentifier = identifier
      spawned = time
    case .failure(let error):
      throw HostError(.unavailable, "\(program) cannot be started: \(error).")
    case nil:
      throw HostError(.unavailable, "\(program) cannot be started: this host is too busy.")
    }
    if let lifetime {
      let deadline = spawned + lifetime
      Thread.detachNewThread {
        if state.wait(until: deadline, for: { $0.status }) == nil { Self.end(state, force: true) }
      }
    }
  }

  deinit { Self.end(state, force: true) }

  /// The thread that QEMU's life hangs on.
  private static func supervise(_ state: Monitor<State>, program: String, arguments: [String]) {
    let time = ContinuousClock.now
    do throws(SystemError) {
      let child = try ChildProcess(path: program, arguments: arguments)
      state.update { $0.start = .process(child.processIdentifier, time) }
      read(child.output, into: state) { state, line in
        if state.ready == nil, line.readiness != nil { state.ready = line }
        state.console.append(line)
        if state.console.count > consoleLines {
          state.console.removeFirst(consoleLines / 2)
          state.dropped += consoleLines / 2
        }
      }
      read(child.error, into: state) { state, line in state.errors.append(line.text) }
      let status = child.wait()
      state.update { $0.status = status }
    } catch {
      state.update { $0.start = .failure(error) }
    }
  }

  /// Reads a stream to its end on a thread of its own.
  private static func read(
    _ stream: ByteStream, into state: Monitor<State>, _ add: @escaping @Sendable (inout State, ConsoleLine) -> Void
  ) {
    Thread.detachNewThread {
      var splitter = LineSplitter()
      while true {
        let bytes = stream.read()
        let time = ContinuousClock.now
        var lines = splitter.add(bytes)
        if bytes.isEmpty, splitter.hasPartialLine { lines.append(splitter.finish()) }
        if !lines.isEmpty {
          state.update { state in
            for line in lines { add(&state, ConsoleLine(text: line, time: time)) }
          }
        }
        if bytes.isEmpty { break }
      }
      state.update { $0.openStreams -= 1 }
    }
  }

  private static func end(_ state: Monitor<State>, force: Bool) {
    state.update { state in
      guard case .process(let identifier, _) = state.start, state.status == nil else { return }
      ChildProcess.end(identifier, force: force)
    }
  }

  // MARK: watching

  /// The console's lines so far, the latest few thousand.
  public var console: [ConsoleLine] { state.read { $0.console } }
  /// What QEMU itself wrote on standard error.
  public var errors: [String] { state.read { $0.errors } }
  /// How it ended; nil while it runs.
  public var exit: ExitReport? { state.read { $0.exit } }

  /// Waits for the console's ready line. Throws where the machine ends before, or `deadline` passes.
  public func waitForReadyLine(until deadline: ContinuousClock.Instant) throws(HostError) -> ConsoleLine {
    let line: Result<ConsoleLine, HostError>? = state.wait(until: deadline) { state in
      if let line = state.ready { return .success(line) }
      return state.exit.map { .failure(Self.deathReport($0, state, plan: self.plan)) }
    }
    switch line {
    case .success(let line): return line
    case .failure(let error): throw error
    case nil: throw lateError(deadline)
    }
  }

  /// Waits for console lines from number `position` on (counted from the first line of all) and moves `position` behind them, or for the
  /// end: then `exit` is set and no more lines will come. Nil at `deadline`.
  public func nextLines(
    from position: inout Int, until deadline: ContinuousClock.Instant
  ) -> (lines: [ConsoleLine], exit: ExitReport?)? {
    let start = position
    let result = state.wait(until: deadline) { state -> (lines: [ConsoleLine], exit: ExitReport?, end: Int)? in
      let lines = Array(state.console.dropFirst(max(0, start - state.dropped)))
      return lines.isEmpty && state.exit == nil ? nil : (lines, state.exit, state.dropped + state.console.count)
    }
    if let result { position = result.end }
    return result.map { ($0.lines, $0.exit) }
  }

  /// Waits for the end.
  public func waitForExit(until deadline: ContinuousClock.Instant) -> ExitReport? {
    state.wait(until: deadline) { $0.exit }
  }

  /// Stops QEMU: asks it to, and kills it where it has not gone two seconds later. Returns when it is gone.
  public func stop() {
    Self.end(state, force: false)
    if state.wait(until: .now + .seconds(2), for: { $0.status }) == nil {
      Self.end(state, force: true)
      _ = state.wait(until: .now + .seconds(10)) { $0.status }
    }
  }

  // MARK: errors

  func lateError(_ deadline: ContinuousClock.Instant) -> HostError {
    let seconds = (deadline - spawned) / .seconds(1)
    return HostError(
      .notReady, "The kernel did not answer within \(Int(seconds.rounded())) s.",
      remedy: "See the console above; -v shows the QEMU command line, --timeout waits longer.",
      details: state.read { Self.lastWords($0) })
  }

  /// The error for a machine that ended though nobody stopped it.
  public func deathReport(_ exit: ExitReport) -> HostError {
    state.read { Self.deathReport(exit, $0, plan: plan) }
  }

  private static func lastWords(_ state: State) -> [String] {
    state.errors.suffix(5) + state.console.suffix(40).map(\.text)
  }

  private static func deathReport(_ exit: ExitReport, _ state: State, plan: LaunchPlan) -> HostError {
    if case .emulatorFailed(let message) = exit {
      if message.contains("host forwarding"), let port = plan.hostPort { return portTaken(port) }
      let image = message.contains("kernel") ? "\(plan.image) is perhaps no kernel: 'make' builds the standard one. " : ""
      return HostError(.unavailable, exit.explanation, remedy: image + "swiftlet run -v shows QEMU's command line.", details: [])
    }
    let remedy =
      switch exit {
      case .panicked: "This is a fault of the kernel: please report it with the lines above."
      case .stopped: "The lines above say why."
      default: "swiftlet run -v shows QEMU's command line and everything the kernel printed."
      }
    return HostError(.died, exit.explanation, remedy: remedy, details: lastWords(state))
  }

  /// The error for a port that something else listens on.
  public static func portTaken(_ port: UInt16) -> HostError {
    HostError(
      .port, "Port \(port) of 127.0.0.1 is taken by another program.",
      remedy: "Choose another one with --port, or see who has it: ss -ltnp 'sport = :\(port)'")
  }

  /// Throws where `port` cannot be listened on.
  public static func checkPort(_ port: UInt16) throws(HostError) {
    do throws(SystemError) {
      try Port.check(port)
    } catch {
      if error.isAddressInUse { throw portTaken(port) }
      throw HostError(
        .port, "Port \(port) of 127.0.0.1 cannot be used: \(error).",
        remedy: error.isPermission ? "Ports below 1024 are for root: choose another one with --port." : "Choose another one with --port.")
    }
  }
}
