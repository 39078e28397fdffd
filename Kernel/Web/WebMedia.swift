// Media types (RFC 9110 §8.3.1) as far as it matters here: whether a body is JSON, a form, text or binary.
//
// What is text is what OpenWhisk's server library knows as such; a type that it does not know is binary unless it has a charset.

import Base
import Bytes
import HTTP

/// The value of a Content-Type header.
public struct WebMedia: Equatable, Sendable, BitwiseCopyable {
  public enum Kind: Sendable, BitwiseCopyable {
    /// `application/json`
    case json
    /// `…+json`
    case jsonFamily
    /// `application/x-www-form-urlencoded`
    case form
    case text
    case binary
  }

  public let kind: Kind
  /// Bytes of type and subtype.
  public let typeLength: Int
  public let hasCharset: Bool

  /// nil where `value` is no media type.
  @_optimize(size) @inline(never)
  public init?(parsing value: Span<UInt8>) {
    guard let slash = Self.token(value, from: 0, then: 0x2f), let end = Self.token(value, from: slash &+ 1, then: nil) else { return nil }
    guard let hasCharset = Self.parameters(value, from: end) else { return nil }
    typeLength = end
    self.hasCharset = hasCharset
    kind = Self.kind(of: value.extracting(0..<end), hasCharset: hasCharset)
  }

  private static func kind(of type: Span<UInt8>, hasCharset: Bool) -> Kind {
    if type.equalsIgnoringCase("application/json") { return .json }
    if type.equalsIgnoringCase("application/x-www-form-urlencoded") { return .form }
    if type.count > 5, type.extracting(last: 5).equalsIgnoringCase("+json") { return .jsonFamily }
    if type.count > 5, type.extracting(first: 5).equalsIgnoringCase("text/") { return .text }
    guard type.count > 12, type.extracting(first: 12).equalsIgnoringCase("application/") else {
      return hasCharset && !isKnownBinary(type) ? .text : .binary
    }
    return hasCharset && !isKnownBinary(type) || isText(application: type.extracting(12..<type.count)) ? .text : .binary
  }

  /// Types that are binary whatever parameters they have.
  private static func isKnownBinary(_ type: Span<UInt8>) -> Bool {
    for prefix in 0..<5 {
      let name: StaticString =
        switch prefix {
        case 0: "image/"
        case 1: "audio/"
        case 2: "video/"
        case 3: "font/"
        default: "multipart/"
        }
      let length = name.utf8CodeUnitCount
      if type.count > length, type.extracting(first: length).equalsIgnoringCase(name) { return true }
    }
    return type.equalsIgnoringCase("application/octet-stream") || type.equalsIgnoringCase("application/pdf")
      || type.equalsIgnoringCase("application/zip")
  }

  private static func isText(application subtype: Span<UInt8>) -> Bool {
    switch subtype.count {
    case 3: subtype.equalsIgnoringCase("xml")
    case 6: subtype.equalsIgnoringCase("base64") || subtype.equalsIgnoringCase("x-vrml")
    case 7: subtype.equalsIgnoringCase("rss+xml") || subtype.equalsIgnoringCase("x-latex") || subtype.equalsIgnoringCase("xml-dtd")
    case 8: subtype.equalsIgnoringCase("atom+xml") || subtype.equalsIgnoringCase("soap+xml")
    case 9: subtype.equalsIgnoringCase("xhtml+xml")
    case 10: subtype.equalsIgnoringCase("javascript")
    case 11: subtype.equalsIgnoringCase("problem+xml")
    case 24: subtype.equalsIgnoringCase("vnd.google-earth.kml+xml")
    default: false
    }
  }

  /// The place after the token that begins at `start`, where `mark` has to be; nil where there is none.
  private static func token(_ value: Span<UInt8>, from start: Int, then mark: UInt8?) -> Int? {
    var at = start
    while at < value.count, ASCII.isToken(value[at]) { at &+= 1 }
    guard at > start else { return nil }
    guard let mark else { return at }
    return at < value.count && value[at] == mark ? at : nil
  }

  /// Whether a charset is among the parameters from `start` on; nil where they are malformed.
  private static func parameters(_ value: Span<UInt8>, from start: Int) -> Bool? {
    var at = skipBlanks(value, start)
    var hasCharset = false
    while at < value.count {
      guard value[at] == 0x3b else { return nil }
      at = skipBlanks(value, at &+ 1)
      guard at < value.count, value[at] != 0x3b else { continue }
      guard let equals = token(value, from: at, then: 0x3d) else { return nil }
      if value.extracting(at..<equals).equalsIgnoringCase("charset") { hasCharset = true }
      guard let end = equals &+ 1 < value.count && value[equals &+ 1] == 0x22
        ? quoted(value, from: equals &+ 1) : token(value, from: equals &+ 1, then: nil)
      else { return nil }
      at = skipBlanks(value, end)
    }
    return hasCharset
  }

  /// The place after the quoted string that begins at `start`.
  private static func quoted(_ value: Span<UInt8>, from start: Int) -> Int? {
    var at = start &+ 1
    while at < value.count {
      if value[at] == 0x22 { return at &+ 1 }
      at &+= value[at] == 0x5c ? 2 : 1
    }
    return nil
  }

  private static func skipBlanks(_ value: Span<UInt8>, _ start: Int) -> Int {
    var at = start
    while at < value.count, value[at] == 0x20 || value[at] == 0x09 { at &+= 1 }
    return at
  }
}
