import Bytes
import Foundation
import JSON
import Testing

@testable import Web

@Suite struct ExtensionTests {
  @Test(arguments: [
    ("hello", "hello", WebExtension.http), ("hello.http", "hello", .http), ("hello.json", "hello", .json), ("hello.html", "hello", .html),
    ("hello.svg", "hello", .svg), ("hello.text", "hello", .text), ("hello.txt", "hello.txt", .http), ("a.json.http", "a.json", .http),
    ("hello.JSON", "hello.JSON", .http), (".json", ".json", .http), ("hello.", "hello.", .http), ("", "", .http), ("a.xjson", "a.xjson", .http),
  ])
  func split(_ name: String, _ base: String, _ kind: WebExtension) {
    let bytes = Array(name.utf8)
    let found = WebExtension.split(bytes.span)
    #expect(found.kind == kind)
    #expect(bytes.span.extracting(0..<found.length).text == base)
  }
}

@Suite struct ParameterTests {
  @Test func contextOfARequest() {
    #expect(
      parameters("GET /w/a.json/x%20y/z?n=1", "X-Two: 1\r\nAccept: */*\r\nx-two: 2\r\nCookie: a=b\r\nCOOKIE: c=d\r\n", user: "me")
        == #"{"__ow_method":"get","__ow_headers":{"host":"h","x-two":"1, 2","accept":"*/*","cookie":"a=b; c=d"},"#
        + #""__ow_path":".json/x%20y/z","__ow_user":"me","n":"1"}"#)
  }

