import Base
import Bytes
import Testing

@testable import JSON

@Suite struct GrammarTests {
  static let accepted: [(String, JSONKind)] = [
    // Values of each kind, and white space around and between.
    ("{}", .object), ("[]", .array), ("\"\"", .string), ("0", .number), ("true", .yes), ("false", .no), ("null", .null),
    (" \t\r\n{ \t\r\n} \t\r\n", .object), ("\n[\n]\n", .array), (" 1 ", .number), ("\ttrue\t", .yes), ("[ ]", .array),
    ("{\"a\":1}", .object), ("{ \"a\" : 1 , \"b\" : [ 2 , 3 ] }", .object), ("{\"a\":{\"b\":{}}}", .object), ("{\"\":0}", .object),
    ("{\"a\":1,\"a\":2}", .object), ("[1,\"a\",true,false,null,{},[]]", .array), ("[[[[[[]]]]]]", .array), ("[[],[[]],{}]", .array),
    ("[\n        \n                         1]", .array), ("[{\"a\":[{\"b\":[]}]}]", .array), ("[null, 1, \"1\", {}]", .array),
    // Numbers.
    ("-0", .number), ("-1", .number), ("10", .number), ("1234567890123456789012345678901234567890", .number), ("0.0", .number),
    ("0.5", .number), ("-0.5", .number), ("123.456", .number), ("1e1", .number), ("1E1", .number), ("1e+1", .number), ("1e-1", .number),
    ("0e0", .number), ("0.0e-00", .number), ("1.5E+0400", .number), ("-123.123e100", .number), ("[-0,0e+1,1E22]", .array),
    ("1.000000000000000000000000000001", .number), ("[12345678,1234567,123456789,0.12345678]", .array),
    // Strings.
    ("\"abc\"", .string), ("\"seven77\"", .string), ("\"eight888\"", .string), ("\"nine99999\"", .string),
    ("\"a long string, past two words of eight bytes\"", .string), (#""\"\\\/\b\f\n\r\t""#, .string), (#""\u0041""#, .string),
    (#""\u0000""#, .string), (#""\uFFFF\uffff\uAbCd""#, .string), (#""\uD83D\uDE00""#, .string), (#""\ud800\udc00\udbff\udfff""#, .string),
    (#""\\u12""#, .string), (#""\\""#, .string), ("\"\u{7f}\"", .string), ("\"é€😀\"", .string),
    ("\"\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}\"", .string),
    ("\"\u{feff}\u{2028}\"", .string), ("\"{[,:]}\"", .string), ("{\"\\u0061\\n\":\"/*\"}", .object), ("[\"\u{d7ff}\u{e000}\"]", .array),
  ]

  @Test(arguments: accepted)
  func documents(_ text: String, _ kind: JSONKind) {
    guard case .value(let found, let written) = parse(text) else {
      Issue.record("\(text): \(parse(text))")
      return
    }
    #expect(found == kind)
    #expect(text.contains(written))
    // Neither more nor less than the value.
    #expect(!" \t\r\n".utf8.contains(written.utf8.first!) && !" \t\r\n".utf8.contains(written.utf8.last!))
  }

  static let refused: [(String, JSONError, Int)] = [
    // Nothing, too little, too much.
    ("", .empty, 0), (" \n ", .empty, 3), ("[", .valueMissing, 1), ("[1", .unfinishedArray, 2), ("[1,", .valueMissing, 3),
    ("{", .unfinishedObject, 1),
    ("{\"a\"", .unfinishedObject, 4), ("{\"a\":", .valueMissing, 5), ("{\"a\":1", .unfinishedObject, 6),
    ("{\"a\":1,", .unfinishedObject, 7),
    ("[[]", .unfinishedArray, 3), ("[{}", .unfinishedArray, 3), ("{\"a\":[]", .unfinishedObject, 7), ("1 2", .trailingText, 2),
    ("{}}", .trailingText, 2),
    ("[]]", .trailingText, 2), ("\"a\"\"b\"", .trailingText, 3), ("nullx", .trailingText, 4), ("true,", .trailingText, 4),
    ("{} x", .trailingText, 3),
    ("1\u{0}", .trailingText, 1), ("[]#", .trailingText, 2), ("{}//", .trailingText, 2), ("\u{feff}{}", .byteOrderMark, 0),
    (" \u{feff}{}", .valueExpected, 1),
    // Separators.
    ("[1 2]", .commaOrBracketExpected, 3), ("[1:2]", .commaOrBracketExpected, 2), ("[1}", .commaOrBracketExpected, 2),
    ("[1;2]", .commaOrBracketExpected, 2),
    ("{\"a\":1]", .commaOrBraceExpected, 6), ("{\"a\":1 \"b\":2}", .commaOrBraceExpected, 7), ("{\"a\" 1}", .colonExpected, 5),
    ("{\"a\",1}", .colonExpected, 4),
    ("{\"a\"::1}", .valueExpected, 5), ("[,1]", .valueExpected, 1), ("[1,,2]", .valueExpected, 3), ("[1,]", .trailingComma, 3),
    ("[1, ]", .trailingComma, 4),
    ("{\"a\":1,}", .trailingComma, 7), ("{\"a\":1, }", .trailingComma, 8), ("{,}", .keyExpected, 1), ("{\"a\":1,,}", .keyExpected, 7),
    ("{a:1}", .keyExpected, 1),
    ("{'a':1}", .keyExpected, 1), ("{1:1}", .keyExpected, 1), ("{\"a\"}", .colonExpected, 4), ("{\"a\":}", .valueExpected, 5),
    ("]", .valueExpected, 0),
    ("}", .valueExpected, 0), (",", .valueExpected, 0), (":", .valueExpected, 0), ("[}", .valueExpected, 1), ("{]", .keyExpected, 1),
    ("{[]:1}", .keyExpected, 1),
    ("[\u{c}1]", .valueExpected, 1), ("[1\u{c}]", .commaOrBracketExpected, 2), ("[\u{a0}1]", .valueExpected, 1),
    ("\u{0}", .valueExpected, 0),
    ("[1\u{b},2]", .commaOrBracketExpected, 2), ("/**/1", .valueExpected, 0), ("'a'", .valueExpected, 0), ("$", .valueExpected, 0),
    // Literal names.
    ("True", .unknownWord, 0), ("TRUE", .unknownWord, 0), ("tru", .unknownWord, 0), ("trux", .unknownWord, 0), ("fals", .unknownWord, 0),
    ("falsy", .unknownWord, 0),
    ("nul", .unknownWord, 0), ("n", .unknownWord, 0), ("NaN", .unknownWord, 0), ("Infinity", .unknownWord, 0),
    ("undefined", .unknownWord, 0), ("[nul]", .unknownWord, 1),
    ("truefalse", .trailingText, 4), ("[true false]", .commaOrBracketExpected, 6), ("{\"a\":b}", .unknownWord, 5),
    // Numbers.
    ("01", .leadingZero, 1), ("-01", .leadingZero, 2), ("00", .leadingZero, 1), ("[-00.5]", .leadingZero, 3), ("-", .digitExpected, 1),
    ("--1", .digitExpected, 1),
    ("-a", .digitExpected, 1), ("+1", .valueExpected, 0), (".5", .valueExpected, 0), ("-.5", .digitExpected, 1),
    ("1.", .digitExpected, 2), ("1.e1", .digitExpected, 2),
    ("1.a", .digitExpected, 2), ("1e", .digitExpected, 2), ("1e+", .digitExpected, 3), ("1E-", .digitExpected, 3),
    ("1ee1", .digitExpected, 2), ("1e1.5", .trailingText, 3),
    ("1.5.5", .trailingText, 3), ("1e1e1", .trailingText, 3), ("0x10", .trailingText, 1), ("0e", .digitExpected, 2),
    ("1,000", .trailingText, 1), ("1_000", .trailingText, 1),
    ("[1.]", .digitExpected, 3), ("[1 000]", .commaOrBracketExpected, 3), ("-Infinity", .digitExpected, 1), ("１", .valueExpected, 0),
    ("[12345678a]", .commaOrBracketExpected, 9),
    // Strings.
    ("\"", .unfinishedString, 1), ("\"abc", .unfinishedString, 4), ("\"\\", .unfinishedString, 2), ("\"\\\"", .unfinishedString, 3),
    ("\"\\u", .unfinishedString, 3),
    ("\"\\u00", .unfinishedString, 5), ("[\"long enough for a word\\\"]", .unfinishedString, 27), ("{\"a", .unfinishedString, 3),
    ("\"\t\"", .controlCharacter, 1),
    ("\"\n\"", .controlCharacter, 1), ("\"\u{0}\"", .controlCharacter, 1), ("\"twelve bytes\u{1f}\"", .controlCharacter, 13),
    ("{\"a\n\":1}", .controlCharacter, 3),
    ("\"\\a\"", .unknownEscape, 2), ("\"\\'\"", .unknownEscape, 2), ("\"\\U0041\"", .unknownEscape, 2), ("\"\\x41\"", .unknownEscape, 2),
    ("\"\\\n\"", .unknownEscape, 2),
    ("\"\\0\"", .unknownEscape, 2), ("\"\\é\"", .unknownEscape, 2), ("\"\\u\"", .hexDigitExpected, 3),
    ("\"\\u12g4\"", .hexDigitExpected, 5), ("\"\\u123\"", .hexDigitExpected, 6),
    ("\"\\u+123\"", .hexDigitExpected, 3), ("\"\\u 123\"", .hexDigitExpected, 3), ("\"\\u004/\"", .hexDigitExpected, 6),
    ("\"\\u004:\"", .hexDigitExpected, 6),
    ("\"\\u004@\"", .hexDigitExpected, 6), ("\"\\u004G\"", .hexDigitExpected, 6), ("\"\\u004`\"", .hexDigitExpected, 6),
    ("\"\\u00é\"", .hexDigitExpected, 5),
    // Halves of surrogate pairs.
    (#""\ud800""#, .loneSurrogate, 1), (#""\udc00""#, .loneSurrogate, 1), (#""\ud800a""#, .loneSurrogate, 1),
    (#""\ud800\n""#, .loneSurrogate, 1),
    (#""\ud800\ud800\udc00""#, .loneSurrogate, 1), (#""\udc00\ud800""#, .loneSurrogate, 1), (#""\ud83d\u0041""#, .loneSurrogate, 1),
    (#""a\ud800\\udc00""#, .loneSurrogate, 2),
    (#""\ud83d\ude0""#, .hexDigitExpected, 12), (#""\ud83d\u"#, .unfinishedString, 9), (#""\ud800"#, .loneSurrogate, 1),
    (#"["\uDBFF"]"#, .loneSurrogate, 2),
  ]

  @Test(arguments: refused)
  func others(_ text: String, _ error: JSONError, _ offset: Int) {
    #expect(parse(text) == .failed(error, at: offset))
  }

  static let malformed: [[UInt8]] = [
    [0x80], [0xbf], [0xc0, 0x80], [0xc1, 0xbf], [0xc2], [0xc2, 0x41], [0xc2, 0xc2], [0xe0, 0x9f, 0xbf], [0xe0, 0xa0], [0xe2, 0x82],
    [0xe2, 0x28, 0xa1],
    [0xe2, 0x82, 0x28], [0xed, 0xa0, 0x80], [0xed, 0xbf, 0xbf], [0xf0, 0x8f, 0xbf, 0xbf], [0xf0, 0x9f, 0x98], [0xf0, 0x28, 0x8c, 0xbc],
    [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0xfe], [0xff],
  ]

  /// RFC 3629: at any place in a word and near the end.
  @Test(arguments: malformed)
  func malformedUTF8(_ bytes: [UInt8]) {
    for before in 0..<18 {
      for after in [0, 1, 2, 3, 20] {
        let text = [0x22] + [UInt8](repeating: 0x61, count: before) + bytes + [UInt8](repeating: 0x62, count: after) + [0x22]
        #expect(parse(text) == .failed(.malformedUTF8, at: 1 + before))
        #expect(parse([0x22] + Array("é€😀".utf8) + text[1...]) == .failed(.malformedUTF8, at: 10 + before))
      }
    }
    #expect(parse([0x5b] + bytes + [0x5d]) == .failed(.valueExpected, at: 1))
  }

  /// Every character of two and three bytes, and some of four.
  @Test func wellFormedUTF8() {
    for scalar in (0x80...0x10ffff).lazy.filter({ $0 < 0x1_0000 || $0 % 97 == 0 }).compactMap(Unicode.Scalar.init) {
      let text = "\"\(Character(scalar))\""
      guard parse(text) == .value(.string, written: text) else {
        Issue.record("U+\(String(scalar.value, radix: 16))")
        return
      }
    }
  }

  /// Each byte at each place of a string: only quotes, backslashes, controls and bytes past ASCII are special.
  @Test func everyByteInAString() {
    for byte in UInt8(0)..<0x80 where byte != 0x22 && byte != 0x5c {
      for place in 0..<20 {
        var text = [0x22] + [UInt8](repeating: 0x61, count: 20) + [0x22]
        text[1 + place] = byte
        let expected = byte < 0x20 ? Parsed.failed(.controlCharacter, at: 1 + place)
          : .value(.string, written: String(decoding: text, as: UTF8.self))
        guard parse(text) == expected else {
          Issue.record("byte \(byte) at \(place): \(parse(text))")
          return
        }
      }
    }
  }

  /// Each byte as each digit of an escape; the standard library is the judge.
  @Test func everyHexadecimalDigit() {
    for place in 3..<7 {
      for byte in UInt8(0)...255 {
        var text = Array(#""\u0041 and more""#.utf8)
        text[place] = byte
        let isDigit = byte < 0x80 && Character(Unicode.Scalar(byte)).isHexDigit
        #expect((parse(text) == .failed(.hexDigitExpected, at: place)) == !isDigit, "\(byte) at \(place)")
      }
    }
  }

  @Test func aDocumentWithinAText() throws {
    let bytes = Array("[1, {\"a\": tru}] {\"b\": 2 } x".utf8)
    let value = try JSON.parse(bytes.span, in: 16..<25)
    #expect(value.start == 16 && value.end == 25 && value.kind == .object)
    #expect(value.member("b", in: bytes.span)?.written(in: bytes.span).text == "2")
    #expect(throws: JSONFailure(error: .unknownWord, offset: 6)) { try JSON.parse(bytes.span, in: 4..<15) }
    #expect(throws: JSONFailure(error: .trailingText, offset: 11)) { try JSON.parse(bytes.span, in: 15..<bytes.count) }
    #expect(throws: JSONFailure(error: .empty, offset: 0)) { try JSON.parse(bytes.span, in: 3..<3) }
    // What lies behind the range does not end what is within.
    #expect(throws: JSONFailure(error: .unfinishedArray, offset: 2)) { try JSON.parse(Array("[1]".utf8).span, in: 0..<2) }
    #expect(throws: JSONFailure(error: .unfinishedString, offset: 2)) { try JSON.parse(Array("\"a\"".utf8).span, in: 0..<2) }
    #expect(throws: JSONFailure(error: .unknownWord, offset: 0)) { try JSON.parse(Array("true".utf8).span, in: 0..<3) }
  }

  @Test func everyErrorHasATextThatNeedsNoEscapes() {
    var texts: Set<String> = []
    var code: UInt8 = 0
    while let error = JSONError(rawValue: code) {
      var writer = TextWriter()
      writer.write(JSONFailure(error: error, offset: 17))
      let text = writer.text()
      #expect(text.hasPrefix("at byte 17: ") && text.count > 30)
      #expect(text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f && $0 != 0x22 && $0 != 0x5c })
      texts.insert(text)
      code += 1
    }
    #expect(texts.count == Int(code) && code == 22)
  }
}
