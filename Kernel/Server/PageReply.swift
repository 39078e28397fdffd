// What `/` answers: the page to browsers, which ask for HTML, and text to everyone else.

import API
import Archive
import Base
import Bytes
import HTTP
import Net

extension HTTPServer {
  /// The reply to GET and HEAD of `/`; `bytes` are the request.
  @_optimize(size) @inline(never)
  mutating func rootReply(_ bytes: Span<UInt8>) -> Reply {
    guard !page.packed.isEmpty, head.lists("text/html", in: "accept", of: bytes) else {
      var reply = Reply(.ok, .text)
      reply.body.header("Vary", "Accept, Accept-Encoding")
      reply.endFields()
      reply.body.write(Pages.root)
      return reply
    }
    guard !head.hasMatch(page.tag.span, in: bytes) else {
      var reply = Reply(.notModified)
      writePageFields(into: &reply.body)
      reply.endFields()
      return reply
    }
    let isPacked = head.lists("gzip", in: "accept-encoding", of: bytes)
    var reply = Reply(.ok, .html)
    writePageFields(into: &reply.body)
    reply.body.header("Content-Security-Policy", page.policy.span)
    reply.body.header("X-Content-Type-Options", "nosniff")
    reply.body.header("Referrer-Policy", "no-referrer")
    if isPacked { reply.body.header("Content-Encoding", "gzip") }
    reply.endFields()
    if isPacked { reply.body.write(page.packed.span) } else { unpackPage(into: &reply.body) }
    return reply
  }

  /// What a reply says whether or not the client has the page (RFC 9110 §15.4.5). The tag is weak: it is that of the packed form, too.
  @_optimize(size)
  private func writePageFields(into fields: inout TextWriter) {
    fields.write("ETag: W/")
    fields.write(page.tag.span)
    fields.write("\r\nCache-Control: no-cache\r\nVary: Accept, Accept-Encoding\r\n")
  }

  /// Writes the page as it was before it was packed; breaks the text where there is no memory for it.
  @_optimize(size)
  private func unpackPage(into text: inout TextWriter) {
    text.write { buffer in
      do throws(InflateError) {
        _ = try Inflate.append(page.stream, to: &buffer, limit: page.length)
        return true
      } catch {
        return false
      }
    }
  }
}
