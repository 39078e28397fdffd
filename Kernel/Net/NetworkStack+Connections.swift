// What the application does with connections. Every operation on a name that is no longer valid does nothing.

import Base
import Bytes

extension NetworkStack {
  /// The next thing that happened; nil where nothing did. For each connection the order is `.opened`, `.readable`,
  /// `.peerClosed`, `.sent`, `.closed`.
  @inline(__always)
  public mutating func nextEvent() -> ConnectionEvent? {
    hasEvents ? connections.nextEvent(&shared.memory) : nil
  }

  /// Whether `nextEvent` has something to tell.
  @inline(__always)
  public var hasEvents: Bool { connections.hasEvents }

  /// All unread bytes, contiguous; empty for an unknown connection.
  @inline(__always) @_lifetime(borrow self)
  public func received(_ id: ConnectionID) -> Span<UInt8> {
    guard let index = connections.index(of: id) else { return Span() }
    return connections.slots[index].received.span
  }

  /// Drops the first `count` unread bytes (all, where there are fewer); the window may open by it.
  public mutating func consume(_ id: ConnectionID, _ count: Int) {
    guard let index = connections.index(of: id) else { return }
    apply(connections.slots[index].consume(count, &shared), index)
  }

  /// Moves all unread bytes out, to be kept while the stack goes on; empty for an unknown connection.
  /// The window then counts from empty, and the memory is the caller's.
  public mutating func takeReceived(_ id: ConnectionID) -> ByteBuffer {
    guard let index = connections.index(of: id) else { return ByteBuffer() }
    let taken = connections.slots[index].received.take(&shared.memory)
    apply(connections.slots[index].windowUpdate(), index)
    return taken
  }

  /// Puts bytes back in front of the unread ones, without a `.readable` of their own. Where memory for that is out the
  /// connection is reset, with `.closed(id, .outOfMemory)`. With no bytes its memory may be used for what arrives next.
  public mutating func giveBack(_ id: ConnectionID, _ buffer: consuming ByteBuffer) {
    guard let index = connections.index(of: id) else { return }
    guard buffer.count > 0 else {
      connections.slots[index].keep(buffer, &shared)
      return
    }
    if !connections.slots[index].received.giveBack(buffer, &shared.memory) {
      apply(connections.slots[index].reset(.outOfMemory), index)
    }
  }

  /// Lets up to `bytes` bytes be unread (at first `NetworkLimits.receiveWindow`; at most
  /// `NetworkLimits.largestReceiveLimit`) and reserves memory for more than at first. The advertised window follows, but
  /// what was advertised stays acceptable. False, and nothing changed, where memory or the budget is out.
  public mutating func setReceiveLimit(_ id: ConnectionID, _ bytes: Int) -> Bool {
    guard let index = connections.index(of: id), connections.slots[index].setReceiveLimit(bytes, &shared) else {
      return false
    }
    apply(connections.slots[index].windowUpdate(), index)
    return true
  }

  /// Makes room now for `bytes` unread bytes in all, so that what is within the window will not be dropped for want of memory;
  /// false where memory or the budget is out, and for an unknown or closed connection.
  public mutating func reserve(_ id: ConnectionID, _ bytes: Int) -> Bool {
    guard let index = connections.index(of: id) else { return false }
    return connections.slots[index].reserve(bytes, &shared)
  }

  /// Queues `buffer` to be sent at the next `flush`, and keeps it until the peer has acknowledged it. Segments run across
  /// consecutive buffers. False, and the buffer gone, for an unknown or closed connection or where eight buffers are queued.
  public mutating func send(_ id: ConnectionID, _ buffer: consuming ByteBuffer) -> Bool {
    guard let index = connections.index(of: id), connections.slots[index].send(buffer) else { return false }
    outputs.append(index)
    return true
  }

  /// Buffers that `send` would still take; 0 for an unknown or closed connection.
  @inline(__always)
  public func sendCapacity(_ id: ConnectionID) -> Int {
    guard let index = connections.index(of: id) else { return 0 }
    return connections.slots[index].sendCapacity
  }

  /// Sends FIN after all that is queued. What the peer still sends stays readable.
  public mutating func close(_ id: ConnectionID) {
    guard let index = connections.index(of: id) else { return }
    apply(connections.slots[index].close(), index)
  }

  /// Sends RST at the next `flush` and forgets all that is queued; `.closed(id, .aborted)` follows.
  public mutating func abort(_ id: ConnectionID) {
    guard let index = connections.index(of: id) else { return }
    apply(connections.slots[index].reset(.aborted), index)
  }

  /// The peer's address and port; nil for an unknown connection.
  @inline(__always)
  public func remoteAddress(_ id: ConnectionID) -> (IPv4Address, UInt16)? {
    guard let index = connections.index(of: id) else { return nil }
    return (connections.slots[index].remote, connections.slots[index].remotePort)
  }

  /// Does what a change of connection `index` asks for, but for what needs the link.
  @inline(__always)
  mutating func apply(_ verdict: Verdict, _ index: Int) {
    if verdict.contains(.output) { outputs.append(index) }
    if verdict.contains(.owing) {
      owing.append(index)
      timers.schedule(index, at: connections.slots[index].acknowledgeAt)
    }
    if verdict.contains(.timer) { timers.schedule(index, at: connections.slots[index].nextDeadline) }
  }

  /// Takes connection `index` out of all tables; its slot is freed when the application took `.closed`.
  mutating func endConnection(_ index: Int, _ reason: CloseReason) {
    endpoints.remove(index)
    connections.slots[index].finish(reason)
    connections.tell(index)
  }
}
