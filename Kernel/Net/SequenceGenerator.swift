// Initial sequence numbers: by RFC 6528 where a handshake is remembered, SYN cookies (RFC 4987 §3.6) where the table of
// handshakes is full and the number itself has to carry what the table would.

import Base

struct SequenceGenerator: BitwiseCopyable {
  /// Segment sizes that a cookie can carry; the largest that is not above the peer's is used.
  private static func segmentSize(_ index: UInt32) -> UInt16 {
    switch index {
    case 0: TCPSegment.defaultMSS
    case 1: 1220
    case 2: 1440
    default: TCPSegment.ethernetMSS
    }
  }

  private static let hashMask: UInt32 = 0x01ff_ffff

  private let numbers: SipHash
  private let cookies: SipHash

  init(seed: UInt64) {
    numbers = SipHash(seed: seed, purpose: 2)
    cookies = SipHash(seed: seed, purpose: 3)
  }

  /// RFC 6528 §3: a clock of about 4 us, offset by a secret function of the connection.
  func initialSequence(_ endpoint: Endpoint, local: IPv4Address, now: Instant) -> SequenceNumber {
    let offset = numbers.hash24(endpoint.bits, UInt64(local.bits))
    return SequenceNumber(UInt32(truncatingIfNeeded: now.nanoseconds >> 12) &+ UInt32(truncatingIfNeeded: offset))
  }

  /// The sequence number of a SYN-ACK whose handshake is not remembered: five bits of time, two of segment size, 25 of hash.
  func cookie(
    _ endpoint: Endpoint, initialReceive: SequenceNumber, segmentSize: UInt16, now: Instant
  ) -> SequenceNumber {
    var index: UInt32 = 3
    while index > 0 && Self.segmentSize(index) > segmentSize { index &-= 1 }
    return SequenceNumber(encode(endpoint, initialReceive, period: Self.period(now), index: index))
  }

  /// The segment size that `cookie` carries; nil where it was not made for this peer in the last one to two minutes.
  func redeem(
    _ cookie: SequenceNumber, _ endpoint: Endpoint, initialReceive: SequenceNumber, now: Instant
  ) -> UInt16? {
    let index = cookie.bits >> 25 & 3
    let period = Self.period(now)
    for age: UInt64 in 0...1 where period >= age {
      if encode(endpoint, initialReceive, period: period &- age, index: index) == cookie.bits {
        return Self.segmentSize(index)
      }
    }
    return nil
  }

  /// How long a cookie may be redeemed: two periods.
  static var lifetime: Interval { Interval(nanoseconds: 2 << 36) }

  /// Time in units of 2^36 ns, about 69 s.
  private static func period(_ now: Instant) -> UInt64 { now.nanoseconds >> 36 }

  private func encode(
    _ endpoint: Endpoint, _ initialReceive: SequenceNumber, period: UInt64, index: UInt32
  ) -> UInt32 {
    let hash = cookies.hash24(endpoint.bits, UInt64(initialReceive.bits) << 32 | period << 2 | UInt64(index))
    let time = UInt32(truncatingIfNeeded: period & 31)
    return time << 27 | index << 25 | UInt32(truncatingIfNeeded: hash) & Self.hashMask
  }
}
