// The server's loop. Each file descriptor has a place of its own in a table, with the buffers of the connection that last had it.

import CLinux
import Glibc

/// A connection and the request that it is at.
private struct Connection {
  var isOpen = false
  /// What was received; the request, once it is complete.
  var input: UnsafeMutablePointer<UInt8>?
  var received = 0
  var head: MessageHead?
  /// The answer, behind room for a head.
  var output: UnsafeMutablePointer<UInt8>?
  var answered = 0
  /// What of the answer, head included, is still to be sent.
  var unsent = 0..<0
  var isAnswering = false
  var run: Program.Run?
}

struct Server {
  private enum Role: UInt64 { case listener, connection, programOutput, programInput }

  /// Bytes of a request or an answer.
  private static let room = 1 << 20
  private static let headRoom = 128
  private static let tableSize = 8192

  private let poll = Poll()
  private let listener: Int32
  private let program: Program?
  private let connections: UnsafeMutablePointer<Connection>
  private var running = 0

  init(address: sockaddr_in, program: Program?) {
    self.program = program
    connections = .allocate(capacity: Self.tableSize)
    connections.initialize(repeating: Connection(), count: Self.tableSize)
    listener = check(socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0), "socket")
    var one: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, 4)
    var address = address
    withUnsafePointer(to: &address) {
      _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        check(bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)), "bind")
      }
    }
    check(listen(listener, 4096), "listen")
    poll.add(listener, poll_input, data: Role.listener.rawValue)
  }

  /// An event's data: what `file` is, and the connection it belongs to.
  private func data(_ role: Role, _ owner: Int32) -> UInt64 { UInt64(UInt32(owner)) << 8 | role.rawValue }

  mutating func run() -> Never {
    while true {
      for event in poll.wait(milliseconds: -1) {
        let owner = Int32(truncatingIfNeeded: event.data >> 8)
        switch Role(rawValue: event.data & 0xff) {
        case .connection: handle(owner, event.events)
        case .programOutput: collect(owner, event.events)
        case .programInput: feed(owner, event.events)
        default: accept()
        }
      }
      while running > 0, waitpid(-1, nil, WNOHANG) > 0 { running -= 1 }
    }
  }

  private mutating func accept() {
    while true {
      let socket = accept_next(listener)
      if socket < 0 { return }
      guard socket < Self.tableSize else {
        close(socket)
        continue
      }
      setNoDelay(socket)
      let place = connections + Int(socket)
      if place.pointee.input == nil {
        place.pointee.input = .allocate(capacity: Self.room)
        place.pointee.output = .allocate(capacity: Self.room + Self.headRoom)
      }
      place.pointee.isOpen = true
      place.pointee.received = 0
      place.pointee.head = nil
      place.pointee.isAnswering = false
      place.pointee.unsent = 0..<0
      place.pointee.run = nil
      poll.add(socket, poll_input | poll_output | poll_edges, data: data(.connection, socket))
      receive(socket)
    }
  }

  private mutating func handle(_ socket: Int32, _ events: UInt32) {
    let place = connections + Int(socket)
    if !place.pointee.isOpen { return }
    if events & poll_output != 0, !place.pointee.unsent.isEmpty { transmit(socket) }
    if events & (poll_input | poll_ended) != 0, place.pointee.isOpen { receive(socket) }
  }

  private mutating func receive(_ socket: Int32) {
    let place = connections + Int(socket)
    while place.pointee.isOpen, place.pointee.received < Self.room {
      let left = Self.room - place.pointee.received
      let count = recv(socket, place.pointee.input! + place.pointee.received, left, 0)
      if count < 0 {
        if errno != EAGAIN { end(socket) }
        return
      }
      if count == 0 { return end(socket) }
      place.pointee.received += count
      examine(socket)
      if count < left { return }
    }
  }

  /// Starts the request where it is complete.
  private mutating func examine(_ socket: Int32) {
    let place = connections + Int(socket)
    if place.pointee.isAnswering { return }
    let bytes = UnsafeBufferPointer(start: place.pointee.input, count: place.pointee.received)
    if place.pointee.head == nil {
      switch MessageHead.parse(bytes) {
      case .incomplete: return
      case .malformed: return end(socket)
      case .head(let head): place.pointee.head = head
      }
    }
    guard let head = place.pointee.head else { return }
    if head.bodyOffset + head.bodyLength > Self.room { return end(socket) }
    if bytes.count < head.bodyOffset + head.bodyLength { return }
    place.pointee.isAnswering = true
    place.pointee.answered = 0
    let body = UnsafeBufferPointer(rebasing: bytes[head.bodyOffset..<head.bodyOffset + head.bodyLength])
    guard let program else {
      memcpy(place.pointee.output! + Self.headRoom, body.baseAddress!, body.count)
      place.pointee.answered = body.count
      return answer(socket)
    }
    let run = program.start(input: body)
    running += 1
    place.pointee.run = run
    poll.add(run.output, poll_input, data: data(.programOutput, socket))
    if run.input >= 0 { poll.add(run.input, poll_output, data: data(.programInput, socket)) }
  }

  /// Writes what is left of a body that is longer than a pipe.
  private mutating func feed(_ socket: Int32, _ events: UInt32) {
    let place = connections + Int(socket)
    guard let run = place.pointee.run, let head = place.pointee.head, run.input >= 0 else { return }
    let count = write(run.input, place.pointee.input! + head.bodyOffset + run.written, head.bodyLength - run.written)
    if count > 0 { place.pointee.run!.written += count }
    if place.pointee.run!.written == head.bodyLength || count < 0 && errno != EAGAIN {
      close(run.input)
      place.pointee.run!.input = -1
    }
  }

  /// Takes what the program has written; at its end the answer is complete.
  private mutating func collect(_ socket: Int32, _ events: UInt32) {
    let place = connections + Int(socket)
    guard let run = place.pointee.run else { return }
    while true {
      let left = Self.room - place.pointee.answered
      let count = read(run.output, place.pointee.output! + Self.headRoom + place.pointee.answered, left)
      if count > 0 {
        place.pointee.answered += count
        // With the other end closed another read does not wait.
        if events & poll_ended != 0 { continue }
        return
      }
      close(run.output)
      if run.input >= 0 { close(run.input) }
      place.pointee.run = nil
      return place.pointee.isOpen ? answer(socket) : release(socket)
    }
  }

  private mutating func answer(_ socket: Int32) {
    let place = connections + Int(socket)
    let start = writeHead(place.pointee.output!, length: place.pointee.answered)
    place.pointee.unsent = start..<Self.headRoom + place.pointee.answered
    transmit(socket)
  }

  /// Writes the head right before the answer and gives where it begins.
  private func writeHead(_ output: UnsafeMutablePointer<UInt8>, length: Int) -> Int {
    var position = Self.headRoom - 4
    memcpy(output + position, "\r\n\r\n", 4)
    var rest = length
    repeat {
      position -= 1
      output[position] = UInt8(48 + rest % 10)
      rest /= 10
    } while rest > 0
    let head: StaticString = "HTTP/1.1 200 OK\r\nContent-Length: "
    position -= head.utf8CodeUnitCount
    memcpy(output + position, head.utf8Start, head.utf8CodeUnitCount)
    return position
  }

  private mutating func transmit(_ socket: Int32) {
    let place = connections + Int(socket)
    let range = place.pointee.unsent
    let count = send(socket, place.pointee.output! + range.lowerBound, range.count, 0)
    if count < 0, errno != EAGAIN { return end(socket) }
    place.pointee.unsent = range.lowerBound + max(0, count)..<range.upperBound
    if place.pointee.unsent.isEmpty { finish(socket) }
  }

  /// The answer is sent: on to the next request, which may be here already.
  private mutating func finish(_ socket: Int32) {
    let place = connections + Int(socket)
    guard let head = place.pointee.head, !head.closes else { return end(socket) }
    let used = head.bodyOffset + head.bodyLength
    let left = place.pointee.received - used
    if left > 0 { memmove(place.pointee.input!, place.pointee.input! + used, left) }
    place.pointee.received = left
    place.pointee.head = nil
    place.pointee.isAnswering = false
    if left > 0 { examine(socket) }
  }

  /// Ends a connection. Its descriptor, and with it its place in the table, is kept while a program still writes to it.
  private mutating func end(_ socket: Int32) {
    let place = connections + Int(socket)
    guard place.pointee.isOpen else { return }
    place.pointee.isOpen = false
    if place.pointee.run == nil { release(socket) } else { shutdown(socket, Int32(SHUT_RDWR)) }
  }

  private mutating func release(_ socket: Int32) { close(socket) }
}
