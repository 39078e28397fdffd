// How long to look for work before the processor halts. The policy alone: looking and halting are the kernel's.

/// Waking from a halt takes longer than many a wait for the next frame, above all where a hypervisor does it. So the processor looks for a
/// while first. Work that came soon after a halt had begun would have been found by looking: the next look is twice as long. Work that came
/// late would not: the next is half as long, and soon there is none. So an idle machine halts, and a busy one is not woken.
///
/// It is what Linux's haltpoll governor does (Documentation/virt/guest-halt-polling.rst), with its numbers.
public struct HaltPoll: Sendable, BitwiseCopyable {
  /// The longest that it looks; zero where it always halts at once.
  public let longest: Interval
  /// How long to look now: zero, or `shortest` to `longest`.
  public private(set) var window = Interval.zero

  /// Below it looking does not pay.
  public static var shortest: Interval { .microseconds(50) }
  /// What Linux's guests have.
  public static var standard: Interval { .microseconds(200) }

  public init(longest: Interval) { self.longest = longest }

  /// To be told after each halt how long the work was waited for: the look before the halt, and the halt.
  public mutating func halted(for time: Interval) {
    if time > longest {
      let half = Interval(nanoseconds: window.nanoseconds / 2)
      window = half < Self.shortest ? .zero : half
    } else if time > window {
      window = min(longest, max(Self.shortest, window + window))
    }
  }
}
