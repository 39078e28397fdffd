// What the stack has counted since it was made: one field for each thing done and each reason to drop.

/// Counts of frames, of segments and of every reason that something was dropped. All wrap modulo 2^64.
public struct NetworkCounters: Equatable, Sendable, BitwiseCopyable {
  /// Frames and bytes handed to the stack, and frames and bytes that the link took.
  public var framesReceived: UInt64 = 0
  public var bytesReceived: UInt64 = 0
  public var framesSent: UInt64 = 0
  public var bytesSent: UInt64 = 0
  /// Frames that the link had no room for; sent again later where that matters.
  public var linkFull: UInt64 = 0

  /// Frames shorter than an Ethernet header, for another station, or of a protocol other than ARP and IPv4.
  public var droppedMalformedFrame: UInt64 = 0
  public var droppedOtherStation: UInt64 = 0
  public var droppedUnknownEtherType: UInt64 = 0
  /// ARP packets that are malformed or claim this stack's address.
  public var droppedMalformedARP: UInt64 = 0
  public var addressConflicts: UInt64 = 0
  /// IPv4 datagrams: wrong header or length, wrong checksum, a fragment, another's address, an impossible source,
  /// another protocol.
  public var droppedMalformedIPv4: UInt64 = 0
  public var droppedIPv4Checksum: UInt64 = 0
  public var droppedFragment: UInt64 = 0
  public var droppedOtherAddress: UInt64 = 0
  public var droppedBadSource: UInt64 = 0
  public var droppedUnknownProtocol: UInt64 = 0
  /// ICMP messages: malformed or wrong checksum, ignored kinds, over the rate.
  public var droppedMalformedICMP: UInt64 = 0
  public var droppedIgnoredICMP: UInt64 = 0
  public var droppedICMPRate: UInt64 = 0
  public var icmpEchoReplies: UInt64 = 0
  public var icmpUnreachableSent: UInt64 = 0
  /// UDP datagrams: malformed, wrong checksum, to a port where nobody listens; malformed or unexpected DHCP messages.
  public var droppedMalformedUDP: UInt64 = 0
  public var droppedUDPChecksum: UInt64 = 0
  public var droppedUDPPort: UInt64 = 0
  public var droppedDHCP: UInt64 = 0
  /// Frames not sent for want of a route or of the next hop's hardware address.
  public var droppedNoRoute: UInt64 = 0
  public var arpRequestsSent: UInt64 = 0
  public var arpFailures: UInt64 = 0

  /// TCP segments that arrived intact, and that were sent.
  public var segmentsReceived: UInt64 = 0
  public var segmentsSent: UInt64 = 0
  public var segmentsRetransmitted: UInt64 = 0
  /// TCP segments: malformed, wrong checksum, to no connection and no listener, outside the window, with an impossible
  /// acknowledgement.
  public var droppedMalformedTCP: UInt64 = 0
  public var droppedTCPChecksum: UInt64 = 0
  public var droppedNoConnection: UInt64 = 0
  public var droppedOutOfWindow: UInt64 = 0
  public var droppedBadAcknowledgement: UInt64 = 0
  /// Data dropped for want of receive memory, of out-of-order room, or because it was sent after the application closed.
  public var droppedReceiveMemory: UInt64 = 0
  public var droppedOutOfOrder: UInt64 = 0
  /// Segments that came before an earlier one and were kept.
  public var outOfOrderSegments: UInt64 = 0
  /// RST segments sent and accepted, challenge ACKs sent and withheld (RFC 5961 §7).
  public var resetsSent: UInt64 = 0
  public var resetsReceived: UInt64 = 0
  public var challengeAcksSent: UInt64 = 0
  public var challengeAcksWithheld: UInt64 = 0
  /// Handshakes begun, connections opened, SYN cookies sent and redeemed, connections refused because the table is full.
  public var handshakesBegun: UInt64 = 0
  public var connectionsOpened: UInt64 = 0
  public var synCookiesSent: UInt64 = 0
  public var synCookiesAccepted: UInt64 = 0
  public var handshakesAbandoned: UInt64 = 0
  public var connectionsRefused: UInt64 = 0
  /// Connections ended by a time limit: of retransmission, of a stall, of FIN_WAIT_2, of silence.
  public var connectionsTimedOut: UInt64 = 0
  public var retransmissionTimeouts: UInt64 = 0
  public var fastRetransmits: UInt64 = 0
  public var windowProbes: UInt64 = 0
  public var keepAliveProbes: UInt64 = 0
  /// Entries of TIME_WAIT forgotten early to make room, and reused by a new SYN (RFC 9293 §3.6.1).
  public var timeWaitRecycled: UInt64 = 0
  public var timeWaitReused: UInt64 = 0

  public init() {}
}
