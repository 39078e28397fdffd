// What `GET /metrics` answers: Prometheus' text format, version 0.0.4. It needs no key, and names no action.

import API
import Actions
import Base
import Bytes
import HTTP
import Net

extension HTTPServer {
  @_optimize(size) @inline(never)
  mutating func metricsReply(now: Instant) -> Reply {
    var reply = Reply(.ok, .metrics)
    write(.gauge, "swiftlet_uptime_seconds", "Time since the kernel's entry.", now.nanoseconds / 1_000_000_000, &reply.body)
    writeMemory(&reply.body)
    writeTraffic(&reply.body)
    reply.body.write("# HELP swiftlet_invocations_total Invocations that ended, by how.\n# TYPE swiftlet_invocations_total counter\n")
    write("swiftlet_invocations_total{outcome=\"success\"}", counters.invocations, &reply.body)
    write("swiftlet_invocations_total{outcome=\"failure\"}", counters.failedInvocations, &reply.body)
    reply.body.write(
      "# HELP swiftlet_invocation_duration_microseconds How long invocations ran.\n# TYPE swiftlet_invocation_duration_microseconds histogram\n")
    latencies.write("swiftlet_invocation_duration_microseconds", into: &reply.body)
    writePages(&reply.body)
    return reply
  }

  @_optimize(size)
  private mutating func writeMemory(_ text: inout TextWriter) {
    write(.gauge, "swiftlet_memory_bytes", "Memory that the kernel has.", bytes(gauges.framesTotal), &text)
    write(.gauge, "swiftlet_memory_used_bytes", "Memory in use.", bytes(gauges.framesInUse), &text)
    write(.gauge, "swiftlet_heap_bytes", "Frames of the kernel's heap.", bytes(gauges.heapFrames), &text)
    write(.gauge, "swiftlet_heap_used_bytes", "Objects on the kernel's heap.", UInt64(max(0, gauges.heapBytesInUse)), &text)
    write(.gauge, "swiftlet_actions", "Deployed actions.", UInt64(max(0, actions.count)), &text)
  }

  @_optimize(size)
  private mutating func writeTraffic(_ text: inout TextWriter) {
    write(.gauge, "swiftlet_connections", "TCP connections.", UInt64(max(0, gauges.connections)), &text)
    write(.gauge, "swiftlet_connections_time_wait", "TCP connections in TIME_WAIT.", UInt64(max(0, gauges.timeWait)), &text)
    write(.gauge, "swiftlet_queue_length", "Requests that wait for the executor.", UInt64(max(0, waitingCount)), &text)
    write(.counter, "swiftlet_requests_total", "Requests whose head was legal.", counters.requests, &text)
    write(.counter, "swiftlet_malformed_requests_total", "Requests that break HTTP.", counters.malformed, &text)
    text.write("# HELP swiftlet_responses_total Responses, by class of their status.\n# TYPE swiftlet_responses_total counter\n")
    write("swiftlet_responses_total{class=\"2xx\"}", counters.successes, &text)
    write("swiftlet_responses_total{class=\"4xx\"}", counters.clientErrors, &text)
    write("swiftlet_responses_total{class=\"5xx\"}", counters.serverErrors, &text)
    write(.counter, "swiftlet_rejected_requests_total", "Requests refused because too many waited.", counters.rejected, &text)
    write(.counter, "swiftlet_timeouts_total", "Connections closed because the client took too long.", counters.timeouts, &text)
    write(.counter, "swiftlet_deployments_total", "Deployments that succeeded.", counters.deployments, &text)
  }

  @_optimize(size)
  private mutating func writePages(_ text: inout TextWriter) {
    let pages = gauges.pages
    write(.counter, "swiftlet_pages_copied_total", "Pages that invocations had copied for them.", UInt64(max(0, pages.copied)), &text)
    write(.counter, "swiftlet_pages_zeroed_total", "Pages that invocations had zeroed for them.", UInt64(max(0, pages.zeroed)), &text)
    write(.counter, "swiftlet_page_faults_total", "Page faults of actions.", UInt64(max(0, pages.faults)), &text)
  }

  private func bytes(_ frames: Int) -> UInt64 { UInt64(max(0, frames)) << 12 }

  private enum Kind { case counter, gauge }

  /// A family of one sample.
  @_optimize(size) @inline(never)
  private func write(_ kind: Kind, _ name: StaticString, _ help: StaticString, _ value: UInt64, _ text: inout TextWriter) {
    text.write("# HELP ")
    text.write(name)
    text.write(" ")
    text.write(help)
    text.write("\n# TYPE ")
    text.write(name)
    text.write(kind == .counter ? " counter\n" : " gauge\n")
    write(name, value, &text)
  }

  @inline(never)
  private func write(_ sample: StaticString, _ value: UInt64, _ text: inout TextWriter) {
    text.write(sample)
    text.write(" ")
    text.write(decimal: value)
    text.write("\n")
  }
}
