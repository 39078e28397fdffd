// Prometheus' text exposition format, version 0.0.4, as far as reading samples needs it.

/// One sample.
public struct MetricSample: Equatable, Sendable {
  public var name: String
  public var labels: [String: String]
  public var value: Double

  public init(_ name: String, _ labels: [String: String], _ value: Double) {
    self.name = name
    self.labels = labels
    self.value = value
  }

  /// From a line `name{label="value",…} number [time]`; nil for comments and for what is none.
  public init?(parsing line: Substring) {
    var rest = line.drop { $0 == " " || $0 == "\t" }
    let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == ":" }
    guard !name.isEmpty else { return nil }
    rest = rest.dropFirst(name.count)
    var labels: [String: String] = [:]
    if rest.first == "{" {
      rest = rest.dropFirst()
      while let first = rest.first, first != "}" {
        guard let (label, value, after) = Self.label(rest) else { return nil }
        labels[label] = value
        rest = after
      }
      guard rest.first == "}" else { return nil }
      rest = rest.dropFirst()
    }
    guard let number = rest.split(separator: " ").first, let value = Double(number) else { return nil }
    self.init(String(name), labels, value)
  }

  /// The label that `text` begins with, and what follows it and its comma.
  private static func label(_ text: Substring) -> (name: String, value: String, rest: Substring)? {
    guard let equals = text.firstIndex(of: "=") else { return nil }
    var rest = text[equals...].dropFirst()
    guard rest.first == "\"" else { return nil }
    rest = rest.dropFirst()
    var value = ""
    while let character = rest.first, character != "\"" {
      rest = rest.dropFirst()
      guard character == "\\" else {
        value.append(character)
        continue
      }
      guard let escaped = rest.first else { return nil }
      rest = rest.dropFirst()
      value.append(escaped == "n" ? "\n" : escaped)
    }
    guard rest.first == "\"" else { return nil }
    rest = rest.dropFirst()
    if rest.first == "," { rest = rest.dropFirst() }
    return (text[..<equals].filter { $0 != " " }, value, rest)
  }
}

extension [MetricSample] {
  /// All samples of a text.
  public init(parsing text: String) {
    self = text.split(whereSeparator: \.isNewline).compactMap { MetricSample(parsing: $0) }
  }
}
