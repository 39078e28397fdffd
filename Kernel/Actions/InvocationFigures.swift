// What invocations cost: pages and time.

/// The cost of one invocation, or of many in all. Pages are of 4 KiB.
public struct InvocationFigures: Equatable, Sendable, BitwiseCopyable {
  /// Private pages that the restoring before the run brought back: by copying, and by zeroing.
  public var copiedAhead = 0
  public var zeroedAhead = 0
  /// Private pages that were made while it ran.
  public var copiedInRun = 0
  public var zeroedInRun = 0
  /// Page faults that it raised.
  public var faults = 0
  /// How long that restoring took, after the response to the invocation before; 0 where there was none.
  public var restoreNanoseconds: UInt64 = 0
  /// From the executor's being asked to just before user mode was entered.
  public var startNanoseconds: UInt64 = 0
  /// From there to the action's end, system calls and faults included.
  public var runNanoseconds: UInt64 = 0

  public init() {}

  /// The figures of an invocation that is to begin, in the pages that a restoring brought back in `restoreNanoseconds`.
  public init(after restored: RestoreCounts, restoreNanoseconds: UInt64) {
    copiedAhead = restored.copied
    zeroedAhead = restored.zeroed
    self.restoreNanoseconds = restoreNanoseconds
  }

  public var copied: Int { copiedAhead &+ copiedInRun }
  public var zeroed: Int { zeroedAhead &+ zeroedInRun }

  /// Adds what another invocation cost.
  @inlinable @inline(__always)
  public mutating func add(_ other: InvocationFigures) {
    copiedAhead &+= other.copiedAhead
    zeroedAhead &+= other.zeroedAhead
    copiedInRun &+= other.copiedInRun
    zeroedInRun &+= other.zeroedInRun
    faults &+= other.faults
    restoreNanoseconds &+= other.restoreNanoseconds
    startNanoseconds &+= other.startNanoseconds
    runNanoseconds &+= other.runNanoseconds
  }
}
