// The identifier that every reply carries as X-Request-ID and every error as "code".

import Base
import Bytes
public import HTTP

/// A request's identifier: the client's own where that is sane, else sixteen hexadecimal digits.
public struct RequestID: Sendable {
  /// Bytes of a client's identifier; longer ones are replaced.
  public static let limit = 64

  private var text: [64 of UInt8]
  private let count: Int

  /// The identifier made of `number`.
  public init(number: UInt64) {
    text = .init(repeating: 0)
    count = 16
    var output = text.mutableSpan
    output.store(hex: number, at: 0)
  }

  /// The identifier that the client sent at `range` of `request`; nil where it is absent, empty, too long or has other
  /// characters than letters, digits and `-_.:`.
  public init?(_ range: ByteRange, in request: Span<UInt8>) {
    guard range.count > 0, range.count <= Self.limit, range.end <= request.count else { return nil }
    text = .init(repeating: 0)
    count = Int(range.count)
    for index in 0..<count {
      let byte = request[Int(range.start) &+ index]
      let isPunctuation = byte == 0x2d || byte == 0x5f || byte == 0x2e || byte == 0x3a
      guard ASCII.isLetter(byte) || ASCII.isDigit(byte) || isPunctuation else { return nil }
      text[index] = byte
    }
  }

  public var span: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { text.span.extracting(0..<count) }
  }
}
