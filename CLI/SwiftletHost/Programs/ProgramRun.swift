// Running a program to its end, within a time and an amount of output.

import Foundation

/// A program that has ended.
public struct ProgramRun: Equatable, Sendable {
  public enum End: Equatable, Sendable {
    case exited(Int32)
    case signalled(Int32)
    /// It was ended for running, or for writing, more than it may.
    case outOfTime, outOfOutput
  }

  public var end: End
  public var output: [UInt8]
  public var error: [UInt8]
  public var time: Duration

  /// How it is started.
  public struct Plan: Equatable, Sendable {
    public var path: String
    /// argv[0], where that is not the path.
    public var name: String?
    public var arguments: [String]
    /// "NAME=value"; nil gives it this process's own.
    public var environment: [String]?
    public var input: [UInt8] = []
    public var timeLimit: Duration = .seconds(3600)
    /// Bytes of standard output.
    public var outputLimit = Int.max

    public init(_ path: String, _ arguments: [String] = []) {
      self.path = path
      self.arguments = arguments
    }

    /// As a shell would be given it.
    public var command: String { Shell.command([path] + arguments) }
  }

  private struct State: Sendable {
    var output: [UInt8] = []
    var error: [UInt8] = []
    var openStreams = 2
    var status: Int32?
    /// Why it was killed.
    var limit: End?
  }

  /// Runs it; returns when it has ended.
  public init(_ plan: Plan) throws(SystemError) {
    let state = Monitor(State())
    let start = ContinuousClock.now
    let child = try ChildProcess(
      path: plan.path, name: plan.name, arguments: plan.arguments, environment: plan.environment, input: plan.input)
    let process = child.processIdentifier
    let limit = plan.outputLimit
    Self.read(child.output, state) { state, bytes in
      state.output += bytes
      if state.output.count > limit { Self.end(process, &state, for: .outOfOutput) }
    }
    Self.read(child.error, state) { state, bytes in
      state.error += bytes
      // What is past this is no use to anyone.
      state.error.removeLast(max(0, state.error.count - 1 << 24))
    }
    let deadline = start + plan.timeLimit
    Thread.detachNewThread {
      if state.wait(until: deadline, for: { $0.status }) == nil { state.update { Self.end(process, &$0, for: .outOfTime) } }
    }
    let status = child.wait()
    time = .now - start
    state.update { $0.status = status }
    // A process of its own may have the streams still.
    _ = state.wait(until: .now + .seconds(2)) { $0.openStreams == 0 ? true : nil }
    let final = state.read { $0 }
    output = final.output
    error = final.error
    end = final.limit ?? (status < 256 ? .exited(status) : .signalled(status - 256))
  }

  private static func end(_ process: Int32, _ state: inout State, for limit: End) {
    guard state.status == nil, state.limit == nil else { return }
    state.limit = limit
    ChildProcess.end(process, force: true)
  }

  private static func read(
    _ stream: ByteStream, _ state: Monitor<State>, _ add: @escaping @Sendable (inout State, [UInt8]) -> Void
  ) {
    Thread.detachNewThread {
      while true {
        let bytes = stream.read()
        if bytes.isEmpty { break }
        state.update { state in if state.limit == nil { add(&state, bytes) } }
      }
      state.update { $0.openStreams -= 1 }
    }
  }
}
