import Base
import Bytes
import Testing

@testable import JSON

@Suite struct ValueTests {
  @Test func members() throws {
    let document = try Document(
      " { \"a\" : [ 1 , {\"x\":\"}\"} ] ,\n\"b\\n\":\"a long string with ] and } and , in it\", \"\": -1.5e3 ,\"d\":{}, \"e\" :true } ")
    var members = JSONMembers(document.value)
    var found: [String] = []
    while let member = members.next(in: document.bytes.span) {
      found.append("\(document.plain(member.key)) \(member.value.kind) \(document.written(member.value)!)")
    }
    #expect(found == [
      "a array [ 1 , {\"x\":\"}\"} ]", "b\n string \"a long string with ] and } and , in it\"", " number -1.5e3", "d object {}",
      "e yes true",
    ])
    let end = members.next(in: document.bytes.span)
    #expect(end == nil)
  }

  @Test func elements() throws {
    let document = try Document("[ [] , [[[\"]\"]]],{ \"[\" : \"\\\"]\" } , 12 ,null,false,\"\"\n]")
    var elements = JSONElements(document.value)
    var found: [String] = []
    while let element = elements.next(in: document.bytes.span) { found.append(document.written(element)!) }
    #expect(found == ["[]", "[[[\"]\"]]]", "{ \"[\" : \"\\\"]\" }", "12", "null", "false", "\"\""])
  }

  @Test(arguments: ["{}", "[]", " { } ", "[\n]", "\"{a}\"", "\"[1]\"", "12", "true", "null"])
  func nothingToWalkOver(_ text: String) throws {
    let document = try Document(text)
    var members = JSONMembers(document.value)
    var elements = JSONElements(document.value)
    let first = members.next(in: document.bytes.span)
    let second = elements.next(in: document.bytes.span)
    #expect(first == nil && second == nil)
  }

  /// Strings of every length, so that their ends fall on every place of a word, plain and with an escaped quote.
  @Test func stringsOfEveryLength() throws {
    for length in 0..<40 {
      for place in 0...length {
        let content = String(repeating: "x", count: place) + "\\\"" + String(repeating: "y", count: length - place)
        let document = try Document("[\"\(content)\",\"\(content.dropFirst(place + 2))\",7]")
        var elements = JSONElements(document.value)
        let first = elements.next(in: document.bytes.span)
        let second = elements.next(in: document.bytes.span)
        let third = elements.next(in: document.bytes.span)
        #expect(document.written(first) == "\"\(content)\"" && document.written(third) == "7")
        #expect(second.map(document.plain) == String(repeating: "y", count: length - place))
      }
    }
  }

  @Test func memberLookup() throws {
    let document = try Document(#"{"a":1,"b":2,"a":3,"\u0063":4,"d\/e":5,"":6,"aa":7,"é":8,"\ud83d\ude00":9}"#)
    #expect(document.member("a") == "3")
    #expect(document.member("b") == "2")
    #expect(document.member("c") == "4")
    #expect(document.member("d/e") == "5")
    #expect(document.member("") == "6")
    #expect(document.member("aa") == "7")
    #expect(document.member("é") == "8")
    #expect(document.member("😀") == "9")
    for name: StaticString in ["A", "aaa", "\\u0063", "ab", "d\\/e", "e"] { #expect(document.member(name) == nil) }
    #expect(try Document("[\"a\",1]").member("a") == nil)
  }

  static let strings: [(String, String)] = [
    (#""""#, ""), (#""a""#, "a"), (#""a\nb""#, "a\nb"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
    (#""\u0041\u00e9\u20AC""#, "Aé€"),
    (#""\u0000x""#, "\u{0}x"), (#""\u007f\u0080\u07ff\u0800\uffff""#, "\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}"),
    (#""\ud83d\ude00\uD800\uDC00\udbff\udfff""#, "😀\u{10000}\u{10ffff}"),
    (#""\u0061\u0062\u0063\u0064\u0065\u0066""#, "abcdef"),
    (#""é\\u0041é""#, "é\\u0041é"), (#""no escape, but longer than a word""#, "no escape, but longer than a word"),
    (#""\n\n\n\n\n\n\n\n""#, "\n\n\n\n\n\n\n\n"),
    (#""at the end of a word: 12\n""#, "at the end of a word: 12\n"),
  ]

  @Test(arguments: strings)
  func unescaping(_ text: String, _ plain: String) throws {
    let document = try Document(text)
    #expect(document.plain(document.value) == plain)
    let name = Array(plain.utf8)
    #expect(document.equals(name) && !document.equals(name + [0x21]))
    if let last = name.last { #expect(!document.equals(name.dropLast()) && !document.equals(name.dropLast() + [last ^ 1])) }
    #expect(document.plainInPlace == (text.contains("\\") ? nil : plain))
  }

  @Test func whatIsNoStringEqualsNothing() throws {
    for text in ["1", "null", "[]", "{}"] {
      let document = try Document(text)
      #expect(!document.equals(document.bytes) && document.plainInPlace == nil)
      #expect(document.plain(document.value) == text)
    }
  }

  @Test func booleans() throws {
    #expect(try Document("true").value.boolean == true)
    #expect(try Document("false").value.boolean == false)
    for text in ["null", "0", "1", "\"true\"", "[]"] { #expect(try Document(text).value.boolean == nil) }
  }

  static let integers: [(String, Int64?)] = [
    ("0", 0), ("-0", 0), ("0.0", 0), ("0e999999999999999999999", 0), ("-0.000e-999999999999999999999", 0), ("1", 1), ("-1", -1),
    ("1000", 1000),
    ("1e3", 1000), ("1E+3", 1000), ("2.0", 2), ("2.50e1", 25), ("2.5e1", 25), ("2.5", nil), ("25e-1", nil), ("250e-1", 25),
    ("1000e-3", 1), ("1000e-4", nil),
    ("0.001e3", 1), ("0.001e2", nil), ("1e18", 1_000_000_000_000_000_000), ("1e19", nil), ("9223372036854775807", .max),
    ("9223372036854775808", nil),
    ("-9223372036854775808", .min), ("-9223372036854775809", nil), ("922337203685477580.7e1", .max), ("922337203685477580.8e1", nil),
    ("-922337203685477580.8e1", .min), ("9223372036854775807.000", .max), ("92233720368547758070e-1", .max), ("18446744073709551615", nil),
    ("18446744073709551616", nil), ("184467440737095516160e-1", nil), ("1e999999999999999999999", nil), ("-1e-999999999999999999999", nil),
    ("100000000000000000000000000000000000000000e-40", 10), ("0.00000000000000000000000000000000000000001e41", 1),
    ("1.0000000000000000000000001", nil),
    ("10000000000000000000000001e-1", nil), ("\"1\"", nil), ("null", nil), ("true", nil), ("[1]", nil),
  ]

  @Test(arguments: integers)
  func wholeNumbers(_ text: String, _ number: Int64?) throws {
    let document = try Document(text)
    #expect(document.integer == number)
    let padded = try Document("[ \(text) ]")
    var elements = JSONElements(padded.value)
    let element = elements.next(in: padded.bytes.span)
    #expect(element?.integer(in: padded.bytes.span) == number)
  }

  static let compacted: [(String, String)] = [
    ("{}", "{}"), (" { } ", "{}"), ("[\n1 ,\t2\r\n]", "[1,2]"),
    ("{ \"a b\" : \" c \\\" d \" , \"e\":[ ] }", "{\"a b\":\" c \\\" d \",\"e\":[]}"), (" \" x \" ", "\" x \""),
    ("  12  ", "12"), ("[ 1.50 , 1E5 , \"\\u0041\" ]", "[1.50,1E5,\"\\u0041\"]"),
    ("[1,2,3,\"a run longer than sixty-four bytes, which is copied at once and not by words of eight\", 4]",
     "[1,2,3,\"a run longer than sixty-four bytes, which is copied at once and not by words of eight\",4]"),
    ("[ \"a run longer than sixty-four bytes, which is copied at once and not by words of eight\" , 4 ]",
     "[\"a run longer than sixty-four bytes, which is copied at once and not by words of eight\",4]"),
    ("{\n  \"name\": \"x\",\n  \"list\": [\n    true,\n    null\n  ]\n}\n", "{\"name\":\"x\",\"list\":[true,null]}"),
  ]

  @Test(arguments: compacted)
  func withoutWhiteSpace(_ text: String, _ compact: String) throws {
    let document = try Document(text)
    var writer = TextWriter()
    writer.write("before ")
    document.value.writeCompact(of: document.bytes.span, into: &writer)
    writer.write(" after")
    #expect(writer.text() == "before \(compact) after")
  }

  @Test func deepDocuments() throws {
    let deep = String(repeating: "[{\"a\":", count: 32) + "1" + String(repeating: "}]", count: 32)
    let document = try Document(deep)
    var writer = TextWriter()
    document.value.writeCompact(of: document.bytes.span, into: &writer)
    #expect(writer.text() == deep)
    var value = document.value
    var depth = 0
    while value.kind != .number {
      var elements = JSONElements(value)
      guard let next = elements.next(in: document.bytes.span) ?? value.member("a", in: document.bytes.span) else { break }
      value = next
      depth += 1
    }
    #expect(depth == 64)

    #expect(parse("[" + deep + "]") == .failed(.tooDeep, at: 1 + 6 * 31 + 1))
    #expect(parse(String(repeating: "[", count: 64) + String(repeating: "]", count: 64)) != .failed(.tooDeep, at: 64))
    #expect(parse(String(repeating: "[", count: 65)) == .failed(.tooDeep, at: 64))
    #expect(parse(String(repeating: "[", count: 1_000_000)) == .failed(.tooDeep, at: 64))
    #expect(parse(String(repeating: "{\"\":", count: 65)) == .failed(.tooDeep, at: 256))
    // Depth is what is open at once.
    #expect(parse("[" + String(repeating: "[[]],", count: 1000) + "0]") != .failed(.tooDeep, at: 0))
  }

  /// Where the text is not the one that was parsed, walks end, and nothing traps.
  @Test func anotherText() throws {
    let long = try Document("{\"a\":[1,2,{\"b\":\"c\"}],\"d\":\"efghijklmnopqrstuvwxyz\"}")
    for text in ["", "{", "\"", "[[[[[[[[[[[[[[[[", "\"\\", "{\"a\":", "                                ", "{{{{\"\"\"\"::::,,,,"] {
      let bytes = Array(text.utf8)
      var members = JSONMembers(long.value)
      var elements = JSONElements(JSONValue(start: 0, end: 50, kind: .array))
      var count = 0
      while members.next(in: bytes.span) != nil || elements.next(in: bytes.span) != nil { count += 1 }
      #expect(count <= text.count)
      let beyond = JSONValue(start: 40, end: 45, kind: .string)
      check(beyond.written(in: bytes.span).isEmpty && !beyond.equals("efgh", in: bytes.span))
      var buffer = ByteBuffer()
      check(beyond.appendString(of: bytes.span, to: &buffer) && buffer.isEmpty)
      #expect(JSONValue(start: 40, end: 45, kind: .number).integer(in: bytes.span) == 0)
      check(long.value.written(in: bytes.span).text == text)
    }
  }
}
