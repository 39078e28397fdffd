// A DHCP client (RFC 2131 §4.4): from nothing to a lease, its renewal and its end.
//
// Sans-IO: `poll` says what to send, `receive` what a reply means. Out of scope: INIT-REBOOT, INFORM, DECLINE (the address
// is not probed before use, since a kernel that boots in milliseconds cannot wait seconds for silence), RELEASE.

import Base

struct DHCPClient: BitwiseCopyable {
  static let clientPort: UInt16 = 68
  static let serverPort: UInt16 = 67

  private enum State {
    case selecting
    case requesting
    case bound
    case renewing
    case rebinding
  }

  /// What `poll` asks for.
  enum Action: Equatable {
    /// Send to everybody, from 0.0.0.0 or, where the message has one, from the client address.
    case broadcast(DHCPRequest)
    /// Send to the server that granted the lease.
    case unicast(DHCPRequest, server: IPv4Address)
    /// The lease is over: the address must not be used any more.
    case expired
  }

  /// What `receive` found.
  enum Outcome: Equatable {
    case ignored
    /// An exchange goes on; `poll` again.
    case progress
    /// This address may be used from now on.
    case bound(InterfaceAddress)
    /// The server takes the address back.
    case refused
  }

  private static let requestTries = 4
  private static let shortestRenewalWait = Interval.seconds(60)
  private static let infinite: UInt32 = .max

  private let mac: MACAddress
  private let random: SipHash
  private var drawn: UInt64 = 0
  private var state = State.selecting
  private var transaction: UInt32
  private var startedAt: Instant
  private var tries = 0
  private var offered = IPv4Address.unspecified
  private var server = IPv4Address.unspecified
  private var current: InterfaceAddress?
  private var requestedAt: Instant
  private var renewAt = Instant.distantFuture
  private var rebindAt = Instant.distantFuture
  private var expiresAt = Instant.distantFuture
  /// When `poll` has to be called.
  private(set) var nextDeadline: Instant

  @_optimize(size)
  init(mac: MACAddress, seed: UInt64, now: Instant) {
    self.mac = mac
    random = SipHash(seed: seed ^ mac.bits, purpose: 4)
    transaction = UInt32(truncatingIfNeeded: random.hash24(0, 0))
    startedAt = now
    requestedAt = now
    nextDeadline = now
  }

  /// What is due; nil where nothing is. Call again until nil.
  @_optimize(size)
  mutating func poll(now: Instant) -> Action? {
    guard nextDeadline <= now else { return nil }
    switch state {
    case .selecting:
      return discover(now: now)
    case .requesting:
      guard tries < Self.requestTries else {
        restart(now: now)
        return discover(now: now)
      }
      return request(now: now)
    case .bound:
      beginExchange(.renewing, now: now)
      return renew(now: now)
    case .renewing, .rebinding:
      return renew(now: now)
    }
  }

  /// The message of the last `poll` could not be sent: it comes again soon.
  mutating func sendFailed(now: Instant) {
    tries = max(tries &- 1, 0)
    nextDeadline = min(nextDeadline, now + .milliseconds(200))
  }

  /// Takes a reply.
  @_optimize(size)
  mutating func receive(_ reply: DHCPReply, now: Instant) -> Outcome {
    guard reply.transaction == transaction else { return .ignored }
    switch (state, reply.type) {
    case (.selecting, .offer):
      guard let server = reply.options.server, server.isHost, reply.yourAddress.isHost else { return .ignored }
      self.server = server
      offered = reply.yourAddress
      state = .requesting
      tries = 0
      nextDeadline = now
      return .progress
    case (.requesting, .acknowledge):
      guard reply.options.server == server, reply.yourAddress == offered else { return .ignored }
      return bind(reply, now: now)
    case (.renewing, .acknowledge), (.rebinding, .acknowledge):
      guard reply.yourAddress == current?.address else { return .ignored }
      return bind(reply, now: now)
    case (.requesting, .refuse):
      // Only the server that was asked may refuse.
      guard reply.options.server == server else { return .ignored }
      restart(now: now)
      // A server that refuses what it offers is not to be asked at the speed of the link.
      nextDeadline = now + .seconds(1)
      return .progress
    case (.renewing, .refuse), (.rebinding, .refuse):
      guard state == .rebinding || reply.options.server == server else { return .ignored }
      restart(now: now)
      return .refused
    default:
      return .ignored
    }
  }

