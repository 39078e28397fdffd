// The bounds of the stack. Everything it keeps has one, and an answer when it is reached.

import Base

/// How much the stack may keep, and for how long. All tables are allocated once, at these sizes.
public struct NetworkLimits: Sendable, BitwiseCopyable {
  /// Connections at once, 1 to 65,536. A SYN beyond them is answered with RST.
  public var connections = 256
  /// Connections remembered in TIME_WAIT, 1 to 65,536. When full the oldest is forgotten.
  public var timeWait = 1024
  /// Handshakes under way, 1 to 65,536. When full, further SYNs are answered with SYN cookies (RFC 4987 §3.6).
  public var halfOpen = 128
  /// Bytes a connection may buffer unread until `setReceiveLimit` says otherwise; 1,460 or more.
  public var receiveWindow = 16 * 1024
  /// Bytes of memory that all receive buffers may hold together. Segments beyond it are dropped, to be sent again.
  public var receiveBudget = 80 * 1024 * 1024
  /// Bytes that all connections may hold together beyond a gap. Segments beyond it are dropped, to be sent again.
  public var outOfOrderBudget = 1024 * 1024
  /// Bytes of receive memory that a connection may keep between requests.
  public var idleReceiveBytes = 2048
  /// The window scale offered (RFC 7323 §2.2), 0 to 14. The advertised window is at most 65,535 << scale, in units of
  /// 1 << scale bytes.
  public var windowScale: UInt8 = 5
  /// Stations remembered by ARP, 1 to 4,096. When full the one not confirmed for the longest is forgotten.
  public var arpEntries = 32

  /// Longest time that an acknowledgement waits for data to travel with; below 500 ms (RFC 9293 §3.8.6.3).
  public var acknowledgementDelay = Interval.milliseconds(40)
  /// Retransmissions of one segment before the connection is given up (R2 of RFC 9293 §3.8.3). Nine take over 100 s.
  public var retransmissions = 9
  /// Retransmissions of a SYN-ACK before the handshake is given up.
  public var handshakeRetransmissions = 5
  /// How long a peer may keep data waiting, answering probes but opening no window (RFC 6429 permits the bound).
  public var stallTimeout = Interval.seconds(120)
  /// How long the peer may take to finish after our FIN was acknowledged (FIN_WAIT_2).
  public var finWaitTimeout = Interval.seconds(20)
  /// Silence after which an established peer is probed (RFC 9293 §3.8.4).
  public var keepAliveIdle = Interval.seconds(120)
  /// Time between two such probes.
  public var keepAliveInterval = Interval.seconds(15)
  /// Unanswered probes before the connection is given up.
  public var keepAliveProbes = 4
  /// Twice the maximum segment lifetime: how long TIME_WAIT lasts.
  public var timeWaitDuration = Interval.seconds(60)

  public init() {}

  /// Whether every bound is in its documented range.
  var isValid: Bool {
    let tables = 1...65_536
    return tables.contains(connections) && tables.contains(timeWait) && tables.contains(halfOpen)
      && (1...4096).contains(arpEntries) && receiveWindow >= Int(TCPSegment.ethernetMSS)
      && receiveWindow <= Self.largestReceiveLimit && receiveBudget >= 0 && outOfOrderBudget >= 0
      && idleReceiveBytes >= 0 && windowScale <= 14 && retransmissions >= 1 && handshakeRetransmissions >= 0
      && keepAliveProbes >= 1 && acknowledgementDelay < .milliseconds(500)
  }

  /// The most that `setReceiveLimit` accepts.
  public static var largestReceiveLimit: Int { 64 * 1024 * 1024 + 64 * 1024 }
}
