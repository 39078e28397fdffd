import Testing

@testable import SwiftletHost

@Suite struct JSONTests {
  @Test(arguments: [
    "null", "true", "false", "0", "-1.50e+3", "123456789012345678901234567890", "\"\"", "[]", "{}", "[1,[2,{}],\"x\"]",
    "{\"b\":1,\"a\":{\"c\":null},\"b\":2}", "\"ü😀\\\"\\\\\\n\\u0001\"",
  ]) func isWrittenAsItWasRead(text: String) throws {
    #expect(try JSON(parsing: text).compact == text)
    #expect(try JSON(parsing: JSON(parsing: text).pretty) == JSON(parsing: text))
    #expect(try JSON(parsing: " \n\t\(text)\r ") == JSON(parsing: text))
  }

  @Test(arguments: [
    ("\"\\u00fc\\/\\b\\f\\r\\t\"", "ü/\u{8}\u{c}\r\t"), ("\"\\ud83d\\ude00\"", "😀"), ("\"\\ud83dx\"", "\u{fffd}x"),
    ("\"\\ud83d\\u0041\"", "\u{fffd}A"), ("\"\\ude00\"", "\u{fffd}"),
  ]) func escapes(text: String, value: String) throws {
    #expect(try JSON(parsing: text) == .string(value))
  }

  @Test(arguments: [
    ("", 0, "unexpected end"), ("{", 1, "a member needs a name"), ("[1,]", 3, "no JSON value"), ("[1 2]", 3, "no comma or ]"),
    ("{\"a\" 1}", 5, "no colon"), ("{\"a\":1 \"b\":2}", 7, "no comma or }"), ("01", 1, "more text"), ("1.", 2, "no digit"),
    ("-", 1, "no digit"), ("1e", 2, "no digit"), ("\"abc", 4, "without its end"), ("\"a\nb\"", 2, "control character"),
    ("\"\\x\"", 1, "no such escape"), ("\"\\u12g4\"", 3, "hexadecimal"), ("nul", 0, "no JSON value"), ("{} {}", 3, "more text"),
    ("{a:1}", 1, "needs a name"), ("+1", 0, "no JSON value"),
  ]) func isRefused(text: String, offset: Int, problem: String) {
    let error = #expect(throws: JSONError.self) { try JSON(parsing: text) }
    #expect(error?.offset == offset)
    #expect(error?.problem.contains(problem) == true, "\(error?.problem ?? "")")
  }

  @Test func depthIsBounded() throws {
    func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    #expect(throws: Never.self) { try JSON(parsing: nested(500)) }
    #expect(throws: JSONError(problem: "nested too deeply", offset: 500)) { try JSON(parsing: nested(501)) }
  }

  @Test func prettyHasTwoBlanksALevel() {
    let value: JSON = ["a": [1, "x"], "b": [:], "c": [], "d": ["e": .null]]
    #expect(value.pretty == "{\n  \"a\": [\n    1,\n    \"x\"\n  ],\n  \"b\": {},\n  \"c\": [],\n  \"d\": {\n    \"e\": null\n  }\n}")
  }

  @Test func membersAndNumbers() throws {
    var value = try JSON(parsing: "{\"a\":1,\"b\":2e3,\"c\":\"x\",\"a\":7,\"d\":1.5,\"e\":1e300}")
    #expect(value["a"]?.integer == 7 && value["b"]?.integer == 2000 && value["c"]?.integer == nil && value["d"]?.integer == nil)
    #expect(value["d"]?.number == 1.5 && value["e"]?.integer == nil && value["x"] == nil)
    value.set("c", to: 3)
    value.set("f", to: true)
    #expect(value.compact == "{\"a\":1,\"b\":2e3,\"c\":3,\"a\":7,\"d\":1.5,\"e\":1e300,\"f\":true}")
    let map = try JSON(parsing: "[{\"key\":\"k\",\"value\":1},{\"key\":\"l\",\"value\":2},{\"key\":\"k\",\"value\":3}]")
    #expect(map.value(ofKey: "k") == 3 && map.value(ofKey: "x") == nil)
  }
}
