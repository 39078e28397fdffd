// Congestion control: slow start and congestion avoidance (RFC 5681), fast retransmit and NewReno's recovery (RFC 6582),
// the initial window of RFC 6928. All windows are in bytes.

struct CongestionControl: BitwiseCopyable {
  /// The congestion window.
  private(set) var window: Int
  private(set) var threshold: Int
  private(set) var duplicates = 0
  private(set) var isRecovering = false
  /// Highest sequence number sent when loss was last noticed: RFC 6582's `recover`.
  private var recover: SequenceNumber
  private let segment: Int

  init(segment: Int, initialSequence: SequenceNumber) {
    self.segment = segment
    window = Self.initialWindow(segment)
    threshold = Int.max / 2
    recover = initialSequence
  }

  /// RFC 6928 §2.
  static func initialWindow(_ segment: Int) -> Int { min(10 &* segment, max(2 &* segment, 14_600)) }

  /// After the handshake lost segments one segment is all there is (RFC 5681 §3.1).
  mutating func handshakeWasLossy() { window = segment }

  /// What an acknowledgement of new data asks for.
  enum NewAcknowledgement { case proceed, retransmitNext }

  /// `acknowledged` new bytes were acknowledged up to `sequence`, with `flight` bytes still out.
  @inline(__always)
  mutating func acknowledge(_ acknowledged: Int, upTo sequence: SequenceNumber, flight: Int) -> NewAcknowledgement {
    duplicates = 0
    if isRecovering {
      if sequence >= recover {
        window = min(threshold, max(flight, segment) &+ segment)
        isRecovering = false
        return .proceed
      }
      // A partial acknowledgement: the next segment was lost too (RFC 6582 §3.2 step 3).
      window = max(window &- acknowledged, segment)
      if acknowledged >= segment { window &+= segment }
      return .retransmitNext
    }
    if window < threshold {
      window &+= min(acknowledged, segment)
    } else {
      window &+= max(segment &* segment / window, 1)
    }
    window = min(window, 1 << 30)
    return .proceed
  }

  /// A duplicate acknowledgement came, with `flight` bytes out and `maximum` the highest sequence number sent.
  /// True where the first unacknowledged segment is to be sent again.
  mutating func duplicate(acknowledgement: SequenceNumber, maximum: SequenceNumber, flight: Int) -> Bool {
    duplicates = min(duplicates &+ 1, 1 << 20)
    if isRecovering {
      window = min(window &+ segment, 1 << 30)
      return false
    }
    // Loss was noticed already of what is out up to `recover` (RFC 6582 §3.2 step 2). Where that is not out any more it may be so far back that
    // it seems to lie ahead.
    let noticed = recover.distance(from: acknowledgement)
    guard duplicates == 3, noticed < 0 || noticed > flight else { return false }
    threshold = max(flight / 2, 2 &* segment)
    window = threshold &+ 3 &* segment
    recover = maximum
    isRecovering = true
    return true
  }

  /// The retransmission timer expired, for the first time for this segment where `isFirst`.
  mutating func timeout(flight: Int, maximum: SequenceNumber, isFirst: Bool) {
    if isFirst { threshold = max(flight / 2, 2 &* segment) }
    window = segment
    duplicates = 0
    isRecovering = false
    recover = maximum
  }

  /// Nothing was sent for longer than a time-out: the window has to be probed anew (RFC 5681 §4.1).
  mutating func restartAfterIdle() { window = min(window, Self.initialWindow(segment)) }
}
