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

  /// The identifier that the client sent at `range` of `request`; nil where it is none.
  public init?(_ range: ByteRange, in request: Span<UInt8>) {
    let id = Self.find(range, in: request)
    guard id.count > 0 else { return nil }
    text = .init(repeating: 0)
    count = id.count
    var output = text.mutableSpan
    output.copy(id, to: 0)
  }

  /// The bytes at `range` of `request`; none where they are absent, too many or have other characters than letters, digits and `-_.:`.
  @_lifetime(copy request)
  public static func find(_ range: ByteRange, in request: Span<UInt8>) -> Span<UInt8> {
    let none = request.extracting(0..<0)
    guard range.count > 0, range.count <= limit, range.end <= request.count else { return none }
    let id = request.extracting(range)
    var at = 0
    while at < id.count {
      if at &+ 8 <= id.count, Word.notHostByte(id.loadLE64(at)) == 0 {
        at &+= 8
        continue
      }
      let byte = id[at]
      guard ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == 0x2d || byte == 0x5f || byte == 0x2e || byte == 0x3a else { return none }
      at &+= 1
    }
    return id
  }

  public var span: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { text.span.extracting(0..<count) }
  }
}