  @Test(arguments: ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
  func methodIsInLowerCase(_ method: String) {
    #expect(parameters("\(method) /w/a").hasPrefix(#"{"__ow_method":"\#(method.lowercased())","__ow_headers":{"host":"h"},"__ow_path":""}"#))
  }

  @Test func headerThatIsNoUTF8() {
    let request = Array("GET /w/a HTTP/1.1\r\nHost: h\r\nX: a".utf8) + [0xff] + Array("\"\\\tb\r\n\r\n".utf8)
    #expect(parameters(request).contains(#""x":"a\ufffd\"\\\tb""#))
  }

  @Test func query() throws {
    #expect(try own("GET /w/a?x=1&y=a+b%26&z&=e&&x=2&q=%C3%A4%ff") == ["x": "2", "y": "a b&", "z": "", "": "e", "q": "ä\u{fffd}"])
    #expect(try own("GET /w/a?") == [:])
    #expect(try own("GET /w/a?a=b=c") == ["a": "b=c"])
    #expect(try own("GET /w/a?%22%5c%00=%0a") == ["\"\\\0": "\n"])
  }

  @Test(arguments: ["?a=%", "?a=%2", "?a=%zz", "?%=1", "?a=1&b=%f"])
  func malformedQuery(_ query: String) {
    #expect(parameters("GET /w/a\(query)").hasPrefix("400 {\"error\":\"The request content was malformed"))
    // Who takes it as it is need not understand it.
    #expect(parameters("GET /w/a\(query)", isRaw: true).contains("\"__ow_query\":\"\(query.dropFirst())\""))
  }

  @Test func jsonBodyWinsOverQuery() throws {
    let json = "Content-Type: application/json\r\n"
    #expect(try own("POST /w/a?x=1&y=2", json, #"{"x": {"deep": [1, 2]}, "z": null}"#) == ["x": ["deep": [1, 2]], "y": "2", "z": NSNull()])
    #expect(try own("POST /w/a?x=1", "content-type: Application/JSON; charset=utf-8\r\n", #" {"x":true} "#) == ["x": true])
    #expect(try own("POST /w/a", "Content-Type: application/vnd.api+json\r\n", #"{"a":1}"#) == ["a": 1])
    #expect(try own("POST /w/a?x=1", json) == ["x": "1"])
  }

  @Test func jsonThatIsNoObjectIsTheBody() throws {
    let json = "Content-Type: application/json\r\n"
    #expect(try own("POST /w/a?x=1", json, "[1, 2]") == ["x": "1", "__ow_body": [1, 2]])
    #expect(try own("POST /w/a", json, "\"s\"") == ["__ow_body": "s"])
    #expect(try own("POST /w/a", json, "null") == ["__ow_body": NSNull()])
  }

  @Test(arguments: ["{", "{\"a\":1}x", "no", "{\"a\":\"\u{1}\"}"])
  func malformedJSON(_ body: String) {
    #expect(parameters("POST /w/a", "Content-Type: application/json\r\n", body).hasPrefix("400 {\"error\":\"The request content was malformed: "))
  }

  @Test func form() throws {
    let form = "Content-Type: application/x-www-form-urlencoded\r\n"
    #expect(try own("POST /w/a?x=1&k=v", form, "x=2&name=J%C3%BCrgen+K.&x=3&empty") == ["x": "3", "k": "v", "name": "Jürgen K.", "empty": ""])
    #expect(try own("POST /w/a", form) == [:])
    #expect(parameters("POST /w/a", form, "a=%4").hasPrefix("400 "))
  }

  @Test func opaqueBodies() throws {
    #expect(try own("POST /w/a?x=1", "Content-Type: text/plain\r\n", "a \"b\"\n") == ["x": "1", "__ow_body": "a \"b\"\n"])
    #expect(try own("POST /w/a", "Content-Type: application/xml; charset=utf-8\r\n", "<a/>") == ["__ow_body": "<a/>"])
    #expect(try own("POST /w/a", "Content-Type: application/octet-stream\r\n", "abc") == ["__ow_body": "YWJj"])
    #expect(try own("POST /w/a", "Content-Type: image/png\r\n", "abcd") == ["__ow_body": "YWJjZA=="])
    #expect(try own("POST /w/a", "", "abc") == ["__ow_body": "YWJj"])
    #expect(try own("POST /w/a", "Content-Type: nonsense\r\n", "abc") == ["__ow_body": "YWJj"])
    #expect(try own("POST /w/a", "Content-Type: multipart/form-data; boundary=x\r\n", "abc") == ["__ow_body": "YWJj"])
    #expect(try own("POST /w/a", "Content-Type: text/plain\r\n") == ["__ow_body": ""])
    #expect(try own("GET /w/a") == [:])
  }

  @Test func rawBodies() throws {
    let json = "Content-Type: application/json\r\n"
    #expect(try own("POST /w/a?name=Jane&__ow_x=1", json, #"{"name":"Jane"}"#, isRaw: true)
      == ["__ow_query": "name=Jane&__ow_x=1", "__ow_body": "eyJuYW1lIjoiSmFuZSJ9"])
    #expect(try own("GET /w/a", isRaw: true) == ["__ow_query": "", "__ow_body": ""])
    #expect(try own("POST /w/a?%zz", "Content-Type: application/x-www-form-urlencoded\r\n", "a=%zz", isRaw: true)
      == ["__ow_query": "%zz", "__ow_body": "a=%zz"])
    #expect(try own("POST /w/a", json, "no json", isRaw: true) == ["__ow_query": "", "__ow_body": "bm8ganNvbg=="])
    #expect(try own("POST /w/a", "", "abc", isRaw: true) == ["__ow_query": "", "__ow_body": "YWJj"])
    // A raw action is given what is reserved as it is.
    #expect(try own("POST /w/a?a=1&__ow_body=x", isRaw: true) == ["__ow_query": "a=1&__ow_body=x", "__ow_body": ""])
  }

  static let notAllowed =
    "400 {\"error\":\"Request defines parameters that are not allowed (e.g., reserved properties).\",\"code\":\"0000000000000001\"}"

  @Test(arguments: ["__ow_method", "__ow_headers", "__ow_path", "__ow_user", "__ow_query", "__ow_body"])
  func reservedNames(_ name: String) {
    let json = "Content-Type: application/json\r\n"
    let form = "Content-Type: application/x-www-form-urlencoded\r\n"
    #expect(parameters("GET /w/a?x=1&\(name)=1") == Self.notAllowed)
    #expect(parameters("GET /w/a?\(name.replacingOccurrences(of: "_", with: "%5f"))") == Self.notAllowed)
    #expect(parameters("POST /w/a", json, "{\"x\":1,\"\(name)\":1}") == Self.notAllowed)
    #expect(parameters("POST /w/a", json, "{\"\\u005f\(name.dropFirst())\":1}") == Self.notAllowed)
    #expect(parameters("POST /w/a", form, "\(name)=1") == Self.notAllowed)
  }

  @Test func namesThatAreOnlyAlike() throws {
    #expect(try own("GET /w/a?__ow_=1&__OW_BODY=2&__ow_bodyx=3") == ["__ow_": "1", "__OW_BODY": "2", "__ow_bodyx": "3"])
  }

  /// Requests of every kind, cut and changed anywhere, end in an answer.
  @Test func hostileRequests() {
    var state: UInt64 = 1
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let seeds = [
      "POST /w/a?x=%41+b&y HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\na=b%20&c=%ff&__ow_=",
      "POST /w/a?x=1 HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n\r\n{\"a\":[1,{\"b\":\"\\u00e4\"}],\"c\":null}",
      "POST /w/a/p HTTP/1.1\r\nHost: h\r\nContent-Type: text/x; a=\"b\\\";\"; charset=utf-8\r\n\r\n\u{0}\u{1}ä",
    ]
    for round in 0..<6_000 {
      var request = Array(seeds[round % seeds.count].utf8)
      for _ in 0..<random(4) { request[random(request.count)] = UInt8(random(256)) }
      if random(4) == 0 { request.removeLast(random(request.count)) }
      let answer = parameters(request, isRaw: random(4) == 0)
      #expect(answer.hasPrefix("{") || answer.hasPrefix("400 ") || answer.hasPrefix("no head") || answer == "no name", "\(answer)")
    }
  }

  /// Twice the fields take about twice the time.
  @Test func isLinear() {
    func time(_ count: Int) -> Double {
      let body = (0..<count).map { "k\($0)=%41" }.joined(separator: "&")
      let request = Array("POST /w/a HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n\(body)".utf8)
      return (0..<3).map { _ in
        let start = Date()
        _ = parameters(request)
        return Date().timeIntervalSince(start)
      }.min() ?? 0
    }
    let small = time(5_000)
    let large = time(40_000)
    #expect(large < small * 8 * 4, "\(small) \(large)")
  }
}

