import API
import Actions
import Base
import Bytes
import Foundation
import HTTP
import Net
import Server

/// A reply taken apart.
struct Response: Equatable {
  var status: Int
  var headers: [String: String]
  var body: [UInt8]

  var text: String { String(decoding: body, as: UTF8.self) }
  subscript(_ name: String) -> String? { headers[name.lowercased()] }
  var json: NSDictionary? { try? JSONSerialization.jsonObject(with: Data(body)) as? NSDictionary }
  var error: String? { json?["error"] as? String }

  /// The replies that `bytes` are; nil where they are not whole replies. `heads` holds the places of replies to HEAD.
  static func all(_ bytes: [UInt8], heads: Set<Int> = []) -> [Response]? {
    var responses: [Response] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      guard let end = rest.indices.first(where: { rest[$0...].starts(with: Array("\r\n\r\n".utf8)) }) else { return nil }
      let lines = String(decoding: rest[..<end], as: UTF8.self).components(separatedBy: "\r\n")
      let words = lines[0].split(separator: " ")
      guard words.count > 1, words[0] == "HTTP/1.1", let status = Int(words[1]) else { return nil }
      var headers: [String: String] = [:]
      for line in lines.dropFirst() {
        guard let colon = line.firstIndex(of: ":") else { return nil }
        headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      }
      rest = rest[(end + 4)...]
      let hasBody = status >= 200 && status != 204 && status != 304 && !heads.contains(responses.count)
      guard let length = hasBody ? Int(headers["content-length"] ?? "") : 0, length <= rest.count else { return nil }
      responses.append(Response(status: status, headers: headers, body: Array(rest.prefix(length))))
      rest = rest.dropFirst(length)
    }
    return responses
  }
}

/// A server, its network and its executor, driven as the kernel's loop drives them.
final class World {
  var network = FakeNetwork()
  var server: HTTPServer
  var executor = FakeExecutor()
  /// The invocation that ran last: the next one is set up in its place.
  private var ended = Invocation()
  var now = Instant(nanoseconds: 1_000)
  var console = ""

  init(
    accounts: [(String, String, String)] = [("me", "secret", "")], page: consuming WebPage = WebPage(),
    _ change: (inout ServerSettings) -> Void = { _ in }
  ) {
    var settings = ServerSettings()
    settings.receiveWindow = FakeNetwork.window
    settings.epochMilliseconds = 1_000_000_000_000
    settings.seed = 7
    change(&settings)
    var table = AccountTable()
    for (user, key, namespace) in accounts {
      let user = Array(user.utf8)
      let key = Array(key.utf8)
      let namespace = Array(namespace.utf8)
      precondition(table.add(user: user.span, key: key.span, namespace: namespace.span))
    }
    server = HTTPServer(settings: settings, accounts: table, page: page)
  }

  /// One round of the network without the executor, as its interrupt does while an action runs.
  func process() { server.process(&network, now: now) }

  /// Runs until nothing is left to do.
  func settle() {
    process()
    while let invocation = next() { finish(invocation) }
  }

  func finish(_ invocation: consuming Invocation) {
    var log = ByteBuffer()
    let outcome = invocation.run(on: &executor, log: &log)
    let text = server.finish(&invocation, outcome, log: log, &network, now: now)
    ended = invocation
    console += String(decoding: text.span.array, as: UTF8.self)
    if let discarded = server.takeDiscarded() { executor.remove(discarded) }
    process()
  }

  /// An invocation that is on its way until it is given to `finish`.
  func next() -> Invocation? {
    var invocation = Invocation()
    swap(&invocation, &ended)
    repeat {
      if server.next(&invocation, &executor, &network, now: now) { return invocation }
    } while !isRunningAction && waitingCount > 0
    ended = invocation
    return nil
  }

  /// The first of what waits, which must be no invocation; whether it was one.
  func turn() -> Bool { server.next(&ended, &executor, &network, now: now) }

  var counters: ServerCounters { server.counters }
  var isRunningAction: Bool { server.isRunningAction }
  var waitingCount: Int { server.waitingCount }
  var nextDeadline: Instant { server.nextDeadline }

  func pass(_ interval: Interval) {
    now = now + interval
    settle()
  }

  /// Sends on an open connection and returns all whole replies.
  func exchange(_ index: Int, _ bytes: [UInt8], heads: Set<Int> = []) -> [Response] {
    network.deliver(index, bytes)
    settle()
    return replies(index, heads: heads)
  }

  func exchange(_ index: Int, _ text: String, heads: Set<Int> = []) -> [Response] {
    exchange(index, Array(text.utf8), heads: heads)
  }

  /// What was sent since the last look, acknowledged.
  func replies(_ index: Int, heads: Set<Int> = []) -> [Response] {
    Response.all(takeSent(index), heads: heads) ?? []
  }

  /// The bytes of it.
  func takeSent(_ index: Int) -> [UInt8] {
    var sent: [UInt8] = []
    while true {
      let more = network.takeSent(index)
      if more.isEmpty { return sent }
      sent += more
      network.acknowledge(index)
      settle()
    }
  }

  /// One request on a connection of its own.
  func request(_ text: String, body: [UInt8] = [], heads: Set<Int> = []) -> Response? {
    let index = network.open(room: max(64 << 10, text.utf8.count + body.count))
    let found = exchange(index, Array(text.utf8) + body, heads: heads)
    network.finish(index)
    settle()
    return found.count == 1 ? found[0] : nil
  }

  /// One request about entities, below `/api/v1/namespaces/`; a body is sent as JSON.
  func api(_ method: String, _ path: String, _ body: String? = nil, as user: String = authorization) -> Response? {
    let bytes = Array((body ?? "").utf8)
    let media = body == nil ? "" : "Content-Type: application/json\r\nContent-Length: \(bytes.count)\r\n"
    return request("\(method) /api/v1/namespaces/\(path) HTTP/1.1\r\nHost: a\r\n\(user)\(media)\r\n", body: bytes)
  }

  /// Deploys an action; returns the reply.
  func deploy(_ name: String, query: String = "", file: [UInt8] = smallestELF) -> Response? {
    request(
      "PUT /api/v1/namespaces/_/actions/\(name)\(query) HTTP/1.1\r\nHost: a\r\n\(authorization)Content-Length: \(file.count)\r\n\r\n",
      body: file)
  }
}

/// For me:secret and you:secret.
let authorization = "Authorization: Basic bWU6c2VjcmV0\r\n"
let otherAuthorization = "Authorization: Basic eW91OnNlY3JldA==\r\n"

/// A static PIE with one executable segment.
let smallestELF: [UInt8] = {
  var bytes = [UInt8](repeating: 0, count: 0x100)
  func put(_ value: UInt64, _ width: Int, _ offset: Int) {
    for index in 0..<width { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
  }
  put(0x464c_457f, 4, 0)
  bytes[4] = 2
  bytes[5] = 1
  bytes[6] = 1
  put(3, 2, 16)
  put(62, 2, 18)
  put(1, 4, 20)
  put(0x80, 8, 24)
  put(64, 8, 32)
  put(64, 2, 52)
  put(56, 2, 54)
  put(1, 2, 56)
  // PT_LOAD, readable and executable, the whole file.
  put(1, 4, 64)
  put(5, 4, 68)
  put(0x100, 8, 96)
  put(0x100, 8, 104)
  put(0x1000, 8, 112)
  return bytes
}()
