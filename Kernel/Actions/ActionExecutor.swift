// What runs actions, as the server sees it. The kernel's Machine is one executor; tests have another.

public import Bytes

/// Names one installed action: an index and the number of times that index was given out, so that a stale name is harmless.
public struct InstanceID: Equatable, Hashable, Sendable, BitwiseCopyable {
  public let index: UInt32
  public let generation: UInt32

  @inlinable
  public init(index: UInt32, generation: UInt32) {
    self.index = index
    self.generation = generation
  }
}

/// Why a legal image could not be installed.
public enum InstallError: Error, Equatable, Sendable {
  /// The machine has no memory for the template or its page tables.
  case noMemory
  /// Every slot of the address space, or place in the executor's table, is taken.
  case noSlot
  /// The image's pages and first stack page alone are above `ActionLimits.memoryBytes`.
  case memoryLimitTooSmall

  /// What is wrong and what to do about it.
  public var text: StaticString {
    switch self {
    case .noMemory: "no memory is left for the action; delete actions or give the machine more memory"
    case .noSlot: "the most actions that can be installed are; delete some"
    case .memoryLimitTooSmall: "the image alone needs more than the action's memory limit; raise the limit"
    }
  }
}

/// Installs actions and runs one at a time, each invocation in the pristine state of its image.
public protocol ActionExecutor: ~Copyable {
  /// Copies what it needs of `image`: the caller may drop it afterwards. What the CPU learnt from actions of one `namespace` does
  /// not steer those of another, as far as the CPU can forget.
  mutating func install(
    _ image: borrowing ActionImage, limits: ActionLimits, namespace: UInt16
  ) throws(InstallError) -> InstanceID

  /// Loop mode: runs a newly installed action from its entry to its first read of fd 0. From then on each `invoke` goes on from
  /// there, and executes that read anew. What the action writes meanwhile is appended to `log`. Nil where that state is reached;
  /// otherwise how the action ended before (`.noMemory` also where there is none for the snapshot), and it may only be removed.
  mutating func initialise(
    _ id: InstanceID, _ request: inout InvocationRequest, log: inout ByteBuffer
  ) -> Outcome?

  /// Changes what invocations that come may do. A stale `id` does nothing.
  mutating func setLimits(_ id: InstanceID, _ limits: ActionLimits) throws(InstallError)

  /// Frees everything that the instance has. A stale `id` does nothing.
  mutating func remove(_ id: InstanceID)

  /// Runs the action to its end. Standard output is appended to `output`, standard error and the kernel's remarks to
  /// `log`. A stale `id` gives `.notInstalled`. `request` stays as it is; it is inout since a borrowed struct would be copied for the call.
  mutating func invoke(
    _ id: InstanceID, _ request: inout InvocationRequest, output: inout ByteBuffer, log: inout ByteBuffer
  ) -> Outcome

  /// Brings the instance back to its pristine state; called once after each `invoke`, when the response was queued.
  mutating func restore(_ id: InstanceID)

  /// What the last invocation cost.
  var lastInvocation: InvocationFigures { get }

  /// Moves out the marks of the log that the last invocation or initialisation wrote.
  mutating func takeLogMarks() -> LogMarks
}

/// For executors that measure nothing.
extension ActionExecutor where Self: ~Copyable {
  public var lastInvocation: InvocationFigures { InvocationFigures() }
  public mutating func takeLogMarks() -> LogMarks { LogMarks() }
}
