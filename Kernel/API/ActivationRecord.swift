// What is kept of one invocation (OpenWhisk's activation).

public import Actions
import Base
public import Bytes

/// How an activation ended, in OpenWhisk's words.
public enum ActivationStatus: UInt8, Sendable, BitwiseCopyable {
  case success, applicationError, developerError, internalError

  public var text: StaticString {
    switch self {
    case .success: "success"
    case .applicationError: "application error"
    case .developerError: "action developer error"
    case .internalError: "whisk internal error"
    }
  }

  /// Of an invocation whose output was not looked at.
  public init(_ outcome: Outcome) {
    switch outcome {
    case .exited(status: 0): self = .success
    case .noMemory, .notInstalled: self = .internalError
    default: self = .developerError
    }
  }
}

/// One activation; of fixed size. Its name, result and logs lie beside it in the `ActivationStore`.
public struct ActivationRecord: Sendable, BitwiseCopyable {
  public var id: ActivationID
  public var namespace: UInt16
  public var status: ActivationStatus
  /// Whether the time limit ended it.
  public var isTimeout = false
  /// Whether it was the first since the action was deployed.
  public var isCold = false
  public var version: UInt32
  /// Milliseconds since 1970.
  public var start: UInt64
  /// Nanoseconds: from the complete request to the executor's turn, and from there to the action's end.
  public var waited: Interval
  public var ran: Interval
  /// What the deployment of the action took, for `initTime` of the first.
  public var prepared = Interval.zero
  public var limits: ActionLimits
  /// Bytes of the response.
  public var size: UInt32
  public var figures: InvocationFigures

  public init(
    id: ActivationID, namespace: UInt16, status: ActivationStatus, version: UInt32, start: UInt64, waited: Interval,
    ran: Interval, limits: ActionLimits, size: Int, figures: InvocationFigures
  ) {
    self.id = id
    self.namespace = namespace
    self.status = status
    self.version = version
    self.start = start
    self.waited = waited
    self.ran = ran
    self.limits = limits
    self.size = UInt32(clamping: size)
    self.figures = figures
  }
}

/// The texts of one activation.
public struct ActivationText: ~Copyable {
  /// Of the action, where it is longer than what a record's place holds.
  var name = ByteBuffer()
  /// JSON; empty for a response that was not kept.
  public var result: ByteBuffer
  /// A JSON array of strings; empty for none.
  public var logs: ByteBuffer

  public init(result: consuming ByteBuffer = ByteBuffer(), logs: consuming ByteBuffer = ByteBuffer()) {
    self.result = result
    self.logs = logs
  }

  var bytes: Int { name.capacity &+ result.capacity &+ logs.capacity }
}
