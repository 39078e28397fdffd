// What a namespace may ask for: looked at when an invocation's request is complete, and only where the settings have a bound.

import API
import Actions
import Base
import Bytes
import Entities
import HTTP
import Net
import Records

extension HTTPServer {
  /// One quota of each namespace for invocations, one for firings of triggers; none where nothing is bounded.
  @_optimize(size) @inline(never)
  static func makeQuotas(_ settings: QuotaSettings) -> FailableArray<NamespaceQuota> {
    var quotas = FailableArray<NamespaceQuota>()
    guard settings.isBounded else { return quotas }
    let quota = NamespaceQuota(settings, now: Instant(nanoseconds: 0))
    while quotas.count < 2 &* AccountTable.capacity {
      guard quotas.append(quota) else { fatalError("no memory for the quotas") }
    }
    return quotas
  }

  /// Whether the complete request is one invocation too many, which is then answered.
  @_optimize(size) @inline(never)
  mutating func refusesInvocation<Network: Transport & ~Copyable>(
    _ slot: Int, _ id: ConnectionID, _ network: inout Network, _ now: Instant
  ) -> Bool {
    let pending = connections[slot].request
    guard let namespace = payer(of: pending) else { return false }
    let index = 2 &* Int(namespace.index) &+ (pending.job == .fire ? 1 : 0)
    guard index < quotas.count else { return false }
    let inFlight = settings.quota.hasConcurrency ? inFlight(namespace) : 0
    guard let refusal = quotas[index].admit(settings.quota, inFlight: inFlight, now: now) else { return false }
    var text = TextWriter()
    refusal.write(into: &text)
    var reply = Reply(.tooManyRequests, error: text.buffer, id: requestID(slot, network.received(id)))
    reply.retries = true
    if case .rate(_, let allowed) = refusal { reply.retrySeconds = (60 &+ UInt64(allowed) &- 1) / UInt64(max(1, allowed)) }
    answerUnqueued(slot, id, reply, &network, now)
    return true
  }

  /// The namespace that an invocation counts for: the one that its activation belongs to, or, where a function is called as it is, the action's; nil where nothing is invoked.
  @_optimize(size)
  private mutating func payer(of request: PendingRequest) -> NamespaceID? {
    switch request.job {
    case .activate, .web, .fire, .background: request.namespace
    case .invoke:
      request.action.flatMap { entities.actions.namespace(of: $0) }.map { NamespaceID(index: UInt8(truncatingIfNeeded: $0)) }
    case .put, .remove, .setStatus: nil
    }
  }

  /// Invocations of a namespace that wait or run.
  @_optimize(size) @inline(never)
  private mutating func inFlight(_ namespace: NamespaceID) -> UInt32 {
    var count = backlog.count(of: namespace)
    if let running = running.take() {
      if running.namespace == namespace { count &+= 1 }
      self.running = consume running
    }
    for slot in connections.indices where connections[slot].phase == .queued || connections[slot].phase == .running {
      if connections[slot].request.job == .invoke, payer(of: connections[slot].request) == namespace { count &+= 1 }
    }
    return count
  }
}
