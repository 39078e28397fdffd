import API
import Testing

@testable import Server

@Suite struct PageTests {
  private let html = "<!doctype html>\n<title>Swiftlet</title>\n"

  /// One stored block of deflate between gzip's header and its check value, which nothing here looks at.
  private var packed: [UInt8] {
    let text = Array(html.utf8)
    let (low, high) = (UInt8(text.count & 255), UInt8(text.count >> 8))
    return [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 1, low, high, ~low, ~high] + text + [0, 0, 0, 0, low, high, 0, 0]
  }

  private func world() -> World {
    let (tag, policy, packed) = (Array("\"12ab\"".utf8), Array("default-src 'none'".utf8), packed)
    return World(page: WebPage(tag: tag.span, policy: policy.span, packed: packed.span))
  }

  private func get(_ world: World, _ lines: String, method: String = "GET") -> Response? {
    world.request("\(method) / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n", heads: method == "HEAD" ? [0] : [])
  }

  @Test func browsersGetThePage() throws {
    let reply = try #require(get(world(), "Accept: text/html\r\n"))
    #expect(reply.status == 200 && reply.text == html)
    #expect(reply["content-type"] == "text/html; charset=utf-8" && reply["content-encoding"] == nil)
    #expect(reply["content-security-policy"] == "default-src 'none'" && reply["x-content-type-options"] == "nosniff")
    #expect(reply["referrer-policy"] == "no-referrer" && reply["access-control-allow-origin"] == nil)
    #expect(reply["etag"] == "W/\"12ab\"" && reply["cache-control"] == "no-cache" && reply["vary"] == "Accept, Accept-Encoding")
  }

  @Test func packedForThoseWhoTakeIt() throws {
    let reply = try #require(get(world(), "Accept: text/html\r\nAccept-Encoding: br, gzip\r\n"))
    #expect(reply.status == 200 && reply["content-encoding"] == "gzip" && reply.body == packed)
    #expect(reply["content-type"] == "text/html; charset=utf-8")
    let refused = try #require(get(world(), "Accept: text/html\r\nAccept-Encoding: gzip;q=0\r\n"))
    #expect(refused["content-encoding"] == nil && refused.text == html)
  }

  @Test func theHeadIsThatOfGet() throws {
    for lines in ["", "Accept: text/html\r\n", "Accept: text/html\r\nAccept-Encoding: gzip\r\n"] {
      let world = world()
      var whole = try #require(get(world, lines))
      var head = try #require(get(world, lines, method: "HEAD"))
      #expect(head.body.isEmpty && whole.headers["content-length"] == String(whole.body.count))
      for name in ["date", "x-request-id"] { (whole.headers[name], head.headers[name]) = (nil, nil) }
      #expect(head.headers == whole.headers && head.status == whole.status)
    }
  }

  @Test func whoHasItIsToldSo() throws {
    let reply = try #require(get(world(), "Accept: text/html\r\nIf-None-Match: W/\"12ab\"\r\n"))
    #expect(reply.status == 304 && reply.body.isEmpty && reply["content-type"] == nil)
    #expect(reply["etag"] == "W/\"12ab\"" && reply["cache-control"] == "no-cache" && reply["vary"] == "Accept, Accept-Encoding")
    #expect(get(world(), "Accept: text/html\r\nIf-None-Match: \"other\"\r\n")?.status == 200)
    // The text is another representation, without a tag.
    #expect(get(world(), "If-None-Match: W/\"12ab\"\r\n")?.status == 200)
  }

  @Test(arguments: ["", "Accept: */*\r\n", "Accept: application/json\r\n", "Accept: text/html;q=0\r\n"])
  func allOthersGetText(_ lines: String) throws {
    let reply = try #require(get(world(), lines))
    #expect(reply.status == 200 && reply["content-type"] == "text/plain; charset=utf-8")
    #expect(reply.text.hasPrefix("Swiftlet: ") && reply["vary"] == "Accept, Accept-Encoding" && reply["content-security-policy"] == nil)
  }

  @Test func withoutAPageBrowsersGetText() throws {
    let reply = try #require(get(World(), "Accept: text/html\r\n"))
    #expect(reply.status == 200 && reply["content-type"] == "text/plain; charset=utf-8")
  }

  @Test func aPageThatDoesNotUnpackIsNoReplyOfHalf() throws {
    let (tag, broken) = (Array("\"1\"".utf8), Array(packed.dropLast(packed.count - 20)))
    let reply = try #require(get(World(page: WebPage(tag: tag.span, policy: tag.span, packed: broken.span)), "Accept: text/html\r\n"))
    #expect(reply.status == 503)
  }

  @Test func otherMethodsAreRefused() throws {
    let reply = try #require(get(world(), "Accept: text/html\r\n", method: "DELETE"))
    #expect(reply.status == 405 && reply["allow"] == "GET, HEAD, OPTIONS")
  }
}
