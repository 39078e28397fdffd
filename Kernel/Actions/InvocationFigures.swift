// How many pages invocations cost.

/// Pages of one invocation, or of many in all.
public struct InvocationFigures: Equatable, Sendable, BitwiseCopyable {
  /// Private pages that were brought back ahead of the run: by copying, and by zeroing.
  public var copiedAhead = 0
  public var zeroedAhead = 0
  /// Private pages that were made while it ran.
  public var copiedInRun = 0
  public var zeroedInRun = 0
  /// Page faults that it raised.
  public var faults = 0

  public init() {}

  public var copied: Int { copiedAhead &+ copiedInRun }
  public var zeroed: Int { zeroedAhead &+ zeroedInRun }

  /// Adds what another invocation cost.
  public mutating func add(_ other: InvocationFigures) {
    copiedAhead &+= other.copiedAhead
    zeroedAhead &+= other.zeroedAhead
    copiedInRun &+= other.copiedInRun
    zeroedInRun &+= other.zeroedInRun
    faults &+= other.faults
  }
}
