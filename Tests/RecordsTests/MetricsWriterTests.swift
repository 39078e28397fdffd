import Base
import Exposition
import Testing

@testable import Records

/// What a writer makes, as the strict reader sees it.
func exposition(_ body: (inout MetricsWriter) -> Void) throws -> (text: String, metrics: Exposition) {
  var writer = MetricsWriter(TextWriter())
  body(&writer)
  let text = writer.finish()
  let isBroken = text.isBroken
  #expect(!isBroken)
  let bytes = text.finish().span.array
  return (String(decoding: bytes, as: UTF8.self), try Exposition(parsing: bytes))
}

@Suite struct MetricsWriterTests {
  @Test func text() throws {
    let (text, metrics) = try exposition {
      $0.single("a_total", .counter, "Things.", 7)
      $0.begin("held_bytes", .gauge, "Memory.")
      $0.sample("state", "used", 1)
      $0.sample("state", "free", .max)
      $0.comment(3, " actions are left out.")
    }
    #expect(text == """
      # HELP a_total Things.
      # TYPE a_total counter
      a_total 7
      # HELP held_bytes Memory.
      # TYPE held_bytes gauge
      held_bytes{state="used"} 1
      held_bytes{state="free"} 18446744073709551615
      # 3 actions are left out.

      """)
    #expect(metrics.lint() == [] && metrics.comments == ["3 actions are left out."])
    #expect(metrics.value("held_bytes", ["state": "used"]) == 1 && metrics.value("held_bytes") == nil)
  }

  @Test func histograms() throws {
    var histogram = LatencyHistogram()
    for value: UInt64 in [1, 15, 15, 70_000_000] { histogram.record(.microseconds(value)) }
    let (text, metrics) = try exposition {
      $0.begin("d_microseconds", .histogram, "Durations.")
      $0.histogram(histogram)
      $0.addLabel("action", "a")
      $0.histogram(LatencyHistogram())
      $0.addLabel("outcome", "success")
      $0.histogram(histogram)
    }
    #expect(text.hasPrefix("""
      # HELP d_microseconds Durations.
      # TYPE d_microseconds histogram
      d_microseconds_bucket{le="10"} 1
      d_microseconds_bucket{le="20"} 3
      d_microseconds_bucket{le="50"} 3

      """))
    #expect(metrics.value("d_microseconds_bucket", ["le": "+Inf"]) == 4 && metrics.value("d_microseconds_bucket", ["le": "60000000"]) == 3)
    #expect(metrics.value("d_microseconds_sum") == 70_000_031 && metrics.value("d_microseconds_count") == 4)
    #expect(metrics.value("d_microseconds_count", ["action": "a"]) == 0)
    #expect(metrics.value("d_microseconds_bucket", ["action": "a", "outcome": "success", "le": "20"]) == 3)
    #expect(metrics["d_microseconds"]?.samples.count == 3 * 24)
  }

  @Test(arguments: ["", "a", "a\"b", "\\", "\n", "é", "\"", "a\\n", ",}= ", "\u{1F600}\"\\\n"])
  func labelsAreEscaped(_ value: String) throws {
    let bytes = Array(value.utf8)
    let (_, metrics) = try exposition {
      $0.begin("a", .gauge, "Things.")
      $0.addLabel("x", bytes.span)
      $0.addLabel("y", "z")
      $0.sample(1)
      $0.clearLabels()
      $0.sample(2)
    }
    #expect(metrics.value("a", ["x": value, "y": "z"]) == 1 && metrics.value("a") == 2)
  }

  @Test func labelsAreUTF8() throws {
    let bytes: [UInt8] = [0xff, 0x61, 0xc3, 0x22, 0xed, 0xa0, 0x80]
    let (_, metrics) = try exposition {
      $0.begin("a", .gauge, "Things.")
      $0.addLabel("x", bytes.span)
      $0.sample(1)
    }
    #expect(metrics.value("a", ["x": "\u{fffd}a\u{fffd}\"\u{fffd}\u{fffd}\u{fffd}"]) == 1)
  }

  @Test func aFamilyBeginsWithoutLabels() throws {
    let (_, metrics) = try exposition {
      $0.begin("a", .gauge, "Things.")
      $0.addLabel("x", "1")
      $0.sample(1)
      $0.single("b", .gauge, "Others.", 2)
    }
    #expect(metrics.value("b") == 2)
  }
}
