// The series of a namespace's own actions, which only its key shows: no namespace sees another's.

import API
import Actions
import Base
import Bytes
import Entities
import HTTP
import Net
import Records

extension HTTPServer {
  /// Bytes of all metrics past which no more actions are shown.
  private static var metricsLimit: Int { 1 << 20 }
  /// Samples of one action, and bytes of one beside its labels at most.
  private static var samplesPerAction: Int { 33 }
  private static var sampleBytes: Int { 112 }

  /// Writes the series of the actions of `namespace` that were invoked. Where all are too long, those deployed last are left out, and a comment
  /// says how many.
  @_optimize(size) @inline(never)
  mutating func writeActions(of namespace: NamespaceID, _ metrics: inout MetricsWriter) {
    let (shown, omitted) = select(namespace, &metrics)
    if omitted > 0 { metrics.comment(omitted, " actions are left out: their series would make this text too long.") }
    guard shown > 0 else { return }
    metrics.begin("swiftlet_action_invocations_total", .counter, "Invocations of an action that ended, by how.")
    each(of: namespace, shown, &metrics) { (figures, _, metrics) in
      metrics.sample("outcome", "success", figures.count(.success))
      metrics.sample("outcome", "application_error", figures.count(.applicationError))
      metrics.sample("outcome", "developer_error", figures.count(.developerError))
      metrics.sample("outcome", "internal_error", figures.count(.internalError))
    }
    metrics.begin("swiftlet_action_cold_starts_total", .counter, "Invocations that were the first of the action's version.")
    each(of: namespace, shown, &metrics) { (figures, _, metrics) in metrics.sample(figures.coldStarts) }
    metrics.begin("swiftlet_action_duration_microseconds", .histogram, "How long invocations of an action ran.")
    each(of: namespace, shown, &metrics) { (figures, _, metrics) in metrics.histogram(figures.durations) }
    metrics.begin("swiftlet_action_pages_copied_total", .counter, "Pages that were copied for an action's invocations.")
    each(of: namespace, shown, &metrics) { (figures, _, metrics) in metrics.sample(figures.pagesCopied) }
    metrics.begin("swiftlet_action_pages_zeroed_total", .counter, "Pages that were zeroed for an action's invocations.")
    each(of: namespace, shown, &metrics) { (figures, _, metrics) in metrics.sample(figures.pagesZeroed) }
    metrics.begin("swiftlet_action_page_faults_total", .counter, "Page faults of an action.")
    each(of: namespace, shown, &metrics) { (figures, _, metrics) in metrics.sample(figures.pageFaults) }
    metrics.begin("swiftlet_action_memory_limit_bytes", .gauge, "Memory that an action may have.")
    each(of: namespace, shown, &metrics) { (_, record, metrics) in metrics.sample(UInt64(max(0, record.limits.memoryBytes))) }
  }

  /// How many of the invoked actions fit, and how many do not.
  @_optimize(size)
  private mutating func select(_ namespace: NamespaceID, _ metrics: inout MetricsWriter) -> (shown: Int, omitted: UInt64) {
    var room = Self.metricsLimit &- metrics.count
    var shown = 0
    var omitted: UInt64 = 0
    var next = entities.actions.newest
    while let id = next {
      next = entities.actions.older(than: id)
      guard entities.actions.namespace(of: id) == UInt16(namespace.index), figures[id] != nil else { continue }
      setLabels(id, namespace, &metrics)
      room &-= Self.samplesPerAction &* (Self.sampleBytes &+ metrics.labelLength)
      if room >= 0 && omitted == 0 { shown &+= 1 } else { omitted &+= 1 }
    }
    metrics.clearLabels()
    return (shown, omitted)
  }

  /// Lets `body` write the samples of each of the first `count` actions that were invoked, with its labels set.
  @_optimize(size) @inline(never)
  private mutating func each(
    of namespace: NamespaceID, _ count: Int, _ metrics: inout MetricsWriter,
    _ body: (ActionFigures, ActionRecord, inout MetricsWriter) -> Void
  ) {
    var left = count
    var next = entities.actions.newest
    while left > 0, let id = next {
      next = entities.actions.older(than: id)
      guard entities.actions.namespace(of: id) == UInt16(namespace.index), let found = figures[id],
        let record = entities.actions[id]
      else { continue }
      setLabels(id, namespace, &metrics)
      body(found, record, &metrics)
      left &-= 1
    }
  }

  @_optimize(size)
  private mutating func setLabels(_ id: ActionID, _ namespace: NamespaceID, _ metrics: inout MetricsWriter) {
    metrics.clearLabels()
    metrics.addLabel("namespace", accounts.name(of: namespace))
    metrics.addLabel("action", entities.actions.name(of: id))
  }
}
