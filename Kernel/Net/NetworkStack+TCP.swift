// The way of a TCP segment to what it belongs to: a connection, a handshake, TIME_WAIT, or a listening port
// (RFC 9293 §3.10.7). Handshakes are in NetworkStack+Handshake.swift.

import Base
import Bytes

/// Where a segment came from, for answers that go straight back.
struct SegmentOrigin: BitwiseCopyable {
  let endpoint: Endpoint
  let local: IPv4Address
  /// The station that the frame came from.
  let station: MACAddress
}

extension NetworkStack {
  /// First node of handshakes, and of TIME_WAIT.
  @inline(__always) var firstHalfOpen: Int { connections.capacity }
  @inline(__always) var firstTimeWait: Int { connections.capacity &+ halfOpen.capacity }

  mutating func receiveTCP<L: LinkTransmitter & ~Copyable>(
    _ bytes: Span<UInt8>, _ header: IPv4Header, _ ethernet: EthernetHeader, _ checksum: ReceivedChecksum,
    now: Instant, _ link: inout L
  ) {
    let segment: TCPSegment
    do throws(TCPError) {
      segment = try TCPSegment(
        parsing: bytes, source: header.source, destination: header.destination, checksum: checksum)
    } catch {
      switch error {
      case .malformed: shared.counters.droppedMalformedTCP &+= 1
      case .checksum: shared.counters.droppedTCPChecksum &+= 1
      }
      return
    }
    shared.counters.segmentsReceived &+= 1
    let endpoint = Endpoint(
      remote: header.source, remotePort: segment.sourcePort, localPort: segment.destinationPort)
    let origin = SegmentOrigin(endpoint: endpoint, local: header.destination, station: ethernet.source)
    guard let node = endpoints.find(endpoint) else {
      receiveUnknown(segment, bytes, origin, now: now, &link)
      return
    }
    if node < firstHalfOpen {
      receive(segment, bytes, connection: node, origin, now: now, &link)
    } else if node < firstTimeWait {
      receive(segment, bytes, halfOpen: node &- firstHalfOpen, origin, now: now, &link)
    } else {
      receive(segment, bytes, timeWait: node &- firstTimeWait, origin, now: now, &link)
    }
  }

  /// A segment of connection `index`.
  @inline(__always)
  mutating func receive<L: LinkTransmitter & ~Copyable>(
    _ segment: TCPSegment, _ bytes: Span<UInt8>, connection index: Int, _ origin: SegmentOrigin, now: Instant,
    _ link: inout L
  ) {
    let payload = bytes.extracting(segment.headerLength..<bytes.count)
    let verdict = connections.slots[index].receive(segment, payload: payload, now: now, &shared)
    apply(verdict, index)
    if !verdict.isDisjoint(with: [.closed, .timeWait]) { settle(verdict, index, origin, now: now, &link) }
    connections.tell(index)
  }

  /// Ends the connection, or lets it wait.
  @inline(never)
  private mutating func settle<L: LinkTransmitter & ~Copyable>(
    _ verdict: Verdict, _ index: Int, _ origin: SegmentOrigin, now: Instant, _ link: inout L
  ) {
    if verdict.contains(.closed) {
      endConnection(index, connections.slots[index].closeReason)
    } else {
      let entry = TimeWait(
        sendNext: connections.slots[index].sendMaximum, receiveNext: connections.slots[index].receiveNext,
        window: connections.slots[index].advertiseWindow())
      // The acknowledgement of the peer's FIN cannot wait: the connection is gone after this.
      if connections.slots[index].needsAcknowledgement { acknowledge(entry, origin, &link) }
      endConnection(index, .finished)
      enterTimeWait(entry, origin.endpoint, now: now)
    }
  }

