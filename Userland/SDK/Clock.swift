// Time. Each call is a system call.

import CSwiftlet

public enum Clock {
  /// Nanoseconds since a moment that stays the same; never runs backwards. For measuring how long something takes.
  public static var monotonic: UInt64 {
    let time = now(1)
    return UInt64(bitPattern: time.seconds) &* 1_000_000_000 &+ UInt64(bitPattern: time.nanoseconds)
  }

  /// Time since 1970-01-01 00:00 UTC.
  public static var wall: (seconds: Int64, nanoseconds: Int64) {
    let time = now(0)
    return (time.seconds, time.nanoseconds)
  }

  private static func now(_ clock: Int32) -> swiftlet_timespec {
    var time = swiftlet_timespec()
    // SAFETY: the kernel fills in the structure that is lent to it.
    if unsafe swiftlet_clock(clock, &time) != 0 { Descriptor.fail("swiftlet: cannot read the clock\n") }
    return time
  }
}
