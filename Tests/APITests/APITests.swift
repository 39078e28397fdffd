import Base
import Bytes
import Entities
import HTTP
import Records
import Testing

@testable import API

extension Span where Element == UInt8 {
  var text: String {
    var bytes: [UInt8] = []
    for index in indices { bytes.append(self[index]) }
    return String(decoding: bytes, as: UTF8.self)
  }
}

@Suite struct RouteTests {
  static let routes: [(String, Resource, String, String)] = [
    ("/", .root, "", ""), ("/healthz", .health, "", ""), ("/healthz/", .unknown, "", ""), ("/health", .unknown, "", ""),
    ("/function/a", .function, "", "a"), ("/function/a/b/c", .function, "", "a"), ("/function/a.ns", .function, "", "a.ns"),
    ("/function/a%20b/", .function, "", "a%20b"), ("/function//a", .unknown, "", ""), ("/functions/a", .unknown, "", ""),
    ("/api/v1", .information, "", ""), ("/api/v1/", .information, "", ""), ("/api/v1//", .unknown, "", ""), ("/api", .unknown, "", ""),
    ("/api/v1/namespaces", .namespaces, "", ""), ("/api/v1/namespaces/_", .unknown, "", ""), ("/api/v1/namespaces/_/", .unknown, "", ""),
    ("/api/v1/swiftlet/counters", .counters, "", ""), ("/api/v1/swiftlet/counters/x", .unknown, "", ""),
    ("/api/v1/swiftlet", .unknown, "", ""), ("/api/v1/namespaces/_/actions", .list, "_", ""), ("/api/v1/namespaces/n%20s/actions/", .list, "n%20s", ""),
    ("/api/v1/namespaces/_/actions/a", .entity, "_", "a"), ("/api/v1/namespaces/_/actions/a/", .list, "_", ""),
    ("/api/v1/namespaces/_/actions/p/a", .entity, "_", "a"), ("/api/v1/namespaces/_/actions/p/a/", .unknown, "", ""),
    ("/api/v1/namespaces/", .namespaces, "", ""), ("/api/v1/namespaces/_/limits", .limits, "_", ""), ("/api/v1/namespaces/_/limits/x", .unknown, "", ""),
    ("/api/v1/namespaces/_/packages", .list, "_", ""), ("/api/v1/namespaces/_/packages/p", .entity, "_", "p"), ("/api/v1/namespaces/_/packages/p/", .unknown, "", ""),
    ("/api/v1/namespaces/_/triggers/t", .entity, "_", "t"), ("/api/v1/namespaces/_/rules/r", .entity, "_", "r"), ("/api/v1/namespaces/_/rules/r/s", .unknown, "", ""),
    ("/api/v1/namespaces/_/activations", .activations, "_", ""), ("/api/v1/namespaces/_/activations/0a", .activation, "_", "0a"),
    ("/api/v1/namespaces/_/activations/0a/logs", .activationLogs, "_", "0a"), ("/api/v1/namespaces/_/activations/0a/result", .activationResult, "_", "0a"),
    ("/api/v1/namespaces/_/activations/0a/x", .unknown, "", ""), ("/api/v1/namespaces/_/activations/0a/logs/x", .unknown, "", ""),
    ("/api/v1/web/ns/default/a.json/x/y", .webAction, "ns", "a.json"), ("/api/v1/web/ns/default", .unknown, "", ""), ("/metrics", .metrics, "", ""),
    ("/metrics/x", .unknown, "", ""), ("/async-function/a/x", .asyncFunction, "", "a"), ("/async-function", .unknown, "", ""),
    ("/api/v1/namespaces/_/action", .unknown, "", ""), ("*", .server, "", ""),
    ("//api/v1", .unknown, "", ""), ("/API/v1", .unknown, "", ""),
  ]

  @Test(arguments: routes)
  func route(_ path: String, _ resource: Resource, _ namespace: String, _ name: String) {
    let request = Array("GET \(path)".utf8)
    let route = Route(ByteRange(start: 4, end: request.count), in: request.span)
    #expect(route.resource == resource)
    guard resource != .unknown else { return }
    #expect(request.span.extracting(route.namespace).text == namespace)
    #expect(request.span.extracting(route.name).text == name)
  }

  @Test func connectHasNoPath() {
    let request = Array("CONNECT a:80 HTTP/1.1".utf8)
    #expect(Route(.absent, in: request.span).resource == .unknown)
  }

