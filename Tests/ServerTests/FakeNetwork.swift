import Bytes

@testable import Net
@testable import Server

/// Connections with no network under them: what a client sends is put in, what the server sends is kept.
struct FakeNetwork: ~Copyable, Transport {
  struct Connection {
    /// Where in `memory` what was received lies, and how much it is.
    var start: Int
    var room: Int
    var count = 0
    var sent: [UInt8] = []
    /// Buffers sent and not acknowledged.
    var queued = 0
    var isFinished = false
    var isClosed = false
    var isAborted = false
    var limit: Int
  }

  static let window = 16 << 10

  var connections: [Connection] = []
  /// What all connections have received: a span can be lent of one stored property only.
  var memory: [UInt8] = []
  var events: [ConnectionEvent] = []
  var counters = NetworkCounters()
  /// Replies that `send` still accepts.
  var sendRoom = Int.max
  /// The most that `setReceiveLimit` grants.
  var largestLimit = 1 << 30
  /// Calls of `setReceiveLimit` for more than before that are refused before one is granted.
  var refusedLimits = 0
  /// The most that `reserve` grants.
  var reservable = 1 << 30
  /// Calls of `reserve` that are refused before one is granted.
  var refusedReservations = 0

  static func id(_ index: Int) -> ConnectionID { ConnectionID(slot: UInt32(index), generation: 1) }

  mutating func open(room: Int = 64 << 10) -> Int {
    connections.append(Connection(start: memory.count, room: room, limit: Self.window))
    memory += [UInt8](repeating: 0, count: room)
    events.append(.opened(Self.id(connections.count - 1)))
    return connections.count - 1
  }

  mutating func deliver(_ index: Int, _ bytes: [UInt8]) {
    precondition(connections[index].count + bytes.count <= connections[index].room)
    let end = connections[index].start + connections[index].count
    memory.replaceSubrange(end..<end + bytes.count, with: bytes)
    connections[index].count += bytes.count
    events.append(.readable(Self.id(index)))
  }

  /// What was received and not consumed.
  func unread(_ index: Int) -> [UInt8] {
    Array(memory[connections[index].start..<connections[index].start + connections[index].count])
  }

  private mutating func setUnread(_ index: Int, _ bytes: [UInt8]) {
    precondition(bytes.count <= connections[index].room)
    let start = connections[index].start
    memory.replaceSubrange(start..<start + bytes.count, with: bytes)
    connections[index].count = bytes.count
  }

  /// The client's FIN.
  mutating func finish(_ index: Int) {
    connections[index].isFinished = true
    events.append(.peerClosed(Self.id(index)))
    endIfClosed(index)
  }

  private mutating func endIfClosed(_ index: Int) {
    if connections[index].isFinished && connections[index].isClosed { events.append(.closed(Self.id(index), .finished)) }
  }

  /// The end of the connection, by RST for example.
  mutating func drop(_ index: Int) {
    connections[index].count = 0
    connections[index].isAborted = true
    events.append(.closed(Self.id(index), .reset))
  }

  mutating func acknowledge(_ index: Int) {
    connections[index].queued = 0
    events.append(.sent(Self.id(index)))
  }

  mutating func takeSent(_ index: Int) -> [UInt8] {
    defer { connections[index].sent = [] }
    return connections[index].sent
  }

  private func isLive(_ id: ConnectionID) -> Bool { id.index < connections.count && !connections[id.index].isAborted }

  var address: IPv4Address? { IPv4Address(bits: 0x0a00_020f) }
  func remoteAddress(_ id: ConnectionID) -> (IPv4Address, UInt16)? { (IPv4Address(bits: 0x0a00_0202), 40_000) }

  mutating func nextEvent() -> ConnectionEvent? { events.isEmpty ? nil : events.removeFirst() }

  @_lifetime(borrow self)
  func received(_ id: ConnectionID) -> Span<UInt8> {
    let connection = connections[id.index]
    return memory.span.extracting(connection.start..<connection.start + connection.count)
  }

  mutating func consume(_ id: ConnectionID, _ count: Int) {
    if isLive(id) { setUnread(id.index, Array(unread(id.index).dropFirst(count))) }
  }

  mutating func takeReceived(_ id: ConnectionID) -> ByteBuffer {
    var buffer = ByteBuffer()
    let bytes = unread(id.index)
    precondition(buffer.append(bytes.span))
    setUnread(id.index, [])
    return buffer
  }

  mutating func giveBack(_ id: ConnectionID, _ buffer: consuming ByteBuffer) {
    guard isLive(id) else { return }
    setUnread(id.index, buffer.span.array + unread(id.index))
  }

  mutating func setReceiveLimit(_ id: ConnectionID, _ bytes: Int) -> Bool {
    guard isLive(id), bytes <= largestLimit else { return false }
    if bytes > connections[id.index].limit, refusedLimits > 0 {
      refusedLimits -= 1
      return false
    }
    connections[id.index].limit = bytes
    return true
  }

  mutating func reserve(_ id: ConnectionID, _ bytes: Int) -> Bool {
    guard refusedReservations == 0 else {
      refusedReservations -= 1
      return false
    }
    return isLive(id) && bytes <= reservable
  }

  mutating func send(_ id: ConnectionID, _ buffer: consuming ByteBuffer) -> Bool {
    guard sendCapacity(id) > 0, sendRoom > 0 else { return false }
    sendRoom -= 1
    connections[id.index].sent += buffer.span.array
    connections[id.index].queued += 1
    return true
  }

  func sendCapacity(_ id: ConnectionID) -> Int {
    isLive(id) && !connections[id.index].isClosed ? 8 - connections[id.index].queued : 0
  }

  mutating func close(_ id: ConnectionID) {
    guard isLive(id), !connections[id.index].isClosed else { return }
    connections[id.index].isClosed = true
    endIfClosed(id.index)
  }

  mutating func abort(_ id: ConnectionID) {
    guard isLive(id) else { return }
    connections[id.index].isAborted = true
    events.append(.closed(id, .aborted))
  }
}

extension Span where Element == UInt8 {
  var array: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    for index in indices { bytes.append(self[index]) }
    return bytes
  }
}
