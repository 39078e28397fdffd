// HTTP Basic authentication (RFC 7617). Out of scope: who may do what (the API).

import Base
import Bytes

/// The user and key of an Authorization header.
public struct BasicCredentials {
  /// Bytes that `user:key` may have.
  public static let limit = 256

  private var text: [256 of UInt8]
  private let length: Int
  private let colon: Int

  /// Parses the value of an Authorization header; nil where it is not Basic, not base64, too long or without a colon.
  public init?(parsing value: Span<UInt8>) {
    text = .init(repeating: 0)
    guard value.count > 6, value.extracting(first: 6).equalsIgnoringCase("basic ") else { return nil }
    var start = 6
    while start < value.count, value[start] == 0x20 { start &+= 1 }
    var output = text.mutableSpan
    guard let length = Base64.decode(value.extracting(start..<value.count), into: &output) else { return nil }
    var colon = 0
    while colon < length, text[colon] != 0x3a { colon &+= 1 }
    guard colon < length else { return nil }
    self.length = length
    self.colon = colon
  }

  public var user: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { text.span.extracting(0..<colon) }
  }

  public var key: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get { text.span.extracting(colon &+ 1..<length) }
  }
}

/// Comparison of secrets.
public enum ConstantTime {
  /// Whether `guess` equals `secret`, in a time that depends on the length of `guess` alone.
  public static func equal(_ guess: Span<UInt8>, _ secret: Span<UInt8>) -> Bool {
    var difference = UInt64(truncatingIfNeeded: guess.count ^ secret.count)
    // An empty secret is met by comparing with the guess itself; the lengths then tell.
    var at = 0
    for index in guess.indices {
      let other = secret.count == 0 ? 0 : secret[at]
      difference |= UInt64(guess[index] ^ other)
      at = at &+ 1 >= secret.count ? 0 : at &+ 1
    }
    return difference == 0
  }
}
