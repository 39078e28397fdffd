/// Linux error numbers (x86-64). A system call that fails returns the negated number in rax.
public enum Errno: Int64, Error, Sendable, BitwiseCopyable {
  case notPermitted = 1  // EPERM
  case noSuchFile = 2  // ENOENT
  case noSuchProcess = 3  // ESRCH
  case interrupted = 4  // EINTR
  case badFileDescriptor = 9  // EBADF
  case tryAgain = 11  // EAGAIN
  case outOfMemory = 12  // ENOMEM
  case accessDenied = 13  // EACCES
  case badAddress = 14  // EFAULT
  case exists = 17  // EEXIST
  case noSuchDevice = 19  // ENODEV
  case invalidArgument = 22  // EINVAL
  case notTerminal = 25  // ENOTTY
  case illegalSeek = 29  // ESPIPE
  case deadlock = 35  // EDEADLK
  case noSystemCall = 38  // ENOSYS
  case timedOut = 110  // ETIMEDOUT

  /// What rax holds after a call that failed so.
  @inlinable public var returnValue: Int64 { 0 &- rawValue }
}
