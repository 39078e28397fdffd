// The header lines that a CGI program's output begins with (RFC 3875 §6), checked in full before any is passed on.
// Out of scope: what is sent for them (CGIResponse in API).

import Base
import Bytes

/// Why output is no CGI response.
public enum CGIError: UInt8, Error, Sendable, BitwiseCopyable {
  case noEnd, tooLong, malformedLine, malformedStatus, repeatedField, noField, transferEncoding

  /// What is wrong, to be read after "its output is no CGI response: "; needs no JSON escapes.
  public var text: StaticString {
    switch self {
    case .noEnd: "no empty line ends its header."
    case .tooLong: "its header is longer than 16384 bytes or 64 lines."
    case .malformedLine: "a line of its header is not of the form Name: value."
    case .malformedStatus: "Status must be three digits from 200 to 599 and a phrase."
    case .repeatedField: "Status, Content-Type and Location may each be given once."
    case .noField: "its header has neither Content-Type nor Location nor Status."
    case .transferEncoding: "Transfer-Encoding is the server's to choose."
    }
  }
}

/// Walks the header lines of an output. Lines end with LF or CR LF.
public struct CGILines: Sendable, BitwiseCopyable {
  /// Where the next line begins; past the empty line once `next` returned nil.
  public private(set) var position = 0
  private var count = 0

  public init() {}

  /// The next line; nil where the empty line was.
  public mutating func next(in output: Span<UInt8>) throws(CGIError) -> HeaderField? {
    let start = position
    let limit = min(output.count, 16_384)
    var feed = start
    var colon = -1
    while feed < limit, output[feed] != 0x0a {
      if output[feed] == 0x3a, colon < 0 { colon = feed }
      feed &+= 1
    }
    guard feed < limit else { throw limit == output.count ? .noEnd : .tooLong }
    position = feed &+ 1
    var end = feed > start && output[feed &- 1] == 0x0d ? feed &- 1 : feed
    if end == start { return nil }
    count &+= 1
    guard count <= HTTPLimits.headerCount else { throw .tooLong }
    guard colon > start else { throw .malformedLine }
    for index in start..<colon where !ASCII.isToken(output[index]) { throw .malformedLine }
    var first = colon &+ 1
    for index in first..<end {
      let byte = output[index]
      guard byte == 0x09 || byte >= 0x20 && byte != 0x7f else { throw .malformedLine }
    }
    while first < end, output[first] == 0x20 || output[first] == 0x09 { first &+= 1 }
    while end > first, output[end &- 1] == 0x20 || output[end &- 1] == 0x09 { end &-= 1 }
    return HeaderField(name: ByteRange(start: start, end: colon), value: ByteRange(start: first, end: end))
  }
}

/// The header of a CGI response: what the server itself acts on.
public struct CGIHead: Sendable, BitwiseCopyable {
  /// 200 where the program says nothing, 302 for a redirect.
  public private(set) var status: UInt16 = 200
  /// The value of Status: the code and perhaps a phrase; absent where the program gives none.
  public private(set) var statusText: ByteRange? = nil
  /// Content-Length as the program gives it, which counts only for HEAD: a program may leave out the body then.
  public private(set) var length: UInt64? = nil
  /// Where the body begins.
  public private(set) var bodyStart = 0

  public init(parsing output: Span<UInt8>) throws(CGIError) {
    var lines = CGILines()
    var hasType = false
    var hasLocation = false
    while let field = try lines.next(in: output) {
      let name = output.extracting(field.name)
      let value = output.extracting(field.value)
      switch name.count {
      case 6 where name.equalsIgnoringCase("status"):
        guard statusText == nil else { throw .repeatedField }
        guard value.count >= 3, value.count == 3 || value[3] == 0x20,
          let code = ASCII.decimal(value.extracting(0..<3), limit: 599), code >= 200
        else { throw .malformedStatus }
        status = UInt16(truncatingIfNeeded: code)
        statusText = field.value
      case 12 where name.equalsIgnoringCase("content-type"):
        guard !hasType else { throw .repeatedField }
        hasType = true
      case 8 where name.equalsIgnoringCase("location"):
        guard !hasLocation else { throw .repeatedField }
        hasLocation = true
      case 14 where name.equalsIgnoringCase("content-length"):
        length = ASCII.decimal(value)
      case 17 where name.equalsIgnoringCase("transfer-encoding"): throw .transferEncoding
      default: break
      }
    }
    guard hasType || hasLocation || statusText != nil else { throw .noField }
    if hasLocation && statusText == nil { status = 302 }
    bodyStart = lines.position
  }

  /// Whether a header line of the program's is passed on: not those that are about the connection or the message's framing
  /// (RFC 9110 §7.6.1), nor those that the server itself writes.
  public static func passesOn(_ name: Span<UInt8>) -> Bool {
    switch name.count {
    case 2: !name.equalsIgnoringCase("te")
    case 4: !name.equalsIgnoringCase("date")
    case 6: !name.equalsIgnoringCase("status")
    case 7: !name.equalsIgnoringCase("trailer") && !name.equalsIgnoringCase("upgrade")
    case 10: !name.equalsIgnoringCase("connection") && !name.equalsIgnoringCase("keep-alive")
    case 12: !name.equalsIgnoringCase("x-request-id")
    case 14: !name.equalsIgnoringCase("content-length")
    case 16: !name.equalsIgnoringCase("proxy-connection")
    case 25: !name.equalsIgnoringCase("x-openwhisk-activation-id")
    default: true
    }
  }
}
