/// What the server has done since boot.
public struct ServerCounters: Equatable, Sendable, BitwiseCopyable {
  /// Requests whose head was complete and legal.
  public var requests: UInt64 = 0
  /// Heads and bodies that were refused because they break HTTP.
  public var malformed: UInt64 = 0
  /// Replies with a status of 200 to 299.
  public var successes: UInt64 = 0
  /// Replies with a status of 400 to 499.
  public var clientErrors: UInt64 = 0
  /// Replies with a status of 500 and above.
  public var serverErrors: UInt64 = 0
  /// Invocations that ended with exit status 0.
  public var invocations: UInt64 = 0
  /// Invocations that ended otherwise.
  public var failedInvocations: UInt64 = 0
  /// Invocations that were the first of their action's version.
  public var coldStarts: UInt64 = 0
  /// Deployments that succeeded.
  public var deployments: UInt64 = 0
  /// Requests refused because the queue was full.
  public var rejected: UInt64 = 0
  /// Connections closed because the client took too long.
  public var timeouts: UInt64 = 0

  public init() {}

  mutating func count(_ status: UInt16) {
    switch status {
    case 200..<300: successes &+= 1
    case 400..<500: clientErrors &+= 1
    case 500...: serverErrors &+= 1
    default: break
    }
  }
}
