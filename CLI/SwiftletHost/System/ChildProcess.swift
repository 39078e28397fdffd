// Starting a program so that it cannot outlive the thread that started it.

internal import Glibc
internal import HostSupport

/// The reading end of a child's output.
final class ByteStream: Sendable {
  private let descriptor: Descriptor

  init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

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

  /// Starts `path` with `arguments` (without the program's own name, which `name` is, or the path). Its environment is `environment`
  /// ("NAME=value"), or this process's own; its standard input is `input`, or empty; the process group is its own.
  ///
  /// The program is killed when the calling *thread* ends, also when that is because this process was killed.
  init(
    path: String, name: String? = nil, arguments: [String], environment: [String]? = nil, input bytes: [UInt8] = []
  ) throws(SystemError) {
    try Descriptor.openStandardStreams()
    let input = try bytes.isEmpty ? Descriptor.empty() : Descriptor.file(holding: bytes)
    let output = try Descriptor.pipe()
    let error = try Descriptor.pipe()
    // SAFETY: the copies of the strings, and the null pointers after them, live until after the call, which keeps none.
    var words = unsafe ([name ?? path] + arguments).map { unsafe strdup($0) } + [nil]
    var variables = unsafe (environment ?? []).map { unsafe strdup($0) } + [nil]
    defer { for unsafe word in unsafe words + variables { unsafe free(word) } }
    let child = SignalSet.withAllHeld {
      unsafe variables.withUnsafeMutableBufferPointer { variables in
        unsafe spawnTiedToThread(
          path, &words, environment == nil ? nil : variables.baseAddress, input: input.number, output: output.writing.number,
          error: error.writing.number)
      }
    }
    if child < 0 { throw SystemError(code: -child) }
    processIdentifier = child
    self.output = ByteStream(output.reading)
    self.error = ByteStream(error.reading)
  }

  /// Waits for the end: the exit status, or 256 plus the signal.
  func wait() -> Int32 {
    var status: Int32 = 0
    // SAFETY: the call writes `status` alone.
    do throws(SystemError) { try SystemError.retrying { unsafe waitpid(processIdentifier, &status, 0) } } catch { return -error.code }
    // What the macros WIFSIGNALED, WTERMSIG and WEXITSTATUS do.
    let signal = status & 0x7f
    return signal == 0 ? status >> 8 & 0xff : 256 + signal
  }

  /// Asks the process to end (SIGTERM), or kills it. Only for a process that has not been waited for.
  static func end(_ processIdentifier: Int32, force: Bool) { kill(processIdentifier, force ? SIGKILL : SIGTERM) }
}
