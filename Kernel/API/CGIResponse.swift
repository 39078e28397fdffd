// The reply to an invocation whose action writes a CGI response (RFC 3875 §6): its header lines, checked, and its body.
//
// A local redirect (RFC 3875 §6.2.2) goes to the client like any other, which follows it itself.

import Base
public import Bytes
public import HTTP
public import Records

public enum CGIResponse {
  /// The message for `output`, whose header is `head`; nil where memory is out.
  public static func render(
    _ output: Span<UInt8>, _ head: CGIHead, _ context: borrowing ReplyContext, activation: ActivationID
  ) -> ByteBuffer? {
    let body = output.extracting(head.bodyStart..<output.count)
    let status = HTTPStatus(head.status)
    var writer = TextWriter(capacity: 384 &+ (context.isHead ? head.bodyStart : output.count))
    writer.write("HTTP/1.1 ")
    if let text = head.statusText {
      writer.write(output.extracting(text))
      // The phrase may be missing, the blank before it not (RFC 9112 §4).
      writer.write(text.count == 3 ? " \r\n" : "\r\n")
    } else {
      writer.write(head.status == 302 ? "302 Found\r\n" : "200 OK\r\n")
    }
    if context.date.span.count > 0 { writer.header("Date", context.date.span) }
    writer.header("X-Request-ID", context.id.span)
    activation.writeHeader(into: &writer)
    var lines = CGILines()
    while let field = try? lines.next(in: output) {
      guard CGIHead.passesOn(output.extracting(field.name)) else { continue }
      writer.write(output.extracting(field.name))
      writer.write(": ")
      writer.write(output.extracting(field.value))
      writer.write("\r\n")
    }
    if status.forbidsBody {
      writer.endHead(length: nil, connection: context.connection)
    } else if context.isHead && body.isEmpty {
      writer.endHead(length: head.length.map { Int(clamping: $0) }, connection: context.connection)
    } else {
      writer.endHead(length: body.count, connection: context.connection)
      if !context.isHead { writer.write(body) }
    }
    return writer.isBroken ? nil : writer.finish()
  }

  /// Writes what a client is told where `output` is none.
  public static func write(_ error: CGIError, into text: inout TextWriter) {
    text.write("The action was deployed with cgi=true, but its output is no CGI response: ")
    text.write(error.text)
  }
}
