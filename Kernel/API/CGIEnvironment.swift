// The environment of an action that asks for it: CGI's meta-variables (RFC 3875 §4.1) and OpenWhisk's.
//
// PATH_TRANSLATED, REMOTE_HOST and REMOTE_IDENT are left out: there are no files, and no one to ask.

import Base
import Bytes
public import HTTP
public import Records

/// What the variables say beside the request's head and the action's names.
public struct EnvironmentValues: Sendable, BitwiseCopyable {
  /// IPv4 addresses; the first byte is the highest.
  public var server: UInt32
  public var client: UInt32
  /// The port that is served.
  public var port: UInt16
  public var bodyLength: Int
  /// Whether the client had to show a key.
  public var isAuthenticated: Bool
  public var activation: ActivationID
  /// When the invocation is ended, in milliseconds since 1970.
  public var deadline: UInt64

  public init(
    server: UInt32, client: UInt32, port: UInt16, bodyLength: Int, isAuthenticated: Bool, activation: ActivationID,
    deadline: UInt64
  ) {
    self.server = server
    self.client = client
    self.port = port
    self.bodyLength = bodyLength
    self.isAuthenticated = isAuthenticated
    self.activation = activation
    self.deadline = deadline
  }
}

public enum CGIEnvironment {
  /// Writes the environment strings, each ended by a zero byte, of the request whose head is `head` and which `bytes` begin with.
  /// `name` and `namespace` are the action's.
  public static func write(
    _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ values: EnvironmentValues, name: Span<UInt8>,
    namespace: Span<UInt8>, into text: inout TextWriter
  ) throws(APIError) {
    text.write("GATEWAY_INTERFACE=CGI/1.1\0SERVER_SOFTWARE=swiftlet\0SERVER_PROTOCOL=HTTP/1.")
    text.write(decimal: UInt64(head.minorVersion))
    text.write("\0SERVER_PORT=")
    text.write(decimal: UInt64(values.port))
    text.write("\0SERVER_NAME=")
    let host = bytes.extracting(head.host)
    if host.isEmpty { write(address: values.server, into: &text) } else { text.write(host.extracting(0..<nameEnd(host))) }
    text.write("\0REMOTE_ADDR=")
    write(address: values.client, into: &text)
    text.write("\0REQUEST_METHOD=")
    text.write(bytes.extracting(head.methodName))
    text.write("\0QUERY_STRING=")
    text.write(bytes.extracting(head.query))

    let path = bytes.extracting(head.path)
    var segments = PathSegments()
    _ = segments.next(in: path)
    _ = segments.next(in: path)
    let rest = segments.rest(of: path)
    text.write("\0SCRIPT_NAME=")
    try write(decoded: path.extracting(0..<rest.lowerBound), into: &text)
    text.write("\0PATH_INFO=")
    try write(decoded: path.extracting(rest), into: &text)
    if head.framing != .none {
      text.write("\0CONTENT_LENGTH=")
      text.write(decimal: UInt64(max(0, values.bodyLength)))
    }
    if !head.contentType.isAbsent {
      text.write("\0CONTENT_TYPE=")
      text.write(bytes.extracting(head.contentType))
    }
    if values.isAuthenticated, let credentials = BasicCredentials(parsing: bytes.extracting(head.authorization)) {
      text.write("\0AUTH_TYPE=Basic\0REMOTE_USER=")
      text.write(credentials.user)
    }

    text.write("\0__OW_ACTION_NAME=/")
    text.write(namespace)
    text.write("/")
    text.write(name)
    text.write("\0__OW_NAMESPACE=")
    text.write(namespace)
    text.write("\0__OW_ACTIVATION_ID=")
    values.activation.write(into: &text)
    text.write("\0__OW_DEADLINE=")
    text.write(decimal: values.deadline)
    text.write("\0__OW_API_HOST=http://")
    if host.isEmpty { write(address: values.server, into: &text) } else { text.write(host) }
    writeFields(head, bytes, into: &text)
    text.write(0)
  }

