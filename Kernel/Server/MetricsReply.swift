// What `GET /metrics` answers: Prometheus' text format. What is the kernel's needs no key.
// Out of scope: the series of actions (ActionMetrics.swift) and of the network (NetworkMetrics.swift).

import API
import Actions
import Base
import Bytes
import Entities
import HTTP
import Net
import Records

extension HTTPServer {
  @_optimize(size) @inline(never)
  mutating func metricsReply(of namespace: NamespaceID?, _ network: NetworkCounters, now: Instant) -> Reply {
    var metrics = MetricsWriter(TextWriter(capacity: 8_192))
    metrics.single("swiftlet_uptime_seconds", .gauge, "Time since the kernel's entry.", now.nanoseconds / 1_000_000_000)
    writeMemory(&metrics)
    writeTraffic(&metrics)
    writeInvocations(&metrics)
    NetworkMetrics.write(network, into: &metrics)
    if let namespace { writeActions(of: namespace, &metrics) }
    var reply = Reply(.ok, .metrics)
    reply.body = metrics.finish()
    return reply
  }

  @_optimize(size)
  private mutating func writeMemory(_ metrics: inout MetricsWriter) {
    metrics.single("swiftlet_memory_bytes", .gauge, "Memory that the kernel has.", Self.bytes(gauges.framesTotal))
    metrics.single("swiftlet_memory_used_bytes", .gauge, "Memory in use.", Self.bytes(gauges.framesInUse))
    metrics.single("swiftlet_heap_bytes", .gauge, "Frames of the kernel's heap.", Self.bytes(gauges.heapFrames))
    metrics.single("swiftlet_heap_used_bytes", .gauge, "Objects on the kernel's heap.", UInt64(max(0, gauges.heapBytesInUse)))
    metrics.single("swiftlet_actions", .gauge, "Deployed actions.", UInt64(entities.deployedActions))
  }

  @_optimize(size)
  private mutating func writeTraffic(_ metrics: inout MetricsWriter) {
    metrics.single("swiftlet_connections", .gauge, "TCP connections.", UInt64(max(0, gauges.connections)))
    metrics.single("swiftlet_connections_time_wait", .gauge, "TCP connections in TIME_WAIT.", UInt64(max(0, gauges.timeWait)))
    metrics.single("swiftlet_queue_length", .gauge, "Requests that wait for the executor.", UInt64(max(0, waitingCount)))
    metrics.single("swiftlet_requests_total", .counter, "Requests whose head was legal.", counters.requests)
    metrics.single("swiftlet_malformed_requests_total", .counter, "Requests that break HTTP.", counters.malformed)
    metrics.begin("swiftlet_responses_total", .counter, "Responses, by the class of their status.")
    metrics.sample("class", "2xx", counters.successes)
    metrics.sample("class", "4xx", counters.clientErrors)
    metrics.sample("class", "5xx", counters.serverErrors)
    metrics.single("swiftlet_rejected_requests_total", .counter, "Requests refused because too many waited.", counters.rejected)
    metrics.single("swiftlet_timeouts_total", .counter, "Connections closed because the client took too long.", counters.timeouts)
    metrics.single("swiftlet_deployments_total", .counter, "Deployments that succeeded.", counters.deployments)
  }

  @_optimize(size)
  private mutating func writeInvocations(_ metrics: inout MetricsWriter) {
    metrics.begin("swiftlet_invocations_total", .counter, "Invocations that ended, by how.")
    metrics.sample("outcome", "success", counters.invocations)
    metrics.sample("outcome", "failure", counters.failedInvocations)
    metrics.single("swiftlet_cold_starts_total", .counter, "Invocations that were the first of their action's version.", counters.coldStarts)
    metrics.begin("swiftlet_invocation_duration_microseconds", .histogram, "How long invocations ran.")
    metrics.histogram(latencies)
    let pages = gauges.pages
    metrics.single("swiftlet_pages_copied_total", .counter, "Pages that were copied for invocations.", UInt64(max(0, pages.copied)))
    metrics.single("swiftlet_pages_zeroed_total", .counter, "Pages that were zeroed for invocations.", UInt64(max(0, pages.zeroed)))
    metrics.single("swiftlet_page_faults_total", .counter, "Page faults of actions.", UInt64(max(0, pages.faults)))
  }

  private static func bytes(_ frames: Int) -> UInt64 { UInt64(max(0, frames)) << 12 }
}
