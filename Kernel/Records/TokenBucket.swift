// How often something may be done.

public import Base

/// Permits `burst` things at once, and so many more a minute. Integer arithmetic with no rounding: it does not drift.
public struct TokenBucket: Sendable, BitwiseCopyable {
  /// What one permit costs. A nanosecond earns as many units as there are permits in a minute.
  private static var unit: UInt64 { 60_000_000_000 }
  /// The largest burst whose units can be counted.
  public static var largestBurst: UInt32 { 1 << 27 }

  public let perMinute: UInt32
  public let burst: UInt32
  private var units: UInt64
  private var filledAt: Instant

  /// A full bucket; `burst` is at most `largestBurst`.
  public init(perMinute: UInt32, burst: UInt32, now: Instant) {
    self.perMinute = perMinute
    self.burst = min(burst, Self.largestBurst)
    units = UInt64(self.burst) &* Self.unit
    filledAt = now
  }

  /// Takes one permit; false where there is none left for now.
  public mutating func take(now: Instant) -> Bool {
    fill(now)
    guard units >= Self.unit else { return false }
    units &-= Self.unit
    return true
  }

  /// Whole permits that are left.
  public mutating func left(now: Instant) -> UInt32 {
    fill(now)
    return UInt32(truncatingIfNeeded: units / Self.unit)
  }

  @inline(__always)
  private mutating func fill(_ now: Instant) {
    let (earned, isMore) = (now - filledAt).nanoseconds.multipliedReportingOverflow(by: UInt64(perMinute))
    let missing = UInt64(burst) &* Self.unit &- units
    units &+= isMore ? missing : min(earned, missing)
    filledAt = max(filledAt, now)
  }
}
