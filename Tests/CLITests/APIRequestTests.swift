import Testing

@testable import SwiftletHost

@Suite struct APIRequestTests {
  @Test(arguments: [("abc-._~09", "abc-._~09"), ("a b", "a%20b"), ("a/b?c&d=e", "a%2Fb%3Fc%26d%3De"), ("ü", "%C3%BC"), ("@+", "%40%2B")])
  func percentEncoding(text: String, encoded: String) {
    #expect(APIRequest.encoded(text) == encoded)
  }

  @Test func targets() {
    #expect(APIRequest("GET", APIRequest.path("activations", "ab c")).target == "/api/v1/namespaces/_/activations/ab%20c")
    #expect(APIRequest("GET", "/x", query: [.init("a", "1"), .init("b", "x y")]).target == "/x?a=1&b=x%20y")
  }

  @Test(arguments: [
    ("hello", "/api/v1/namespaces/_/actions/hello", "/function/hello", "hello"),
    ("pk/hello", "/api/v1/namespaces/_/actions/pk/hello", nil, "pk/hello"),
    ("/guest/hello", "/api/v1/namespaces/guest/actions/hello", "/function/hello.guest", "/guest/hello"),
    ("/_/pk/hello world", "/api/v1/namespaces/_/actions/pk/hello%20world", nil, "pk/hello world"),
    ("a@b.c-d_e", "/api/v1/namespaces/_/actions/a%40b.c-d_e", "/function/a%40b.c-d_e", "a@b.c-d_e"),
  ] as [(String, String, String?, String)])
  func actionNames(text: String, path: String, function: String?, shown: String) throws {
    let reference = try ActionReference(parsing: text)
    #expect(reference.path == path && reference.functionPath(asynchronous: false) == function && reference.description == shown)
    #expect(reference.functionPath(asynchronous: true) == function.map { "/async" + $0.replacing("/function", with: "-function") })
  }

  @Test(arguments: ["", "/", "a/", "/a", "/a/b/c/d", "a/b/c", "-a", "a ", ".a", "a*b", "ä", String(repeating: "a", count: 257)])
  func badActionNames(text: String) {
    #expect(throws: HostError.self) { try ActionReference(parsing: text) }
  }

  @Test func curlLines() {
    let settings = APISettings()
    var request = APIRequest("POST", "/x", query: [.init("a", "b")], json: ["it's": 1])
    #expect(
      request.curl(to: settings, showingKey: false)
        == "curl -X POST -u swiftlet:KEY -H 'Content-Type: application/json' --data-binary '{\"it'\\''s\":1}' 'http://127.0.0.1:8080/x?a=b'")
    request = APIRequest("GET", "/x")
    #expect(request.curl(to: settings, showingKey: true) == "curl -u swiftlet:development http://127.0.0.1:8080/x")
    request.body = [UInt8](repeating: 0x41, count: 2048)
    #expect(request.curl(to: settings, showingKey: false).hasSuffix("--data-binary @- http://127.0.0.1:8080/x   # 2 KB"))
    // What curl would take for a file's name, and what is no text.
    for body in [Array("@x".utf8), [0xff], [0]] {
      request.body = body
      #expect(request.curl(to: settings, showingKey: false).contains("--data-binary @- "))
    }
  }
}
