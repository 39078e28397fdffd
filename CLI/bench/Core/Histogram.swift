// Counts of durations in buckets of under one percent, as HdrHistogram has them: 128 to each power of two.

/// A histogram of nanoseconds from 0 to 2^63.
struct Histogram {
  private static let bits = 7
  private static let perPower = 1 << bits

  private var counts = [UInt64](repeating: 0, count: (64 - bits) * perPower)
  private(set) var total: UInt64 = 0
  private(set) var maximum: UInt64 = 0
  private var sum: Double = 0

  /// The bucket of `value`: exact below 128, then the seven bits behind the highest.
  private static func bucket(of value: UInt64) -> Int {
    if value < UInt64(perPower) { return Int(value) }
    let shift = 63 - value.leadingZeroBitCount - bits
    return shift * perPower + Int(value >> UInt64(shift))
  }

  /// The largest value of a bucket.
  private static func highest(in bucket: Int) -> UInt64 {
    if bucket < 2 * perPower { return UInt64(bucket) }
    let shift = UInt64(bucket / perPower - 1)
    return (UInt64(bucket % perPower + perPower + 1) << shift) - 1
  }

  mutating func record(_ value: UInt64) {
    let value = min(value, UInt64(Int64.max))
    counts[Self.bucket(of: value)] += 1
    total += 1
    sum += Double(value)
    if value > maximum { maximum = value }
  }

  mutating func removeAll() { self = Histogram() }

  var mean: Double { total == 0 ? 0 : sum / Double(total) }

  /// The value that a share of `share` (0 to 1) of all values does not exceed; 0 where there are none.
  func value(at share: Double) -> UInt64 {
    let rank = max(1, UInt64((share * Double(total)).rounded(.up)))
    var seen: UInt64 = 0
    for (bucket, count) in counts.enumerated() where count > 0 {
      seen += count
      if seen >= rank { return min(Self.highest(in: bucket), maximum) }
    }
    return maximum
  }
}
