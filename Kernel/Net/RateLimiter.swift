// A token bucket: how often something may be done that a stranger asks for.

import Base

/// Permits at most `burst` actions at once and one more each `interval`.
struct RateLimiter: Sendable, BitwiseCopyable {
  private let burst: UInt32
  private let interval: Interval
  private var tokens: UInt32
  private var refilledAt: Instant

  /// A full bucket. `interval` must not be zero.
  init(burst: UInt32, interval: Interval, now: Instant) {
    self.burst = burst
    self.interval = interval
    tokens = burst
    refilledAt = now
  }

  /// Takes one permit; false where there is none left for now.
  mutating func take(now: Instant) -> Bool {
    let periods = (now - refilledAt).nanoseconds / interval.nanoseconds
    if periods > 0 {
      let fresh = min(periods, UInt64(burst &- tokens))
      tokens &+= UInt32(truncatingIfNeeded: fresh)
      // A full bucket earns nothing: its time starts anew.
      refilledAt = tokens == burst ? now : refilledAt + Interval(nanoseconds: periods &* interval.nanoseconds)
    }
    guard tokens > 0 else { return false }
    tokens &-= 1
    return true
  }
}
