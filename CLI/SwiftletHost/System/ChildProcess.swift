// Starting a program so that it cannot outlive the thread that started it.

internal import HostSupport

/// The reading end of a child's output.
final class ByteStream: Sendable {
  private let descriptor: Descriptor

  init(owning number: Int32) { descriptor = Descriptor(owning: number) }

  /// What there is, waiting for at least one byte; empty at the end.
  func read() -> [UInt8] {
    do throws(SystemError) { return try descriptor.read(upTo: 16_384) } catch { return [] }
  }
}

/// A running program with its output and error streams.
struct ChildProcess {
  let processIdentifier: Int32
  let output: ByteStream
  let error: ByteStream

  /// Starts `path` with `arguments` (without the program's own name). Standard input is empty, the process group its own.
  ///
  /// The program is killed when the calling *thread* ends, also when that is because this process was killed.
  init(path: String, arguments: [String]) throws(SystemError) {
    let all = [path] + arguments
    let block: [UInt8] = all.flatMap { Array($0.utf8) + [0] }
    let span = block.span
    // SAFETY: `block` holds `all.count` strings, each ended by a NUL byte, and is read before the call returns.
    let child = unsafe span.withUnsafeBytes { buffer in
      unsafe hostSpawn(path, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), all.count)
    }
    if child.pid < 0 { throw SystemError(code: -child.pid) }
    processIdentifier = child.pid
    output = ByteStream(owning: child.output)
    error = ByteStream(owning: child.error)
  }

  /// Waits for the end: the exit status, or 256 plus the signal.
  func wait() -> Int32 { hostWait(processIdentifier) }

  /// Asks the process to end (SIGTERM), or kills it. Only for a process that has not been waited for.
  static func end(_ processIdentifier: Int32, force: Bool) { hostEnd(processIdentifier, force ? 1 : 0) }
}
