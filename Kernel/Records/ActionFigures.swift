// What the invocations of each action came to since it was deployed, for /metrics.
//
// The table follows the places of the `ActionTable` and grows with the highest one that was invoked. Where memory for that is out,
// invocations go uncounted here; the kernel-wide figures have them all the same.

public import Actions
public import Base
import Bytes
public import Entities

/// The invocations of one action.
public struct ActionFigures: Sendable, BitwiseCopyable {
  /// Whose figures these are: a place is used again.
  fileprivate var action: ActionID
  private var responses: [4 of UInt64]
  public private(set) var coldStarts: UInt64
  public private(set) var pagesCopied: UInt64
  public private(set) var pagesZeroed: UInt64
  public private(set) var pageFaults: UInt64
  public private(set) var durations: LatencyHistogram

  fileprivate init(_ action: ActionID) {
    self.action = action
    responses = .init(repeating: 0)
    coldStarts = 0
    pagesCopied = 0
    pagesZeroed = 0
    pageFaults = 0
    durations = LatencyHistogram()
  }

  /// Invocations that ended like this.
  public func count(_ response: ResponseKind) -> UInt64 { responses[Int(response.rawValue)] }

  @inline(__always)
  fileprivate mutating func add(_ response: ResponseKind, _ duration: Interval, in index: Int, isCold: Bool, _ pages: InvocationFigures) {
    responses[Int(response.rawValue)] &+= 1
    if isCold { coldStarts &+= 1 }
    pagesCopied &+= UInt64(truncatingIfNeeded: pages.copied)
    pagesZeroed &+= UInt64(truncatingIfNeeded: pages.zeroed)
    pageFaults &+= UInt64(truncatingIfNeeded: pages.faults)
    durations.record(duration, in: index)
  }
}

/// The figures of all actions.
public struct ActionFigureTable: ~Copyable, Sendable {
  private var places = FailableArray<ActionFigures>()

  public init() {}

  /// Counts one invocation of `action`, which the table of actions must still have; `durationClass` is `LatencyHistogram.index(of: duration)`.
  public mutating func add(
    _ action: ActionID, _ response: ResponseKind, _ duration: Interval, in durationClass: Int, isCold: Bool, _ pages: InvocationFigures
  ) {
    let index = Int(action.index)
    if index >= places.count || places[index].action != action, !begin(action) { return }
    places[index].add(response, duration, in: durationClass, isCold: isCold, pages)
  }

  /// Makes the place of an action that is counted for the first time; false where memory is out.
  @_optimize(size) @inline(never)
  private mutating func begin(_ action: ActionID) -> Bool {
    let index = Int(action.index)
    while places.count <= index {
      guard places.append(ActionFigures(action)) else { return false }
    }
    places[index] = ActionFigures(action)
    return true
  }

  /// The figures of `action`; nil where it was not invoked.
  @_optimize(size)
  public subscript(_ action: ActionID) -> ActionFigures? {
    let index = Int(action.index)
    return index < places.count && places[index].action == action ? places[index] : nil
  }
}
