// Activation records, as lists and single ones give them.

public struct Activation: Equatable, Sendable {
  public var identifier: String
  /// With its package, where the record tells it.
  public var name: String
  /// Milliseconds since 1970; how long it ran, in milliseconds.
  public var start: Int
  public var duration: Int?
  public var outcome: Outcome
  /// Nil where the record does not hold it: a list's summary, say.
  public var result: JSON?
  public var logs: [String]?
  public var timing: InvocationTiming?

  /// OpenWhisk's `statusCode`.
  public enum Outcome: Int, Sendable, CustomStringConvertible {
    case success, applicationError, developerError, internalError

    public var description: String {
      switch self {
      case .success: "success"
      case .applicationError: "application error"
      case .developerError: "action developer error"
      case .internalError: "whisk internal error"
      }
    }

    /// The exit code of a command that ran the action.
    public var exitCode: Int32 {
      switch self {
      case .success: 0
      case .applicationError: HostError(.failed, "").exitCode
      case .developerError: HostError(.actionFailed, "").exitCode
      case .internalError: HostError(.serverFault, "").exitCode
      }
    }
  }

  /// From a record, or a list's entry, which has no status where it is a trigger's; nil for what is neither.
  public init?(_ record: JSON) {
    let response = record["response"]
    guard let identifier = record["activationId"]?.string,
      let outcome = Outcome(rawValue: response?["statusCode"]?.integer ?? record["statusCode"]?.integer ?? 0)
    else { return nil }
    self.identifier = identifier
    self.outcome = outcome
    // "namespace/name" or "namespace/package/name"; the member `name` leaves the package out.
    let path = record["annotations"]?.value(ofKey: "path")?.string?.split(separator: "/").dropFirst().joined(separator: "/")
    name = path.flatMap { $0.isEmpty ? nil : $0 } ?? record["name"]?.string ?? "-"
    start = record["start"]?.integer ?? 0
    duration = record["duration"]?.integer
    result = response?["result"]
    logs = record["logs"]?.array?.compactMap(\.string)
    timing = record["annotations"]?.value(ofKey: "swiftlet").map(InvocationTiming.init)
  }

  /// How long it ran, as exactly as is known.
  public var time: String {
    if let run = timing?.run { return Quantity.duration(microseconds: run) }
    return duration.map { Quantity.duration(microseconds: Double($0) * 1000) } ?? "-"
  }

  public static func table(_ activations: [Activation]) -> TextTable {
    var table = TextTable(("START", .left), ("ACTIVATION", .left), ("ACTION", .left), ("TIME", .right), ("STATUS", .left))
    for activation in activations {
      table.add(Quantity.time(activation.start), activation.identifier, activation.name, activation.time, activation.outcome.description)
    }
    return table
  }
}

/// One line of an activation's log: "TIME STREAM: TEXT".
public struct LogLine: Equatable, Sendable {
  public var time: String
  public var stream: String
  public var text: String

  public init(time: String = "", stream: String = "", text: String) {
    self.time = time
    self.stream = stream
    self.text = text
  }

  /// A line of another form is all text.
  public init(parsing line: String) {
    let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
    if parts.count == 3, parts[1] == "stdout:" || parts[1] == "stderr:" {
      self.init(time: String(parts[0]), stream: String(parts[1].dropLast()), text: String(parts[2]))
    } else {
      self.init(text: line)
    }
  }
}
