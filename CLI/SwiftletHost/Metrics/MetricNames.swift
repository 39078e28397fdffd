/// What the kernel calls its metrics: the only place that knows.
enum MetricNames {
  /// A counter with the labels `action` and `outcome`; without the first it counts all actions together.
  static let invocations = "swiftlet_invocations_total"
  /// A histogram, in microseconds, with the label `action` or without.
  static let duration = "swiftlet_invocation_duration_microseconds"
  static let action = "action"
  static let outcome = "outcome"
  /// The value of `outcome` that is no error.
  static let success = "success"
  /// A gauge: seconds since the boot.
  static let uptime = "swiftlet_uptime_seconds"
  /// Gauges in bytes: what is used, and of how much.
  static let memory = [
    ("memory", "swiftlet_memory_used_bytes", "swiftlet_memory_bytes"), ("heap", "swiftlet_heap_used_bytes", "swiftlet_heap_bytes"),
  ]
  /// Gauges that count.
  static let counts = [
    ("actions", "swiftlet_actions"), ("connections", "swiftlet_connections"), ("waiting", "swiftlet_queue_length"),
  ]
}
