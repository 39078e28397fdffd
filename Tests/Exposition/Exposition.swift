// A strict reader of Prometheus' text exposition format, version 0.0.4: what promtool refuses, and what its format allows but this kernel
// never writes (samples without HELP and TYPE, timestamps).

/// Why a text is not the format.
public struct ExpositionError: Error, Equatable, CustomStringConvertible {
  /// 1 for the first; 0 where it is about a family as a whole.
  public var line: Int
  public var text: String

  public var description: String { line > 0 ? "line \(line): \(text)" : text }
}

/// A legal text, taken apart.
public struct Exposition: Sendable {
  public enum Kind: String, Sendable {
    case counter, gauge, histogram, summary, untyped
  }

  public struct Sample: Sendable {
    public var name: String
    public var labels: [String: String]
    public var value: Double
    var line: Int
  }

  public struct Family: Sendable {
    public var name: String
    public var help: String
    public var kind: Kind
    public var samples: [Sample] = []
  }

  private struct Series: Hashable {
    var name: String
    var labels: [String: String]
  }

  public private(set) var families: [Family] = []
  /// Comment lines that are neither HELP nor TYPE, without `# `.
  public private(set) var comments: [String] = []

  public init(parsing bytes: some Collection<UInt8>) throws(ExpositionError) {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw ExpositionError(line: 0, text: "no UTF-8") }
    guard text.isEmpty || text.utf8.last == 0x0a else { throw ExpositionError(line: 0, text: "the last line has no end") }
    var number = 0
    var help: (name: String, text: String)? = nil
    var seen: Set<Series> = []
    for line in text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      number += 1
      var scanner = LineScanner(line, number)
      guard !scanner.isAtEnd else { continue }
      if scanner.take("# HELP ") {
        guard help == nil else { throw scanner.error("HELP without TYPE before it") }
        let name = try scanner.metricName()
        try scanner.expect(" ")
        help = (name, try scanner.helpText())
        guard !help!.text.isEmpty else { throw scanner.error("no help text") }
      } else if scanner.take("# TYPE ") {
        let name = try scanner.metricName()
        try scanner.expect(" ")
        guard let kind = Kind(rawValue: scanner.rest()) else { throw scanner.error("unknown type") }
        guard let text = help, text.name == name else { throw scanner.error("TYPE without its HELP") }
        guard !families.contains(where: { $0.name == name }) else { throw scanner.error("second TYPE of \(name)") }
        families.append(Family(name: name, help: text.text, kind: kind))
        help = nil
      } else if scanner.take("#") {
        comments.append(scanner.rest().trimmed)
      } else {
        let sample = try scanner.sample()
        guard let last = families.indices.last, families[last].owns(sample.name) else {
          throw scanner.error("\(sample.name) is not of the family that is open")
        }
        guard seen.insert(Series(name: sample.name, labels: sample.labels)).inserted else {
          throw scanner.error("the series is there already")
        }
        families[last].samples.append(sample)
      }
    }
    guard help == nil else { throw ExpositionError(line: number, text: "HELP without TYPE") }
    for family in families { try Self.check(family) }
  }

  private static func check(_ family: Family) throws(ExpositionError) {
    for sample in family.samples where family.kind == .counter && !(sample.value >= 0) {
      throw ExpositionError(line: sample.line, text: "a counter is not positive")
    }
    if family.kind == .histogram { try checkHistograms(family) }
  }

  /// Each series of buckets has rising bounds up to +Inf, counts that do not fall, a sum and the same count.
  private static func checkHistograms(_ family: Family) throws(ExpositionError) {
    var series: [[String: String]: [(bound: Double, count: Double)]] = [:]
    for sample in family.samples where sample.name.hasSuffix("_bucket") {
      guard let bound = sample.labels["le"].flatMap(Double.init(exposed:)) else {
        throw ExpositionError(line: sample.line, text: "a bucket has no bound")
      }
      let key = sample.labels.filter { $0.key != "le" }
      if let last = series[key]?.last {
        guard bound > last.bound else { throw ExpositionError(line: sample.line, text: "bounds do not rise") }
        guard sample.value >= last.count else { throw ExpositionError(line: sample.line, text: "counts fall") }
      }
      series[key, default: []].append((bound, sample.value))
    }
    for sample in family.samples where !sample.name.hasSuffix("_bucket") {
      guard sample.labels["le"] == nil else { throw ExpositionError(line: sample.line, text: "a bound that is no bucket's") }
      guard series[sample.labels] != nil else { throw ExpositionError(line: sample.line, text: "no buckets") }
    }
    for (labels, buckets) in series {
      guard buckets.last!.bound == .infinity else { throw ExpositionError(line: 0, text: "\(family.name) has no bucket +Inf") }
      guard let count = family.samples.first(where: { $0.name == family.name + "_count" && $0.labels == labels }),
        family.samples.contains(where: { $0.name == family.name + "_sum" && $0.labels == labels })
      else { throw ExpositionError(line: 0, text: "\(family.name) has no sum or no count") }
      guard count.value == buckets.last!.count else {
        throw ExpositionError(line: count.line, text: "the count is not that of the bucket +Inf")
      }
    }
  }

  /// The family called `name`.
  public subscript(_ name: String) -> Family? { families.first { $0.name == name } }

  /// The value of the one series with this name and these labels.
  public func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
    for family in families where family.owns(name) {
      if let sample = family.samples.first(where: { $0.name == name && $0.labels == labels }) { return sample.value }
    }
    return nil
  }
}

extension Exposition.Family {
  /// Whether a sample of this name belongs here.
  func owns(_ sample: String) -> Bool {
    switch kind {
    case .histogram: ["_bucket", "_sum", "_count"].contains { sample == name + $0 }
    case .summary: ["", "_sum", "_count"].contains { sample == name + $0 }
    default: sample == name
    }
  }
}
