// Time limits of connections, and the times of alarms. Their least is kept as a bound that is only made exact when it is reached, so that
// setting a deadline costs a comparison.

import API
import Base
import Bytes
import HTTP

extension HTTPServer {
  /// Sets when the connection's phase ends without progress.
  mutating func arm(_ slot: Int, _ deadline: Instant) {
    connections[slot].deadline = deadline
    if deadline < earliestDeadline { earliestDeadline = deadline }
  }

  /// Ends every phase that is past its time, and fires the alarms that are due.
  @_optimize(size)
  mutating func expire<Network: Transport & ~Copyable>(_ network: inout Network, _ now: Instant) {
    fireAlarms(now)
    for slot in 0..<connections.count where connections[slot].deadline <= now && connections[slot].id != nil {
      connections[slot].deadline = .distantFuture
      let phase = connections[slot].phase
      if phase != .lingering && phase != .waiting { counters.timeouts &+= 1 }
      switch phase {
      case .idle, .discarding: linger(slot, &network, now)
      case .head:
        forgetRequest(slot)
        refuse(slot, .headTimeout, &network, now)
      case .body, .chunkedBody: refuse(slot, .bodyTimeout, &network, now)
      case .lingering: reset(slot, &network)
      case .waiting: stopWaiting(slot, &network, now)
      case .queued, .running, .aborted: break
      }
    }
    earliestDeadline = alarmDeadline()
    for slot in 0..<connections.count where connections[slot].id != nil {
      earliestDeadline = min(earliestDeadline, connections[slot].deadline)
    }
  }
}
