// TCP over IPv4, mostly on this host's loopback address. All calls block, with timeouts.

internal import Glibc

extension sockaddr_in {
  fileprivate init(_ address: IPv4Address, port: UInt16) {
    self.init()
    sin_family = sa_family_t(AF_INET)
    sin_port = port.bigEndian
    sin_addr.s_addr = address.number.bigEndian
  }
}

/// An IPv4 address.
public struct IPv4Address: Equatable, Sendable, CustomStringConvertible {
  /// Its first number in the highest byte.
  public let number: UInt32

  public static let loopback = IPv4Address(number: 0x7f00_0001)

  private init(number: UInt32) { self.number = number }

  /// Four decimal numbers with points between; nil for anything else.
  public init?(parsing text: some StringProtocol) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { part in
      part.allSatisfy { $0.isASCII && $0.isNumber } ? UInt8(part) : nil
    }
    guard parts.count == 4, !parts.contains(nil) else { return nil }
    number = parts.reduce(0) { $0 << 8 | UInt32($1 ?? 0) }
  }

  public var description: String { [24, 16, 8, 0].map { "\(number >> $0 & 0xff)" }.joined(separator: ".") }
}

/// A TCP connection.
public struct TCPConnection: ~Copyable {
  private let socket: Socket

  /// Connects. `timeout` (milliseconds) also holds for each later send and receive.
  public init(to address: IPv4Address = .loopback, port: UInt16, timeout: Int = 10_000) throws(SystemError) {
    let socket = try Socket(AF_INET, SOCK_STREAM)
    try socket.setReceiveTimeout(timeout)
    try socket.setSendTimeout(timeout)
    try socket.sendAtOnce()
    try socket.connect(to: sockaddr_in(address, port: port))
    self.socket = socket
  }

  /// One that a listener accepted.
  fileprivate init(accepted socket: consuming Socket) { self.socket = socket }

  public func send(_ bytes: some Sequence<UInt8>) throws(SystemError) {
    let bytes = Array(bytes)
    try socket.send(bytes.span)
  }

  public func send(_ text: String) throws(SystemError) { try send(text.utf8) }

  /// What there is, at most `limit` bytes; empty where the peer has ended its direction.
  public func receive(upTo limit: Int = 65_536) throws(SystemError) -> [UInt8] { try socket.receive(upTo: limit) }

  /// Ends this side's direction (FIN).
  public func endSending() throws(SystemError) { try SystemError.check(shutdown(socket.descriptor.number, Int32(SHUT_WR))) }

  /// Sets the timeout of each receive, in milliseconds.
  public func setTimeout(_ timeout: Int) throws(SystemError) { try socket.setReceiveTimeout(timeout) }

  /// Closes the connection with RST.
  public consuming func reset() { try? socket.resetOnClose() }
}

/// A TCP socket that listens on 127.0.0.1.
public struct TCPListener: ~Copyable {
  private let socket: Socket

  /// Listens on `port`, or on one that is free.
  public init(port: UInt16 = 0) throws(SystemError) {
    let socket = try Socket(AF_INET, SOCK_STREAM)
    // As QEMU does, so that what can be listened on here can be there.
    if port != 0 { try socket.reuseAddress() }
    try socket.bind(to: sockaddr_in(.loopback, port: port))
    try SystemError.check(listen(socket.descriptor.number, 16))
    self.socket = socket
  }

  /// The next connection, waited for; each of its receives and sends waits `timeout` milliseconds at most.
  public func accept(timeout: Int = 10_000) throws(SystemError) -> TCPConnection {
    let number = try SystemError.retrying { Glibc.accept(socket.descriptor.number, nil, nil) }
    let accepted = try Socket(owning: Descriptor(owning: number))
    try accepted.setReceiveTimeout(timeout)
    try accepted.setSendTimeout(timeout)
    try accepted.sendAtOnce()
    return TCPConnection(accepted: accepted)
  }

  public func port() throws(SystemError) -> UInt16 {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    // SAFETY: the call writes at most `length` bytes of an address whose family is this socket's, which is sockaddr_in's.
    let result = unsafe withUnsafeMutableBytes(of: &address) { bytes in
      unsafe getsockname(socket.descriptor.number, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
    }
    try SystemError.check(result)
    return UInt16(bigEndian: address.sin_port)
  }
}

/// TCP ports of 127.0.0.1.
public enum Port {
  /// Throws where `port` cannot be listened on now.
  public static func check(_ port: UInt16) throws(SystemError) { _ = try TCPListener(port: port) }

  /// A port that nothing listened on just now.
  public static func free() throws(SystemError) -> UInt16 { try TCPListener().port() }
}
