// What is kept of one activation beside its result and log.
// Out of scope: where records lie and how they are found (ActivationStore.swift), their JSON (ActivationWriter.swift).

public import Actions
public import Base

/// What was activated.
public enum ActivationKind: UInt8, Sendable, BitwiseCopyable {
  case action, sequence, trigger
}

/// How an activation ended, in OpenWhisk's four classes; the raw value is its `statusCode`.
public enum ResponseKind: UInt8, Sendable, BitwiseCopyable {
  case success, applicationError, developerError, internalError

  /// The class of an invocation that ended like this. That its result tells of an error (`applicationError`) is not
  /// known here.
  public init(_ outcome: Outcome) {
    switch outcome {
    case .exited(status: 0): self = .success
    case .exited, .fault, .timeLimit, .memoryLimit, .outputLimit: self = .developerError
    case .noMemory, .notInstalled: self = .internalError
    }
  }

  /// OpenWhisk's `status`.
  public var text: StaticString {
    switch self {
    case .success: "success"
    case .applicationError: "application error"
    case .developerError: "action developer error"
    case .internalError: "whisk internal error"
    }
  }
}

/// What an activation was beside its kind.
public struct ActivationFlags: OptionSet, Sendable, BitwiseCopyable {
  public let rawValue: UInt16

  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// A sequence that a client invoked, not another sequence.
  public static var topmost: ActivationFlags { ActivationFlags(rawValue: 1) }
  /// A component of a sequence.
  public static var causedBySequence: ActivationFlags { ActivationFlags(rawValue: 2) }
  public static var timedOut: ActivationFlags { ActivationFlags(rawValue: 4) }
  /// The action was initialised for it: `initMicroseconds` tells how long that took.
  public static var cold: ActivationFlags { ActivationFlags(rawValue: 8) }
  /// Its result, or its log, was too long to be kept.
  static var lostResult: ActivationFlags { ActivationFlags(rawValue: 16) }
  static var lostLog: ActivationFlags { ActivationFlags(rawValue: 32) }
}

/// One activation. Changed in place only: it is large, and a copy of it costs more than all that an invocation writes to it.
public struct ActivationRecord: Sendable, BitwiseCopyable {
  public internal(set) var id: ActivationID
  /// The activation that this one is part of; all zero where it is of its own.
  private var causeID: ActivationID
  /// Nanoseconds since 1970 at which it started.
  public var start: UInt64
  /// From start to end, initialisation included.
  public var duration: Interval
  /// Microseconds that it waited for the executor, that the kernel needed to start it, that it ran, and that its pages took to be
  /// restored; at most `UInt32.max`.
  public var queue: UInt32
  public var startup: UInt32
  public var run: UInt32
  public var restore: UInt32
  /// Microseconds that the action's initialisation took, where `flags` hold `.cold`.
  public var initialisation: UInt32
  public var pagesCopied: UInt32
  public var pagesZeroed: UInt32
  public var pageFaults: UInt32
  /// Bytes of the result, whether it is kept or not.
  public var resultSize: UInt32
  public var timeoutMilliseconds: UInt32
  public var memoryBytes: UInt32
  public var logBytes: UInt32
  /// The action's version: N of `0.0.N`.
  public var version: UInt32
  /// The namespace that the activation belongs to, and that of the action: another where the action is in a shared package.
  public var namespace: UInt16
  public var owner: UInt16
  /// The number of the account that asked for it; `UInt16.max` where that is not known.
  public var subject: UInt16
  /// The action's limit of that name, which the kernel keeps for the client; of a sequence 1, as in OpenWhisk.
  public var concurrency: UInt16
  public var flags: ActivationFlags
  public var kind: ActivationKind
  public var response: ResponseKind

  /// Lengths of the texts, and where they begin: long name, binding, result, log.
  var nameLength: UInt16
  var bindingLength: UInt16
  var resultLength: UInt32
  var logLength: UInt32
  var text: TextPlace

