// What the stack does of itself: timers, DHCP, ARP, and the segments of all connections that have something to send.

import Base
import Bytes

extension NetworkStack {
  /// Does all that is due and sends all that may be sent. Stops where the link is full and goes on at the next call, for
  /// which `nextDeadline` asks within a millisecond.
  @inline(__always)
  public mutating func flush<L: LinkTransmitter & ~Copyable>(now: Instant, link: inout L) {
    retryLinkAt = .distantFuture
    if isDue(now) { flushDue(now: now, &link) }
    sendQueued(now: now, link: &link)
    if arp.nextDeadline <= now { flushARP(now: now, &link) }
  }

  /// Sends all that connections may send, as `flush` does; whatever else is due waits for that.
  @inline(__always)
  public mutating func sendQueued<L: LinkTransmitter & ~Copyable>(now: Instant, link: inout L) {
    if outputs.count > 0 { flushOutputs(now: now, &link) }
  }

  /// Whether `flush` has more to do than to send what connections have.
  @inline(__always)
  private func isDue(_ now: Instant) -> Bool {
    if timers.nextDeadline <= now || timeWait.nextDeadline <= now || pathsResolved || announcementsLeft > 0 { return true }
    guard let dhcp else { return false }
    return dhcp.nextDeadline <= now
  }

  @inline(never)
  private mutating func flushDue<L: LinkTransmitter & ~Copyable>(now: Instant, _ link: inout L) {
    while let node = timers.removeDue(now: now) {
      if node < firstHalfOpen {
        expireConnection(node, now: now)
      } else {
        expireHalfOpen(node &- firstHalfOpen, now: now, &link)
      }
    }
    expireTimeWait(now: now)
    if let dhcp, dhcp.nextDeadline <= now { flushDHCP(now: now, &link) }
    if announcementsLeft > 0, let address = interface?.address {
      announcementsLeft &-= 1
      sendARP(.announcement(address, mac), &link)
    }
    if pathsResolved { resumeWaiting(now: now, &link) }
  }

  /// Sends the acknowledgements that wait for data to travel with. To be called when there is nothing else to do: no data
  /// will come to take them along, and a peer that keeps its last small segment back until they are there (RFC 896) would
  /// wait for the delay's end.
  @inline(__always)
  public mutating func acknowledge<L: LinkTransmitter & ~Copyable>(now: Instant, link: inout L) {
    if owing.count > 0 { acknowledgeOwed(now: now, &link) }
  }

  private mutating func acknowledgeOwed<L: LinkTransmitter & ~Copyable>(now: Instant, _ link: inout L) {
    while let index = owing.removeFirst() {
      guard connections.slots[index].needsAcknowledgement else { continue }
      connections.slots[index].acknowledgesNow = true
      outputs.append(index)
    }
    if outputs.count > 0 { flushOutputs(now: now, &link) }
  }

  @inline(never)
  private mutating func flushOutputs<L: LinkTransmitter & ~Copyable>(now: Instant, _ link: inout L) {
    for _ in 0..<outputs.count {
      guard let index = outputs.removeFirst() else { return }
      guard output(index, now: now, &link) else {
        // To the end of the queue: the others come first when there is room again.
        outputs.append(index)
        retryLinkAt = now + .milliseconds(1)
        return
      }
    }
  }

  /// Sends what connection `index` may send; false where the link is full.
  @inline(__always)
  private mutating func output<L: LinkTransmitter & ~Copyable>(_ index: Int, now: Instant, _ link: inout L) -> Bool {
    guard connections.slots[index].state != .closed, interface != nil else { return true }
    if connections.slots[index].pathVersion != arp.version && !findPath(index, now: now) { return true }
    if connections.slots[index].state == .resetting { return outputReset(index, &link) }
    let isDone = connections.slots[index].output(now: now, &shared, &link)
    // The other deadlines stand as they were; the heap has them.
    timers.schedule(index, at: connections.slots[index].retransmitAt)
    return isDone
  }

  /// Sends the RST that ends connection `index`; false where the link is full.
  @inline(never)
  private mutating func outputReset<L: LinkTransmitter & ~Copyable>(_ index: Int, _ link: inout L) -> Bool {
    let header = TCPHeader(
      sourcePort: connections.slots[index].localPort, destinationPort: connections.slots[index].remotePort,
      sequence: connections.slots[index].sendMaximum, acknowledgement: connections.slots[index].receiveNext, flags: .rst,
      window: 0)
    guard transmit(header, connections.slots[index].path, &link) else { return false }
    shared.counters.resetsSent &+= 1
    endConnection(index, connections.slots[index].closeReason)
    return true
  }

  /// Looks up where frames of connection `index` go; false where that is not known, and the connection waits for it.
  @inline(never)
  private mutating func findPath(_ index: Int, now: Instant) -> Bool {
    if let station = resolve(connections.slots[index].remote, now: now) {
      connections.slots[index].path = SegmentPath(from: mac, shared.local, to: station, connections.slots[index].remote)
      connections.slots[index].pathVersion = arp.version
      connections.slots[index].waitsForPath = false
      return true
    }
    if connections.slots[index].state == .resetting {
      endConnection(index, connections.slots[index].closeReason)
      return false
    }
    connections.slots[index].deferOutput(now: now)
    timers.schedule(index, at: connections.slots[index].nextDeadline)
    return false
  }

  private mutating func expireConnection(_ index: Int, now: Instant) {
    apply(connections.slots[index].expire(now: now, &shared), index)
    // Where segment after segment is lost, the next hop may be another station by now.
    if connections.slots[index].retransmissions == 3,
      let hop = interface?.nextHop(to: connections.slots[index].remote)
    {
      arp.suspect(hop)
    }
    timers.schedule(index, at: connections.slots[index].nextDeadline)
  }

  /// A hardware address came: everybody who waited for one tries again.
  private mutating func resumeWaiting<L: LinkTransmitter & ~Copyable>(now: Instant, _ link: inout L) {
    pathsResolved = false
    for index in connections.slots.indices where connections.slots[index].waitsForPath { outputs.append(index) }
    for index in halfOpen.entries.indices where halfOpen.entries[index].waitsForPath {
      // Nothing was sent yet, so the round trip can be measured.
      halfOpen.entries[index].transmissions = 0
      sendSynAck(index, now: now, &link)
    }
  }

  @inline(never)
  private mutating func flushARP<L: LinkTransmitter & ~Copyable>(now: Instant, _ link: inout L) {
    guard let address = interface?.address else { return }
    while let request = arp.nextRequest(now: now) {
      switch request {
      case .ask(let target, let station):
        shared.counters.arpRequestsSent &+= 1
        sendARP(
          ARPPacket(
            operation: .request, senderMAC: mac, sender: address, targetMAC: station == .broadcast ? .zero : station,
            target: target), &link)
      case .failed:
        shared.counters.arpFailures &+= 1
      }
    }
  }
}
