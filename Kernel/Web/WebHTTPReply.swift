// The reply that a result of the form `{"statusCode", "headers", "body"}` describes.
//
// The lines that frame a message are the server's: what the action says of them is passed over, and nothing that it says can end a line.

import API
import Base
import Bytes
import HTTP
import JSON

extension Reply {
  /// Makes this the reply that `value` describes.
  mutating func setHTTP(_ value: JSONValue, _ text: Span<UInt8>) throws(WebResultError) {
    guard value.kind == .object else { throw .notHTTP }
    let code = try value.member("statusCode", in: text).map { (code) throws(WebResultError) in try WebStatus.parse(code, text) }
    var headers = WebHeaders()
    if let lines = value.member("headers", in: text) { try headers.read(lines, text, into: &body) }
    hasOwnCORS = headers.hasOwnCORS
    guard let content = value.member("body", in: text), content.kind != .null, !content.isEmptyString(in: text) else {
      // Without a body there is no type of one.
      media = .own
      endFields()
      status = code ?? .noContent
      return
    }
    status = code ?? .ok
    var type = ByteBuffer()
    if let given = headers.type {
      guard given.appendString(of: text, to: &type) else { return body.fail() }
    } else {
      guard type.append(content.kind == .string ? "text/html" : "application/json") else { return body.fail() }
    }
    guard let parsed = WebMedia(parsing: type.span) else { throw content.kind == .string ? .unknownMedia : .otherMedia }
    media = .own
    write(type: type.span, parsed)
    endFields()
    // RFC 9110 §15.3.6: such a response has no content.
    if status.code != 205 { try setBody(content, text, parsed) }
  }

  /// The body is UTF-8 where it is text, whatever charset the action names.
  private mutating func write(type: Span<UInt8>, _ media: WebMedia) {
    body.write("Content-Type: ")
    body.write(media.hasCharset && media.kind != .binary ? type.extracting(first: media.typeLength) : type)
    body.write(media.kind == .text ? "; charset=UTF-8\r\n" : "\r\n")
  }

  private mutating func setBody(_ content: JSONValue, _ text: Span<UInt8>, _ media: WebMedia) throws(WebResultError) {
    let isJSON = media.kind == .json || media.kind == .jsonFamily
    guard content.kind == .string else {
      guard isJSON else { throw .otherMedia }
      return setBody(content, text)
    }
    setBody(content, text)
    guard media.kind == .binary || isJSON else { return }
    let start = Int(fieldsLength)
    var isBase64 = false
    body.write { (buffer: inout ByteBuffer) in
      // Java's decoder needs no padding.
      while media.kind == .binary, (buffer.count &- start) & 3 > 1 { guard buffer.append(0x3d) else { return false } }
      guard let length = Base64.decodeInPlace(&buffer, range: start..<buffer.count) else { return true }
      isBase64 = true
      buffer.truncate(to: start &+ length)
      return true
    }
    guard !isBase64 else { return }
    guard isJSON else { throw .otherMedia }
    // JSON in base64 is what older actions return; this is none.
    body.write { (buffer: inout ByteBuffer) in
      buffer.truncate(to: start)
      return true
    }
    setBody(content, text)
  }
}

extension JSONValue {
  func isEmptyString(in text: Span<UInt8>) -> Bool { kind == .string && written(in: text).count <= 2 }
}

/// Status codes of results.
enum WebStatus {
  /// A whole number, or a string of digits, from 200 to 599: no action ends a request with an interim response.
  static func parse(_ value: JSONValue, _ text: Span<UInt8>) throws(WebResultError) -> HTTPStatus {
    guard let code = number(value, text), code >= 200, code <= 599 else { throw .notHTTP }
    return HTTPStatus(UInt16(truncatingIfNeeded: code))
  }

  private static func number(_ value: JSONValue, _ text: Span<UInt8>) -> Int64? {
    guard let digits = value.plainString(in: text) else { return value.integer(in: text) }
    return ASCII.decimal(digits, limit: 599).map { Int64($0) }
  }
}
