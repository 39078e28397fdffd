// The hardware addresses of stations on the link (RFC 826, RFC 1122 §2.3.2).
//
// Only stations that the stack asked for are remembered, so a packet out of the blue cannot fill or poison the cache; what
// is remembered follows later announcements, as fail-over needs. Nothing waits here: whoever found no address is told
// when one came.
// Sans-IO: requests to be sent come out of `nextRequest`.

import Base
import Bytes

struct ARPCache: ~Copyable {
  enum State {
    case free
    /// Asked, no answer yet.
    case incomplete
    case reachable
    /// Known, not confirmed lately, not in use since.
    case stale
    /// Known and used, being asked again.
    case probing
  }

  struct Entry {
    var state = State.free
    var address = IPv4Address.unspecified
    var mac = MACAddress.zero
    var tries = 0
    /// When the next request, or the end of `reachable`, is due.
    var dueAt = Instant.distantFuture
    /// When the entry was made or last confirmed.
    var confirmedAt = Instant(nanoseconds: 0)
  }

  /// A packet to send, or the end of trying.
  enum Request: Equatable {
    /// Ask for `target`; straight to `mac` where an address is known (RFC 1122 §2.3.2.1).
    case ask(target: IPv4Address, mac: MACAddress)
    case failed(IPv4Address)
  }

  private static let reachableTime = Interval.seconds(60)
  private static let retryInterval = Interval.seconds(1)
  private static let maximumTries = 4

  private var entries: FixedArray<Entry>
  /// Changes whenever an address that was given out may be wrong: whoever keeps one compares this.
  private(set) var version: UInt32 = 1
  /// When `nextRequest` has something to say.
  private(set) var nextDeadline = Instant.distantFuture

  /// Nil where memory is out.
  init?(entries count: Int) {
    guard let entries = FixedArray<Entry>(count: count, { _ in Entry() }) else { return nil }
    self.entries = entries
  }

  /// The hardware address of `address`; nil, with a request due at once, where it has to be asked for.
  mutating func lookup(_ address: IPv4Address, now: Instant) -> MACAddress? {
    if let index = find(address) {
      switch entries[index].state {
      case .free, .incomplete:
        return nil
      case .stale:
        startAsking(index, .probing, now: now)
        return entries[index].mac
      case .reachable, .probing:
        return entries[index].mac
      }
    }
    let index = victim()
    if entries[index].state != .free && entries[index].state != .incomplete { version &+= 1 }
    entries[index] = Entry(address: address, confirmedAt: now)
    startAsking(index, .incomplete, now: now)
    return nil
  }

  /// Notes that `address` is at `mac`; true where somebody may have waited for that.
  mutating func learn(_ address: IPv4Address, _ mac: MACAddress, now: Instant) -> Bool {
    guard let index = find(address) else { return false }
    let wasIncomplete = entries[index].state == .incomplete
    if !wasIncomplete && entries[index].mac != mac { version &+= 1 }
    entries[index].mac = mac
    entries[index].state = .reachable
    entries[index].tries = 0
    entries[index].confirmedAt = now
    entries[index].dueAt = now + Self.reachableTime
    nextDeadline = min(nextDeadline, entries[index].dueAt)
    return wasIncomplete
  }

  /// Notes that `address` does not seem to be reached any more: the next use asks again.
  mutating func suspect(_ address: IPv4Address) {
    guard let index = find(address), entries[index].state == .reachable else { return }
    entries[index].state = .stale
    entries[index].dueAt = .distantFuture
    version &+= 1
  }

  /// Forgets everything, as when the own address changes.
  mutating func removeAll() {
    for index in entries.indices { entries[index] = Entry() }
    version &+= 1
    nextDeadline = .distantFuture
  }

  /// The next thing that is due; call until nil.
  mutating func nextRequest(now: Instant) -> Request? {
    guard nextDeadline <= now else { return nil }
    var earliest = Instant.distantFuture
    for index in entries.indices {
      guard entries[index].dueAt <= now else {
        earliest = min(earliest, entries[index].dueAt)
        continue
      }
      switch entries[index].state {
      case .free, .stale:
        entries[index].dueAt = .distantFuture
      case .reachable:
        entries[index].state = .stale
        entries[index].dueAt = .distantFuture
        version &+= 1
      case .incomplete, .probing:
        return ask(index, now: now)
      }
    }
    nextDeadline = earliest
    return nil
  }

  /// Known stations, for tests and counters.
  var count: Int {
    var count = 0
    for index in entries.indices where entries[index].state != .free { count &+= 1 }
    return count
  }

  private mutating func ask(_ index: Int, now: Instant) -> Request {
    let address = entries[index].address
    guard entries[index].tries < Self.maximumTries else {
      if entries[index].state == .probing { version &+= 1 }
      entries[index] = Entry()
      return .failed(address)
    }
    entries[index].tries &+= 1
    entries[index].dueAt = now + Self.retryInterval
    // The last try of a known station goes to everybody: it may have moved.
    let direct = entries[index].state == .probing && entries[index].tries < Self.maximumTries
    return .ask(target: address, mac: direct ? entries[index].mac : .broadcast)
  }

  private mutating func startAsking(_ index: Int, _ state: State, now: Instant) {
    entries[index].state = state
    entries[index].tries = 0
    entries[index].dueAt = now
    nextDeadline = min(nextDeadline, now)
  }

  private func find(_ address: IPv4Address) -> Int? {
    for index in entries.indices where entries[index].state != .free && entries[index].address == address {
      return index
    }
    return nil
  }

  /// The entry to give up for a new one: a free one, else the oldest that never was answered, else the oldest.
  private func victim() -> Int {
    var best = 0
    var bestRank = Int.max
    for index in entries.indices {
      let rank = entries[index].state == .free ? 0 : entries[index].state == .incomplete ? 1 : 2
      if rank < bestRank || rank == bestRank && entries[index].confirmedAt < entries[best].confirmedAt {
        best = index
        bestRank = rank
      }
    }
    return best
  }
}
