import Base
import Testing

@testable import Records

@Suite struct LatencyHistogramTests {
  private static let bounds = (0..<LatencyHistogram.boundCount).map(LatencyHistogram.bound)

  /// The plain way: the first bound that is not below the value.
  private func expected(_ nanoseconds: UInt64) -> Int {
    Self.bounds.firstIndex { $0 * 1_000 >= nanoseconds } ?? LatencyHistogram.boundCount
  }

  @Test func boundsRise() {
    #expect(Self.bounds.first == 10 && Self.bounds.last == 60_000_000 && LatencyHistogram.bound(21) == .max)
    for (lower, upper) in zip(Self.bounds, Self.bounds.dropFirst()) { #expect(upper >= 2 * lower && upper <= 3 * lower) }
  }

  @Test func everyValueFindsItsClass() {
    var values: [UInt64] = [0, 1, 999, .max, .max - 999]
    for bound in Self.bounds { for offset in -1_001...1_001 { values.append(UInt64(Int(bound) * 1_000 + offset)) } }
    for bit in 0..<64 { for offset: UInt64 in 0..<3 { values.append((1 << bit) &+ offset &- 1) } }
    var random = IdentifierGenerator(seed: 1)
    for _ in 0..<50_000 { values.append(random.next() >> (random.next() % 64)) }
    for value in values {
      var histogram = LatencyHistogram()
      histogram.record(Interval(nanoseconds: value))
      #expect(histogram.count(expected(value)) == 1 && histogram.count == 1, "\(value)")
      #expect(histogram.sum.nanoseconds == value)
    }
  }

  @Test func sumsUp() {
    var histogram = LatencyHistogram()
    for value: UInt64 in [5, 10_000, 10_001, 70_000_000_000] { histogram.record(Interval(nanoseconds: value)) }
    #expect(histogram.count(0) == 2 && histogram.count(1) == 1 && histogram.count(21) == 1 && histogram.count == 4)
    #expect(histogram.sum.nanoseconds == 70_000_020_006)
    #expect(histogram != LatencyHistogram())
  }

  @Test func percentiles() {
    var histogram = LatencyHistogram()
    #expect(histogram.percentile(500) == 0)
    for value: UInt64 in 1...100 { histogram.record(.microseconds(value)) }
    // Inside a class the estimate is exact here: the values are evenly spread.
    for permille: UInt64 in stride(from: 10, through: 1_000, by: 10) { #expect(histogram.percentile(permille) == permille / 10) }
    #expect(histogram.percentile(0) == 1)
    #expect(histogram.percentile(5_000) == 100)
    histogram.record(.seconds(500))
    #expect(histogram.percentile(1_000) == 60_000_000)
  }

  /// An estimate lies in the class of the true value.
  @Test func percentilesAgainstSorting() {
    var random = IdentifierGenerator(seed: 2)
    for _ in 0..<50 {
      var histogram = LatencyHistogram()
      let values = (0..<(1 + random.next() % 300)).map { _ in random.next() >> (34 + random.next() % 20) }.sorted()
      for value in values { histogram.record(Interval(nanoseconds: value)) }
      for permille: UInt64 in [1, 100, 500, 900, 990, 999, 1_000] {
        let rank = (UInt64(values.count) * permille + 999) / 1_000
        let truth = expected(values[Int(max(1, rank)) - 1])
        let estimate = histogram.percentile(permille)
        let lower = truth == 0 ? 0 : Self.bounds[truth - 1]
        #expect(estimate >= lower && estimate <= (truth < Self.bounds.count ? Self.bounds[truth] : 60_000_000))
      }
    }
  }

  @Test func manyDoNotOverflow() {
    #expect(LatencyHistogram.estimate(40_000_000, .max / 2, .max) == 19_999_999)
    #expect(LatencyHistogram.estimate(40_000_000, 1 << 40, 1 << 40) == 40_000_000)
  }
}
