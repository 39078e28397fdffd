// One TCP connection from the completed handshake on (RFC 9293): its state, and what the application does with it.
//
// Receiving is in TCPConnection+Receive.swift, acknowledgements in +Acknowledge, sending in +Output, time in +Timers.
// Sans-IO: segments and `now` come in, a `Verdict` says what the stack has to do next.

import Base
import Bytes

/// The states of RFC 9293 §3.3.2 that a connection passes through here. LISTEN is a port, SYN-RECEIVED a `HalfOpen`,
/// TIME-WAIT a `TimeWait`; there is no active open.
enum TCPState: UInt8 {
  case closed
  case established
  case finWait1
  case finWait2
  case closeWait
  case closing
  case lastAck
  /// Given up: a RST is to be sent.
  case resetting
}

/// What all connections share.
struct TCPShared: BitwiseCopyable {
  let limits: NetworkLimits
  /// The own address; unspecified while there is none.
  var local = IPv4Address.unspecified
  var counters = NetworkCounters()
  var memory: ReceiveMemory
  /// Challenge ACKs and answers to segments outside the window (RFC 5961 §7).
  var challenges: RateLimiter

  init(limits: NetworkLimits, now: Instant) {
    self.limits = limits
    memory = ReceiveMemory(budget: limits.receiveBudget, outOfOrderBudget: limits.outOfOrderBudget)
    challenges = RateLimiter(burst: 100, interval: .milliseconds(10), now: now)
  }
}

/// What a handshake settled.
struct HandshakeResult: BitwiseCopyable {
  var remote: IPv4Address
  var remotePort: UInt16
  var localPort: UInt16
  /// The next sequence number of each side: that after its SYN.
  var sendNext: SequenceNumber
  var receiveNext: SequenceNumber
  /// Largest payload that the peer takes.
  var segmentSize: UInt16
  /// The peer's shift count; nil where windows are not scaled, in both directions.
  var sendScale: UInt8?
  /// The window that the SYN-ACK advertised.
  var receiveWindow: Int
  /// The time from the SYN-ACK to its acknowledgement; nil where it was sent more than once.
  var roundTrip: Interval?
  /// Whether the SYN-ACK had to be sent again.
  var wasLossy: Bool
}

/// Things to tell the application, merged until they are told, in this order.
struct PendingEvents: OptionSet, BitwiseCopyable {
  let rawValue: UInt8
  static let opened = PendingEvents(rawValue: 1)
  static let readable = PendingEvents(rawValue: 2)
  static let peerClosed = PendingEvents(rawValue: 4)
  static let sent = PendingEvents(rawValue: 8)
  static let closed = PendingEvents(rawValue: 16)

  /// The one to be told first; none of none.
  @inline(__always)
  var first: PendingEvents { PendingEvents(rawValue: rawValue & (0 &- rawValue)) }
}

/// What the stack has to do after a connection was changed.
struct Verdict: OptionSet, BitwiseCopyable {
  let rawValue: UInt8
  /// Something may be there to send.
  static let output = Verdict(rawValue: 1)
  /// A deadline may be earlier than before.
  static let timer = Verdict(rawValue: 2)
  /// The connection goes to TIME_WAIT.
  static let timeWait = Verdict(rawValue: 4)
  /// The connection is at its end; `closeReason` says why.
  static let closed = Verdict(rawValue: 8)
  /// An acknowledgement waits for data to travel with, until `acknowledgeAt`.
  static let owing = Verdict(rawValue: 16)
}

struct TCPConnection: ~Copyable {
  // Identity.
  var generation: UInt32 = 0
  var state = TCPState.closed
  var remote = IPv4Address.unspecified
  var remotePort: UInt16 = 0
  var localPort: UInt16 = 0
  /// Where frames to the peer go, as of this version of the ARP cache.
  var path = SegmentPath()
  var pathVersion: UInt32 = 0
  /// Whether output waits for the next hop's address.
  var waitsForPath = false

