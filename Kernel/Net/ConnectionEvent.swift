// The names of connections and what is told of them.

/// Names one connection. A name outlives its connection harmlessly: every operation on a stale one does nothing.
public struct ConnectionID: Equatable, Hashable, Sendable, BitwiseCopyable {
  let slot: UInt32
  let generation: UInt32

  /// The connection's place, 0 ..< `NetworkLimits.connections`, its own until `.closed` was taken from the event queue.
  public var index: Int { Int(slot) }
}

/// Why a connection is no more.
public enum CloseReason: UInt8, Equatable, Sendable, BitwiseCopyable {
  /// Both sides sent FIN and all data was acknowledged.
  case finished
  /// The peer sent RST.
  case reset
  /// The application called `abort`.
  case aborted
  /// The peer did not answer, or kept data waiting for too long.
  case timedOut
  /// Memory for received data was out where dropping it was no longer possible.
  case outOfMemory
  /// The stack lost the address that the connection was made with.
  case addressLost
}

/// Something that happened to a connection. For each connection `.opened` comes first and `.closed` last, each exactly once;
/// the others are merged: one `.readable` may stand for many segments.
public enum ConnectionEvent: Equatable, Sendable, BitwiseCopyable {
  /// The handshake is complete.
  case opened(ConnectionID)
  /// There are more unread bytes than before.
  case readable(ConnectionID)
  /// The peer sent FIN; all that came before it is readable.
  case peerClosed(ConnectionID)
  /// All that was queued has been acknowledged.
  case sent(ConnectionID)
  /// The connection is no more. What was unread is readable until this event is taken, and gone after.
  case closed(ConnectionID, CloseReason)
}
