// The short way of what nearly every frame is: the next segment of a connection, in a datagram without options ("header
// prediction"). Whatever is unusual about a frame, or wrong with it, is left to the long way, in NetworkStack+Receive.swift,
// untouched: nothing is changed, counted or dropped here before the segment is known to be the one expected.

import Base
import Bytes

extension NetworkStack {
  /// Takes `frame` where it is what its connection expects next; false, and nothing done, for all else.
  @inline(__always)
  mutating func receiveExpected(_ frame: Span<UInt8>, _ checksum: ReceivedChecksum, now: Instant) -> Bool {
    guard frame.count >= FrameLayout.tcpPayload, let ethernet = EthernetHeader(parsing: frame), ethernet.destination == mac,
      ethernet.etherType == EtherType.ipv4, let header = IPv4Header(plain: frame, at: FrameLayout.ip),
      header.protocolNumber == IPProtocol.tcp, header.destination == shared.local
    else { return false }
    let bytes = frame.extracting(FrameLayout.transport..<FrameLayout.ip &+ header.totalLength)
    guard
      let segment = try? TCPSegment(
        parsing: bytes, source: header.source, destination: header.destination, checksum: checksum),
      // The source was looked at when the connection was opened.
      let node = endpoints.find(
        Endpoint(remote: header.source, remotePort: segment.sourcePort, localPort: segment.destinationPort)),
      node < firstHalfOpen, connections.slots[node].isExpected(segment)
    else { return false }
    shared.counters.segmentsReceived &+= 1
    let payload = bytes.extracting(segment.headerLength..<bytes.count)
    let verdict = connections.slots[node].receiveExpected(segment, payload, now: now, &shared)
    apply(verdict, node)
    connections.tell(node)
    return true
  }
}
