// How long things took, counted in fixed classes.

public import Base

/// A histogram of latencies: 21 bounds from 10 µs to 60 s, each 2 to 3 times the one before, and what lies above them.
///
/// Any number of powers of two holds at most one bound, so that a value finds its class by its highest bit and one comparison.
public struct LatencyHistogram: Equatable, Sendable, BitwiseCopyable {
  public static var boundCount: Int { 21 }

  /// Microseconds up to which class `index` goes, the bound included; the last class has none.
  @inline(__always)
  public static func bound(_ index: Int) -> UInt64 {
    switch index {
    case 0: 10
    case 1: 20
    case 2: 50
    case 3: 100
    case 4: 200
    case 5: 500
    case 6: 1_000
    case 7: 2_000
    case 8: 5_000
    case 9: 10_000
    case 10: 20_000
    case 11: 50_000
    case 12: 100_000
    case 13: 200_000
    case 14: 500_000
    case 15: 1_000_000
    case 16: 2_000_000
    case 17: 5_000_000
    case 18: 10_000_000
    case 19: 20_000_000
    case 20: 60_000_000
    default: .max
    }
  }

  private var classes: [22 of UInt64]
  /// Of all that was recorded; wraps modulo 2^64.
  public private(set) var sum = Interval.zero

  public init() { classes = .init(repeating: 0) }

  public static func == (a: LatencyHistogram, b: LatencyHistogram) -> Bool {
    for index in 0...boundCount where a.classes[index] != b.classes[index] { return false }
    return a.sum == b.sum
  }

  /// Counts one latency.
  public mutating func record(_ latency: Interval) { record(latency, in: Self.index(of: latency)) }

  /// As above, where the latency's class is known.
  @inline(__always)
  public mutating func record(_ latency: Interval, in index: Int) {
    sum.nanoseconds &+= latency.nanoseconds
    classes[index] &+= 1
  }

  /// The class of a latency.
  @inline(__always)
  public static func index(of latency: Interval) -> Int {
    // Rounded up.
    let microseconds = latency.nanoseconds == 0 ? 0 : (latency.nanoseconds &- 1) / 1_000 &+ 1
    let bit = 63 &- (microseconds | 8).leadingZeroBitCount
    // The first class that a value with this highest bit can be in. No bound lies between 2048 and 4095, nor between 2097152 and 4194303.
    let first = min(bit &- 3 &- (bit >= 12 ? 1 : 0) &- (bit >= 22 ? 1 : 0), boundCount)
    return first &+ (microseconds > bound(first) ? 1 : 0)
  }

  /// Latencies in class `index`, 0 to `boundCount`.
  public func count(_ index: Int) -> UInt64 { classes[index] }

  /// All latencies.
  public var count: UInt64 {
    var total: UInt64 = 0
    for index in 0...Self.boundCount { total &+= classes[index] }
    return total
  }

  /// An estimate of the microseconds that `permille` of 1000 latencies do not exceed, at most the last bound: inside a class they are taken
  /// for evenly spread. 0 where there are none.
  @_optimize(size)
  public func percentile(_ permille: UInt64) -> UInt64 {
    let total = count
    guard total > 0 else { return 0 }
    let share = min(permille, 1_000)
    // total * share / 1000, rounded up, with no overflow.
    let wanted = max(1, total / 1_000 &* share &+ (total % 1_000 &* share &+ 999) / 1_000)
    var below: UInt64 = 0
    var lower: UInt64 = 0
    for index in 0..<Self.boundCount {
      let here = classes[index]
      let upper = Self.bound(index)
      if below &+ here >= wanted { return lower &+ Self.estimate(upper &- lower, wanted &- below, here) }
      below &+= here
      lower = upper
    }
    return lower
  }

  /// `width * part / whole`, where `part` is at most `whole` and `width` below 2^32.
  static func estimate(_ width: UInt64, _ part: UInt64, _ whole: UInt64) -> UInt64 {
    let surplus = max(0, 32 &- whole.leadingZeroBitCount)
    return width &* (part >> UInt64(surplus)) / max(1, whole >> UInt64(surplus))
  }
}
