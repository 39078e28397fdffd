// A server in the kernel's place: it records what it is sent, byte for byte, and answers what a test says.

import Foundation

@testable import SwiftletHost

final class FakeServer: Sendable {
  struct Request: Equatable, Sendable {
    var method = ""
    var target = ""
    /// Names in lower case.
    var headers: [String: String] = [:]
    var body: [UInt8] = []
    /// Which connection it came on, counted from 0.
    var connection = 0

    var line: String { "\(method) \(target)" }
    var text: String { String(decoding: body, as: UTF8.self) }
    /// The path without the query.
    var path: String { String(target.prefix { $0 != "?" }) }
  }

  struct Reply: Sendable {
    var status = 200
    var headers: [(String, String)] = []
    var body: [UInt8] = []
    /// Whether the connection is closed after it.
    var closes = false
    /// Whether it is sent when the head is there, the body unread.
    var isEarly = false

    init(_ status: Int = 200, _ body: String = "", headers: [(String, String)] = []) {
      self.status = status
      self.body = Array(body.utf8)
      self.headers = headers
    }

    /// The API's error.
    static func error(_ status: Int, _ text: String) -> Reply {
      Reply(status, JSON.object([.init("error", .string(text)), .init("code", "abc123")]).compact)
    }
  }

  let port: UInt16
  private let log = Monitor<[Request]>([])
  private let isStopped = Monitor(false)

  var requests: [Request] { log.read { $0 } }
  /// Methods and targets.
  var lines: [String] { requests.map(\.line) }
  var url: String { "http://127.0.0.1:\(port)" }
  var settings: APISettings { get throws { APISettings(endpoint: try Endpoint(parsing: url, from: "test")) } }

  init(_ answer: @escaping @Sendable (Request) -> Reply) throws {
    let box = ListenerBox(try TCPListener())
    port = try box.listener.port()
    let (log, isStopped) = (log, isStopped)
    Thread.detachNewThread {
      var number = 0
      while let connection = try? box.listener.accept(timeout: 5_000), !isStopped.read({ $0 }) {
        let connectionBox = ConnectionBox(connection, number: number)
        number += 1
        Thread.detachNewThread { connectionBox.serve(log, answer) }
      }
    }
  }

  /// Answers the requests in turn; the last answer again and again.
  convenience init(replies: Reply...) throws {
    let count = Monitor(0)
    try self.init { _ in
      replies[count.update { value in
        defer { value += 1 }
        return min(value, replies.count - 1)
      }]
    }
  }

  deinit {
    isStopped.update { $0 = true }
    _ = try? TCPConnection(port: port)
  }

  private final class ListenerBox: @unchecked Sendable {
    let listener: TCPListener
    init(_ listener: consuming TCPListener) { self.listener = listener }
  }

  private final class ConnectionBox: @unchecked Sendable {
    let connection: TCPConnection
    let number: Int
    private var buffer: [UInt8] = []

    init(_ connection: consuming TCPConnection, number: Int) {
      self.connection = connection
      self.number = number
    }

    func serve(_ log: Monitor<[Request]>, _ answer: (Request) -> Reply) {
      while var request = head() {
        let length = Int(request.headers["content-length"] ?? "") ?? 0
        var reply = Reply()
        if length > 1 << 20 { reply = answer(request) }
        if !reply.isEarly {
          while buffer.count < length, fill() {}
          request.body = Array(buffer.prefix(length))
          buffer.removeFirst(min(length, buffer.count))
          reply = answer(request)
        }
        let recorded = request
        log.update { $0.append(recorded) }
        var text = "HTTP/1.1 \(reply.status) Reason\r\nContent-Length: \(reply.body.count)\r\n"
        for (name, value) in reply.headers { text += "\(name): \(value)\r\n" }
        try? connection.send(Array((text + "\r\n").utf8) + reply.body)
        if reply.isEarly {
          // As the kernel does: what still comes is taken and thrown away for a while.
          try? connection.endSending()
          while fill() { buffer = [] }
        }
        if reply.closes || reply.isEarly { return finish() }
      }
      finish()
    }

    private func finish() { try? connection.endSending() }

    private func fill() -> Bool {
      guard let more = try? connection.receive(), !more.isEmpty else { return false }
      buffer += more
      return true
    }

    private func head() -> Request? {
      while true {
        if let end = String(decoding: buffer, as: UTF8.self).range(of: "\r\n\r\n") {
          let text = String(decoding: buffer, as: UTF8.self)[..<end.lowerBound]
          buffer.removeFirst(text.utf8.count + 4)
          let lines = text.split(separator: "\r\n")
          let words = lines[0].split(separator: " ")
          var request = Request(method: String(words[0]), target: String(words[1]), connection: number)
          for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            request.headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
          }
          return request
        }
        if !fill() { return nil }
      }
    }
  }
}
