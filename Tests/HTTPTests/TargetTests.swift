import Testing

@testable import HTTP

@Suite struct TargetTests {
  @Test(arguments: [
    ("/", [""]), ("/a", ["a"]), ("/a/", ["a", ""]), ("/a//b", ["a", "", "b"]), ("//", ["", ""]), ("/a%2fb/c", ["a%2fb", "c"]),
  ])
  func segments(_ path: String, _ expected: [String]) {
    let bytes = Array(path.utf8)
    var segments = PathSegments()
    var found: [String] = []
    while let range = segments.next(in: bytes.span) { found.append(bytes.span.extracting(range).text) }
    #expect(found == expected)
    #expect(segments.rest(of: bytes.span).isEmpty)
  }

  @Test func rest() {
    let bytes = Array("/function/name/a/b".utf8)
    var segments = PathSegments()
    _ = segments.next(in: bytes.span)
    _ = segments.next(in: bytes.span)
    #expect(bytes.span.extracting(segments.rest(of: bytes.span)).text == "/a/b")
  }

  @Test(arguments: [
    ("", "", false), ("abc", "abc", false), ("%61%2F%2f", "a//", false), ("a+b", "a+b", false), ("a+b%2B", "a b+", true),
    ("%00", "\0", false), ("%e2%82%ac", "€", false),
  ])
  func decoding(_ text: String, _ expected: String, _ isQuery: Bool) {
    #expect(decode(text, isQuery) == expected)
  }

  @Test(arguments: ["%", "%1", "a%", "%g0", "%0g", "%%41", "123456789"])
  func undecodable(_ text: String) {
    #expect(decode(text, false) == nil)
  }

  private func decode(_ text: String, _ isQuery: Bool) -> String? {
    let bytes = Array(text.utf8)
    var output = [UInt8](repeating: 0, count: 8)
    var span = output.mutableSpan
    guard let count = PercentEncoding.decode(bytes.span, into: &span, isQuery: isQuery) else { return nil }
    return String(decoding: output[0..<count], as: UTF8.self)
  }

  @Test(arguments: [
    ("a=1&b=2", "a", "1" as String?), ("a=1&b=2", "b", "2"), ("a=1&a=2", "a", "1"), ("aa=1", "a", nil), ("a", "a", ""), ("a=", "a", ""),
    ("&&a=1", "a", "1"), ("a=b=c", "a", "b=c"), ("", "a", nil), ("=1", "a", nil), ("b&a&c", "a", ""), ("A=1", "a", nil),
  ])
  func query(_ text: String, _ name: String, _ value: String?) {
    let bytes = Array(text.utf8)
    let found = name == "a" ? QueryString.value(of: "a", in: bytes.span) : QueryString.value(of: "b", in: bytes.span)
    #expect(found.map { bytes.span.extracting($0).text } == value)
  }
}
