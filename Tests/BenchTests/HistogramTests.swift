import Testing

@testable import BenchCore

@Suite struct HistogramTests {
  @Test func smallValuesAreExact() {
    var histogram = Histogram()
    for value in 0..<128 { histogram.record(UInt64(value)) }
    #expect(histogram.total == 128)
    #expect(histogram.value(at: 0.5) == 63)
    #expect(histogram.value(at: 1) == 127)
    #expect(histogram.maximum == 127)
    #expect(histogram.mean == 63.5)
  }

  @Test(arguments: [128, 129, 255, 256, 1_000, 65_535, 1_000_003, 123_456_789_012, UInt64(Int64.max)])
  func largeValuesAreWithinOnePercent(_ value: UInt64) {
    var histogram = Histogram()
    histogram.record(value)
    // A greater one, so that the maximum does not stand in for the bucket's end.
    histogram.record(.max)
    let found = histogram.value(at: 0.5)
    #expect(found >= value)
    #expect(Double(found - value) <= Double(value) * 0.01)
  }

  @Test func percentilesCountFromBelow() {
    var histogram = Histogram()
    for _ in 0..<999 { histogram.record(10) }
    histogram.record(1_000_000)
    #expect(histogram.value(at: 0.5) == 10)
    #expect(histogram.value(at: 0.999) == 10)
    #expect(histogram.value(at: 0.9991) == 1_000_000)
  }

  @Test func nothingIsZero() {
    var histogram = Histogram()
    histogram.record(5)
    histogram.removeAll()
    #expect(histogram.total == 0)
    #expect(histogram.value(at: 0.99) == 0)
    #expect(histogram.mean == 0)
  }
}
