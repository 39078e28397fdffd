import Base
import Bytes
import Testing

@testable import JSON

/// What comes of adding `texts`, objects and parameter arrays, one after another.
private func joined(_ texts: [String], removing: [StaticString] = [], asParameters: Bool = false) throws -> String {
  var merger = JSONMerger(seed: 1)
  try merger.add(texts)
  for name in removing {
    let found = merger.remove(name)
    #expect(found)
    let again = merger.remove(name)
    #expect(!again)
  }
  var writer = TextWriter()
  if asParameters { merger.writeParameters(into: &writer) } else { merger.write(into: &writer) }
  return writer.text()
}

extension JSONMerger {
  fileprivate mutating func add(_ texts: [String]) throws {
    for text in texts {
      let document = try Document(text)
      let added = document.value.kind == .array
        ? add(parameters: document.value, of: document.bytes.span) : add(object: document.value, of: document.bytes.span)
      #expect(added)
    }
  }
}

@Suite struct MergerTests {
  static let cases: [([String], String)] = [
    ([], "{}"), (["{}"], "{}"), (["{}", "[]", "{}"], "{}"), ([#"{"a":1}"#], #"{"a":1}"#), ([#"{"a":1}"#, #"{"b":2}"#], #"{"a":1,"b":2}"#),
    ([#"{"a":1,"b":2,"c":3}"#, #"{"b":20}"#], #"{"a":1,"b":20,"c":3}"#), ([#"{"a":1}"#, #"{"a":2}"#, #"{"a":3,"b":4}"#], #"{"a":3,"b":4}"#),
    ([#"{"a":1,"b":2,"a":3}"#], #"{"a":3,"b":2}"#), ([#"{ "a" : [ 1 , 2 ] , "b" : { } }"#, #"{"a": "x y" }"#], #"{"a":"x y","b":{}}"#),
    // Keys that stand for the same bytes are one, and stay as they were first written.
    ([#"{"\u0061":1}"#, #"{"a":2}"#], #"{"\u0061":2}"#), ([#"{"a":1}"#, #"{"\u0061":2,"\u0062":3}"#, #"{"b":4}"#], #"{"a":2,"\u0062":4}"#),
    ([#"{"\u00e9t\u00E9":1}"#, #"{"été":2}"#], #"{"\u00e9t\u00E9":2}"#), ([#"{"😀":1}"#, #"{"\ud83d\ude00":2}"#], #"{"😀":2}"#),
    ([#"{"a":1,"A":2,"":3,"\u0000":4,"aa":5,"\u0000\u0000":6}"#], #"{"a":1,"A":2,"":3,"\u0000":4,"aa":5,"\u0000\u0000":6}"#),
    ([#"{"a long key that is longer than words":1}"#, #"{"a long key that is longer than word\u0073":2}"#],
     #"{"a long key that is longer than words":2}"#),
    // Parameter arrays.
    ([#"[{"key":"a","value":1},{"key":"b","value":{"c": 2}}]"#], #"{"a":1,"b":{"c":2}}"#),
    ([#"[{"value":1,"key":"a"}]"#, #"{"a":2}"#], #"{"a":2}"#),
    ([#"[{"key":"a","value":1,"init":true}]"#, #"[{"key":"a","value":null}]"#], #"{"a":null}"#),
    ([#"[{"k\u0065y":"\u0061","value":1}]"#, #"{"a":2}"#], #"{"\u0061":2}"#),
    ([#"[{"key":"a"},{"value":1},{"key":1,"value":1},{"key":" ","value":1},7,[],null,{"key":"b","value":"c"}]"#], #"{"b":"c"}"#),
  ]

  @Test(arguments: cases)
  func objects(_ texts: [String], _ object: String) throws {
    #expect(try joined(texts) == object)
    // The last one as payload gives the same, but for a key that is in it twice.
    guard let last = texts.last, last.hasPrefix("{"), !last.contains("\"a\":3}") || texts.count > 1 else { return }
    var merger = JSONMerger(seed: 2)
    try merger.add(Array(texts.dropLast()))
    let payload = try Document(last)
    for _ in 0..<2 {
      var writer = TextWriter()
      merger.write(payload: payload.value, of: payload.bytes.span, into: &writer)
      #expect(writer.text() == object)
    }
    var writer = TextWriter()
    merger.write(into: &writer)
    #expect(try writer.text() == joined(Array(texts.dropLast())))
  }

  @Test func payloads() throws {
    var merger = JSONMerger(seed: 3)
    try merger.add([#"{"a":1,"b":2}"#, #"[{"key":"c","value":"see"}]"#])
    let cases: [(String, String)] = [
      ("{}", #"{"a":1,"b":2,"c":"see"}"#), (#"{ "x" : [ 1 ] , "y" : 2 }"#, #"{"a":1,"b":2,"c":"see","x":[1],"y":2}"#),
      (#"{"b":{ "d":1 }}"#, #"{"a":1,"b":{"d":1},"c":"see"}"#),
      (#"{"x":1,"b":3,"y":2,"z":3,"a":null,"v":4}"#, #"{"a":null,"b":3,"c":"see","x":1,"y":2,"z":3,"v":4}"#),
      (#"{"\u0062":3,"b":4}"#, #"{"a":1,"b":4,"c":"see"}"#), (#"{"x":1,"x":2}"#, #"{"a":1,"b":2,"c":"see","x":1,"x":2}"#),
      ("[1]", #"{"a":1,"b":2,"c":"see"}"#),
      (#"{"c":1,"b":2,"a":3}"#, #"{"a":3,"b":2,"c":1}"#), ("null", #"{"a":1,"b":2,"c":"see"}"#),
    ]
    for (text, object) in cases {
      let payload = try Document(text)
      var writer = TextWriter()
      merger.write(payload: payload.value, of: payload.bytes.span, into: &writer)
      #expect(writer.text() == object)
    }
    var empty = JSONMerger(seed: 4)
    for (text, object) in [("{}", "{}"), ("{ }", "{}"), ("{ \"a\" : 1 }", "{\"a\":1}"), ("[1]", "{}"), ("7", "{}")] {
      let payload = try Document(text)
      var writer = TextWriter()
      empty.write(payload: payload.value, of: payload.bytes.span, into: &writer)
      #expect(writer.text() == object)
    }
  }

  @Test func parameterArrays() throws {
    #expect(try joined([], asParameters: true) == "[]")
    #expect(try joined(["{}"], asParameters: true) == "[]")
    #expect(try joined([#"{"a": 1, "b": [ {} ]}"#], asParameters: true) == #"[{"key":"a","value":1},{"key":"b","value":[{}]}]"#)
    // Annotations: new ones replace those of the same key, others stay.
    #expect(
      try joined(
        [#"[{"key":"web-export","value":true},{"key":"exec","value":"blackbox"}]"#,
          #"[{"key":"final","value":true},{"key":"web-export","value":false}]"#],
        asParameters: true) == #"[{"key":"web-export","value":false},{"key":"exec","value":"blackbox"},{"key":"final","value":true}]"#)
  }

  @Test func removing() throws {
    #expect(try joined([#"{"a":1,"b":2,"c":3}"#], removing: ["b"]) == #"{"a":1,"c":3}"#)
    #expect(try joined([#"{"a":1,"b":2,"c":3}"#], removing: ["a", "b"]) == #"{"c":3}"#)
    #expect(try joined([#"{"\u0061":1}"#], removing: ["a"]) == "{}")
    #expect(
      try joined([#"[{"key":"a","value":1},{"key":"b","value":2}]"#], removing: ["a"], asParameters: true) == #"[{"key":"b","value":2}]"#)
    #expect(try joined([#"{"a":1}"#], removing: ["a"], asParameters: true) == "[]")

    var merger = JSONMerger(seed: 5)
    let missing = merger.remove("a")
    #expect(!missing)
    // All keys of a larger table, every other one, then again with others in their place.
    let object = "{" + (0..<100).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + "}"
    try merger.add([object])
    for number in stride(from: 0, to: 100, by: 2) {
      let name = try Document(number % 4 == 0 ? "\"k\(number)\"" : "\"\\u006b\(number)\"")
      let removed = merger.remove(name.value, of: name.bytes.span)
      #expect(removed)
      let again = merger.remove(name.value, of: name.bytes.span)
      #expect(!again)
    }
    let payload = try Document(#"{"k4":"payload","k5":"payload"}"#)
    var writer = TextWriter()
    merger.write(payload: payload.value, of: payload.bytes.span, into: &writer)
    let odd = stride(from: 1, to: 100, by: 2).map { $0 == 5 ? "\"k5\":\"payload\"" : "\"k\($0)\":\($0)" }
    #expect(writer.text() == "{" + (odd + ["\"k4\":\"payload\""]).joined(separator: ",") + "}")
    try merger.add([object])
    writer = TextWriter()
    merger.writeParameters(into: &writer)
    let all = Array(stride(from: 1, to: 100, by: 2)) + Array(stride(from: 0, to: 100, by: 2))
    #expect(writer.text() == "[" + all.map { "{\"key\":\"k\($0)\",\"value\":\($0)}" }.joined(separator: ",") + "]")
  }

  /// As many keys may be named as a request has bytes: what one costs must not grow with the number that are there.
  @Test(.timeLimit(.minutes(1))) func removingIsLinear() throws {
    let names = try (0..<60_000).map { try Document("\"k\($0)\"") }
    var merger = JSONMerger(seed: 5)
    try merger.add(["{" + (0..<60_000).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + "}"])
    for name in names.reversed() {
      let removed = merger.remove(name.value, of: name.bytes.span)
      try #require(removed)
    }
    var writer = TextWriter()
    merger.write(into: &writer)
    #expect(writer.text() == "{}")
  }

  @Test func malformedParameterArrays() throws {
    let cases: [(String, String?)] = [
      ("[]", nil), (#"[{"key":"a","value":1}]"#, nil), (#"[{"key":"a","value":null,"init":true},{"value":0,"key":"b"}]"#, nil),
      ("{}", "{}"), ("null", "null"),
      (#"[{"key":"a","value":1},{"key":"b"}]"#, #"{"key":"b"}"#), (#"[{"key":"","value":1}]"#, #"{"key":"","value":1}"#),
      (#"[{"key":"  ","value":1}]"#, #"{"key":"  ","value":1}"#),
      (#"[{"key":" \f\u0000\u001F\u0020\t","value":1}]"#, #"{"key":" \f\u0000\u001F\u0020\t","value":1}"#),
      (#"[{"key":"\u0021","value":1},{"key":" \"","value":1},{"key":"\n\\","value":1},{"key":"\u00a0","value":1}]"#, nil),
      (#"[{"key":1,"value":1}]"#, #"{"key":1,"value":1}"#), ("[1]", "1"), (#"[{"value":1}]"#, #"{"value":1}"#), ("[[]]", "[]"),
    ]
    for (text, malformed) in cases {
      let document = try Document(text)
      #expect(document.written(JSONParameters.malformed(document.value, in: document.bytes.span)) == malformed)
    }
  }

  @Test func parameterLookup() throws {
    let document = try Document(#"[{"key":"a","value":1},{"key":"final","value":true},{"key":"\u0061","value":2}]"#)
    #expect(document.written(JSONParameters.value("a", of: document.value, in: document.bytes.span)) == "2")
    #expect(JSONParameters.value("final", of: document.value, in: document.bytes.span)?.boolean == true)
    #expect(JSONParameters.value("b", of: document.value, in: document.bytes.span) == nil)
  }
}
