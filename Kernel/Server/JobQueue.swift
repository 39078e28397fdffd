import Net

/// What waits for the executor.
enum Work: Equatable, Sendable, BitwiseCopyable {
  /// A connection's request, whose bytes are the connection's.
  case connection(ConnectionID)
  /// The activation at a place of the backlog.
  case activation(UInt32)
}

/// What waits for the executor, first come first served. Its capacity is fixed.
struct JobQueue {
  private var places: [Work?]
  private var head = 0
  private(set) var count = 0

  init(capacity: Int) { places = Array(repeating: nil, count: max(1, capacity)) }

  /// False where the queue is full.
  mutating func push(_ work: Work) -> Bool {
    guard count < places.count else { return false }
    places[place(count)] = work
    count &+= 1
    return true
  }

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

  private func place(_ offset: Int) -> Int {
    let sum = head &+ offset
    return sum < places.count ? sum : sum &- places.count
  }
}
