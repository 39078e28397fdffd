/// A span of time in nanoseconds.
public struct Interval: Equatable, Comparable, Hashable, Sendable, BitwiseCopyable {
  public var nanoseconds: UInt64

  @inlinable public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }
  @inlinable public static func microseconds(_ count: UInt64) -> Interval { Interval(nanoseconds: count &* 1_000) }
  @inlinable public static func milliseconds(_ count: UInt64) -> Interval { Interval(nanoseconds: count &* 1_000_000) }
  @inlinable public static func seconds(_ count: UInt64) -> Interval { Interval(nanoseconds: count &* 1_000_000_000) }
  @inlinable public static var zero: Interval { Interval(nanoseconds: 0) }

  /// Whole microseconds, rounded down.
  @inlinable public var microseconds: UInt64 { nanoseconds / 1_000 }
  /// Whole milliseconds, rounded down.
  @inlinable public var milliseconds: UInt64 { nanoseconds / 1_000_000 }

  @inlinable public static func < (a: Interval, b: Interval) -> Bool { a.nanoseconds < b.nanoseconds }
  /// Saturates instead of wrapping.
  @inlinable public static func + (a: Interval, b: Interval) -> Interval {
    let (sum, overflow) = a.nanoseconds.addingReportingOverflow(b.nanoseconds)
    return Interval(nanoseconds: overflow ? .max : sum)
  }
  /// Saturates at zero.
  @inlinable public static func - (a: Interval, b: Interval) -> Interval {
    Interval(nanoseconds: a.nanoseconds > b.nanoseconds ? a.nanoseconds &- b.nanoseconds : 0)
  }
}

/// A point on the monotonic clock: nanoseconds since the kernel's entry.
public struct Instant: Equatable, Comparable, Hashable, Sendable, BitwiseCopyable {
  public var nanoseconds: UInt64

  @inlinable public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }
  /// Later than every instant that a clock can show.
  @inlinable public static var distantFuture: Instant { Instant(nanoseconds: .max) }

  @inlinable public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }
  /// Saturates at `distantFuture`.
  @inlinable public static func + (a: Instant, b: Interval) -> Instant {
    let (sum, overflow) = a.nanoseconds.addingReportingOverflow(b.nanoseconds)
    return Instant(nanoseconds: overflow ? .max : sum)
  }
  /// The time from `b` to `a`; zero where `b` is later.
  @inlinable public static func - (a: Instant, b: Instant) -> Interval {
    Interval(nanoseconds: a.nanoseconds > b.nanoseconds ? a.nanoseconds &- b.nanoseconds : 0)
  }
}
