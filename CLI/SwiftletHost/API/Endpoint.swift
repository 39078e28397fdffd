// Where the API is: an address and a port.

/// A server of the API.
public struct Endpoint: Equatable, Sendable, CustomStringConvertible {
  public var address: IPv4Address
  public var port: UInt16
  /// The host as it was written, for the Host header and for messages.
  public var host: String

  public static let standard = Endpoint(address: .loopback, port: 8080, host: "127.0.0.1")

  init(address: IPv4Address, port: UInt16, host: String) {
    self.address = address
    self.port = port
    self.host = host
  }

  /// `http://HOST[:PORT]`, `HOST:PORT` or `HOST`, where HOST is an IPv4 address or `localhost`; the port is 80 where none is named.
  /// `source` says in the error's text where it came from.
  public init(parsing text: String, from source: String) throws(HostError) {
    let remedy = "Give the kernel's address, such as http://127.0.0.1:8080."
    var rest = text[...]
    if text.lowercased().hasPrefix("https://") {
      throw HostError(.badValue, "\(source): the kernel speaks plain HTTP, not '\(text)'.", remedy: remedy)
    }
    if text.lowercased().hasPrefix("http://") { rest = rest.dropFirst(7) }
    if rest.hasSuffix("/") { rest = rest.dropLast() }
    let parts = rest.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let host = parts.first.map(String.init) ?? ""
    guard let address = host.lowercased() == "localhost" ? .loopback : IPv4Address(parsing: host) else {
      throw HostError(.badValue, "\(source): '\(text)' is neither an IPv4 address nor localhost.", remedy: remedy)
    }
    guard let port = parts.count == 2 ? UInt16(parts[1]) : 80, port > 0 else {
      throw HostError(.badValue, "\(source): '\(text)' has no port from 1 to 65535 behind its colon.", remedy: remedy)
    }
    self.init(address: address, port: port, host: host)
  }

  /// The URL, with no slash at its end.
  public var description: String { "http://\(authority)" }

  /// The value of a Host header (RFC 9110 §7.2).
  var authority: String { port == 80 ? host : "\(host):\(port)" }
}