  init() {
    id = ActivationID(high: 0, low: 0)
    causeID = id
    start = 0
    duration = .zero
    queue = 0
    startup = 0
    run = 0
    restore = 0
    initialisation = 0
    pagesCopied = 0
    pagesZeroed = 0
    pageFaults = 0
    resultSize = 0
    timeoutMilliseconds = 0
    memoryBytes = 0
    logBytes = 0
    version = 1
    namespace = 0
    owner = 0
    subject = .max
    concurrency = 1
    flags = []
    kind = .action
    response = .success
    nameLength = 0
    bindingLength = 0
    resultLength = 0
    logLength = 0
    text = TextPlace()
  }

  /// Makes this a new record, but for `nameLength`, and for what is only read where a flag or a length says so.
  @inline(__always)
  mutating func begin(_ id: ActivationID) {
    self.id = id
    causeID = ActivationID(high: 0, low: 0)
    start = 0
    duration = .zero
    queue = 0
    startup = 0
    run = 0
    restore = 0
    pagesCopied = 0
    pagesZeroed = 0
    pageFaults = 0
    resultSize = 0
    timeoutMilliseconds = 0
    memoryBytes = 0
    logBytes = 0
    version = 1
    namespace = 0
    owner = 0
    subject = .max
    concurrency = 1
    flags = []
    kind = .action
    response = .success
    bindingLength = 0
    resultLength = 0
    logLength = 0
  }

  /// The activation that this one is part of.
  public var cause: ActivationID? {
    get { causeID == ActivationID(high: 0, low: 0) ? nil : causeID }
    set { causeID = newValue ?? ActivationID(high: 0, low: 0) }
  }

  public var limits: ActionLimits {
    get {
      ActionLimits(timeoutMilliseconds: timeoutMilliseconds, memoryBytes: Int(memoryBytes), logBytes: Int(logBytes))
    }
    set {
      timeoutMilliseconds = newValue.timeoutMilliseconds
      memoryBytes = Self.number(UInt64(max(0, newValue.memoryBytes)))
      logBytes = Self.number(UInt64(max(0, newValue.logBytes)))
    }
  }

  /// Takes over what the invocation cost.
  @inlinable
  public mutating func set(_ figures: InvocationFigures) {
    startup = Self.number(figures.startNanoseconds / 1_000)
    run = Self.number(figures.runNanoseconds / 1_000)
    restore = Self.number(figures.restoreNanoseconds / 1_000)
    pagesCopied = Self.number(UInt64(truncatingIfNeeded: figures.copied))
    pagesZeroed = Self.number(UInt64(truncatingIfNeeded: figures.zeroed))
    pageFaults = Self.number(UInt64(truncatingIfNeeded: figures.faults))
  }

  /// Takes over how the invocation ended.
  @inlinable
  public mutating func set(_ outcome: Outcome) {
    response = ResponseKind(outcome)
    if outcome == .timeLimit { flags.insert(.timedOut) }
  }

  /// Milliseconds since 1970 at which it started.
  public var startMilliseconds: UInt64 { start / 1_000_000 }
  /// Milliseconds, rounded; but for a sequence `end` is this long after `start`, so that the three agree.
  public var durationMilliseconds: UInt64 { Self.rounded(duration.nanoseconds, by: 1_000_000) }
  public var endMilliseconds: UInt64 {
    startMilliseconds &+ (kind == .sequence ? UInt64(elapsedMilliseconds) : durationMilliseconds)
  }
  /// Of a sequence, whose duration is that of its steps: milliseconds from start to end. It has no `run`, and this is in that place.
  public var elapsedMilliseconds: UInt32 {
    get { run }
    set { run = newValue }
  }
  public var waitMilliseconds: UInt64 { Self.rounded(UInt64(queue), by: 1_000) }
  public var initialisationMilliseconds: UInt64 { Self.rounded(UInt64(initialisation), by: 1_000) }

  private static func rounded(_ value: UInt64, by unit: UInt64) -> UInt64 { value / unit &+ (value % unit >= unit / 2 ? 1 : 0) }

  /// `interval` in microseconds as a record keeps it.
  @inlinable
  public static func microseconds(_ interval: Interval) -> UInt32 { number(interval.microseconds) }

  /// `value`, or the largest number that a record keeps.
  @inlinable @inline(__always)
  static func number(_ value: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: min(value, UInt64(UInt32.max))) }
}
