import Base
import Bytes
import Foundation
import Invariants
import Testing

@testable import JSON

@Suite struct PropertyTests {
  /// Documents that are mutated; those that fuzzing begins with are added.
  static let documents: [String] = [
    #"{"name":"World","place":"Earth","count":3,"list":[1,2.5,-3e2,true,false,null],"nested":{"a":{"b":["c"]}}}"#,
    #"[{"key":"greeting","value":"hi"},{"key":"size","value":1e3,"init":true},{"key":"\u0061","value":{"x":[]}}]"#,
    "[\n  \"a\\\"b\\\\c\\/\\b\\f\\n\\r\\t\",\n  \"\\u0041\\u00e9\\ud83d\\ude00\",\n  \"é€😀\",\n  \"\"\n]",
    #"[0,-0,1,10,123456789,-1.5,0.25,1e5,1E+5,1e-5,123.456e78,0e0]"#, "  {  }  ", "[]", "\"just a string of some length\"", "-12.5e+3",
    "true",
    #"{"a":1,"a":2,"\u0061":3,"b":{"a":1,"a":2},"":[[],[[]],{}]}"#,
  ]

  static let seeds: [[UInt8]] = {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fuzz/json")
    let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    return files.sorted { $0.path < $1.path }.compactMap { try? Array(Data(contentsOf: $0)) }
  }()

  /// One to three changes: a byte replaced, put in, taken out, or a piece put elsewhere; most bytes are such as JSON is made of.
  private func mutated(_ document: [UInt8], _ random: inout Random) -> [UInt8] {
    let alphabet = Array("{}[]\",:\\/ \n\t0123456789-+.eEtrufalsn'ab\u{0}\u{1f}\u{7f}é€😀".utf8) + [0x80, 0xc0, 0xed, 0xff]
    var bytes = document
    for _ in 0...random.below(3) {
      let place = random.below(bytes.count + 1)
      let byte = alphabet[random.below(alphabet.count)]
      switch random.below(5) {
      case 0 where place < bytes.count: bytes[place] = byte
      case 1: bytes.insert(byte, at: place)
      case 2 where place < bytes.count: bytes.remove(at: place)
      case 3 where place < bytes.count: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.below(6)))
      default: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 1 + random.below(6))], at: random.below(bytes.count + 1))
      }
    }
    return bytes
  }

  /// Where the two must agree: Foundation guesses encodings by zero bytes and byte order marks, takes a comma before a closing
  /// brace, and refuses numbers that are no Double.
  private func isComparable(_ bytes: [UInt8]) -> Bool {
    if bytes.contains(0) || bytes.starts(with: [0xef]) || bytes.starts(with: [0xff]) { return false }
    if case .failed(.trailingComma, _) = parse(bytes) { return false }
    for place in bytes.indices where bytes[place] | 0x20 == 0x65 && place > 0 && ASCII.isDigit(bytes[place - 1]) {
      if bytes[(place + 1)...].drop(while: { $0 == 0x2b || $0 == 0x2d }).prefix(while: ASCII.isDigit).count > 2 { return false }
    }
    return true
  }

  @Test func foundationAgrees() {
    var random = Random(11)
    var accepted = 0
    var refused = 0
    for round in 0..<60_000 {
      let bytes = mutated(Array(Self.documents[round % Self.documents.count].utf8), &random)
      guard isComparable(bytes) else { continue }
      let foundation = (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
      let isDocument = if case .value = parse(bytes) { true } else { false }
      if isDocument { accepted += 1 } else { refused += 1 }
      guard foundation == isDocument else {
        Issue.record("\(String(decoding: bytes, as: UTF8.self).debugDescription): \(parse(bytes)), Foundation \(foundation)")
        return
      }
    }
    #expect(accepted > 2000 && refused > 20_000)
  }

  /// What Foundation says a document is, key by key.
  @Test func foundationReadsTheSameStrings() throws {
    var random = Random(12)
    var compared = 0
    for _ in 0..<20_000 {
      let bytes = mutated(Array(Self.documents[2].utf8), &random)
      guard isComparable(bytes), case .value(.array, _) = parse(bytes) else { continue }
      guard let list = try JSONSerialization.jsonObject(with: Data(bytes)) as? [Any] else { continue }
      let document = try Document(bytes: bytes)
      var elements = JSONElements(document.value)
      var count = 0
      while let element = elements.next(in: bytes.span) {
        if let text = list[count] as? String, element.kind == .string {
          #expect(Array(text.utf8) == Array(document.plain(element).utf8))
          compared += 1
        }
        count += 1
      }
      #expect(count == list.count)
    }
    #expect(compared > 1000)
  }

  @Test func invariantsHoldOfMutatedDocuments() {
    var random = Random(13)
    let all = Self.documents.map { Array($0.utf8) } + Self.seeds
    var accepted = 0
    for round in 0..<40_000 {
      let bytes = mutated(all[round % all.count], &random)
      if case .value = parse(bytes) { accepted += 1 }
      let broken = JSONInvariants.broken(bytes.span)
      guard broken == nil else {
        Issue.record("\(String(decoding: bytes, as: UTF8.self).debugDescription): \(broken!)")
        return
      }
    }
    #expect(accepted > 1000)
  }

  /// A failure is told at the first byte that cannot be there, so it does not depend on what follows that byte.
  @Test func failuresDependOnWhatIsBefore() {
    var random = Random(14)
    for round in 0..<20_000 {
      let bytes = mutated(Array(Self.documents[round % Self.documents.count].utf8), &random)
      guard case .failed(let error, let offset) = parse(bytes), offset < bytes.count else { continue }
      // What names more than one byte: literal names, byte order marks, characters and pairs of escapes.
      guard ![.unknownWord, .byteOrderMark, .malformedUTF8, .loneSurrogate].contains(error) else { continue }
      let start = Array(bytes[...offset])
      #expect(parse(start) == .failed(error, at: offset) && parse(start + Array("\"}]".utf8)) == .failed(error, at: offset), "\(start)")
    }
  }

  /// Every prefix of a document, cut anywhere, is refused or a document; nothing is read past the end.
  @Test func prefixes() {
    for document in Self.documents.map({ Array($0.utf8) }) + Self.seeds {
      for length in 0..<document.count {
        let broken = JSONInvariants.broken(document.span.extracting(0..<length))
        #expect(broken == nil)
      }
    }
  }

  @Test func seedsAreGoodAndBad() {
    let good = Self.seeds.filter { if case .value = parse($0) { true } else { false } }
    #expect(Self.seeds.count >= 30 && good.count >= 10 && Self.seeds.count - good.count >= 10)
  }
}