  // Sending (RFC 9293 §3.3.1).
  var sendUnacknowledged = SequenceNumber(0)
  /// Next to be sent; goes back to `sendUnacknowledged` after a time-out.
  var sendNext = SequenceNumber(0)
  /// One past the highest ever sent.
  var sendMaximum = SequenceNumber(0)
  var sendWindow = 0
  /// Segment sequence and acknowledgement of the last window update: SND.WL1, SND.WL2.
  var windowSequence = SequenceNumber(0)
  var windowAcknowledgement = SequenceNumber(0)
  var largestSendWindow = 0
  var sendScale: UInt8 = 0
  var segmentSize = Int(TCPSegment.defaultMSS)
  var congestion = CongestionControl(segment: Int(TCPSegment.defaultMSS), initialSequence: SequenceNumber(0))
  var estimator = RoundTripEstimator()
  /// The segment being timed ends here, and was sent then (RFC 6298 §3).
  var timedSequence = SequenceNumber(0)
  var timedAt: Instant?
  var queue = SendQueue()
  /// Whether the application closed: FIN follows the last byte queued.
  var isFinQueued = false
  /// Whether the first unacknowledged segment is to be sent again, whatever the windows say.
  var retransmitsFirst = false
  /// Whether a window probe is to be sent.
  var probesWindow = false
  /// Whether a keep-alive probe is to be sent.
  var probesPeer = false
  /// Whether the timer is the persist timer: the peer's window keeps all data waiting.
  var isPersisting = false
  var retransmissions = 0
  var lastSentAt = Instant(nanoseconds: 0)

  // Receiving.
  var receiveNext = SequenceNumber(0)
  /// One past the last sequence number that the peer was permitted to send. Never goes back.
  var receiveEdge = SequenceNumber(0)
  /// The part of it that the limit asked for; the rest came of rounding.
  var grantedEdge = SequenceNumber(0)
  var receiveScale: UInt8 = 0
  var receiveLimit = 0
  var received = ReceiveBuffer()
  /// Where the peer's FIN is, once known.
  var finSequence: SequenceNumber?
  /// In-order bytes that no acknowledgement was sent for.
  var unacknowledgedBytes = 0
  var needsAcknowledgement = false
  var acknowledgesNow = false

  // Deadlines.
  var retransmitAt = Instant.distantFuture
  var acknowledgeAt = Instant.distantFuture
  /// When FIN_WAIT_2 ends.
  var finWaitEndsAt = Instant.distantFuture
  var stalledSince = Instant.distantFuture
  var lastHeardAt = Instant(nanoseconds: 0)
  var peerProbes = 0
  /// From the limits: at hand here, so that asking for the next deadline needs nothing else.
  var keepAliveIdle = Interval.zero
  var keepAliveInterval = Interval.zero

  // The application.
  var events: PendingEvents = []
  var closeReason = CloseReason.finished

  init() {}

  /// Begins a connection whose handshake is complete; false where memory is out. The slot must be closed.
  mutating func open(_ handshake: HandshakeResult, _ limits: NetworkLimits, now: Instant) -> Bool {
    guard queue.prepare() else { return false }
    let generation = self.generation
    let queue = exchange(&self.queue, with: SendQueue())
    self = TCPConnection()
    self.generation = generation
    self.queue = queue
    state = .established
    remote = handshake.remote
    remotePort = handshake.remotePort
    localPort = handshake.localPort
    sendUnacknowledged = handshake.sendNext
    sendNext = handshake.sendNext
    sendMaximum = handshake.sendNext
    segmentSize = Int(handshake.segmentSize)
    // RFC 6582 §3.2 step 1: `recover` begins with the number of our SYN.
    congestion = CongestionControl(segment: segmentSize, initialSequence: handshake.sendNext - 1)
    if handshake.wasLossy { congestion.handshakeWasLossy() }
    if let roundTrip = handshake.roundTrip { estimator.sample(roundTrip) }
    receiveNext = handshake.receiveNext
    receiveEdge = handshake.receiveNext + handshake.receiveWindow
    grantedEdge = receiveEdge
    if let scale = handshake.sendScale {
      sendScale = scale
      receiveScale = limits.windowScale
    }
    // The first segment's window is taken whatever its numbers (RFC 9293 §3.10.7.4, SYN-RECEIVED).
    windowSequence = handshake.receiveNext - 1
    windowAcknowledgement = handshake.sendNext
    receiveLimit = limits.receiveWindow
    received.growthLimit = limits.receiveWindow
    lastHeardAt = now
    lastSentAt = now
    keepAliveIdle = limits.keepAliveIdle
    keepAliveInterval = limits.keepAliveInterval
    events = .opened
    return true
  }

  /// Gives up everything but what the application may still read.
  mutating func finish(_ reason: CloseReason) {
    state = .closed
    closeReason = reason
    queue.removeAll()
    retransmitAt = .distantFuture
    acknowledgeAt = .distantFuture
    finWaitEndsAt = .distantFuture
    waitsForPath = false
    events.insert(.closed)
  }

  /// Whether segments can still be exchanged.
  @inline(__always)
  var isLive: Bool { state != .closed && state != .resetting }

  /// Bytes queued by the application may only be sent before it closes.
  @inline(__always)
  mutating func send(_ buffer: consuming ByteBuffer) -> Bool {
    guard isLive, !isFinQueued, queue.append(buffer) else { return false }
    // That all was acknowledged is not true any more, where it was not told yet: its segment may have brought a request, which is told first.
    events.remove(.sent)
    return true
  }

