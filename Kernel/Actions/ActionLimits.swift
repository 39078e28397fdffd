/// Limits of one action, each with an end of its own when it is passed.
public struct ActionLimits: Equatable, Sendable, BitwiseCopyable {
  /// Wall-clock milliseconds that an invocation may run. `Outcome.timeLimit` past it.
  public var timeoutMilliseconds: UInt32
  /// Bytes of memory: the template's pages and all private pages. `Outcome.memoryLimit` past it.
  public var memoryBytes: Int
  /// Bytes of standard output. `Outcome.outputLimit` past it.
  public var outputBytes: Int
  /// Bytes of log. Past it the log is cut and says so; the action goes on.
  public var logBytes: Int

  public init(
    timeoutMilliseconds: UInt32 = 60_000, memoryBytes: Int = 256 << 20, outputBytes: Int = 16 << 20,
    logBytes: Int = 64 << 10
  ) {
    self.timeoutMilliseconds = timeoutMilliseconds
    self.memoryBytes = memoryBytes
    self.outputBytes = outputBytes
    self.logBytes = logBytes
  }

  public static var timeoutRange: ClosedRange<UInt32> { 100...300_000 }
  public static var memoryRange: ClosedRange<Int> { (1 << 20)...(512 << 20) }

  /// Whether timeout and memory are what an action may ask for, and no limit is negative.
  public var areLegal: Bool {
    Self.timeoutRange.contains(timeoutMilliseconds) && Self.memoryRange.contains(memoryBytes) && outputBytes >= 0
      && logBytes >= 0
  }
}
