import Exposition
import Testing

/// The strict reader itself: each of its rules.
@Suite struct ExpositionTests {
  private static let head = "# HELP a Things.\n# TYPE a gauge\n"
  private static let histogram = "# HELP h Things.\n# TYPE h histogram\n"

  @Test(arguments: [
    "", "\n", "# remark\n", "#\n", head, head + "a 1\n", head + "a{} 1\n", head + "a{x=\"1\"} 1\n", head + "a{x=\"1\",} 1\n", head + "a{x=\"\\\\\\\"\\n\"} -1.5e3\n",
    head + "a +Inf\n\n# x\n", head + "a NaN\n", head + "a 1\na{x=\"1\"} 1\na{x=\"2\"} 1\na{y=\"1\"} 1\n", "# HELP a é\\\\\\n\n# TYPE a untyped\na 1\n",
    "# HELP a:b_9 x\n# TYPE a:b_9 summary\na:b_9{quantile=\"0.5\"} 1\na:b_9_sum 1\na:b_9_count 1\n",
    histogram + "h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n",
    histogram + "h_bucket{x=\"1\",le=\"+Inf\"} 1\nh_sum{x=\"1\"} 1\nh_count{x=\"1\"} 1\nh_bucket{le=\"+Inf\"} 0\nh_sum 1\nh_count 0\n",
  ])
  func legal(_ text: String) throws {
    _ = try Exposition(parsing: Array(text.utf8))
  }

  @Test(arguments: [
    ("a 1", "the last line has no end"), ("a 1\n", "a is not of the family that is open"), (head + "b 1\n", "b is not of the family that is open"),
    (head + "a 1\na 2\n", "the series is there already"), (head + "a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 2\n", "the series is there already"),
    (head + head, "second TYPE of a"), ("# HELP a x\n# HELP a x\n", "HELP without TYPE before it"), ("# HELP a x\n", "HELP without TYPE"),
    ("# TYPE a gauge\n", "TYPE without its HELP"), ("# HELP a x\n# TYPE b gauge\n", "TYPE without its HELP"), ("# HELP a x\n# TYPE a gaugé\n", "unknown type"),
    ("# HELP a \n# TYPE a gauge\n", "no help text"), ("# HELP a \\x\n# TYPE a gauge\n", "illegal escape at column 10"),
    ("# HELP 9a x\n", "no legal name at column 8"), (head + "a{9=\"1\"} 1\n", "no legal name at column 3"), (head + "a{:x=\"1\"} 1\n", "no legal name at column 3"),
    (head + "a{__x=\"1\"} 1\n", "the label __x is reserved"), (head + "a{x=\"1\",x=\"2\"} 1\n", "two labels x"), (head + "a{x=1} 1\n", "expected \"=\"\" at column 4"),
    (head + "a{x=\"1} 1\n", "a label's value does not end"), (head + "a{x=\"\\t\"} 1\n", "illegal escape at column 6"), (head + "a{x=\"1\" y=\"1\"} 1\n", "expected \"}\" at column 8"),
    (head + "a\n", "expected \" \" at column 2"), (head + "a \n", "no value"), (head + "a 1_0\n", "no value"), (head + "a 0x1\n", "no value"), (head + "a 1 2\n", "no value"),
    (head + "a inf\n", "no value"), ("# HELP a x\n# TYPE a counter\na -1\n", "a counter is not positive"), ("# HELP a x\n# TYPE a counter\na NaN\n", "a counter is not positive"),
    (head + "# HELP b x\n# TYPE b gauge\nb 1\na 1\n", "a is not of the family that is open"), (histogram + "h 1\n", "h is not of the family that is open"),
    (histogram + "h_bucket 1\n", "a bucket has no bound"), (histogram + "h_bucket{le=\"x\"} 1\n", "a bucket has no bound"),
    (histogram + "h_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 1\n", "bounds do not rise"), (histogram + "h_bucket{le=\"1\"} 1\nh_bucket{le=\"1.0\"} 1\n", "bounds do not rise"),
    (histogram + "h_bucket{le=\"1\"} 2\nh_bucket{le=\"2\"} 1\n", "counts fall"), (histogram + "h_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n", "h has no bucket +Inf"),
    (histogram + "h_bucket{le=\"+Inf\"} 1\nh_count 1\n", "h has no sum or no count"), (histogram + "h_bucket{le=\"+Inf\"} 1\nh_sum 1\n", "h has no sum or no count"),
    (histogram + "h_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 2\n", "the count is not that of the bucket +Inf"), (histogram + "h_sum 1\nh_count 2\n", "no buckets"),
    (histogram + "h_bucket{le=\"+Inf\"} 1\nh_sum{x=\"1\"} 1\n", "no buckets"), (histogram + "h_bucket{le=\"+Inf\"} 1\nh_sum{le=\"1\"} 1\n", "a bound that is no bucket's"),
  ])
  func illegal(_ text: String, _ problem: String) {
    #expect { _ = try Exposition(parsing: Array(text.utf8)) } throws: { ($0 as? ExpositionError)?.text == problem }
  }

  @Test func bytesThatAreNoUTF8() {
    #expect { _ = try Exposition(parsing: [0x23, 0xff, 0x0a]) } throws: { ($0 as? ExpositionError)?.text == "no UTF-8" }
  }

  @Test func linesAreCounted() {
    #expect { _ = try Exposition(parsing: Array("\n# x\n\na 1\n".utf8)) } throws: { ($0 as? ExpositionError)?.line == 4 }
  }

  @Test(arguments: [
    ("a_total", "counter", 0), ("a", "counter", 1), ("a_total", "gauge", 1), ("a_count", "gauge", 1), ("a:b", "gauge", 1), ("aB", "gauge", 1),
    ("a_gauge", "gauge", 1), ("a_milliseconds", "gauge", 1), ("a_microseconds", "gauge", 0), ("a_ms_x", "gauge", 1), ("a_bytes", "gauge", 0),
  ])
  func remarks(_ name: String, _ kind: String, _ count: Int) throws {
    let metrics = try Exposition(parsing: Array("# HELP \(name) x\n# TYPE \(name) \(kind)\n\(name) 1\n".utf8))
    #expect(metrics.lint().count == count)
  }

  @Test func remarksOnSamples() throws {
    #expect(try Exposition(parsing: Array(Self.head.utf8)).lint() == ["a has no samples"])
    #expect(try Exposition(parsing: Array((Self.head + "a{le=\"1\",quantile=\"1\"} 1\n").utf8)).lint() == ["a has bounds", "a has quantiles"])
  }
}