  /// Buffers that `send` still takes.
  var sendCapacity: Int { isLive && !isFinQueued ? queue.freeSlots : 0 }

  /// FIN after all that is queued (RFC 9293 §3.10.4).
  mutating func close() -> Verdict {
    guard isLive, !isFinQueued else { return [] }
    isFinQueued = true
    state = state == .closeWait ? .lastAck : .finWait1
    return .output
  }

  /// RST as soon as possible (RFC 9293 §3.10.5).
  mutating func reset(_ reason: CloseReason) -> Verdict {
    guard isLive else { return [] }
    state = .resetting
    closeReason = reason
    queue.removeAll()
    return .output
  }

  /// The application has read `length` bytes.
  mutating func consume(_ length: Int, _ shared: inout TCPShared) -> Verdict {
    received.consume(min(max(length, 0), received.unread), keep: keptMemory(shared.limits), &shared.memory)
    return windowUpdate()
  }

  /// Changes how much may be unread; false where there is no memory for it.
  mutating func setReceiveLimit(_ bytes: Int, _ shared: inout TCPShared) -> Bool {
    guard isLive, bytes >= 0, bytes <= NetworkLimits.largestReceiveLimit else { return false }
    if bytes > shared.limits.receiveWindow && bytes > receiveLimit {
      guard received.reserve(bytes, &shared.memory) else { return false }
    }
    receiveLimit = bytes
    received.growthLimit = bytes
    received.releaseIfEmpty(keep: keptMemory(shared.limits), &shared.memory)
    return true
  }

  /// Makes room for `bytes` unread bytes in all.
  mutating func reserve(_ bytes: Int, _ shared: inout TCPShared) -> Bool {
    isLive && received.reserve(bytes, &shared.memory)
  }

  /// Takes the memory of `buffer`, which is empty, for what arrives next, where as much may be kept.
  @inline(__always)
  mutating func keep(_ buffer: consuming ByteBuffer, _ shared: inout TCPShared) {
    received.keep(buffer, limit: keptMemory(shared.limits), &shared.memory)
  }

  /// Memory kept while nothing is unread: what was reserved, or a little for the next request.
  @inline(__always)
  private func keptMemory(_ limits: NetworkLimits) -> Int {
    receiveLimit > limits.receiveWindow ? Int.max : limits.idleReceiveBytes
  }

  /// How far the right edge should be. It is moved in steps of a segment at least (no silly windows: RFC 9293
  /// §3.8.6.2.2), so it aims a segment beyond the limit: whoever waits for as many bytes
  /// as the limit permits never waits for a withheld step.
  @inline(__always)
  private var wantedWindow: Int { receiveLimit &+ Self.windowStep &- received.unread }
  private static let windowStep = Int(TCPSegment.ethernetMSS)

  /// Asks for a window update where it would open by much and little is left of it.
  mutating func windowUpdate() -> Verdict {
    guard isLive, finSequence == nil else { return [] }
    let left = receiveEdge.distance(from: receiveNext)
    let gain = wantedWindow &- left
    let isLow = left < receiveLimit / 2 && gain >= min(receiveLimit / 2, 2 &* Self.windowStep)
    let isShort = left < 2 &* Self.windowStep && gain > Self.windowStep
    return isLow || isShort ? acknowledgeNow() : []
  }

  /// Bytes from `receiveNext` on that are accepted: all that was advertised, but for what tiny segments gained by
  /// rounding up again and again, so that memory stays near the limit.
  @inline(__always)
  var acceptableWindow: Int {
    let slack = receiveLimit >> 4 &+ 2048
    return max(min(receiveEdge.distance(from: receiveNext), grantedEdge.distance(from: receiveNext) &+ slack), 0)
  }

  /// The window field of the next segment; moves the right edge, but never back: what is left of it is rounded up to the
  /// scale's unit (RFC 7323 §2.4).
  @inline(__always)
  mutating func advertiseWindow() -> UInt16 {
    var left = receiveEdge.distance(from: receiveNext)
    let wanted = wantedWindow
    if wanted &- left >= Self.windowStep {
      left = wanted
      grantedEdge = receiveNext + wanted
    }
    left = max(left, 0)
    let unit = 1 &<< Int(receiveScale)
    let field = min((left &+ unit &- 1) &>> Int(receiveScale), 65_535)
    let edge = receiveNext + field &<< Int(receiveScale)
    receiveEdge = SequenceNumber.latest(receiveEdge, edge)
    return UInt16(truncatingIfNeeded: field)
  }
}
