// An action run as a Linux process, as the kernel would run it: OpenWhisk's contract for native programs, or a raw function's.

import Foundation

public struct LocalInvocation: Equatable, Sendable {
  public enum Input: Equatable, Sendable {
    /// A JSON object: on standard input and, up to 131,071 bytes, as the argument; `__OW_` variables in the environment.
    case parameters(JSON)
    /// A body: on standard input; no argument and no environment.
    case raw([UInt8])
  }

  public var path: String
  public var name: String
  public var input: Input
  /// Milliseconds.
  public var timeout: Int

  /// Bytes of standard output that an action may write.
  public static let outputLimit = 16 << 20

  public init(path: String, name: String, input: Input, timeout: Int = 60_000) {
    self.path = path
    self.name = name
    self.input = input
    self.timeout = timeout
  }

  /// What came of it.
  public struct Reply: Equatable, Sendable {
    public var outcome: Activation.Outcome
    /// With parameters: the object or array of the last line, or what went wrong as `{"error": …}`.
    public var result: JSON?
    /// With a raw body: all of standard output.
    public var output: [UInt8]
    public var logs: [LogLine]
    /// What went wrong.
    public var problem: String?
    public var time: Duration
  }

  /// How the process is started.
  public func plan(activation: String, now: Date = Date()) -> ProgramRun.Plan {
    // A path without a slash is still one.
    var plan = ProgramRun.Plan(path)
    plan.name = name
    plan.timeLimit = .milliseconds(timeout)
    plan.outputLimit = Self.outputLimit
    plan.environment = []
    switch input {
    case .raw(let body): plan.input = body
    case .parameters(let parameters):
      let text = parameters.compact
      plan.input = Array(text.utf8)
      if text.utf8.count <= 131_071, !text.utf8.contains(0) { plan.arguments = [text] }
      let deadline = Int(now.timeIntervalSince1970 * 1000) + timeout
      plan.environment = [
        "__OW_ACTION_NAME=/local/\(name)", "__OW_ACTION_VERSION=0.0.1", "__OW_NAMESPACE=local", "__OW_ACTIVATION_ID=\(activation)",
        "__OW_DEADLINE=\(deadline)",
      ]
    }
    return plan
  }

  public func run() throws(HostError) -> Reply {
    let activation = UUID().uuidString.lowercased().replacingOccurrences(of: "-", with: "")
    do throws(SystemError) {
      return reply(try ProgramRun(plan(activation: activation)))
    } catch {
      throw HostError(
        .badData, "\(path) cannot be started: \(error).",
        remedy: error.isPermission ? "Make it executable: chmod +x \(Shell.quoted(path))" : nil)
    }
  }

  func reply(_ run: ProgramRun) -> Reply {
    var reply = Reply(outcome: .success, output: run.output, logs: Self.lines(run.error, "stderr"), time: run.time)
    reply.problem =
      switch run.end {
      case .exited(0): nil
      case .exited(let status): "The action did not produce a valid response and exited unexpectedly: exit status \(status)."
      case .signalled(let signal): "The action did not produce a valid response and exited unexpectedly: signal \(signal)."
      case .outOfTime: "The action exceeded its time limits of \(timeout) milliseconds."
      case .outOfOutput: "The action wrote more than its output limit of \(Self.outputLimit) bytes and was aborted."
      }
    if case .parameters = input {
      var lines = Self.lines(run.output, "stdout")
      if reply.problem == nil {
        reply.result = lines.popLast().flatMap { try? JSON(parsing: $0.text) }
        switch reply.result {
        case .object, .array: if reply.result?["error"] != nil { reply.outcome = .applicationError }
        default: reply.problem = "The action did not return a dictionary or array."
        }
      }
      reply.logs = lines + reply.logs
    }
    if let problem = reply.problem {
      reply.outcome = .developerError
      reply.result = ["error": .string(problem)]
    }
    return reply
  }

  private static func lines(_ bytes: [UInt8], _ stream: String) -> [LogLine] {
    var lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines.map { LogLine(stream: stream, text: $0) }
  }
}
