// Owned file descriptors, and the errors of system calls. The only files of the host code with unsafe operations are in this folder.

internal import HostSupport

/// A system call that failed.
public struct SystemError: Error, Equatable, CustomStringConvertible {
  /// errno, as a positive number.
  public var code: Int32

  public init(code: Int32) { self.code = code }

  static func check(_ result: Int32) throws(SystemError) -> Int32 {
    if result < 0 { throw SystemError(code: -result) }
    return result
  }

  /// A socket's timeout passed.
  public var isTimeout: Bool { code == 11 }
  public var isPermission: Bool { code == 13 || code == 1 }
  public var isAddressInUse: Bool { code == 98 }
  public var isConnectionReset: Bool { code == 104 || code == 32 }

  public var description: String {
    switch code {
    case 2: "no such file"
    case 11: "no answer in time"
    case 13: "permission denied"
    case 32: "the connection is closed"
    case 98: "the address is in use"
    case 104: "connection reset by peer"
    case 111: "connection refused"
    default: "errno \(code)"
    }
  }
}

/// A file descriptor, closed with the value.
struct Descriptor: ~Copyable {
  let number: Int32

  /// Takes over `number`, which nothing else closes.
  init(owning number: Int32) { self.number = number }

  deinit { hostClose(number) }

  /// What there is to read, at most `limit` bytes; empty at the end.
  func read(upTo limit: Int) throws(SystemError) -> [UInt8] {
    var failure: Int32 = 0
    let bytes = [UInt8](capacity: limit) { output in
      // SAFETY: hostReceive writes at most `buffer.count` bytes into the buffer, and exactly the number it returns.
      unsafe output.withUnsafeMutableBufferPointer { buffer, count in
        let result = unsafe hostReceive(number, buffer.baseAddress, buffer.count)
        if result < 0 { failure = -result } else { count = Int(result) }
      }
    }
    if failure != 0 { throw SystemError(code: failure) }
    return bytes
  }

  /// Sends all of `bytes` on a socket.
  func send(_ bytes: Span<UInt8>) throws(SystemError) {
    var position = 0
    while position < bytes.count {
      let rest = bytes.extracting(position...)
      // SAFETY: hostSend reads `buffer.count` bytes of the buffer at most, and keeps no pointer.
      position += try unsafe rest.withUnsafeBufferPointer { buffer throws(SystemError) in
        Int(try SystemError.check(unsafe hostSend(number, buffer.baseAddress, buffer.count)))
      }
    }
  }
}
