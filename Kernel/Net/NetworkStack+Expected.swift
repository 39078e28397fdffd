// The short way of what nearly every frame is: the next segment of a connection, with no options in any header ("header
// prediction"). Whatever is unusual about a frame, or wrong with it, is left to the long way, in NetworkStack+Receive.swift,
// untouched: nothing is changed, counted or dropped here before the segment is known to be the one expected.

import Base
import Bytes

extension NetworkStack {
  /// Takes `frame` where it is what its connection expects next; false, and nothing done, for all else.
  @inline(__always)
  mutating func receiveExpected(_ frame: Span<UInt8>, _ checksum: ReceivedChecksum, now: Instant) -> Bool {
    guard let segment = PlainSegment(frame, to: mac, shared.local),
      // The source was looked at when the connection was opened.
      let node = endpoints.find(segment.endpoint), node < firstHalfOpen,
      connections.slots[node].expects(segment.sequence, length: segment.payloadLength),
      checksum == .verified || segment.isIntact(frame)
    else { return false }
    shared.counters.segmentsReceived &+= 1
    let payload = frame.extracting(FrameLayout.tcpPayload..<FrameLayout.tcpPayload &+ segment.payloadLength)
    let verdict = connections.slots[node].receiveExpected(
      payload, acknowledging: segment.acknowledgement, window: segment.window, now: now, &shared)
    apply(verdict, node)
    connections.tell(node)
    return true
  }
}

/// A TCP segment in a frame that has the form of nearly all: headers without options, a whole datagram, ACK and perhaps PSH.
/// Its words are looked at as they lie in memory, so that one comparison tells of several fields.
private struct PlainSegment: BitwiseCopyable {
  /// Source and destination, as they lie.
  private let addresses: UInt64
  let endpoint: Endpoint
  let sequence: SequenceNumber
  let acknowledgement: SequenceNumber
  let window: UInt16
  let payloadLength: Int

  /// Nil where `frame` is not of that form, not from a single station, not for the station `mac` and the address `local`, or
  /// where its Internet header is wrong. The sum of TCP is not looked at.
  @inline(__always)
  init?(_ frame: Span<UInt8>, to mac: MACAddress, _ local: IPv4Address) {
    guard frame.count >= FrameLayout.tcpPayload else { return nil }
    let source = frame.loadLE64(4) >> 16
    // Version, header length and service; total length.
    let start = frame.loadLE32(FrameLayout.ip)
    let total = Int(UInt16(truncatingIfNeeded: start >> 16).byteSwapped)
    // Identification; flags and fragment offset; time to live, protocol and checksum.
    let middle = frame.loadLE64(FrameLayout.ip &+ 4)
    addresses = frame.loadLE64(FrameLayout.ip &+ 12)
    // Data offset, flags and window.
    let control = frame.loadLE32(FrameLayout.transport &+ 12)
    guard frame.loadBE64(0) >> 16 == mac.bits, source & 1 == 0, source != 0, frame.loadLE16(12) == 0x0008, start & 0xff == 0x45,
      middle & 0x0000_ff00_ff3f_0000 == 0x0000_0600_0000_0000, addresses >> 32 == UInt64(local.bits.byteSwapped),
      control & 0x37f0 == 0x1050, total >= IPv4Header.size &+ TCPSegment.headerSize, total <= frame.count &- FrameLayout.ip
    else { return nil }
    var sum = InternetChecksum()
    sum.add(littleEndian: UInt64(start))
    sum.add(littleEndian: middle)
    sum.add(littleEndian: addresses)
    guard sum.isValid else { return nil }
    endpoint = Endpoint(
      bits: UInt64(frame.loadBE32(FrameLayout.ip &+ 12)) << 32 | UInt64(frame.loadBE32(FrameLayout.transport)))
    sequence = SequenceNumber(frame.loadBE32(FrameLayout.transport &+ 4))
    acknowledgement = SequenceNumber(frame.loadBE32(FrameLayout.transport &+ 8))
    window = UInt16(truncatingIfNeeded: control >> 16).byteSwapped
    payloadLength = total &- IPv4Header.size &- TCPSegment.headerSize
  }

  /// Whether the sum of the segment is right.
  @inline(__always)
  func isIntact(_ frame: Span<UInt8>) -> Bool {
    let length = TCPSegment.headerSize &+ payloadLength
    var sum = InternetChecksum()
    sum.add(littleEndian: addresses)
    sum.add(UInt32(IPProtocol.tcp) << 16 | UInt32(truncatingIfNeeded: length))
    sum.add(frame.extracting(FrameLayout.transport..<FrameLayout.transport &+ length))
    return sum.isValid
  }
}
