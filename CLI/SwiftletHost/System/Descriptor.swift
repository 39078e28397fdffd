// Owned file descriptors. All that are made here are closed on exec.

internal import Glibc

// Two descriptors at `ends`; a file in memory. Glibc's headers show them to C with _GNU_SOURCE only, which Swift's module of it has not.
@_extern(c) private func pipe2(_ ends: UnsafeMutableRawPointer?, _ flags: Int32) -> Int32
@_extern(c) private func memfd_create(_ name: UnsafePointer<CChar>?, _ flags: UInt32) -> Int32

/// A file descriptor, closed with the value.
struct Descriptor: ~Copyable {
  let number: Int32

  /// Takes over `number`, which nothing else closes.
  init(owning number: Int32) { self.number = number }

  deinit { close(number) }

  /// The file that is always empty, to read.
  static func empty() throws(SystemError) -> Descriptor {
    // SAFETY: the path is a string of the program.
    Descriptor(owning: try SystemError.check(unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)))
  }

  /// A file of `bytes`, to read from its start, that is gone with its last descriptor.
  static func file(holding bytes: [UInt8]) throws(SystemError) -> Descriptor {
    // SAFETY: the name is a string of the program; 1 is MFD_CLOEXEC.
    let file = Descriptor(owning: try SystemError.check(unsafe memfd_create("swiftlet", 1)))
    var position = 0
    while position < bytes.count {
      let rest = bytes.span.extracting(position...)
      // SAFETY: the call reads at most `buffer.count` bytes of the buffer and keeps no pointer.
      position += try unsafe rest.withUnsafeBufferPointer { buffer throws(SystemError) in
        try SystemError.retrying { unsafe Glibc.write(file.number, buffer.baseAddress, buffer.count) }
      }
    }
    try SystemError.check(lseek(file.number, 0, SEEK_SET))
    return file
  }

  func closeOnExec() throws(SystemError) { try SystemError.check(fcntl(number, F_SETFD, FD_CLOEXEC)) }

  /// Opens what is closed of the three standard streams, so that no descriptor opened later takes the place of one.
  static func openStandardStreams() throws(SystemError) {
    while true {
      // SAFETY: the path is a string of the program.
      let number = try SystemError.check(unsafe open("/dev/null", O_RDWR))
      if number > 2 {
        close(number)
        return
      }
    }
  }

  /// A pipe's two ends.
  static func pipe() throws(SystemError) -> Pipe {
    var ends: (Int32, Int32) = (-1, -1)
    // SAFETY: a pair of Int32 lies in memory as the array of two that the call fills.
    let result = unsafe withUnsafeMutableBytes(of: &ends) { unsafe pipe2($0.baseAddress, O_CLOEXEC) }
    try SystemError.check(result)
    return Pipe(reading: Descriptor(owning: ends.0), writing: Descriptor(owning: ends.1))
  }

  struct Pipe: ~Copyable {
    let reading: Descriptor
    let writing: Descriptor
  }

  /// What there is to read, at most `limit` bytes; empty at the end.
  func read(upTo limit: Int) throws(SystemError) -> [UInt8] {
    var failure: SystemError?
    let bytes = [UInt8](capacity: limit) { output in
      // SAFETY: the call writes at most `buffer.count` bytes into the buffer, and exactly the number it returns.
      unsafe output.withUnsafeMutableBufferPointer { buffer, count in
        do throws(SystemError) {
          count = try SystemError.retrying { unsafe Glibc.read(number, buffer.baseAddress, buffer.count) }
        } catch {
          failure = error
        }
      }
    }
    if let failure { throw failure }
    return bytes
  }
}
