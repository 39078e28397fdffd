// What TCP and datagram sockets have in common.

internal import Glibc

/// A socket, closed with the value. Times are in milliseconds.
struct Socket: ~Copyable {
  let descriptor: Descriptor

  init(_ family: Int32, _ type: __socket_type) throws(SystemError) {
    let kind = Int32(type.rawValue | SOCK_CLOEXEC.rawValue)
    descriptor = Descriptor(owning: try SystemError.check(socket(family, kind, 0)))
  }

  /// A socket that there is already; from here on it is closed on exec.
  init(owning descriptor: consuming Descriptor) throws(SystemError) {
    try descriptor.closeOnExec()
    self.descriptor = descriptor
  }

  private func set<Value: BitwiseCopyable>(_ option: Int32, of level: Int32 = SOL_SOCKET, to value: Value) throws(SystemError) {
    // SAFETY: the call reads the value's bytes and keeps no pointer. Its type is the one that the option has.
    let result = unsafe withUnsafeBytes(of: value) { unsafe setsockopt(descriptor.number, level, option, $0.baseAddress, UInt32($0.count)) }
    try SystemError.check(result)
  }

  private func setTimeout(_ option: Int32, _ timeout: Int) throws(SystemError) {
    let time = max(1, timeout)  // Zero would mean for ever.
    try set(option, to: timeval(tv_sec: time / 1000, tv_usec: time % 1000 * 1000))
  }

  func setReceiveTimeout(_ timeout: Int) throws(SystemError) { try setTimeout(SO_RCVTIMEO, timeout) }

  /// Holds for connecting, too.
  func setSendTimeout(_ timeout: Int) throws(SystemError) { try setTimeout(SO_SNDTIMEO, timeout) }

  /// Each send leaves at once (no Nagle's algorithm).
  func sendAtOnce() throws(SystemError) { try set(TCP_NODELAY, of: Int32(IPPROTO_TCP), to: Int32(1)) }

  /// Connections of an earlier program that linger on the port are no hindrance; a listener still is.
  func reuseAddress() throws(SystemError) { try set(SO_REUSEADDR, to: Int32(1)) }

  /// Closing sends RST in place of FIN.
  func resetOnClose() throws(SystemError) { try set(SO_LINGER, to: linger(l_onoff: 1, l_linger: 0)) }

  /// Calls `body` with `address` as the system calls take it; throws where that returns -1.
  static func withAddress<Address: BitwiseCopyable>(
    _ address: Address, _ body: (UnsafePointer<sockaddr>?, socklen_t) -> Int
  ) throws(SystemError) -> Int {
    // SAFETY: every sockaddr_* begins as a sockaddr does, and the length that is passed with it is the whole one's.
    let result = unsafe withUnsafeBytes(of: address) { bytes in
      unsafe body(bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
    }
    return try SystemError.check(result)
  }

  func bind(to address: some BitwiseCopyable) throws(SystemError) {
    // SAFETY: see withAddress.
    _ = try unsafe Self.withAddress(address) { unsafe Int(Glibc.bind(descriptor.number, $0, $1)) }
  }

  func connect(to address: some BitwiseCopyable) throws(SystemError) {
    do throws(SystemError) {
      // SAFETY: see withAddress.
      _ = try unsafe Self.withAddress(address) { unsafe Int(Glibc.connect(descriptor.number, $0, $1)) }
    } catch {
      // What Linux says when the send timeout passes while it connects.
      throw error.code == EINPROGRESS ? SystemError(code: EAGAIN) : error
    }
  }

  func receive(upTo limit: Int) throws(SystemError) -> [UInt8] { try descriptor.read(upTo: limit) }

  /// Sends all of `bytes` on a connection.
  func send(_ bytes: Span<UInt8>) throws(SystemError) {
    var position = 0
    while position < bytes.count {
      let rest = bytes.extracting(position...)
      // SAFETY: the call reads at most `buffer.count` bytes of the buffer and keeps no pointer.
      position += try unsafe rest.withUnsafeBufferPointer { buffer throws(SystemError) in
        try SystemError.retrying { unsafe Glibc.send(descriptor.number, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL)) }
      }
    }
  }

  /// Sends `bytes` as one datagram.
  func send(_ bytes: Span<UInt8>, to address: some BitwiseCopyable) throws(SystemError) {
    // SAFETY: the call reads `buffer.count` bytes of the buffer and the address, and keeps no pointer.
    try unsafe bytes.withUnsafeBufferPointer { buffer throws(SystemError) in
      _ = try unsafe Self.withAddress(address) { unsafe sendto(descriptor.number, buffer.baseAddress, buffer.count, 0, $0, $1) }
    }
  }
}
