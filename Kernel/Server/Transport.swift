// What the server needs of TCP. The network stack is the one transport; tests have another, with no network.

public import Bytes
public import Net

/// Connections and their bytes; the contracts are those of `NetworkStack`.
public protocol Transport: ~Copyable {
  mutating func nextEvent() -> ConnectionEvent?
  @_lifetime(borrow self)
  func received(_ id: ConnectionID) -> Span<UInt8>
  mutating func consume(_ id: ConnectionID, _ count: Int)
  mutating func takeReceived(_ id: ConnectionID) -> ByteBuffer
  mutating func giveBack(_ id: ConnectionID, _ buffer: consuming ByteBuffer)
  mutating func setReceiveLimit(_ id: ConnectionID, _ bytes: Int) -> Bool
  mutating func reserve(_ id: ConnectionID, _ bytes: Int) -> Bool
  mutating func send(_ id: ConnectionID, _ buffer: consuming ByteBuffer) -> Bool
  func sendCapacity(_ id: ConnectionID) -> Int
  mutating func close(_ id: ConnectionID)
  mutating func abort(_ id: ConnectionID)
  func remoteAddress(_ id: ConnectionID) -> (IPv4Address, UInt16)?
  var address: IPv4Address? { get }
  var counters: NetworkCounters { get }
}
