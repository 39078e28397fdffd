// The legal value that parsing a request's head yields: everything by offset into the connection's buffer.
// Out of scope: how it is found (HeadParser.swift), what the target means (the router).

import Bytes

/// Some bytes of a request, by position from the request's first byte.
///
/// `start` is zero for what is absent: no part of a head but the method begins there.
public struct ByteRange: Equatable, Sendable, BitwiseCopyable {
  public var start: UInt16
  public var count: UInt16

  @inlinable
  public init(start: Int, end: Int) {
    self.start = UInt16(truncatingIfNeeded: start)
    self.count = UInt16(truncatingIfNeeded: end &- start)
  }

  @inlinable public static var absent: ByteRange { ByteRange(start: 0, end: 0) }
  @inlinable public var isAbsent: Bool { start == 0 && count == 0 }
  @inlinable public var end: Int { Int(start) &+ Int(count) }
}

extension Span where Element == UInt8 {
  /// The bytes that `range` names. Traps where it does not lie inside the span.
  @inlinable
  @_lifetime(copy self)
  public func extracting(_ range: ByteRange) -> Span<UInt8> {
    extracting(Int(range.start)..<range.end)
  }
}

/// A request's method (RFC 9110 §9).
public enum HTTPMethod: UInt8, Sendable, BitwiseCopyable {
  case get, head, post, put, delete, patch, options, connect, trace
  /// A token that is none of these.
  case other
}

/// How the length of a request's body is known (RFC 9112 §6).
public enum BodyFraming: Equatable, Sendable, BitwiseCopyable {
  case none
  /// Content-Length; absurd values saturate.
  case length(UInt64)
  case chunked
}

/// One header line: its name and its value without surrounding white space.
public struct HeaderField: Sendable, BitwiseCopyable {
  public var name: ByteRange
  public var value: ByteRange

  @inlinable
  public init(name: ByteRange, value: ByteRange) {
    self.name = name
    self.value = value
  }
}

/// A request's head, checked in full. Ranges count from the request's first byte.
///
/// It is large and meant to be made once and parsed into again and again.
public struct RequestHead: ~Copyable {
  public internal(set) var method = HTTPMethod.other
  /// The method's bytes, for `HTTPMethod.other`.
  public internal(set) var methodName = ByteRange.absent
  /// 0 or 1: the minor version of HTTP/1.
  public internal(set) var minorVersion: UInt8 = 1
  /// The path of the target, beginning with a slash, still percent-encoded; `*` for the asterisk form; absent for CONNECT.
  public internal(set) var path = ByteRange.absent
  /// What follows the question mark; absent where there is none.
  public internal(set) var query = ByteRange.absent
  public internal(set) var framing = BodyFraming.none
  /// Whether the client lets the connection live on after the response.
  public internal(set) var keepsAlive = true
  /// Whether there is a line `Expect: 100-continue`, even one that means nothing in this request.
  public internal(set) var hasExpectation = false
  /// Bytes of the head with the empty line that ends it, and empty lines before it.
  public internal(set) var length = 0

  public internal(set) var host = ByteRange.absent
  public internal(set) var authorization = ByteRange.absent
  public internal(set) var contentType = ByteRange.absent
  public internal(set) var accept = ByteRange.absent
  public internal(set) var requestID = ByteRange.absent
  /// The digits of the last Content-Length line, and whether it is the only one.
  public internal(set) var lengthDigits = ByteRange.absent
  public internal(set) var hasOneLength = false

  public internal(set) var fieldCount = 0
  /// The header lines in order; valid below `fieldCount`.
  public internal(set) var fields: [64 of HeaderField]

  // What the cross-field rules need, judged once the head is complete.
  var hostCount: UInt8 = 0
  var contentLength: UInt64? = nil
  var codings = TransferCodings.none
  var connectionClose = false
  var connectionKeepAlive = false

  public init() {
    fields = .init(repeating: HeaderField(name: .absent, value: .absent))
  }

  /// Whether the client waits for `100 Continue` before it sends the body. There is nothing to wait for without a body, and HTTP/1.0 knows no
  /// interim response (RFC 9110 §10.1.1).
  @inlinable
  public var expectsContinue: Bool { hasExpectation && minorVersion == 1 && framing != .none }

  /// The value of the first header line called `name` (given in lower case), in `bytes`, the request.
  public func value(of name: StaticString, in bytes: Span<UInt8>) -> ByteRange? {
    for index in 0..<fieldCount
    where bytes.extracting(fields[index].name).equalsIgnoringCase(name) {
      return fields[index].value
    }
    return nil
  }

  @inline(__always)
  mutating func append(_ field: HeaderField) {
    fields[fieldCount] = field
    fieldCount &+= 1
  }

  mutating func reset() {
    method = .other
    methodName = .absent
    minorVersion = 1
    path = .absent
    query = .absent
    framing = .none
    keepsAlive = true
    hasExpectation = false
    length = 0
    host = .absent
    authorization = .absent
    contentType = .absent
    accept = .absent
    requestID = .absent
    lengthDigits = .absent
    hasOneLength = false
    fieldCount = 0
    hostCount = 0
    contentLength = nil
    codings = .none
    connectionClose = false
    connectionKeepAlive = false
  }
}

/// What the Transfer-Encoding lines of a request have said so far (RFC 9112 §6.1).
enum TransferCodings: Sendable, BitwiseCopyable {
  case none
  /// `chunked`, once, as the last coding.
  case chunked
  /// A coding after `chunked`, `chunked` twice, or an empty list.
  case malformed
  /// A coding other than `chunked`.
  case unsupported
}
