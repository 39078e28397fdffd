// What generator and server need of the system: the clock, epoll, the end with a message, arguments.

import CLinux
import Glibc

/// Nanoseconds of the monotonic clock.
@inline(__always)
func now() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}

/// Ends the process with a line on standard error.
func fail(_ text: String) -> Never {
  let line = Array((text + "\n").utf8)
  _ = write(2, line, line.count)
  exit(1)
}

/// The result of a system call that has to succeed.
@discardableResult
func check(_ result: Int32, _ what: StaticString) -> Int32 {
  if result < 0 {
    let error = errno
    fail("\(what): \(String(cString: strerror(error)))")
  }
  return result
}

/// An epoll descriptor and room for its events.
struct Poll {
  private let descriptor = check(poll_create(), "epoll_create1")
  private let events = UnsafeMutablePointer<poll_event>.allocate(capacity: Int(POLL_ROOM))

  func add(_ file: Int32, _ interest: UInt32, data: UInt64) {
    check(poll_control(descriptor, poll_add, file, interest, data), "epoll_ctl")
  }

  func change(_ file: Int32, _ interest: UInt32, data: UInt64) {
    check(poll_control(descriptor, poll_change, file, interest, data), "epoll_ctl")
  }

  /// Waits at most `milliseconds` (-1: for ever) and gives the events.
  func wait(milliseconds: Int32) -> UnsafeBufferPointer<poll_event> {
    let count = poll_wait(descriptor, events, milliseconds)
    if count < 0, errno != EINTR { check(count, "epoll_wait") }
    return UnsafeBufferPointer(start: events, count: max(0, Int(count)))
  }
}

/// An IPv4 address and port for the socket calls.
func socketAddress(_ address: String, _ port: UInt16) -> sockaddr_in {
  var result = sockaddr_in()
  result.sin_family = sa_family_t(AF_INET)
  result.sin_port = port.bigEndian
  if inet_pton(AF_INET, address, &result.sin_addr) != 1 { fail("\(address): no IPv4 address") }
  return result
}

/// Sends small segments at once.
@inline(__always)
func setNoDelay(_ socket: Int32) {
  var one: Int32 = 1
  setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
}

/// Options of the form `--name value`, and `--name` alone for those in `flags`; what follows `--` is left as it is.
struct Options {
  private var values: [String: String] = [:]
  private(set) var rest: [String] = []

  init(_ arguments: some Sequence<String>, flags: Set<String> = []) {
    var iterator = arguments.makeIterator()
    while let word = iterator.next() {
      if word == "--" {
        while let word = iterator.next() { rest.append(word) }
        break
      }
      guard word.hasPrefix("--") else { fail("\(word): not an option") }
      let name = String(word.dropFirst(2))
      if flags.contains(name) {
        values[name] = ""
      } else if let value = iterator.next() {
        values[name] = value
      } else {
        fail("\(word) wants a value")
      }
    }
  }

  func has(_ name: String) -> Bool { values[name] != nil }
  func text(_ name: String, _ standard: String) -> String { values[name] ?? standard }
  func integer(_ name: String, _ standard: Int) -> Int { number(name, standard) { Int($0) } }
  func real(_ name: String, _ standard: Double) -> Double { number(name, standard) { Double($0) } }

  private func number<Value>(_ name: String, _ standard: Value, _ parse: (String) -> Value?) -> Value {
    guard let text = values[name] else { return standard }
    guard let value = parse(text) else { fail("--\(name) \(text): not a number") }
    return value
  }
}