  /// Every method that Allow names is served, and no other.
  @Test(arguments: [
    "/", "/healthz", "/metrics", "/api/v1", "/api/v1/namespaces", "/api/v1/namespaces/_/actions", "/api/v1/namespaces/_/actions/a",
    "/api/v1/namespaces/_/packages/a", "/api/v1/namespaces/_/rules/a", "/api/v1/namespaces/_/activations/a", "/api/v1/web/a/b/c",
    "/function/a", "/async-function/a", "*",
  ])
  func allow(_ path: String) {
    let request = Array("GET \(path)".utf8)
    let resource = Route(ByteRange(start: 4, end: request.count), in: request.span)
    var writer = TextWriter()
    writer.write(resource.allow())
    let listed = Set(writer.finish().span.text.components(", "))
    let methods: [(HTTPMethod, String)] = [
      (.get, "GET"), (.head, "HEAD"), (.post, "POST"), (.put, "PUT"), (.delete, "DELETE"), (.patch, "PATCH"), (.options, "OPTIONS"),
      (.trace, "TRACE"), (.connect, "CONNECT"),
    ]
    for (method, name) in methods { #expect(resource.allows(method) == listed.contains(name), "\(name)") }
  }
}

extension String {
  fileprivate func components(_ separator: String) -> [String] {
    split(separator: separator).map(String.init)
  }
}

@Suite struct AccountTests {
  private func add(_ table: inout AccountTable, _ user: String, _ key: String, _ namespace: String = "") -> Bool {
    let user = Array(user.utf8)
    let key = Array(key.utf8)
    let namespace = Array(namespace.utf8)
    return table.add(user: user.span, key: key.span, namespace: namespace.span)
  }

  private func namespace(_ table: borrowing AccountTable, _ credentials: String) -> String? {
    let plain = Array(credentials.utf8)
    var header = ByteBuffer()
    _ = header.append("Basic ") && Base64.encode(plain.span, into: &header)
    guard let id = table.authenticate(header.span) else { return nil }
    return table.name(of: id).text
  }

