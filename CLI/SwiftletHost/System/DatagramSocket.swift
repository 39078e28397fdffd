// Datagrams over UNIX sockets, which carry frames to and from QEMU.

internal import Glibc

extension sockaddr_un {
  /// A path of the file system.
  fileprivate init(path: String) throws(SystemError) {
    self.init()
    sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    // SAFETY: the copy is bounded by the size of `sun_path`, whose last byte stays the NUL that ends it.
    let fits = unsafe withUnsafeMutableBytes(of: &sun_path) { field in
      if bytes.count >= field.count { return false }
      unsafe field.copyBytes(from: bytes)
      return true
    }
    if !fits { throw SystemError(code: ENAMETOOLONG) }
  }
}

/// A UNIX datagram socket at a path of the file system.
public struct DatagramSocket: ~Copyable {
  private let socket: Socket

  /// Binds to `path`, which must not exist. `timeout` (milliseconds) holds for each receive.
  public init(path: String, timeout: Int = 1000) throws(SystemError) {
    let socket = try Socket(AF_UNIX, SOCK_DGRAM)
    try socket.bind(to: sockaddr_un(path: path))
    try socket.setReceiveTimeout(timeout)
    self.socket = socket
  }

  public func send(_ bytes: [UInt8], to path: String) throws(SystemError) {
    try socket.send(bytes.span, to: sockaddr_un(path: path))
  }

  /// The next datagram; throws a timeout where none comes.
  public func receive() throws(SystemError) -> [UInt8] { try socket.receive(upTo: 65_536) }

  public func setTimeout(_ timeout: Int) throws(SystemError) { try socket.setReceiveTimeout(timeout) }
}
