// Waits for a machine's first answer. A connection that is tried before the guest listens may never be answered, so another is tried after each
// pause, until one is accepted; that one is waited for.

import CLinux
import Glibc

struct FirstAnswer {
  private let address: sockaddr_in
  private let limit: UInt64
  private let request: [UInt8]
  /// Nanoseconds from one try to the next.
  private let pause: UInt64

  init(_ options: Options) {
    let host = options.text("address", "127.0.0.1")
    address = socketAddress(host, UInt16(options.integer("port", 80)))
    limit = now() + UInt64(options.real("timeout", 60) * 1e9)
    pause = UInt64(options.integer("pause", 2)) * 1_000_000
    request = Array("GET \(options.text("path", "/healthz")) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n".utf8)
  }

  /// Prints the monotonic clock's time of the first answer's first bytes.
  func run() {
    let poll = Poll()
    var sockets: [Int32] = []
    var accepted: Int32?
    var bytes = [UInt8](repeating: 0, count: 64)
    while now() < limit {
      if accepted == nil {
        sockets.append(connect())
        poll.add(sockets[sockets.count - 1], poll_input | poll_output | poll_edges, data: UInt64(sockets[sockets.count - 1]))
        // Of many tries only the latest are waited for.
        if sockets.count > 200 { close(sockets.removeFirst()) }
      }
      let next = now() + pause
      while now() < next {
        for event in poll.wait(milliseconds: 1) {
          let socket = Int32(event.data)
          if event.events & poll_ended != 0 {
            if accepted == socket { accepted = nil }
            continue
          }
          if accepted == nil, event.events & poll_output != 0 {
            accepted = socket
            _ = send(socket, request, request.count, Int32(MSG_NOSIGNAL))
          }
          if event.events & poll_input != 0, recv(socket, &bytes, bytes.count, 0) > 0 {
            print("answered=\(now())")
            return
          }
        }
      }
    }
    fail("no answer")
  }

  private func connect() -> Int32 {
    let socket = check(socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0), "socket")
    var address = address
    _ = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    return socket
  }
}
