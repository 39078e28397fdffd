// A plain HTTP/1.1 client on one TCP connection, for readiness probes, host commands and tests. It sends what it is told to send,
// also what no other client would.

import Foundation

/// A response.
public struct HTTPResponse: Equatable, Sendable {
  public var status: Int
  public var reason: String
  public var headers: [(name: String, value: String)]
  public var body: [UInt8]

  public var text: String { String(decoding: body, as: UTF8.self) }

  /// The value of the first header of this name, in any case.
  public func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }

  public static func == (a: HTTPResponse, b: HTTPResponse) -> Bool {
    a.status == b.status && a.reason == b.reason && a.body == b.body
      && a.headers.elementsEqual(b.headers) { $0.name == $1.name && $0.value == $1.value }
  }
}

/// Why there is no response.
public enum HTTPError: Error, Equatable, Sendable {
  case system(SystemError)
  /// The peer closed the connection, having sent these bytes of a response.
  case closed(after: Int)
  /// What came is no HTTP.
  case malformed(String)
}

/// A connection to an HTTP server.
public struct HTTPConnection: ~Copyable {
  public let socket: TCPConnection
  private var buffer: [UInt8] = []

  /// Connects. `timeout` is in milliseconds and holds for each wait for bytes.
  public init(to address: IPv4Address = .loopback, port: UInt16, timeout: Int = 10_000) throws(HTTPError) {
    socket = try Self.converting { () throws(SystemError) in try TCPConnection(to: address, port: port, timeout: timeout) }
  }

  static func converting<Result: ~Copyable>(_ body: () throws(SystemError) -> Result) throws(HTTPError) -> Result {
    do throws(SystemError) { return try body() } catch { throw .system(error) }
  }

  /// The bytes of a request; adds Host, and Content-Length where there is a body.
  public static func request(
    _ method: String, _ target: String, credentials: String? = nil, headers: [(String, String)] = [], body: [UInt8]? = nil
  ) -> [UInt8] {
    head(method, target, credentials: credentials, headers: headers, length: body?.count) + (body ?? [])
  }

  /// The bytes of a request up to its body, of which there are `length`.
  static func head(
    _ method: String, _ target: String, host: String = "127.0.0.1", credentials: String?, headers: [(String, String)], length: Int?
  ) -> [UInt8] {
    var head = "\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\n"
    if let credentials { head += "Authorization: Basic \(base64(Array(credentials.utf8)))\r\n" }
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    if let length { head += "Content-Length: \(length)\r\n" }
    return Array((head + "\r\n").utf8)
  }

  static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

  public func send(_ bytes: [UInt8]) throws(HTTPError) {
    try Self.converting { () throws(SystemError) in try socket.send(bytes) }
  }

  public func send(_ text: String) throws(HTTPError) { try send(Array(text.utf8)) }

  /// Sends `bytes` in pieces, and tells after each how many have gone.
  func send(_ bytes: [UInt8], piece: Int = 1 << 16, progress: (Int) -> Void) throws(HTTPError) {
    for start in stride(from: 0, to: bytes.count, by: piece) {
      let end = min(start + piece, bytes.count)
      try send(Array(bytes[start..<end]))
      progress(end)
    }
  }

  /// Sends a request and reads its response.
  public mutating func exchange(
    _ method: String, _ target: String, credentials: String? = nil, headers: [(String, String)] = [], body: [UInt8]? = nil
  ) throws(HTTPError) -> HTTPResponse {
    try send(Self.request(method, target, credentials: credentials, headers: headers, body: body))
    return try response(toHEAD: method == "HEAD")
  }

  /// Reads the next response, an interim one (1xx) as one of its own.
  public mutating func response(toHEAD: Bool = false) throws(HTTPError) -> HTTPResponse {
    while headEnd == nil {
      if buffer.count > 1 << 16 { throw .malformed("no end of the header") }
      if try !fill() { throw .closed(after: buffer.count) }
    }
    var response = try Self.parseHead(take(headEnd ?? 0))
    if toHEAD || response.status < 200 || response.status == 204 || response.status == 304 { return response }
    if response.header("Transfer-Encoding")?.lowercased() == "chunked" {
      response.body = try chunkedBody()
    } else if let length = response.header("Content-Length") {
      guard let count = Int(length), count >= 0 else { throw .malformed("Content-Length: \(length)") }
      response.body = try bytes(count)
    } else {
      while try fill() {}
      response.body = take(buffer.count)
    }
    return response
  }

  /// Whether the peer closes now, with nothing more to read.
  public mutating func isClosedByPeer() -> Bool {
    if !buffer.isEmpty { return false }
    do throws(HTTPError) { return try !fill() } catch {
      return if case .system(let error) = error { error.isConnectionReset } else { false }
    }
  }

  // MARK: reading

  /// Reads more; false at the end.
  private mutating func fill() throws(HTTPError) -> Bool {
    let more = try Self.converting { () throws(SystemError) in try socket.receive() }
    buffer += more
    return !more.isEmpty
  }

  private mutating func take(_ count: Int) -> [UInt8] {
    let bytes = Array(buffer.prefix(count))
    buffer.removeFirst(count)
    return bytes
  }

  private mutating func bytes(_ count: Int) throws(HTTPError) -> [UInt8] {
    while buffer.count < count {
      if try !fill() { throw .closed(after: buffer.count) }
    }
    return take(count)
  }

  /// The number of bytes up to and with the empty line.
  private var headEnd: Int? {
    guard buffer.count >= 4 else { return nil }
    for index in 3..<buffer.count
    where buffer[index] == 10 && buffer[index - 1] == 13 && buffer[index - 2] == 10 && buffer[index - 3] == 13 {
      return index + 1
    }
    return nil
  }

  private mutating func line() throws(HTTPError) -> String {
    while true {
      if let end = buffer.firstIndex(of: 10) {
        let bytes = take(end + 1)
        guard bytes.count >= 2, bytes[bytes.count - 2] == 13 else { throw .malformed("a line without CR") }
        return String(decoding: bytes.dropLast(2), as: UTF8.self)
      }
      if try !fill() { throw .closed(after: buffer.count) }
    }
  }

  private mutating func chunkedBody() throws(HTTPError) -> [UInt8] {
    var body: [UInt8] = []
    while true {
      let size = try line()
      guard let count = Int(size.prefix { $0 != ";" }, radix: 16), count >= 0 else { throw .malformed("chunk size \(size)") }
      if count == 0 {
        while try !line().isEmpty {}
        return body
      }
      body += try bytes(count)
      guard try line().isEmpty else { throw .malformed("a chunk longer than its size") }
    }
  }

  static func parseHead(_ bytes: [UInt8]) throws(HTTPError) -> HTTPResponse {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
    let first = lines.first ?? ""
    let words = first.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
    guard words.count == 3, words[0] == "HTTP/1.1", words[1].utf8.count == 3, let status = Int(words[1]) else {
      throw .malformed(String(first))
    }
    var headers: [(name: String, value: String)] = []
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { throw .malformed(String(line)) }
      let value = line[line.index(after: colon)...].drop { $0 == " " }
      headers.append((name: String(line[..<colon]), value: String(value)))
    }
    return HTTPResponse(status: status, reason: String(words[2]), headers: headers, body: [])
  }
}
