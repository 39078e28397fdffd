// Prometheus' text exposition format, version 0.0.4: families, one after the other, each with its HELP and TYPE and then all its samples.
//
// The caller keeps families together and gives names that are legal; escaping and the order inside a histogram are done here.

public import Base
import Bytes

/// What a family's values are.
public enum MetricKind: UInt8, Sendable, BitwiseCopyable {
  /// Only grows; its name ends in `_total`.
  case counter
  case gauge
  case histogram

  var text: StaticString {
    switch self {
    case .counter: " counter\n"
    case .gauge: " gauge\n"
    case .histogram: " histogram\n"
    }
  }
}

/// Writes families of metrics.
public struct MetricsWriter: ~Copyable {
  /// The media type of the text.
  public static var mediaType: StaticString { "text/plain; version=0.0.4; charset=utf-8" }

  private var text: TextWriter
  private var name: StaticString = ""
  /// `name="value",…` of the samples to come.
  private var labels = ByteBuffer()

  /// Goes on behind what `text` holds.
  public init(_ text: consuming TextWriter) { self.text = text }

  /// Bytes written.
  public var count: Int { text.buffer.count }

  /// The text, to send.
  public consuming func finish() -> TextWriter { text }

  /// Begins a family without labels. `help` holds neither line ends nor backslashes; a counter's `name` ends in `_total`.
  @_optimize(size) @inline(never)
  public mutating func begin(_ name: StaticString, _ kind: MetricKind, _ help: StaticString) {
    self.name = name
    clearLabels()
    text.write("# HELP ")
    text.write(name)
    text.write(" ")
    text.write(help)
    text.write("\n# TYPE ")
    text.write(name)
    text.write(kind.text)
  }

  /// A family of one sample.
  @_optimize(size) @inline(never)
  public mutating func single(_ name: StaticString, _ kind: MetricKind, _ help: StaticString, _ value: UInt64) {
    begin(name, kind, help)
    sample(value)
  }

  /// The samples to come have no labels.
  public mutating func clearLabels() { labels.truncate(to: 0) }

  /// Bytes of the labels of the samples to come.
  public var labelLength: Int { labels.count }

  /// The samples to come have this label, too. Bytes of `value` that are no UTF-8 become U+FFFD.
  @_optimize(size) @inline(never)
  public mutating func addLabel(_ name: StaticString, _ value: Span<UInt8>) {
    var isThere = (labels.isEmpty || labels.append(",")) && labels.append(name) && labels.append("=\"")
    var plain = 0
    var at = 0
    while at < value.count {
      let length = UTF8Sequence.length(value, at: at)
      let escape: StaticString? =
        switch value[at] {
        case 0x5c: "\\\\"
        case 0x22: "\\\""
        case 0x0a: "\\n"
        default: length == 0 ? "\u{fffd}" : nil
        }
      if let escape {
        isThere = isThere && labels.append(value.extracting(plain..<at)) && labels.append(escape)
        plain = at &+ 1
      }
      at &+= max(1, length)
    }
    isThere = isThere && labels.append(value.extracting(plain..<value.count)) && labels.append("\"")
    if !isThere { text.fail() }
  }

  /// As above, for a value that needs no escapes.
  @_optimize(size) @inline(never)
  public mutating func addLabel(_ name: StaticString, _ value: StaticString) {
    let isThere = (labels.isEmpty || labels.append(",")) && labels.append(name) && labels.append("=\"") && labels.append(value)
      && labels.append("\"")
    if !isThere { text.fail() }
  }

  /// One sample.
  @_optimize(size) @inline(never)
  public mutating func sample(_ value: UInt64) {
    beginSample("")
    endSample(value)
  }

  /// One sample with a label that is only its own, and whose value needs no escapes.
  @_optimize(size) @inline(never)
  public mutating func sample(_ label: StaticString, _ labelValue: StaticString, _ value: UInt64) {
    let mark = labels.count
    addLabel(label, labelValue)
    sample(value)
    labels.truncate(to: mark)
  }

  /// The samples of one histogram, in microseconds.
  @_optimize(size) @inline(never)
  public mutating func histogram(_ histogram: borrowing LatencyHistogram) {
    var total: UInt64 = 0
    let mark = labels.count
    for index in 0...LatencyHistogram.boundCount {
      total &+= histogram.count(index)
      let isLast = index == LatencyHistogram.boundCount
      var isThere = (mark == 0 || labels.append(",")) && labels.append("le=\"")
      isThere = isThere && (isLast ? labels.append("+Inf") : labels.append(decimal: LatencyHistogram.bound(index))) && labels.append("\"")
      if !isThere { text.fail() }
      beginSample("_bucket")
      endSample(total)
      labels.truncate(to: mark)
    }
    beginSample("_sum")
    endSample(histogram.sum.microseconds)
    beginSample("_count")
    endSample(total)
  }

  /// A line for people. `remark` holds no line ends and begins neither with HELP nor with TYPE.
  @_optimize(size) @inline(never)
  public mutating func comment(_ count: UInt64, _ remark: StaticString) {
    text.write("# ")
    text.write(decimal: count)
    text.write(remark)
    text.write("\n")
  }

  private mutating func beginSample(_ suffix: StaticString) {
    text.write(name)
    text.write(suffix)
    if !labels.isEmpty { Self.write(labels, into: &text) }
  }

  private static func write(_ labels: borrowing ByteBuffer, into text: inout TextWriter) {
    text.write("{")
    text.write(labels.span)
    text.write("}")
  }

  private mutating func endSample(_ value: UInt64) {
    text.write(" ")
    text.write(decimal: value)
    text.write("\n")
  }
}
