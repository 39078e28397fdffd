import API
import Base
import Bytes
import Foundation
import HTTP
import JSON
import Records
import Testing

@testable import Web

extension Span where Element == UInt8 {
  var array: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    for index in indices { bytes.append(self[index]) }
    return bytes
  }

  var text: String { String(decoding: array, as: UTF8.self) }
}

/// What a request becomes: the parameters' text, or what a client is told instead, after its status.
func parameters(_ request: [UInt8], isRaw: Bool = false, user: String = "", name: String = "a") -> String {
  var head = RequestHead()
  var parser = HeadParser()
  guard (try? parser.parse(request.span, limits: HTTPLimits(), into: &head)) == true else { return "no head" }
  let path = request.span.extracting(head.path).text
  guard let place = path.range(of: "/\(name)") else { return "no name" }
  let start = Int(head.path.start) + path[..<place.upperBound].utf8.count
  let web = WebRequest(body: head.length..<request.count, path: start..<head.path.end, isRaw: isRaw, seed: 7)
  let namespace = Array(user.utf8)
  do throws(WebRequestError) {
    let result = try web.parameters(head, request.span, user: namespace.span)
    // Whatever came in, what goes to the action is one legal document.
    guard (try? JSON.parse(result.span, in: 0..<result.count))?.kind == .object else { return "no object: \(result.span.text)" }
    return result.span.text
  } catch {
    let reply = error.reply(RequestID(number: 1))
    return "\(reply.status.code) \(reply.body.buffer.span.text)"
  }
}

func parameters(
  _ line: String, _ headers: String = "", _ body: String = "", isRaw: Bool = false, user: String = ""
) -> String {
  parameters(Array("\(line) HTTP/1.1\r\nHost: h\r\n\(headers)\r\n\(body)".utf8), isRaw: isRaw, user: user)
}

/// What the parameters have beside method, headers and path.
func own(_ line: String, _ headers: String = "", _ body: String = "", isRaw: Bool = false) throws -> NSDictionary {
  let text = parameters(line, headers, body, isRaw: isRaw)
  let object = try #require(try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
  return object.filter { !["__ow_method", "__ow_headers", "__ow_path"].contains($0.key) } as NSDictionary
}

/// A message in two parts.
struct Message {
  var head: [String]
  var body: [UInt8]

  var status: String { head.first ?? "" }
  var text: String { String(decoding: body, as: UTF8.self) }

  /// The values of all lines called `name`.
  func values(_ name: String) -> [String] {
    head.filter { $0.lowercased().hasPrefix(name.lowercased() + ": ") }.map { String($0.dropFirst(name.count + 2)) }
  }

  subscript(_ name: String) -> String? { values(name).first }
}

/// The message that is sent for `result`.
func sent(_ kind: WebExtension, _ result: String, _ response: ResponseKind = .success, isHead: Bool = false) throws -> Message {
  let bytes = Array(result.utf8)
  let id = RequestID(number: 1)
  let context = ReplyContext(id: id, date: HTTPDate(), connection: .persist, isHead: isHead, isAPI: false, isWeb: true)
  guard let buffer = WebReply.make(kind, response, bytes.span, id: id).render(context) else { throw Missing() }
  let all = buffer.span.array
  let end = try #require(all.indices.first { all[$0...].starts(with: Array("\r\n\r\n".utf8)) })
  // CR and LF are one character to String, so the head is parted as bytes.
  let head = Data(all[..<end]).split(separator: 0x0a).map { line in
    String(decoding: line.last == 0x0d ? line.dropLast() : line, as: UTF8.self)
  }
  return Message(head: head, body: Array(all[(end + 4)...]))
}

struct Missing: Error {}

/// What a client is told in place of a response: the status and the text.
func refusal(_ kind: WebExtension, _ result: String, _ response: ResponseKind = .success) throws -> String {
  let message = try sent(kind, result, response)
  let object = try JSONSerialization.jsonObject(with: Data(message.body)) as? [String: String]
  return "\(message.status.split(separator: " ")[1]) \(try #require(object?["error"], "\(message.text)"))"
}