  /// `HTTP_NAME=value` for the header lines. Lines of one name become one variable, as the meaning of lists allows (RFC 9110 §5.3).
  private static func writeFields(_ head: borrowing RequestHead, _ bytes: Span<UInt8>, into text: inout TextWriter) {
    for index in 0..<head.fieldCount {
      let field = head.fields[index]
      let name = bytes.extracting(field.name)
      guard isShown(name), !isRepeated(index, head, bytes) else { continue }
      text.write("\0HTTP_")
      for position in name.indices { text.write(variable(name[position])) }
      text.write("=")
      text.write(bytes.extracting(field.value))
      for later in index &+ 1..<max(index &+ 1, head.fieldCount) where areSame(name, bytes.extracting(head.fields[later].name)) {
        text.write(name.equalsIgnoringCase("cookie") ? "; " : ", ")
        text.write(bytes.extracting(head.fields[later].value))
      }
    }
  }

  /// Whether a line of the same name comes before line `index`.
  private static func isRepeated(_ index: Int, _ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Bool {
    let name = bytes.extracting(head.fields[index].name)
    for earlier in 0..<index where areSame(name, bytes.extracting(head.fields[earlier].name)) { return true }
    return false
  }

  private static func areSame(_ first: Span<UInt8>, _ second: Span<UInt8>) -> Bool {
    guard first.count == second.count else { return false }
    for index in first.indices where variable(first[index]) != variable(second[index]) { return false }
    return true
  }

  /// A byte of a header's name in a variable's.
  private static func variable(_ byte: UInt8) -> UInt8 {
    byte == 0x2d ? 0x5f : ASCII.isLetter(byte) ? byte & 0xdf : byte
  }

  /// Not keys (RFC 3875 §4.1.18), what has a variable of its own, what is about the connection, and `Proxy`, which would become the
  /// HTTP_PROXY that programs take for a setting (CVE-2016-5385). A name with other characters than letters, digits and hyphens
  /// could pass for another's variable.
  private static func isShown(_ name: Span<UInt8>) -> Bool {
    for index in name.indices where !ASCII.isLetter(name[index]) && !ASCII.isDigit(name[index]) && name[index] != 0x2d {
      return false
    }
    return switch name.count {
    case 5: !name.equalsIgnoringCase("proxy")
    case 10: !name.equalsIgnoringCase("connection")
    case 12: !name.equalsIgnoringCase("content-type")
    case 13: !name.equalsIgnoringCase("authorization")
    case 14: !name.equalsIgnoringCase("content-length")
    case 17: !name.equalsIgnoringCase("transfer-encoding")
    case 19: !name.equalsIgnoringCase("proxy-authorization")
    default: true
    }
  }

  /// Where a Host value's name ends: before the port, after the bracket of an IPv6 address.
  private static func nameEnd(_ host: Span<UInt8>) -> Int {
    let isBracketed = host[0] == 0x5b
    for index in host.indices where host[index] == (isBracketed ? 0x5d : 0x3a) { return isBracketed ? index &+ 1 : index }
    return host.count
  }

  private static func write(address: UInt32, into text: inout TextWriter) {
    var rest = address
    for part in 0..<4 {
      if part > 0 { text.write(".") }
      text.write(decimal: UInt64(rest >> 24))
      rest <<= 8
    }
  }

  /// Writes a part of the path without its escapes. A zero byte cannot be in a variable.
  private static func write(decoded part: Span<UInt8>, into text: inout TextWriter) throws(APIError) {
    var buffer = ByteBuffer()
    guard buffer.appendZeros(part.count) else { throw .outOfMemory }
    var output = buffer.mutableSpan
    guard let count = PercentEncoding.decode(part, into: &output) else { throw .badPath }
    for index in 0..<count where output[index] == 0 { throw .badPath }
    text.write(buffer.span.extracting(0..<count))
  }
}