  @Test func namespaces() {
    var table = AccountTable()
    #expect(add(&table, "a", "1"))
    #expect(add(&table, "b", "2", "shared"))
    #expect(add(&table, "c", "3:4", "shared"))
    #expect(add(&table, "d", "5", "a"))
    #expect(table.count == 4)
    #expect(table.namespaceCount == 2)
    #expect(namespace(table, "a:1") == "a")
    #expect(namespace(table, "b:2") == "shared")
    #expect(namespace(table, "c:3:4") == "shared")
    #expect(namespace(table, "d:5") == "a")
    for wrong in ["a:2", "b:1", "a:", ":1", "c:3", "", "a:1 ", "A:1", "shared:2"] { #expect(namespace(table, wrong) == nil) }
  }

  @Test func bounds() {
    var table = AccountTable()
    #expect(!add(&table, "", "1"))
    #expect(!add(&table, "a", ""))
    #expect(!add(&table, "a", String(repeating: "k", count: 255)))
    #expect(add(&table, "a", String(repeating: "k", count: 254)))
    #expect(namespace(table, "a:" + String(repeating: "k", count: 254)) == "a")
    for index in 1..<AccountTable.capacity { #expect(add(&table, "u\(index)", "k")) }
    #expect(!add(&table, "late", "k"))
  }

  @Test func anEmptyTableKnowsNobody() {
    let table = AccountTable()
    #expect(namespace(table, "a:1") == nil)
  }
}

@Suite struct ParameterTests {
  @Test func deployment() throws {
    let query = Array("x=1&public=TRUE&timeout=100&memory=512&overwrite=false".utf8)
    let found = try DeployParameters(parsing: query.span)
    #expect(found.isPublic == true && found.timeout == 100 && found.memory == 512 && found.overwrites == false)
    #expect(DeployParameters().overwrites == nil)
  }

  @Test(arguments: [("limit=0", 200, 0), ("limit=7&skip=9", 7, 9), ("", 30, 0), ("skip=2147483647", 30, 2_147_483_647)])
  func pages(_ text: String, _ limit: Int, _ skip: Int) throws {
    let query = Array(text.utf8)
    let page = try ListPage(parsing: query.span)
    #expect(page.limit == limit && page.skip == skip && !page.countsOnly)
  }

  @Test(arguments: ["limit=201", "limit=-1", "limit=", "limit", "skip=x", "skip=99999999999999999999", "count=1"])
  func badPages(_ text: String) {
    let query = Array(text.utf8)
    #expect(throws: QueryError.self) { try ListPage(parsing: query.span) }
  }
}

@Suite struct InvocationReplyTests {
  @Test(arguments: [("", ConnectionOption.persist), ("", .keepAlive), ("", .close), ("a", .persist), ("0123456789-_.:AZ", .keepAlive), (String(repeating: "z", count: 64), .close)])
  func heads(_ id: String, _ connection: ConnectionOption) throws {
    var date = HTTPDate()
    date.set(1_000_000_000)
    let activation = ActivationID(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210)
    var replies = InvocationReplies()
    let isPrepared = !replies.isPrepared && replies.prepare(activation, date) && replies.isPrepared
    try #require(isPrepared)
    for (output, isHead) in [("", false), ("hello", false), ("hello", true), (String(repeating: "x", count: 100_000), false)] {
      var reply = InvocationReply()
      let own = Array(id.utf8)
      var isMade = replies.begin(&reply, activation, id: own.span, connection)
      if id.isEmpty && connection == .persist {
        let other = reply.takeBuffer().span.text
        isMade = replies.beginCommon(&reply, activation)
        #expect(reply.buffer.span.text == other)
      }
      let bytes = Array(output.utf8)
      let fits = reply.buffer.append(bytes.span)
      try #require(isMade && fits)
      let outputLength = reply.outputLength
      #expect(outputLength == output.utf8.count)
      let message = reply.takeBuffer()
      let text = reply.finish(message, isHead: isHead).span.text
      let length = String(output.utf8.count)
      let line = connection == .persist ? "" : "Connection: \(connection == .close ? "close" : "keep-alive")\r\n"
      let expected = """
        HTTP/1.1 200 OK\r
        Date: Sun, 09 Sep 2001 01:46:40 GMT\r
        Content-Type: application/octet-stream\r
        X-Request-ID: \(id.isEmpty ? "0123456789abcdef" : id)\r
        x-openwhisk-activation-id: 0123456789abcdeffedcba9876543210\r
        Content-Length: \(String(repeating: " ", count: 12 - length.count))\(length)\r
        \(line)\r

        """
      #expect(text == expected + (isHead ? "" : output))
    }
  }

  @Test func theDateMovesOn() throws {
    var replies = InvocationReplies()
    var date = HTTPDate()
    for second: UInt64 in [5, 6] {
      date.set(second)
      replies.forget()
      let activation = ActivationID(high: 1, low: 2)
      var reply = InvocationReply()
      let isMade = !replies.isPrepared && replies.prepare(activation, date) && replies.beginCommon(&reply, activation)
      try #require(isMade)
      let message = reply.takeBuffer()
      let text = reply.finish(message, isHead: false).span.text
      #expect(text.contains("Date: Thu, 01 Jan 1970 00:00:0\(second) GMT\r\n"))
    }
  }

  /// What a request left in memory is in no reply that uses it again.
  @Test func memoryIsUsedAgain() throws {
    let activation = ActivationID(high: 1, low: 2)
    var replies = InvocationReplies()
    let isPrepared = replies.prepare(activation, HTTPDate())
    try #require(isPrepared)
    for capacity in [0, 64, 1_024, 4_096, 100_000] {
      var memory = ByteBuffer()
      let secret = [UInt8](repeating: 0x73, count: capacity)
      let fits = memory.append(secret.span)
      replies.recycle(memory)
      var reply = InvocationReply()
      let isMade = replies.beginCommon(&reply, activation)
      try #require(fits && isMade)
      let text = reply.buffer.span.text
      let length = reply.outputLength
      #expect(length == 0 && !text.contains("ss") && text.hasSuffix("\r\n\r\n"))
    }
  }
}

@Suite struct LogTextTests {
  @Test(arguments: [
    ("", ""), ("a", "n: a\n"), ("a\n", "n: a\n"), ("\n", "n: \n"), ("a\n\nb", "n: a\nn: \nn: b\n"), ("a\r\n", "n: a\n"), ("a\rb", "n: a\\x0db\n"),
    ("\u{1b}[31m", "n: \\x1b[31m\n"), ("\0\u{7f}", "n: \\x00\\x7f\n"), ("tab\tbed", "n: tab\tbed\n"), ("é€😀", "n: é€😀\n"), ("\u{9b}31m", "n: \\xc2\\x9b31m\n"),
  ])
  func lines(_ log: String, _ shown: String) {
    let bytes = Array(log.utf8)
    let name = Array("n".utf8)
    var text = ByteBuffer()
    #expect(LogText.write(bytes.span, name: name.span, into: &text))
    #expect(text.span.text == shown)
  }
}