  @_optimize(size)
  private mutating func bind(_ reply: DHCPReply, now: Instant) -> Outcome {
    guard let lease = reply.options.lease, lease > 0 else { return .ignored }
    let address = reply.yourAddress
    let prefix = reply.options.prefixLength ?? Self.naturalPrefix(address)
    let router = reply.options.router.flatMap { $0.isHost && $0 != address ? $0 : nil }
    guard let interface = InterfaceAddress(address: address, prefixLength: prefix, gateway: router) else {
      return .ignored
    }
    if let server = reply.options.server, server.isHost { self.server = server }
    current = interface
    state = .bound
    renewAt = .distantFuture
    rebindAt = .distantFuture
    expiresAt = .distantFuture
    if lease != Self.infinite {
      // RFC 2131 §4.4.5: T1 and T2 are half and seven eighths of the lease unless the server says otherwise.
      let whole = UInt64(lease)
      let rebinding = reply.options.rebinding.map { UInt64($0) } ?? whole &* 7 / 8
      let secondHalf = rebinding < whole ? rebinding : whole &* 7 / 8
      let renewal = reply.options.renewal.map { UInt64($0) } ?? whole / 2
      let firstHalf = renewal <= secondHalf ? renewal : secondHalf &* 4 / 7
      renewAt = requestedAt + .seconds(max(firstHalf, 1))
      rebindAt = requestedAt + .seconds(max(secondHalf, 1))
      expiresAt = requestedAt + .seconds(whole)
    }
    nextDeadline = renewAt
    return .bound(interface)
  }

  private mutating func discover(now: Instant) -> Action {
    let message = message(.discover, requested: nil, server: nil, now: now)
    tries &+= 1
    nextDeadline = now + backoff()
    return .broadcast(message)
  }

  private mutating func request(now: Instant) -> Action {
    let message = message(.request, requested: offered, server: server, now: now)
    if tries == 0 { requestedAt = now }
    tries &+= 1
    nextDeadline = now + backoff()
    return .broadcast(message)
  }

  @_optimize(size)
  private mutating func renew(now: Instant) -> Action {
    if now >= expiresAt {
      restart(now: now)
      return .expired
    }
    if state == .renewing && now >= rebindAt { beginExchange(.rebinding, now: now) }
    let message = message(.request, requested: nil, server: nil, now: now)
    requestedAt = now
    tries &+= 1
    // Half of what is left to the next stage, at least a minute, but never past that stage (RFC 2131 §4.4.5).
    let stage = state == .renewing ? rebindAt : expiresAt
    let half = Interval(nanoseconds: (stage - now).nanoseconds / 2)
    nextDeadline = min(now + max(half, Self.shortestRenewalWait), stage)
    return state == .renewing ? .unicast(message, server: server) : .broadcast(message)
  }

  @_optimize(size)
  private mutating func message(
    _ type: DHCPMessageType, requested: IPv4Address?, server: IPv4Address?, now: Instant
  ) -> DHCPRequest {
    let elapsed = (now - startedAt).milliseconds / 1000
    // Unicast replies reach a stack without an address, so broadcast is not asked for; every third try does, for
    // servers and switches with which they do not.
    let wantsBroadcast = current == nil && tries % 3 == 2
    return DHCPRequest(
      type: type, transaction: transaction, seconds: UInt16(min(elapsed, 65_535)), wantsBroadcast: wantsBroadcast,
      clientAddress: current?.address ?? .unspecified, requested: requested, server: server)
  }

  private mutating func beginExchange(_ state: State, now: Instant) {
    self.state = state
    tries = 0
    startedAt = now
    transaction = UInt32(truncatingIfNeeded: draw())
  }

  private mutating func restart(now: Instant) {
    beginExchange(.selecting, now: now)
    current = nil
    renewAt = .distantFuture
    rebindAt = .distantFuture
    expiresAt = .distantFuture
    nextDeadline = now
  }

  /// One second, doubling to 64, with up to a quarter more or less (RFC 2131 §4.1, which begins with four: too long for a boot).
  private mutating func backoff() -> Interval {
    let base = UInt64(1_000) << UInt64(min(max(tries &- 1, 0), 6))
    return .milliseconds(base &* 3 / 4 &+ draw() % (base / 2))
  }

  private mutating func draw() -> UInt64 {
    drawn &+= 1
    return random.hash24(drawn, 1)
  }

  /// The prefix of the address' class, where the server names no mask.
  private static func naturalPrefix(_ address: IPv4Address) -> UInt8 {
    let first = address.bits >> 24
    return first < 128 ? 8 : first < 192 ? 16 : 24
  }
}
