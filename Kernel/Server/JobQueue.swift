import Bytes
import Net

/// What waits for the executor.
enum Work: Equatable, Sendable, BitwiseCopyable {
  /// A connection's request, whose bytes are the connection's.
  case connection(ConnectionID)
  /// The activation at a place of the backlog.
  case activation(UInt32)
}

/// What waits for the executor, first come first served. Its capacity is fixed; past it there is one place for the next step of the sequence
/// whose last one has just ended.
struct JobQueue: ~Copyable {
  private var places: FixedArray<Work>
  private var head = 0
  private(set) var count = 0
  private let limit: Int

  init(capacity: Int) {
    limit = max(1, capacity)
    guard let places = FixedArray(count: limit &+ 1, { _ in Work.activation(0) }) else { fatalError("no memory for the queue") }
    self.places = places
  }

  /// Whether something that comes from outside has a place.
  var hasRoom: Bool { count < limit }

  /// False where the queue is full.
  @inline(__always)
  mutating func push(_ work: Work) -> Bool {
    guard hasRoom else { return false }
    places[place(count)] = work
    count &+= 1
    return true
  }

  /// Enters a sequence's next step, as the last or as the first of all. False where even its place is taken.
  mutating func push(step work: Work, first: Bool) -> Bool {
    guard count < places.count else { return false }
    if first { head = place(places.count &- 1) }
    count &+= 1
    places[first ? head : place(count &- 1)] = work
    return true
  }

  @inline(__always)
  mutating func pop() -> Work? {
    guard count > 0 else { return nil }
    let work = places[head]
    head = place(1)
    count &-= 1
    return work
  }

  /// Takes the request of `id` out, keeping the order of the others.
  mutating func remove(_ id: ConnectionID) {
    var kept = 0
    for offset in 0..<count {
      let other = places[place(offset)]
      if other == .connection(id) { continue }
      places[place(kept)] = other
      kept &+= 1
    }
    count = kept
  }

  @inline(__always)
  private func place(_ offset: Int) -> Int {
    let sum = head &+ offset
    return sum < places.count ? sum : sum &- places.count
  }
}
