// The errors of system calls. The only files of the host code with unsafe operations are in this folder.

internal import Glibc

/// A system call that failed.
public struct SystemError: Error, Equatable, CustomStringConvertible {
  /// errno, as a positive number.
  public var code: Int32

  public init(code: Int32) { self.code = code }

  /// The error that the last system call of this thread left.
  static var last: SystemError { SystemError(code: errno) }

  /// The result of a system call, where that is not its -1 for "failed".
  @discardableResult static func check<Result: SignedInteger>(_ result: Result) throws(SystemError) -> Result {
    if result < 0 { throw last }
    return result
  }

  /// The same for a call that a signal may interrupt: then it is done again.
  @discardableResult static func retrying<Result: SignedInteger>(_ call: () -> Result) throws(SystemError) -> Result {
    while true {
      let result = call()
      if result >= 0 { return result }
      if errno != EINTR { throw last }
    }
  }

  /// A socket's timeout passed.
  public var isTimeout: Bool { code == EAGAIN }
  public var isPermission: Bool { code == EACCES || code == EPERM }
  public var isAddressInUse: Bool { code == EADDRINUSE }
  public var isConnectionReset: Bool { code == ECONNRESET || code == EPIPE }

  public var description: String {
    switch code {
    case ENOENT: "no such file"
    case EAGAIN: "no answer in time"
    case EACCES: "permission denied"
    case EPIPE: "the connection is closed"
    case EADDRINUSE: "the address is in use"
    case ECONNRESET: "connection reset by peer"
    case ECONNREFUSED: "connection refused"
    case ENOEXEC: "it is no program of this kind of computer"
    case ENAMETOOLONG: "the name is too long"
    default: "errno \(code)"
    }
  }
}
