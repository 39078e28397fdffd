// Handshakes under way: SYN received, SYN-ACK sent, its acknowledgement awaited (SYN-RECEIVED of RFC 9293).

import Base
import Bytes

/// What is known of a peer that sent SYN: no buffers, no connection slot.
struct HalfOpen: BitwiseCopyable {
  var isUsed = false
  var endpoint = Endpoint(remote: .unspecified, remotePort: 0, localPort: 0)
  /// The sequence numbers of both SYNs.
  var initialSend = SequenceNumber(0)
  var initialReceive = SequenceNumber(0)
  var options = TCPOptions()
  /// SYN-ACKs sent, and when the last was.
  var transmissions = 0
  var sentAt = Instant(nanoseconds: 0)
  /// When the next is due, or the end.
  var dueAt = Instant.distantFuture
  /// Whether the SYN-ACK waits for the next hop's hardware address.
  var waitsForPath = false

  /// The wait after the last SYN-ACK: one second, doubling (RFC 6298 §2.1, §5.5).
  var timeout: Interval {
    Interval(nanoseconds: RoundTripEstimator.initial.nanoseconds << UInt64(min(max(transmissions &- 1, 0), 6)))
  }
}

/// A bounded table of handshakes.
struct HalfOpenTable: ~Copyable {
  /// All entries, in use or not.
  var entries: FixedArray<HalfOpen>
  private var free: FixedArray<UInt32>
  private var freeCount: Int

  /// Nil where memory is out.
  @_optimize(size)
  init?(capacity: Int) {
    guard let entries = FixedArray<HalfOpen>(count: capacity, { _ in HalfOpen() }),
      let free = FixedArray<UInt32>(count: capacity, { UInt32(truncatingIfNeeded: $0) })
    else { return nil }
    self.entries = entries
    self.free = free
    freeCount = capacity
  }

  var capacity: Int { entries.count }
  var count: Int { entries.count &- freeCount }

  /// Keeps `entry`; nil where the table is full.
  mutating func insert(_ entry: HalfOpen) -> Int? {
    guard freeCount > 0 else { return nil }
    freeCount &-= 1
    let index = Int(free[freeCount])
    entries[index] = entry
    entries[index].isUsed = true
    return index
  }

  mutating func remove(_ index: Int) {
    guard entries[index].isUsed else { return }
    entries[index] = HalfOpen()
    free[freeCount] = UInt32(truncatingIfNeeded: index)
    freeCount &+= 1
  }
}
