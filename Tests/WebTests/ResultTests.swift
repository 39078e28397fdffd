import Base
import Bytes
import Foundation
import JSON
import Testing

@testable import Web

@Suite struct HTTPResultTests {
  @Test func plain() throws {
    let message = try sent(.http, #"{"body":"<b>h\u00e4</b>"}"#)
    #expect(message.head == [
      "HTTP/1.1 200 OK", "X-Request-ID: 0000000000000001", "Access-Control-Allow-Origin: *",
      "Access-Control-Allow-Methods: OPTIONS, GET, DELETE, POST, PUT, HEAD, PATCH",
      "Access-Control-Allow-Headers: Authorization, Origin, X-Requested-With, Content-Type, Accept, User-Agent",
      "Content-Type: text/html; charset=UTF-8", "Content-Length: 10",
    ])
    #expect(message.text == "<b>hä</b>")
  }

  @Test(arguments: [#"{}"#, #"{"body":""}"#, #"{"body":null}"#, #"{"headers":{"Content-Type":"text/plain","X-A":"b"}}"#])
  func withoutABody(_ result: String) throws {
    let message = try sent(.http, result)
    #expect(message.status == "HTTP/1.1 204 No Content")
    #expect(message["Content-Length"] == nil && message["Content-Type"] == nil)
    #expect(message["X-A"] == (result.contains("X-A") ? "b" : nil))
    #expect(message.body.isEmpty)
  }

  @Test func redirect() throws {
    let message = try sent(.http, #"{"statusCode":302,"headers":{"location":"https://example.org/?a=b"}}"#)
    #expect(message.status == "HTTP/1.1 302 Found")
    #expect(message["location"] == "https://example.org/?a=b")
    #expect(message["Content-Length"] == "0" && message["Content-Type"] == nil)
  }

  @Test(arguments: [("201", "201 Created"), ("\"404\"", "404 Not Found"), ("5e2", "500 Internal Server Error"), ("299", "299 "), ("599", "599 ")])
  func statusCodes(_ code: String, _ line: String) throws {
    #expect(try sent(.http, #"{"body":"x","statusCode":\#(code)}"#).status == "HTTP/1.1 \(line)")
  }

  @Test(arguments: ["100", "101", "199", "600", "0", "-200", "200.5", "1e9", "\"200 OK\"", "\"\"", "\"x\"", "true", "null", "[]", "{}"])
  func noStatusCode(_ code: String) throws {
    #expect(try refusal(.http, #"{"body":"x","statusCode":\#(code)}"#) == "400 Response is not valid 'message/http'.")
  }

  /// RFC 9110 §6.4.1: what has a status that forbids a body has none, nor a length that would be taken for one.
  @Test(arguments: [204, 205, 304])
  func statusThatForbidsABody(_ code: Int) throws {
    let message = try sent(.http, #"{"body":"HTTP/1.1 200 OK","statusCode":\#(code)}"#)
    #expect(message.status.hasPrefix("HTTP/1.1 \(code) "))
    #expect(message.body.isEmpty)
    #expect(message["Content-Length"] == (code == 205 ? "0" : nil))
  }

  @Test func headers() throws {
    let message = try sent(
      .http, #"{"body":"x","headers":{"X-S":"a b","x-n":1.50,"X-Yes":true,"X-No":false,"Set-Cookie":["a=b","c=d",3],"X-U":"\u00e4\t!","X-None":[]}}"#)
    #expect(message["X-S"] == "a b" && message["X-N"] == "1.50" && message["X-Yes"] == "true" && message["X-No"] == "false")
    #expect(message.values("Set-Cookie") == ["a=b", "c=d", "3"])
    #expect(message["X-U"] == "ä\t!" && message["X-None"] == nil)
  }

  static let bad = [
    #"{"a b":"c"}"#, #"{"":"c"}"#, #"{"a:":"c"}"#, #"{"a\r\nb":"c"}"#, #"{"\u00e4":"c"}"#, #"{"a":"b\r\nX-Injected: 1"}"#, #"{"a":"b\n"}"#, #"{"a":"b\r"}"#,
    #"{"a":"b\u0000c"}"#, #"{"a":"\u007f"}"#, #"{"a":null}"#, #"{"a":{}}"#, #"{"a":[["b"]]}"#, #"{"a":["b","c\r\nd: e"]}"#, #"{"content-type":"text/html\r\nx: y"}"#,
    #"{"Content-Length":"1\r\n\r\n"}"#, #"[]"#, #""a: b""#, "null", "1",
  ]

  /// No value ends its line, no name is none, not even where the line would not be sent.
  @Test(arguments: bad)
  func headersThatAreNone(_ headers: String) throws {
    #expect(try refusal(.http, #"{"body":"x","headers":\#(headers)}"#) == "400 Response is not valid 'message/http'.")
    #expect(try refusal(.http, #"{"headers":\#(headers)}"#) == "400 Response is not valid 'message/http'.")
  }

  /// What frames a message, and what the server says itself, is the server's.
  @Test func headersOfTheServer() throws {
    let message = try sent(
      .http,
      #"{"body":"four","headers":{"Content-Length":"99999","transfer-encoding":"chunked","CONNECTION":"close","Keep-Alive":"1","Date":"never","#
        + #""X-Request-ID":"z","x-openwhisk-activation-id":"z","Upgrade":"x","Trailer":"x","TE":"x","Proxy-Connection":"x","Server":"mine"}}"#)
    #expect(message.values("Content-Length") == ["4"])
    #expect(message.values("X-Request-ID") == ["0000000000000001"])
    for name in ["Transfer-Encoding", "Connection", "Keep-Alive", "Date", "x-openwhisk-activation-id", "Upgrade", "Trailer", "TE", "Proxy-Connection"] {
      #expect(message[name] == nil, "\(name)")
    }
    #expect(message["Server"] == "mine" && message.text == "four")
  }

  /// A long name before many small values does not become more than the result is.
  @Test func headersHaveABound() throws {
    let name = String(repeating: "n", count: 1_000)
    #expect(try refusal(.http, #"{"headers":{"\#(name)":[\#(Array(repeating: "1", count: 17).joined(separator: ","))]}}"#).hasPrefix("400 "))
    #expect(try sent(.http, #"{"headers":{"\#(name)":[\#(Array(repeating: "1", count: 16).joined(separator: ","))]}}"#).values(name).count == 16)
    #expect(try refusal(.http, #"{"headers":{"a":[\#(Array(repeating: "1", count: 65).joined(separator: ","))]}}"#).hasPrefix("400 "))
    #expect(try sent(.http, #"{"headers":{"a":[\#(Array(repeating: "1", count: 64).joined(separator: ","))]}}"#).values("a").count == 64)
    #expect(try refusal(.http, #"{"headers":{"\#(String(repeating: "n", count: 20_000))":[]}}"#).hasPrefix("400 "))
  }

  @Test(arguments: [
    ("text/css", "text/css; charset=UTF-8"), ("text/plain; charset=iso-8859-1", "text/plain; charset=UTF-8"),
    ("application/javascript", "application/javascript; charset=UTF-8"), ("text/x;a=b", "text/x;a=b; charset=UTF-8"),
    ("x/y; charset=utf-8", "x/y; charset=UTF-8"), ("application/json", "application/json"),
  ])
  func textBodies(_ type: String, _ line: String) throws {
    let message = try sent(.http, #"{"headers":{"content-type":"\#(type)"},"body":"{\"a\": 1}"}"#)
    #expect(message.values("Content-Type") == [line])
    #expect(message.text == #"{"a": 1}"#)
  }

  @Test(arguments: ["image/png", "application/octet-stream", "image/svg+xml", "x/y"])
  func binaryBodies(_ type: String) throws {
    let bytes = (0...255).map { UInt8($0) }
    let message = try sent(.http, #"{"headers":{"Content-Type":"\#(type)"},"body":"\#(Data(bytes).base64EncodedString())"}"#)
    #expect(message["Content-Type"] == type && message.body == bytes && message["Content-Length"] == "256")
    for unpadded in ["YQ", "YWI"] {
      let short = try typed(type, unpadded)
      #expect(short.text == (unpadded == "YQ" ? "a" : "ab"))
    }
    for no in ["<svg/>", "a", "YWJj!", "Y=Q="] {
      #expect(try refusal(.http, #"{"headers":{"Content-Type":"\#(type)"},"body":"\#(no)"}"#)
        == "400 Response type in header did not match generated content type.")
    }
  }

  private func typed(_ type: String, _ body: String) throws -> Message {
    try sent(.http, #"{"headers":{"Content-Type":"\#(type)"},"body":"\#(body)"}"#)
  }

  /// Older actions return JSON in base64.
  @Test func jsonInBase64() throws {
    for type in ["application/json", "application/vnd.api+json"] {
      #expect(try typed(type, "eyJhIjoxfQ==").text == #"{"a":1}"#)
      #expect(try typed(type, "[1]").text == "[1]")
    }
  }

  @Test func jsonBodies() throws {
    for body in [#"{ "a" : [1, 2] }"#, "[1, {}]", "1", "true", "false"] {
      let message = try sent(.http, #"{"body":\#(body)}"#)
      #expect(message["Content-Type"] == "application/json")
      #expect(message.text == body.filter { $0 != " " })
    }
    #expect(try sent(.http, #"{"body":{},"headers":{"Content-Type":"application/json; charset=utf-8"}}"#)["Content-Type"] == "application/json")
    #expect(try sent(.http, #"{"body":{},"headers":{"Content-Type":"application/ld+json"}}"#)["Content-Type"] == "application/ld+json")
    for type in ["text/plain", "image/png", "nonsense"] {
      #expect(try refusal(.http, #"{"body":{},"headers":{"Content-Type":"\#(type)"}}"#)
        == "400 Response type in header did not match generated content type.")
    }
  }

  @Test func unknownType() throws {
    #expect(try refusal(.http, #"{"body":"x","headers":{"Content-Type":"nonsense"}}"#) == "400 Response did not specify a known content-type.")
    #expect(try refusal(.http, #"{"body":"x","headers":{"Content-Type":7}}"#) == "400 Response did not specify a known content-type.")
  }

  @Test func noObject() throws {
    #expect(try refusal(.http, "[]") == "400 Response is not valid 'message/http'.")
  }

  @Test func head() throws {
    let message = try sent(.http, #"{"body":"four"}"#, isHead: true)
    #expect(message["Content-Length"] == "4" && message.body.isEmpty)
  }

  @Test func originsOfTheActions() throws {
    let message = try sent(.http, #"{"body":"x","headers":{"access-control-allow-origin":"https://a.example"}}"#)
    #expect(message.values("Access-Control-Allow-Origin") == ["https://a.example"])
    #expect(message["Access-Control-Allow-Methods"] == nil)
  }

  /// The server asks for a key where it wants one; what an action wants it says itself.
  @Test func unauthorizedByTheAction() throws {
    let message = try sent(.http, #"{"statusCode":401,"body":"who?","headers":{"WWW-Authenticate":"Bearer"}}"#)
    #expect(message.values("WWW-Authenticate") == ["Bearer"])
  }
}

@Suite struct ProjectionTests {
  @Test func json() throws {
    for (result, text) in [(#"{ "a": 1 }"#, #"{"a":1}"#), ("[1, 2]", "[1,2]")] {
      let message = try sent(.json, result)
      #expect(message.status == "HTTP/1.1 200 OK" && message["Content-Type"] == "application/json" && message.text == text)
    }
    // What .http would act on means nothing here.
    #expect(try sent(.json, #"{"statusCode":500,"headers":{"a b":1}}"#).status == "HTTP/1.1 200 OK")
  }

  @Test func html() throws {
    let message = try sent(.html, #"{"html":"<p>\"\n</p>"}"#)
    #expect(message["Content-Type"] == "text/html; charset=UTF-8" && message.text == "<p>\"\n</p>")
    #expect(try body(.html, #"{"html":"h","body":"b"}"#) == "b")
    for result in ["{}", #"{"html":1}"#, #"{"html":null}"#, #"{"text":"x"}"#, #"{"html":"h","body":{}}"#, "[]"] {
      #expect(try refusal(.html, result) == "400 Response is not valid 'text/html'.")
    }
  }

  @Test func svg() throws {
    let message = try sent(.svg, #"{"svg":"<svg/>"}"#)
    #expect(message["Content-Type"] == "image/svg+xml" && message.text == "<svg/>")
    #expect(try body(.svg, #"{"body":"<svg/>"}"#) == "<svg/>")
    #expect(try refusal(.svg, #"{"html":"x"}"#) == "400 Response is not valid 'image/svg+xml'.")
  }

  @Test func text() throws {
    #expect(try sent(.text, #"{"text":"t"}"#)["Content-Type"] == "text/plain; charset=UTF-8")
    for (value, sent) in [("\"a\\tb\"", "a\tb"), ("\"\"", ""), ("1.0", "1.0"), ("true", "true"), ("null", "null"), ("[1, 2]", "[1,2]"), ("{\"a\": 1}", "{\"a\":1}")] {
      #expect(try body(.text, "{\"text\":\(value)}") == sent)
      #expect(try body(.text, "{\"body\":\(value),\"text\":\"no\"}") == sent)
    }
    #expect(try body(.text, "[1]") == "[1]")
    #expect(try refusal(.text, #"{"html":"x"}"#) == "404 Response does not include requested property.")
  }

  private func body(_ kind: WebExtension, _ result: String) throws -> String { try sent(kind, result).text }
}

@Suite struct ErrorResultTests {
  @Test func errorThatIsAResponse() throws {
    let message = try sent(.http, #"{"error":{"statusCode":418,"headers":{"X-A":"b"},"body":"tea"}}"#, .applicationError)
    #expect(message.status == "HTTP/1.1 418 " && message["X-A"] == "b" && message.text == "tea")
    #expect(try sent(.json, #"{"error":{"a":1}}"#, .applicationError).text == #"{"a":1}"#)
    #expect(try sent(.html, #"{"error":{"html":"h"}}"#, .applicationError).text == "h")
  }

  @Test func errorThatIsAText() throws {
    let result = #"{"error":"no","statusCode":200,"body":"unseen"}"#
    #expect(try refusal(.http, result, .applicationError) == "400 Response is not valid 'message/http'.")
    #expect(try refusal(.json, result, .applicationError) == "400 Response is not valid 'application/json'.")
    #expect(try sent(.text, result, .applicationError).text == "no")
    #expect(try sent(.html, result, .applicationError).text == "no")
  }

  /// A client learns nothing of how an action ended badly.
  @Test(arguments: [WebExtension.http, .json, .html, .svg, .text])
  func failure(_ kind: WebExtension) throws {
    #expect(try refusal(kind, #"{"error":"secret path"}"#, .developerError) == "400 There was an error processing your request.")
    #expect(try refusal(kind, #"{"error":"secret path"}"#, .internalError) == "400 There was an error processing your request.")
  }
}

@Suite struct HostileResultTests {
  /// Whatever JSON an action writes, one message is sent: lines that end where they should, and the one length that the body has.
  @Test func framingHolds() throws {
    var state: UInt64 = 3
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let seeds = [
      #"{"statusCode":200,"headers":{"a":"b\r\nc: d","content-length":"0","Content-Type":"text/plain; charset=x"},"body":"x\r\n\r\ny"}"#,
      #"{"headers":{"Set-Cookie":["a","b\u000d\u000a",1,true]},"body":"YWJj","statusCode":"204"}"#,
      #"{"error":{"headers":{"transfer-encoding":"chunked","Content-Type":"image/png"},"body":"YWI="},"html":"x","text":[1,{"a":null}]}"#,
      #"{"body":{"a":[1,2,"\u0000"]},"headers":{"Content-Type":"application/json"},"statusCode":1e2,"svg":"\n"}"#,
    ]
    let marks = Array(#"{}[]",:\rnu0d0a1xA-"#.utf8)
    var count = 0
    for round in 0..<20_000 {
      var bytes = Array(seeds[round % seeds.count].utf8)
      for _ in 0..<random(4) {
        let place = random(bytes.count)
        switch random(3) {
        case 0: bytes[place] = marks[random(marks.count)]
        case 1: bytes.remove(at: place)
        default: bytes.insert(marks[random(marks.count)], at: place)
        }
      }
      guard let value = try? JSON.parse(bytes.span, in: 0..<bytes.count), value.kind == .object || value.kind == .array else { continue }
      count += 1
      let kind: WebExtension = [.http, .http, .json, .html, .svg, .text][random(6)]
      let text = String(decoding: bytes[value.start..<value.end], as: UTF8.self)
      let message = try sent(kind, text, random(2) == 0 ? .success : .applicationError)
      for line in message.head { #expect(!line.utf8.contains { $0 < 0x20 && $0 != 0x09 || $0 == 0x7f }, "\(text)") }
      let isBare = message.status.hasPrefix("HTTP/1.1 204 ") || message.status.hasPrefix("HTTP/1.1 304 ")
      #expect(message.values("Content-Length") == (isBare ? [] : ["\(message.body.count)"]), "\(text)")
      #expect(message.values("Transfer-Encoding").isEmpty && message.values("Connection").isEmpty, "\(text)")
      #expect(message.values("Content-Type").count <= 1, "\(text)")
    }
    #expect(count > 3_000)
  }
}
