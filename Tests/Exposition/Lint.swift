// What promtool remarks on beyond errors (client_golang's promlint), for names as this kernel has them.

extension Exposition {
  /// Remarks, each with the family's name before it. Microseconds are not remarked on: they are what this kernel counts in.
  public func lint() -> [String] {
    families.flatMap { family in Self.remarks(family).map { "\(family.name) \($0)" } }
  }

  private static let reservedSuffixes = ["_bucket", "_sum", "_count"]
  /// Units that have a base unit, and abbreviations.
  private static let wrongUnits: Set<String> = [
    "milliseconds", "nanoseconds", "minutes", "hours", "days", "weeks", "kilobytes", "megabytes", "gigabytes", "kibibytes", "mebibytes", "gibibytes",
    "bits", "percent", "s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "m", "h", "d",
  ]

  private static func remarks(_ family: Family) -> [String] {
    var remarks: [String] = []
    let words = family.name.split(separator: "_").map(String.init)
    if family.kind == .counter && !family.name.hasSuffix("_total") { remarks.append("is a counter and does not end in _total") }
    if family.kind != .counter && family.name.hasSuffix("_total") { remarks.append("is no counter and ends in _total") }
    if let suffix = reservedSuffixes.first(where: family.name.hasSuffix) { remarks.append("ends in \(suffix)") }
    if family.name.contains(":") { remarks.append("has a colon") }
    if family.name.utf8.contains(where: { (0x41...0x5a).contains($0) }) { remarks.append("has capitals") }
    if words.contains(family.kind.rawValue) { remarks.append("names its type") }
    if let unit = words.first(where: wrongUnits.contains) { remarks.append("counts in \(unit)") }
    if family.kind != .histogram && family.samples.contains(where: { $0.labels["le"] != nil }) { remarks.append("has bounds") }
    if family.kind != .summary && family.samples.contains(where: { $0.labels["quantile"] != nil }) { remarks.append("has quantiles") }
    if family.samples.isEmpty { remarks.append("has no samples") }
    return remarks
  }
}
