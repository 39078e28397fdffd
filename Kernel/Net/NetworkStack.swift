// The network stack: Ethernet, ARP, IPv4, ICMP, UDP for DHCP, TCP, for one network card.
//
// Sans-IO: frames and `now` go in through `receive`; frames go out through a `LinkTransmitter` in `receive` (answers that
// need no state) and `flush` (all else). It is passive: connections are only accepted. What connections do is
// in NetworkStack+Connections, the path of a frame in +Receive and +TCP, the other direction in +Flush.

import Base
import Bytes

/// The stack of one interface. Every table is allocated by `init`; only buffers of data come and go.
///
/// Small members that do not change it are always inlined: a call would copy the whole value, which is large, to lend it out.
public struct NetworkStack: ~Copyable {
  static let listenSlots = 4

  let mac: MACAddress
  /// The own address, once configured.
  var interface: InterfaceAddress?
  var dhcp: DHCPClient?
  var arp: ARPCache
  var shared: TCPShared
  var connections: ConnectionTable
  var halfOpen: HalfOpenTable
  var timeWait: TimeWaitTable
  /// Nodes are connections, then handshakes, then TIME_WAIT.
  var endpoints: EndpointTable
  /// Deadlines of connections and handshakes, under the same node numbers.
  var timers: TimerHeap
  /// Connections that may have something to send.
  var outputs: IndexQueue
  /// Connections that may owe an acknowledgement, which waits for data to travel with.
  var owing: IndexQueue
  /// Whether somebody waits for a hardware address that came.
  var pathsResolved = false
  let sequences: SequenceGenerator
  /// When a SYN cookie was last sent.
  var cookieSentAt: Instant?
  var ports: [4 of UInt16] = .init(repeating: 0)
  var portCount = 0
  var unreachables: RateLimiter
  var echoes: RateLimiter
  var announcements: RateLimiter
  /// Announcements of the own address that are still to be sent.
  var announcementsLeft = 0
  /// When to try again after the link had no room; `.distantFuture` where it had.
  var retryLinkAt = Instant.distantFuture
  /// One frame, for all but TCP.
  var scratch: ByteBuffer

  /// A stack for the card with address `mac`.
  ///
  /// `seed` is secret: sequence numbers, cookies and table placement follow from it. Nil where a limit or the fixed
  /// address is not legal, or memory is out. With `.dhcp` the first `flush` begins the exchange.
  @_optimize(size)
  public init?(
    mac: MACAddress, configuration: AddressConfiguration, seed: UInt64, limits: NetworkLimits, now: Instant
  ) {
    guard mac.isStation, limits.isValid else { return nil }
    let nodes = limits.connections + limits.halfOpen
    guard let arp = ARPCache(entries: limits.arpEntries),
      let connections = ConnectionTable(capacity: limits.connections),
      let halfOpen = HalfOpenTable(capacity: limits.halfOpen),
      let timeWait = TimeWaitTable(capacity: limits.timeWait),
      let endpoints = EndpointTable(capacity: nodes + limits.timeWait, seed: seed),
      let timers = TimerHeap(capacity: nodes),
      let outputs = IndexQueue(capacity: limits.connections),
      let owing = IndexQueue(capacity: limits.connections),
      var scratch = ByteBuffer(capacity: FrameLayout.maximum),
      scratch.appendZeros(FrameLayout.maximum)
    else { return nil }
    var fixed: InterfaceAddress?
    if case .fixed(let address, let prefixLength, let gateway) = configuration {
      guard let given = InterfaceAddress(address: address, prefixLength: prefixLength, gateway: gateway) else {
        return nil
      }
      fixed = given
    }
    self.mac = mac
    self.arp = arp
    self.connections = connections
    self.halfOpen = halfOpen
    self.timeWait = timeWait
    self.endpoints = endpoints
    self.timers = timers
    self.outputs = outputs
    self.owing = owing
    self.scratch = scratch
    shared = TCPShared(limits: limits, now: now)
    sequences = SequenceGenerator(seed: seed)
    unreachables = RateLimiter(burst: 10, interval: .milliseconds(100), now: now)
    echoes = RateLimiter(burst: 100, interval: .milliseconds(1), now: now)
    announcements = RateLimiter(burst: 2, interval: .seconds(10), now: now)
    dhcp = configuration == .dhcp ? DHCPClient(mac: mac, seed: seed, now: now) : nil
    if let fixed { configure(fixed, now: now) }
  }

  /// Accepts connections to `port`. At most four ports; false, and no change, beyond them or for port 0.
  @discardableResult
  public mutating func listen(port: UInt16) -> Bool {
    if isListening(port) { return true }
    guard port != 0, portCount < Self.listenSlots else { return false }
    ports[portCount] = port
    portCount += 1
    return true
  }

  /// The own address; nil until it is configured, and after a lease was lost.
  @inline(__always)
  public var address: IPv4Address? { interface?.address }

  /// Connections in use. One counts until its `.closed` was taken; handshakes under way and TIME_WAIT do not count.
  @inline(__always)
  public var connectionCount: Int { connections.count }

  /// Connections remembered in TIME_WAIT.
  @inline(__always)
  public var timeWaitCount: Int { timeWait.count }

  /// Handshakes under way.
  @inline(__always)
  public var halfOpenCount: Int { halfOpen.count }

  /// Bytes of memory that receive buffers hold.
  @inline(__always)
  public var receiveMemoryUsed: Int { shared.memory.used }

  /// What was counted so far.
  @inline(__always)
  public var counters: NetworkCounters { shared.counters }

  /// When `flush` must be called though nothing arrives; it may find nothing to do. `.distantFuture` if never.
  @inline(__always)
  public var nextDeadline: Instant {
    var earliest = min(min(timers.nextDeadline, arp.nextDeadline), retryLinkAt)
    if let dhcp { earliest = min(earliest, dhcp.nextDeadline) }
    return earliest
  }

  @inline(__always)
  func isListening(_ port: UInt16) -> Bool {
    for index in 0..<portCount where ports[index] == port { return true }
    return false
  }

  /// Takes `interface` into use, announces it and looks for the way out.
  mutating func configure(_ interface: InterfaceAddress, now: Instant) {
    guard self.interface != interface else { return }
    if self.interface != nil { forgetAddress() }
    self.interface = interface
    shared.local = interface.address
    announcementsLeft = 1
    if let gateway = interface.gateway { _ = arp.lookup(gateway, now: now) }
  }

  /// Ends everything that was made with the own address.
  @_optimize(size)
  mutating func forgetAddress() {
    interface = nil
    shared.local = .unspecified
    announcementsLeft = 0
    arp.removeAll()
    for index in connections.slots.indices where connections.slots[index].state != .closed {
      endConnection(index, .addressLost)
    }
    for index in halfOpen.entries.indices where halfOpen.entries[index].isUsed { removeHalfOpen(index) }
    while let oldest = timeWait.oldest { removeTimeWait(oldest) }
  }
}
