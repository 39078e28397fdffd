// What the actions are doing: the difference of two readings of the metrics.

/// A reading of the metrics. All actions together have the empty name.
public struct MetricsReading: Equatable, Sendable {
  var invocations: [String: Double] = [:]
  var errors: [String: Double] = [:]
  /// By action, the histogram's bounds (microseconds) and how many were at or below each.
  var buckets: [String: [Double: Double]] = [:]
  /// What has no labels.
  var values: [String: Double] = [:]

  /// A reading of nothing: what follows is counted from the boot.
  public init() {}

  public init(_ samples: [MetricSample]) {
    for sample in samples {
      let action = sample.labels[MetricNames.action] ?? ""
      if MetricNames.invocations.contains(sample.name) {
        invocations[action, default: 0] += sample.value
        if sample.labels[MetricNames.outcome] != MetricNames.success { errors[action, default: 0] += sample.value }
      } else if MetricNames.durations.contains(sample.name), let bound = sample.labels["le"].flatMap(Double.init) {
        buckets[action, default: [:]][bound, default: 0] += sample.value
      } else if sample.labels.isEmpty {
        values[sample.name] = sample.value
      }
    }
  }

  /// Seconds since the boot; 0 where the kernel does not tell.
  public var uptime: Double { values[MetricNames.uptime] ?? 0 }

  /// The kernel's gauges, as far as they are there: memory in bytes, "used" and "total", and numbers.
  public var gauges: [(name: String, value: Double)] {
    let memory = MetricNames.memory.flatMap { name, used, total in [("\(name) used", used), ("\(name) total", total)] }
    return (memory + MetricNames.counts).compactMap { name, metric in values[metric].map { (name, $0) } }
  }

  /// "memory 1.8 MB of 63 MB, …, actions 3"
  public var summary: String {
    var parts: [String] = []
    for (name, used, total) in MetricNames.memory {
      guard let used = values[used].flatMap({ Int(exactly: $0) }) else { continue }
      let all = values[total].flatMap { Int(exactly: $0) }.map { " of \(Quantity.size($0))" } ?? ""
      parts.append("\(name) \(Quantity.size(used))\(all)")
    }
    for (name, metric) in MetricNames.counts {
      if let value = values[metric] { parts.append("\(name) \(Quantity.count(value))") }
    }
    return parts.joined(separator: ", ")
  }
}

/// What one action did between two readings.
public struct ActionActivity: Equatable, Sendable {
  /// Empty for all actions together.
  public var name: String
  /// Since the boot.
  public var total: Double
  public var perSecond: Double
  public var errorsPerSecond: Double
  /// Microseconds; nil where nothing ran.
  public var median: Double?
  public var percentile99: Double?

  /// Of all actions together, then of each, the busiest first. `interval` is in seconds.
  public static func between(_ before: MetricsReading, _ after: MetricsReading, interval: Double) -> [ActionActivity] {
    after.invocations.map { name, total in
      let buckets = (after.buckets[name] ?? [:]).map { bound, count in (bound, max(0, count - (before.buckets[name]?[bound] ?? 0))) }
      let histogram = buckets.sorted { $0.0 < $1.0 }
      func rate(_ key: KeyPath<MetricsReading, [String: Double]>) -> Double {
        let difference = (after[keyPath: key][name] ?? 0) - (before[keyPath: key][name] ?? 0)
        return interval > 0 ? max(0, difference) / interval : 0
      }
      return ActionActivity(
        name: name, total: total, perSecond: rate(\.invocations), errorsPerSecond: rate(\.errors),
        median: quantile(0.5, of: histogram), percentile99: quantile(0.99, of: histogram))
    }.sorted {
      if $0.name.isEmpty || $1.name.isEmpty { return $0.name.isEmpty }
      return ($0.perSecond, $0.total, $1.name) > ($1.perSecond, $1.total, $0.name)
    }
  }

  /// As Prometheus' `histogram_quantile`: linear inside the bucket. `buckets` are cumulative and sorted.
  static func quantile(_ fraction: Double, of buckets: [(bound: Double, count: Double)]) -> Double? {
    guard let all = buckets.last?.count, all > 0 else { return nil }
    var (lower, below) = (0.0, 0.0)
    for (bound, count) in buckets {
      if count >= fraction * all {
        return bound.isInfinite ? lower : lower + (bound - lower) * (fraction * all - below) / (count - below)
      }
      (lower, below) = (bound, count)
    }
    return lower
  }

  public static func table(_ activities: [ActionActivity]) -> TextTable {
    var table = TextTable(("ACTION", .left), ("TOTAL", .right), ("PER S", .right), ("ERRORS/S", .right), ("P50", .right), ("P99", .right))
    func time(_ microseconds: Double?) -> String { microseconds.map { Quantity.duration(microseconds: $0) } ?? "-" }
    for activity in activities {
      table.add(
        activity.name.isEmpty ? "(all)" : activity.name, Quantity.count(activity.total), Quantity.short(activity.perSecond),
        Quantity.short(activity.errorsPerSecond), time(activity.median), time(activity.percentile99))
    }
    return table
  }
}
