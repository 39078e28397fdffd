// A web action's result as the reply to its request, for each extension.
// Out of scope: `.http`, where the result says what the response is (WebHTTPReply.swift).

public import API
import Base
import Bytes
import HTTP
import JSON
public import Records

public enum WebReply {
  /// The reply to a request whose action ended in `response` with `result`, checked JSON. `id` is the request's.
  ///
  /// Of an application error, which is a result with the member `error`, that member is the result. Where an action did not end well the
  /// client learns no more than that.
  @_optimize(size) @inline(never)
  public static func make(
    _ kind: WebExtension, _ response: ResponseKind, _ result: Span<UInt8>, id: borrowing RequestID
  ) -> Reply {
    var reply = Reply(.ok)
    do throws(WebResultError) {
      try write(kind, try value(of: response, result), result, into: &reply)
      return reply
    } catch {
      return Reply(error.status, error: error.text, id: id)
    }
  }

  private static func value(of response: ResponseKind, _ result: Span<UInt8>) throws(WebResultError) -> JSONValue {
    guard response == .success || response == .applicationError else { throw .failed }
    let whole = JSONValue(checked: 0..<result.count, of: result)
    guard response == .applicationError else { return whole }
    guard let error = whole.member("error", in: result) else { throw .noProperty }
    return error
  }

  private static func write(
    _ kind: WebExtension, _ value: JSONValue, _ text: Span<UInt8>, into reply: inout Reply
  ) throws(WebResultError) {
    switch kind {
    case .http: try reply.setHTTP(value, text)
    case .json:
      guard value.kind == .object || value.kind == .array else { throw .notJSON }
      value.writeCompact(of: text, into: &reply.body)
    case .html:
      guard let page = projection(of: value, "html", text), page.kind == .string else { throw .notHTML }
      reply.set(type: "text/html; charset=UTF-8", page, text)
    case .svg:
      guard let image = projection(of: value, "svg", text), image.kind == .string else { throw .notSVG }
      reply.set(type: "image/svg+xml", image, text)
    case .text:
      guard let part = projection(of: value, "text", text) else { throw .noProperty }
      reply.set(type: "text/plain; charset=UTF-8", part, text)
    }
  }

  /// The member `body` or, where there is none, `name`; what is no object is meant as a whole.
  private static func projection(of value: JSONValue, _ name: StaticString, _ text: Span<UInt8>) -> JSONValue? {
    guard value.kind == .object else { return value }
    return value.member("body", in: text) ?? value.member(name, in: text)
  }
}

extension Reply {
  /// Makes `value` the body: what a string stands for, all else as JSON.
  mutating func set(type: StaticString, _ value: JSONValue, _ text: Span<UInt8>) {
    media = .own
    body.header("Content-Type", type)
    endFields()
    setBody(value, text)
  }

  mutating func setBody(_ value: JSONValue, _ text: Span<UInt8>) {
    if value.kind == .string {
      body.write { (buffer: inout ByteBuffer) in value.appendString(of: text, to: &buffer) }
    } else {
      value.writeCompact(of: text, into: &body)
    }
  }
}
