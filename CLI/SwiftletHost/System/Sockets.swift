// TCP connections to this host, and datagrams over UNIX sockets. All block, with timeouts.

internal import HostSupport

/// A TCP connection to a port of 127.0.0.1.
public struct TCPConnection: ~Copyable {
  private let descriptor: Descriptor

  /// Connects. `timeout` (milliseconds) also holds for each later send and receive.
  public init(port: UInt16, timeout: Int = 10_000) throws(SystemError) {
    descriptor = Descriptor(owning: try SystemError.check(hostConnect(port, Int32(clamping: timeout))))
  }

  public func send(_ bytes: some Sequence<UInt8>) throws(SystemError) {
    let bytes = Array(bytes)
    try descriptor.send(bytes.span)
  }

  public func send(_ text: String) throws(SystemError) { try send(text.utf8) }

  /// What there is, at most `limit` bytes; empty where the peer has ended its direction.
  public func receive(upTo limit: Int = 65_536) throws(SystemError) -> [UInt8] { try descriptor.read(upTo: limit) }

  /// Ends this side's direction (FIN).
  public func endSending() throws(SystemError) { _ = try SystemError.check(hostShutdownSend(descriptor.number)) }

  /// Sets the timeout of each receive, in milliseconds.
  public func setTimeout(_ timeout: Int) throws(SystemError) {
    _ = try SystemError.check(hostSetTimeout(descriptor.number, Int32(clamping: timeout)))
  }

  /// Closes the connection with RST.
  public consuming func reset() { _ = hostResetOnClose(descriptor.number) }
}

/// A UNIX datagram socket at a path of the file system.
public struct DatagramSocket: ~Copyable {
  private let descriptor: Descriptor

  /// Binds to `path`, which must not exist. `timeout` (milliseconds) holds for each receive.
  public init(path: String, timeout: Int = 1000) throws(SystemError) {
    // SAFETY: the string is read before the call returns.
    descriptor = Descriptor(owning: try SystemError.check(unsafe hostBindDatagram(path, Int32(clamping: timeout))))
  }

  public func send(_ bytes: [UInt8], to path: String) throws(SystemError) {
    let span = bytes.span
    // SAFETY: the call reads `buffer.count` bytes and the string, and keeps neither.
    try unsafe span.withUnsafeBufferPointer { buffer throws(SystemError) in
      _ = try SystemError.check(unsafe hostSendDatagram(descriptor.number, path, buffer.baseAddress, buffer.count))
    }
  }

  /// The next datagram; throws a timeout where none comes.
  public func receive() throws(SystemError) -> [UInt8] { try descriptor.read(upTo: 65_536) }

  public func setTimeout(_ timeout: Int) throws(SystemError) {
    _ = try SystemError.check(hostSetTimeout(descriptor.number, Int32(clamping: timeout)))
  }
}

/// A TCP socket that listens on 127.0.0.1.
public struct TCPListener: ~Copyable {
  private let descriptor: Descriptor

  /// Listens on `port`, or on one that is free.
  public init(port: UInt16 = 0) throws(SystemError) {
    descriptor = Descriptor(owning: try SystemError.check(hostListen(port)))
  }

  public func port() throws(SystemError) -> UInt16 {
    UInt16(truncatingIfNeeded: try SystemError.check(hostLocalPort(descriptor.number)))
  }
}

/// TCP ports of 127.0.0.1.
public enum Port {
  /// Throws where `port` cannot be listened on now.
  public static func check(_ port: UInt16) throws(SystemError) { _ = try TCPListener(port: port) }

  /// A port that nothing listened on just now.
  public static func free() throws(SystemError) -> UInt16 { try TCPListener().port() }
}
