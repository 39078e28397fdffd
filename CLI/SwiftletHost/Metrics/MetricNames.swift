/// What the kernel calls its metrics: the only place that knows.
enum MetricNames {
  /// Counters with the label `outcome`: of all actions together, and of one of the key's namespace, with the label `action`.
  static let invocations: Set = ["swiftlet_invocations_total", "swiftlet_action_invocations_total"]
  /// Histograms, in microseconds, as above.
  static let durations: Set = ["swiftlet_invocation_duration_microseconds_bucket", "swiftlet_action_duration_microseconds_bucket"]
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