  /// A segment of a connection that ended (RFC 9293 §3.10.7.4, TIME-WAIT; RFC 1337: RST does not cut it short).
  private mutating func receive<L: LinkTransmitter & ~Copyable>(
    _ segment: TCPSegment, _ bytes: Span<UInt8>, timeWait index: Int, _ origin: SegmentOrigin, now: Instant,
    _ link: inout L
  ) {
    let entry = timeWait[index]
    guard entry.expiresAt > now else {
      removeTimeWait(index)
      receiveUnknown(segment, bytes, origin, now: now, &link)
      return
    }
    if segment.flags.intersection([.syn, .ack, .rst, .fin]) == .syn && segment.sequence > entry.receiveNext
      && isListening(origin.endpoint.localPort)
    {
      removeTimeWait(index)
      shared.counters.timeWaitReused &+= 1
      beginHandshake(segment, bytes, origin, after: entry.sendNext, now: now, &link)
      return
    }
    guard !segment.flags.contains(.rst), segment.flags.contains(.ack) || segment.flags.contains(.syn),
      segment.sequenceLength > 0 || segment.sequence != entry.receiveNext
    else { return }
    guard shared.challenges.take(now: now) else {
      shared.counters.challengeAcksWithheld &+= 1
      return
    }
    acknowledge(entry, origin, &link)
    // The peer's FIN came again, so its acknowledgement was lost: the time starts anew.
    if segment.flags.contains(.fin) {
      removeTimeWait(index)
      enterTimeWait(entry, origin.endpoint, now: now)
    }
  }

  private mutating func enterTimeWait(_ entry: TimeWait, _ endpoint: Endpoint, now: Instant) {
    if timeWait.isFull, let oldest = timeWait.oldest {
      removeTimeWait(oldest)
      shared.counters.timeWaitRecycled &+= 1
    }
    var fresh = entry
    fresh.expiresAt = now + shared.limits.timeWaitDuration
    endpoints.insert(firstTimeWait &+ timeWait.append(fresh), endpoint)
  }

  mutating func removeTimeWait(_ index: Int) {
    endpoints.remove(firstTimeWait &+ index)
    timeWait.remove(index)
  }

  /// Forgets what has been in TIME_WAIT for long enough.
  mutating func expireTimeWait(now: Instant) {
    while let oldest = timeWait.oldest, timeWait[oldest].expiresAt <= now { removeTimeWait(oldest) }
  }

  private mutating func acknowledge<L: LinkTransmitter & ~Copyable>(
    _ entry: TimeWait, _ origin: SegmentOrigin, _ link: inout L
  ) {
    reply(
      TCPHeader(
        sourcePort: origin.endpoint.localPort, destinationPort: origin.endpoint.remotePort, sequence: entry.sendNext,
        acknowledgement: entry.receiveNext, flags: [], window: entry.window),
      origin, &link)
  }

  /// Refuses a segment that belongs to nothing (RFC 9293 §3.10.7.1).
  mutating func refuse<L: LinkTransmitter & ~Copyable>(
    _ segment: TCPSegment, _ origin: SegmentOrigin, _ link: inout L
  ) {
    guard !segment.flags.contains(.rst) else { return }
    let isAcknowledgement = segment.flags.contains(.ack)
    reply(
      TCPHeader(
        sourcePort: origin.endpoint.localPort, destinationPort: origin.endpoint.remotePort,
        sequence: isAcknowledgement ? segment.acknowledgement : SequenceNumber(0),
        acknowledgement: isAcknowledgement ? nil : segment.sequence + segment.sequenceLength, flags: .rst, window: 0),
      origin, &link)
    shared.counters.resetsSent &+= 1
  }

  /// Sends a segment without data straight back to where one came from, with the options of a SYN-ACK where it is one.
  mutating func reply<L: LinkTransmitter & ~Copyable>(
    _ header: TCPHeader, _ origin: SegmentOrigin, windowScale: UInt8? = nil, _ link: inout L
  ) {
    let path = SegmentPath(from: mac, origin.local, to: origin.station, origin.endpoint.remote)
    guard transmit(header, path, windowScale: windowScale, &link) else {
      shared.counters.linkFull &+= 1
      return
    }
    shared.counters.segmentsSent &+= 1
  }

  /// Sends a segment without data; false where the link has no room.
  @inline(never)
  mutating func transmit<L: LinkTransmitter & ~Copyable>(
    _ header: TCPHeader, _ path: SegmentPath, windowScale: UInt8? = nil, _ link: inout L
  ) -> Bool {
    let isOffloaded = link.offloadsChecksum
    let options = header.flags.contains(.syn) ? TCPHeader.optionLength(windowScale: windowScale) : 0
    let length = FrameLayout.tcpPayload &+ options
    guard link.begin(length: length, checksum: isOffloaded ? .tcp : nil) else { return false }
    var frame = link.frame()
    if options > 0 { TCPHeader.writeOptions(to: &frame, at: FrameLayout.tcpPayload, windowScale: windowScale) }
    header.write(to: &frame, path, optionLength: options, isOffloaded: isOffloaded)
    link.finish()
    shared.counters.framesSent &+= 1
    shared.counters.bytesSent &+= UInt64(length)
    return true
  }
}
