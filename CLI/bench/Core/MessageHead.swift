// Finds the end of an HTTP/1.1 message's head and what of it matters here. Out of scope: chunked bodies, which nobody here sends.

/// The head of a request or a response.
struct MessageHead: Equatable {
  /// A response's status; 0 for a request.
  var status = 0
  /// Where the body begins.
  var bodyOffset = 0
  /// Content-Length; 0 where there is none.
  var bodyLength = 0
  /// Whether the connection ends with this message.
  var closes = false

  enum Result: Equatable {
    case head(MessageHead)
    case incomplete
    case malformed
  }

  /// Parses the head at the start of `bytes`. Nothing is allocated.
  static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> Result {
    var head = MessageHead()
    var start = 0
    var isFirst = true
    while let end = lineEnd(bytes, from: start) {
      // Lines end with CR LF.
      guard end > start, bytes[end - 1] == 13 else { return .malformed }
      let line = UnsafeBufferPointer(rebasing: bytes[start..<end - 1])
      start = end + 1
      if line.isEmpty {
        head.bodyOffset = start
        return isFirst ? .malformed : .head(head)
      }
      if isFirst {
        guard head.takeFirst(line) else { return .malformed }
        isFirst = false
      } else {
        guard head.takeField(line) else { return .malformed }
      }
    }
    return bytes.count > 16_384 ? .malformed : .incomplete
  }

  private static func lineEnd(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    var position = start
    while position < bytes.count {
      if bytes[position] == 10 { return position }
      position += 1
    }
    return nil
  }

  private mutating func takeFirst(_ line: UnsafeBufferPointer<UInt8>) -> Bool {
    if Self.has(line, "http/1.1 ", at: 0) {
      guard line.count >= 12, let number = Self.number(UnsafeBufferPointer(rebasing: line[9..<12])) else { return false }
      status = number
      return number >= 100
    }
    if Self.has(line, "http/1.0 ", at: 0) { return false }
    return line.count > 9 && Self.has(line, " http/1.1", at: line.count - 9)
  }

  private mutating func takeField(_ line: UnsafeBufferPointer<UInt8>) -> Bool {
    if Self.has(line, "content-length:", at: 0) {
      var start = 15
      while start < line.count, line[start] == 32 { start += 1 }
      guard let number = Self.number(UnsafeBufferPointer(rebasing: line[start...])) else { return false }
      bodyLength = number
    } else if Self.has(line, "connection: close", at: 0) {
      closes = true
    } else if Self.has(line, "transfer-encoding:", at: 0) {
      return false
    }
    return true
  }

  /// Whether `text`, in small letters, is at `offset` of `line`, in any case.
  private static func has(_ line: UnsafeBufferPointer<UInt8>, _ text: StaticString, at offset: Int) -> Bool {
    guard line.count - offset >= text.utf8CodeUnitCount else { return false }
    for index in 0..<text.utf8CodeUnitCount {
      let byte = line[offset + index]
      let small = byte >= 65 && byte <= 90 ? byte | 32 : byte
      if small != text.utf8Start[index] { return false }
    }
    return true
  }

  /// A decimal number of 1 to 12 digits.
  private static func number(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
    guard !text.isEmpty, text.count <= 12 else { return nil }
    var value = 0
    for byte in text {
      guard byte >= 48, byte <= 57 else { return nil }
      value = value * 10 + Int(byte - 48)
    }
    return value
  }
}
