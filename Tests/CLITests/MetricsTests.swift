import Testing

@testable import SwiftletHost

@Suite struct MetricsTests {
  @Test(arguments: [
    ("a_total 5", MetricSample("a_total", [:], 5)), ("a{} 1.5e3 1700000000", MetricSample("a", [:], 1500)),
    ("a{x=\"1\",y=\"q\\\"\\\\\\n,}\"} 2", MetricSample("a", ["x": "1", "y": "q\"\\\n,}"], 2)),
    ("a:b{x=\"\",} +Inf", MetricSample("a:b", ["x": ""], .infinity)),
    ("# HELP a text", nil), ("", nil), ("a", nil), ("a{x=1} 2", nil), ("a{x=\"1} 2", nil), ("a{x=\"1\" 2", nil), ("a x", nil),
    ("{x=\"1\"} 2", nil),
  ] as [(String, MetricSample?)]) func lines(text: String, sample: MetricSample?) {
    #expect(MetricSample(parsing: text[...]) == sample)
  }

  static func text(_ invocations: Int, _ errors: Int, _ buckets: [Int]) -> String {
    """
    # TYPE swiftlet_invocations_total counter
    swiftlet_uptime_seconds 10
    swiftlet_memory_bytes 67108864
    swiftlet_memory_used_bytes 2097152
    swiftlet_queue_length 3
    swiftlet_invocations_total{outcome="success"} \(2 * invocations)
    swiftlet_invocations_total{outcome="failure"} 0
    swiftlet_invocation_duration_microseconds_bucket{le="50"} \(invocations)
    swiftlet_invocation_duration_microseconds_bucket{le="+Inf"} \(invocations)
    swiftlet_action_invocations_total{namespace="guest",action="idle",outcome="success"} 7
    swiftlet_action_invocations_total{namespace="guest",action="hello",outcome="success"} \(invocations)
    swiftlet_action_invocations_total{namespace="guest",action="hello",outcome="developer_error"} \(errors)
    swiftlet_action_duration_microseconds_bucket{namespace="guest",action="hello",le="10"} \(buckets[0])
    swiftlet_action_duration_microseconds_bucket{namespace="guest",action="hello",le="100"} \(buckets[1])
    swiftlet_action_duration_microseconds_bucket{namespace="guest",action="hello",le="+Inf"} \(buckets[2])
    swiftlet_action_duration_microseconds_sum{namespace="guest",action="hello"} 1
    """
  }

  static func reading(_ invocations: Int, _ errors: Int, _ buckets: [Int]) -> MetricsReading {
    MetricsReading([MetricSample](parsing: text(invocations, errors, buckets)))
  }

  @Test func differencesAreRatesAndQuantiles() {
    let activities = ActionActivity.between(Self.reading(100, 1, [100, 101, 101]), Self.reading(300, 21, [200, 320, 321]), interval: 2)
    #expect(activities.map(\.name) == ["", "hello", "idle"])
    #expect(activities[0].total == 600 && activities[0].perSecond == 200 && activities[0].median == 25)
    #expect(activities[1].total == 321 && activities[1].perSecond == 110 && activities[1].errorsPerSecond == 10)
    // 220 in all: 100 up to 10 µs, 119 more up to 100 µs, one above.
    #expect(activities[1].median == 10 + 90 * 10.0 / 119)
    #expect(abs((activities[1].percentile99 ?? 0) - (10 + 90 * 117.8 / 119)) < 1e-9)
    #expect(activities[2].perSecond == 0 && activities[2].median == nil)
    let lines = ActionActivity.table(activities).lines
    #expect(lines == [
      "ACTION  TOTAL  PER S  ERRORS/S    P50    P99", "(all)     600    200         0  25 µs  50 µs",
      "hello     321    110        10  18 µs  99 µs",
      "idle        7      0         0      -      -",
    ])
  }

  @Test func whatWasReadTwiceAtOnceIsNoActivity() {
    let reading = Self.reading(5, 0, [5, 5, 5])
    #expect(ActionActivity.between(reading, reading, interval: 0).allSatisfy { $0.perSecond == 0 && $0.median == nil })
    // A kernel that was booted anew counts from 0.
    #expect(ActionActivity.between(reading, Self.reading(1, 0, [1, 1, 1]), interval: 1).allSatisfy { $0.perSecond == 0 })
  }

  @Test func quantilesAtTheEdges() {
    #expect(ActionActivity.quantile(0.5, of: []) == nil)
    #expect(ActionActivity.quantile(0.5, of: [(10, 0), (.infinity, 0)]) == nil)
    #expect(ActionActivity.quantile(0.5, of: [(10, 0), (.infinity, 4)]) == 10)
    #expect(ActionActivity.quantile(0.5, of: [(10, 4), (.infinity, 4)]) == 5)
  }

  @Test func gaugesAreSummedUp() {
    let reading = Self.reading(0, 0, [0, 0, 0])
    #expect(reading.uptime == 10 && reading.summary == "memory 2 MB of 64 MB, waiting 3")
    #expect(reading.gauges.map(\.name) == ["memory used", "memory total", "waiting"])
    #expect(MetricsReading().summary.isEmpty && MetricsReading().uptime == 0)
  }
}
