// Header lines that the server itself acts on, recognised while the head is parsed, and the rules between them.
// Out of scope: headers that only the API reads; it finds them by `RequestHead.value(of:in:)`.

import Base
import Bytes

extension RequestHead {
  /// Takes note of one header line.
  @inline(__always)
  mutating func note(_ field: HeaderField, in bytes: Span<UInt8>) throws(HeadError) {
    switch field.name.count {
    case 4, 6, 10, 12, 13, 14, 17: try noteKnown(field, in: bytes)
    default: break
    }
  }

  private mutating func noteKnown(_ field: HeaderField, in bytes: Span<UInt8>) throws(HeadError) {
    let name = bytes.extracting(field.name)
    let value = bytes.extracting(field.value)
    switch name.count {
    case 4 where name.equalsIgnoringCase("host"):
      noteHost(field.value)
      guard Self.isHost(field.value, in: bytes) else { throw .invalidHost }
    case 6 where name.equalsIgnoringCase("accept"):
      if accept.isAbsent { accept = field.value }
    case 6 where name.equalsIgnoringCase("expect"):
      guard value.equalsIgnoringCase("100-continue") else { throw .unsupportedExpectation }
      hasExpectation = true
    case 10 where name.equalsIgnoringCase("connection"):
      noteConnection(value)
    case 12 where name.equalsIgnoringCase("content-type"):
      if contentType.isAbsent { contentType = field.value }
    case 12 where name.equalsIgnoringCase("x-request-id"):
      if requestID.isAbsent { requestID = field.value }
    case 13 where name.equalsIgnoringCase("authorization"):
      if authorization.isAbsent { authorization = field.value }
    case 14 where name.equalsIgnoringCase("content-length"):
      try noteContentLength(field.value, value)
    case 17 where name.equalsIgnoringCase("transfer-encoding"):
      noteTransferEncoding(value)
    default: break
    }
  }

  /// Whether the value of a header line has a say in what is done with the request or its connection, and not only in what is told of it.
  @_optimize(size) @inline(never)
  public func isDecisive(_ field: HeaderField, in bytes: Span<UInt8>) -> Bool {
    let name = bytes.extracting(field.name)
    return name.equalsIgnoringCase("host") || name.equalsIgnoringCase("expect") || name.equalsIgnoringCase("connection")
      || name.equalsIgnoringCase("authorization") || name.equalsIgnoringCase("content-length")
      || name.equalsIgnoringCase("transfer-encoding")
  }

  /// RFC 9112 §3.2: what can be no host and port is refused, so that nothing behind the server reads it otherwise.
  private static func isHost(_ range: ByteRange, in bytes: Span<UInt8>) -> Bool {
    var at = Int(range.start)
    while at < range.end {
      if at &+ 8 <= bytes.count {
        var marks = Word.notHostByte(bytes.loadLE64(at))
        // What lies behind the value does not count.
        if range.end &- at < 8 { marks &= (1 << UInt64((range.end &- at) &* 8)) &- 1 }
        if marks == 0 {
          at &+= 8
          continue
        }
        at &+= Word.first(marks)
      }
      switch bytes[at] {
      case 0x09, 0x20, 0x22, 0x23, 0x2c, 0x2f, 0x3c, 0x3e, 0x3f, 0x40, 0x5c, 0x7b, 0x7d, 0x80...: return false
      default: at &+= 1
      }
    }
    return true
  }

  /// RFC 9110 §7.6.1.
  private mutating func noteConnection(_ value: Span<UInt8>) {
    var list = TokenList()
    while let token = list.next(in: value) {
      let option = value.extracting(token)
      if option.equalsIgnoringCase("close") { connectionClose = true }
      if option.equalsIgnoringCase("keep-alive") { connectionKeepAlive = true }
    }
  }

  /// RFC 9110 §8.6: the same value twice is one value; a list in one line is refused.
  private mutating func noteContentLength(_ digits: ByteRange, _ value: Span<UInt8>) throws(HeadError) {
    guard value.count > 0 else { throw .invalidContentLength }
    var length: UInt64 = 0
    for index in value.indices {
      guard ASCII.isDigit(value[index]) else { throw .invalidContentLength }
      let (product, tooBig) = length.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(UInt64(value[index] &- 0x30))
      length = tooBig || carry ? .max : sum
    }
    if let contentLength, contentLength != length { throw .conflictingContentLength }
    noteLength(length, digits)
  }

  @inline(__always)
  mutating func noteLength(_ length: UInt64, _ digits: ByteRange) {
    hasOneLength = lengthDigits.isAbsent
    lengthDigits = digits
    contentLength = length
  }

  @inline(__always)
  mutating func noteHost(_ value: ByteRange) {
    hostCount = min(hostCount, 1) &+ 1
    host = value
  }

  /// RFC 9112 §6.1. Lines add up to one list.
  private mutating func noteTransferEncoding(_ value: Span<UInt8>) {
    var list = TokenList()
    var found = false
    while let token = list.next(in: value) {
      found = true
      let isChunked = value.extracting(token).equalsIgnoringCase("chunked")
      switch codings {
      case .none: codings = isChunked ? .chunked : .unsupported
      case .chunked, .malformed: codings = .malformed
      case .unsupported: break
      }
    }
    if !found { codings = .malformed }
  }

  /// The rules between header lines, once all are there.
  mutating func settle() throws(HeadError) {
    guard hostCount <= 1 else { throw .repeatedHost }
    guard hostCount == 1 || minorVersion == 0 else { throw .missingHost }
    if codings != .none {
      // Two framings, or one that the version does not know, are how requests are smuggled (RFC 9112 §6.1, §11.2).
      guard contentLength == nil else { throw .lengthWithTransferEncoding }
      guard minorVersion == 1 else { throw .transferEncodingInOldVersion }
      guard codings != .malformed else { throw .malformedTransferEncoding }
      guard codings != .unsupported else { throw .unsupportedTransferEncoding }
      framing = .chunked
    } else if let contentLength, contentLength > 0 {
      framing = .length(contentLength)
    }
    keepsAlive = !connectionClose && (minorVersion == 1 || connectionKeepAlive)
  }
}

/// Walks the elements of a comma-separated list (RFC 9110 §5.6.1); empty elements are skipped.
struct TokenList {
  private var position = 0

  /// The place of the next element, without white space around it.
  mutating func next(in value: Span<UInt8>) -> Range<Int>? {
    while position < value.count {
      var start = position
      while position < value.count, value[position] != 0x2c { position &+= 1 }
      var end = position
      position &+= 1
      while start < end, value[start] == 0x20 || value[start] == 0x09 { start &+= 1 }
      while end > start, value[end &- 1] == 0x20 || value[end &- 1] == 0x09 { end &-= 1 }
      if start < end { return start..<end }
    }
    return nil
  }
}