@Suite struct AccessTests {
  private func access(_ annotations: String, header: String? = nil, isAuthenticated: Bool = false) -> Bool {
    let text = Array(annotations.utf8)
    guard let header else {
      return WebAccess(annotations: text.span).admits(header: nil, isAuthenticated: isAuthenticated, text.span)
    }
    let bytes = Array(header.utf8)
    return WebAccess(annotations: text.span).admits(header: bytes.span, isAuthenticated: isAuthenticated, text.span)
  }

  private func annotation(_ value: String) -> String { #"[{"key":"x","value":1},{"key":"require-whisk-auth","value":\#(value)}]"# }

  @Test func withoutTheAnnotation() {
    #expect(access(""))
    #expect(access("[]"))
    #expect(access(#"[{"key":"web-export","value":true}]"#))
  }

  @Test func key() {
    #expect(!access(annotation("true")))
    #expect(!access(annotation("true"), header: "true"))
    #expect(access(annotation("true"), isAuthenticated: true))
  }

  @Test func secret() {
    #expect(access(annotation("\"s\\u0065cret\""), header: "secret"))
    #expect(access(annotation("12345"), header: "12345"))
    for header in [nil, "", "secre", "secrets", "Secret"] {
      #expect(!access(annotation("\"secret\""), header: header, isAuthenticated: true))
      #expect(!access(annotation("12345"), header: header))
    }
    #expect(access(annotation("\"\""), header: ""))
    #expect(!access(annotation("\"\"")))
  }

  @Test(arguments: ["false", "null", "{}", "[]"])
  func noValueThatMeansAnything(_ value: String) {
    #expect(!access(annotation(value), header: value, isAuthenticated: true))
  }

  @Test func customOptions() {
    func custom(_ text: String) -> Bool {
      let bytes = Array(text.utf8)
      return WebAccess.customOptions(annotations: bytes.span)
    }
    #expect(!custom(""))
    #expect(!custom("[]"))
    #expect(!custom(#"[{"key":"web-custom-options","value":"true"}]"#))
    #expect(custom(#"[{"key":"web-custom-options","value":true}]"#))
  }
}

@Suite struct MediaTests {
  private func media(_ value: String) -> WebMedia? {
    let bytes = Array(value.utf8)
    return WebMedia(parsing: bytes.span)
  }

  @Test(arguments: [
    ("application/json", WebMedia.Kind.json), ("Application/JSON ; charset=utf-8", .json), ("application/ld+json", .jsonFamily),
    ("application/x-www-form-urlencoded", .form), ("text/plain", .text), ("text/x-anything", .text), ("application/xml", .text),
    ("application/javascript", .text), ("application/xhtml+xml", .text), ("application/svg+xml", .binary), ("image/svg+xml", .binary),
    ("image/png", .binary), ("image/png; charset=utf-8", .binary), ("application/octet-stream", .binary), ("x/y", .binary),
    ("x/y; charset=utf-8", .text), ("application/zip; charset=x", .binary), ("multipart/mixed; boundary=\"a;b\"", .binary), ("+json/x", .binary),
    ("application/vnd.x; a=\"\\\"; charset=\"", .binary),
  ])
  func kinds(_ value: String, _ kind: WebMedia.Kind) { #expect(media(value)?.kind == kind) }

  @Test(arguments: ["", "text", "text/", "/plain", "text/plain charset", "text/plain; charset", "text/plain; charset=", "te xt/plain", "a/b; c=\"d"])
  func noMedia(_ value: String) { #expect(media(value) == nil) }

  @Test func charset() {
    #expect(media("text/plain;;CharSet=\"utf-8\" ")?.hasCharset == true)
    #expect(media("text/plain; xcharset=utf-8")?.hasCharset == false)
    #expect(media("text/plain;charset=a;x=y")?.typeLength == 10)
  }
}
