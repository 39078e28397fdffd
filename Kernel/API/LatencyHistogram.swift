// How long invocations took: a histogram with fixed bounds.

public import Base
import Bytes
import HTTP

/// Counts by microseconds. The bounds are 1, 2 and 5 times the powers of ten from 10 µs to 60 s.
public struct LatencyHistogram: Sendable, BitwiseCopyable {
  /// Upper bounds in microseconds, inclusive; above the last one is +Inf.
  static var bounds: [20 of UInt64] {
    [
      10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000,
      5_000_000, 10_000_000, 60_000_000,
    ]
  }

  private var counts: [21 of UInt64] = .init(repeating: 0)
  private var sum: UInt64 = 0

  public init() {}

  public mutating func add(_ time: Interval) {
    let microseconds = time.microseconds
    let bounds = Self.bounds
    var index = 0
    while index < 20, microseconds > bounds[index] { index &+= 1 }
    counts[index] &+= 1
    sum &+= microseconds
  }

  /// Writes the samples of the family `name`, cumulative, as Prometheus reads them.
  @_optimize(size) @inline(never)
  public func write(_ name: StaticString, into text: inout TextWriter) {
    var total: UInt64 = 0
    for index in 0..<21 {
      total &+= counts[index]
      text.write(name)
      text.write("_bucket{le=\"")
      if index < 20 { text.write(decimal: Self.bounds[index]) } else { text.write("+Inf") }
      text.write("\"} ")
      text.write(decimal: total)
      text.write("\n")
    }
    text.write(name)
    text.write("_sum ")
    text.write(decimal: sum)
    text.write("\n")
    text.write(name)
    text.write("_count ")
    text.write(decimal: total)
    text.write("\n")
  }
}
