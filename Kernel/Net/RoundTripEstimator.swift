// The retransmission time-out (RFC 6298).

import Base

/// Smoothed round-trip time and what follows from it.
struct RoundTripEstimator: BitwiseCopyable {
  /// Below RFC 6298's one second, as in every stack in use: with a clock of nanoseconds and acknowledgements delayed by at
  /// most a fifth of a second, a lost last segment need not cost a second.
  static let minimum = Interval.milliseconds(200)
  static let maximum = Interval.seconds(60)
  static let initial = Interval.seconds(1)

  private var smoothed: UInt64 = 0
  private var variation: UInt64 = 0
  private var base = Self.initial
  /// Doublings since the last acknowledgement of new data (§5.5).
  private(set) var backoff: UInt32 = 0

  init() {}

  /// The time-out as it stands, backed off, at most a minute.
  private(set) var timeout = Self.initial

  /// Takes a measured round trip of a segment that was sent once (Karn's rule: §3).
  @inline(__always)
  mutating func sample(_ roundTrip: Interval) {
    let measured = min(roundTrip, Self.maximum).nanoseconds
    if smoothed == 0 {
      smoothed = max(measured, 1)
      variation = measured / 2
    } else {
      let error = measured > smoothed ? measured &- smoothed : smoothed &- measured
      variation = variation &- variation / 4 &+ error / 4
      smoothed = max(smoothed &- smoothed / 8 &+ measured / 8, 1)
    }
    base = min(max(Interval(nanoseconds: smoothed &+ 4 &* variation), Self.minimum), Self.maximum)
    update()
  }

  mutating func backOff() {
    backoff = min(backoff &+ 1, 20)
    update()
  }

  @inline(__always)
  mutating func resetBackoff() {
    guard backoff > 0 else { return }
    backoff = 0
    update()
  }

  @inline(__always)
  private mutating func update() {
    timeout = backoff == 0 ? base : min(Interval(nanoseconds: base.nanoseconds &<< UInt64(backoff)), Self.maximum)
  }
}
