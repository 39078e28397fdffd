// The program that answers: started with posix_spawn, a pipe at each side.

import CLinux
import Glibc

struct Program {
  /// One that runs. `input` is -1 where all of the body was written already.
  struct Run {
    var process: pid_t
    var input: Int32
    var output: Int32
    /// Bytes of the body that are written.
    var written: Int
  }

  private let path: UnsafeMutablePointer<CChar>
  private let arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private let environment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  /// Where the argument that is different for each begins, in eight digits.
  private let number: UnsafeMutablePointer<CChar>?
  private static let pipeSize = 65_536

  init(_ words: [String]) {
    if words.isEmpty { fail("which program? -- PROGRAM [ARGUMENT …], or --warm") }
    path = strdup(words[0])
    arguments = .allocate(capacity: words.count + 1)
    var number: UnsafeMutablePointer<CChar>?
    for (index, word) in words.enumerated() {
      if word == "{}" {
        number = strdup("b00000000")
        arguments[index] = number
      } else {
        arguments[index] = strdup(word)
      }
    }
    arguments[words.count] = nil
    self.number = number
    environment = .allocate(capacity: 3)
    environment[0] = strdup("PATH=/usr/sbin:/usr/bin:/sbin:/bin")
    // For programs that were fetched with their libraries.
    environment[1] = getenv("LD_LIBRARY_PATH").flatMap { strdup("LD_LIBRARY_PATH=" + String(cString: $0)) }
    environment[2] = nil
  }

  private func nextNumber() {
    guard let number else { return }
    var digit = 8
    while digit > 0 {
      if number[digit] < 57 {
        number[digit] += 1
        return
      }
      number[digit] = 48
      digit -= 1
    }
  }

  /// Starts it. A body that fits into a pipe is there, and ended, before the program begins.
  func start(input body: UnsafeBufferPointer<UInt8>) -> Run {
    nextNumber()
    var toChild: (Int32, Int32) = (0, 0)
    var fromChild: (Int32, Int32) = (0, 0)
    withUnsafeMutableBytes(of: &toChild) { _ = check(private_pipe($0.bindMemory(to: Int32.self).baseAddress), "pipe2") }
    withUnsafeMutableBytes(of: &fromChild) { _ = check(private_pipe($0.bindMemory(to: Int32.self).baseAddress), "pipe2") }
    var written = min(body.count, Self.pipeSize)
    if written > 0 { written = max(0, write(toChild.1, body.baseAddress, written)) }
    let isComplete = written == body.count
    if isComplete { close(toChild.1) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, toChild.0, 0)
    posix_spawn_file_actions_adddup2(&actions, fromChild.1, 1)
    var process: pid_t = 0
    let error = posix_spawn(&process, path, &actions, nil, arguments, environment)
    if error != 0 { fail("posix_spawn: \(String(cString: strerror(error)))") }
    posix_spawn_file_actions_destroy(&actions)
    close(toChild.0)
    close(fromChild.1)
    if !isComplete { check(set_waiting(toChild.1, 0), "fcntl") }
    return Run(process: process, input: isComplete ? -1 : toChild.1, output: fromChild.0, written: written)
  }
}
