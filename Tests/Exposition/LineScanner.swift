/// Reads one line of the format.
struct LineScanner {
  private let text: [Unicode.Scalar]
  private let line: Int
  private var at = 0

  init(_ text: some Sequence<Unicode.Scalar>, _ line: Int) {
    self.text = Array(text)
    self.line = line
  }

  var isAtEnd: Bool { at == text.count }

  func error(_ text: String) -> ExpositionError { ExpositionError(line: line, text: text) }

  mutating func take(_ expected: String) -> Bool {
    let scalars = Array(expected.unicodeScalars)
    guard text[at...].starts(with: scalars) else { return false }
    at += scalars.count
    return true
  }

  mutating func expect(_ expected: String) throws(ExpositionError) {
    guard take(expected) else { throw error("expected \"\(expected)\" at column \(at + 1)") }
  }

  mutating func rest() -> String {
    defer { at = text.count }
    return String(text[at...])
  }

  /// `[a-zA-Z_:][a-zA-Z0-9_:]*`
  mutating func metricName() throws(ExpositionError) -> String { try name(extra: ":") }

  /// `[a-zA-Z_][a-zA-Z0-9_]*`, and not of those with two underscores before, which are Prometheus' own.
  private mutating func labelName() throws(ExpositionError) -> String {
    let name = try name(extra: "_")
    guard !name.hasPrefix("__") else { throw error("the label \(name) is reserved") }
    return name
  }

  private mutating func name(extra: Unicode.Scalar) throws(ExpositionError) -> String {
    let start = at
    while at < text.count, text[at].isNamePart || text[at] == extra { at += 1 }
    guard start < at, !("0"..."9").contains(text[start]) else { throw error("no legal name at column \(start + 1)") }
    return String(text[start..<at])
  }

  /// The rest of the line, where a backslash and `n` are all that may follow a backslash.
  mutating func helpText() throws(ExpositionError) -> String {
    var help = ""
    while !isAtEnd { help.append(try character(escapes: "\\n")) }
    return help
  }

  /// `name{label="value",…} value`
  mutating func sample() throws(ExpositionError) -> Exposition.Sample {
    let name = try metricName()
    var labels: [String: String] = [:]
    if take("{") {
      while !take("}") {
        let label = try labelName()
        try expect("=\"")
        guard labels[label] == nil else { throw error("two labels \(label)") }
        labels[label] = try quoted()
        if !take(",") {
          try expect("}")
          break
        }
      }
    }
    try expect(" ")
    guard let value = Double(exposed: rest()) else { throw error("no value") }
    return Exposition.Sample(name: name, labels: labels, value: value, line: line)
  }

  /// Up to a quote that is not escaped.
  private mutating func quoted() throws(ExpositionError) -> String {
    var value = ""
    while !take("\"") {
      guard !isAtEnd else { throw error("a label's value does not end") }
      value.append(try character(escapes: "\\n\""))
    }
    return value
  }

  private mutating func character(escapes: String) throws(ExpositionError) -> Character {
    let first = text[at]
    at += 1
    guard first == "\\" else { return Character(first) }
    guard !isAtEnd, escapes.unicodeScalars.contains(text[at]) else { throw error("illegal escape at column \(at)") }
    let second = text[at]
    at += 1
    return second == "n" ? "\n" : Character(second)
  }
}

extension String {
  init(_ scalars: ArraySlice<Unicode.Scalar>) {
    self = ""
    unicodeScalars.append(contentsOf: scalars)
  }

  var trimmed: String {
    var rest = Substring(self)
    while rest.first == " " { rest = rest.dropFirst() }
    return String(rest)
  }
}

extension Unicode.Scalar {
  fileprivate var isNamePart: Bool {
    ("a"..."z").contains(self) || ("A"..."Z").contains(self) || ("0"..."9").contains(self) || self == "_"
  }
}

extension Double {
  /// A number as Go's ParseFloat takes it, but for hexadecimal ones and underscores.
  init?(exposed text: String) {
    switch text {
    case "+Inf", "Inf": self = .infinity
    case "-Inf": self = -.infinity
    case "NaN": self = .nan
    default:
      guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }), let value = Double(text) else { return nil }
      self = value
    }
  }
}
