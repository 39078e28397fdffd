import Actions
import Base
import Bytes
import Foundation
import Testing

@testable import Records

extension Span where Element == UInt8 {
  var array: [UInt8] { indices.map { self[$0] } }
  var text: String { String(decoding: array, as: UTF8.self) }
}

/// The text that `body` writes.
func written(_ body: (inout TextWriter) -> Void) -> String {
  var writer = TextWriter()
  body(&writer)
  if writer.isBroken { Issue.record("memory was out") }
  return writer.finish().span.text
}

/// `text` as one JSON value, with objects as dictionaries.
func json(_ text: String) throws -> NSObject {
  try #require(try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed) as? NSObject)
}

/// Namespaces `ns0`, `ns1` … and users `user0` … below 10.
struct Names: ActivationNames {
  private let bytes = Array("ns0ns1ns2ns3ns4ns5ns6ns7ns8ns9user0user1user2user3user4user5user6user7user8user9".utf8)

  @_lifetime(borrow self)
  func namespaceName(_ number: UInt16) -> Span<UInt8> {
    let start = Int(number) * 3
    return bytes.span.extracting(number < 10 ? start..<start + 3 : 0..<0)
  }

  @_lifetime(borrow self)
  func subjectName(_ number: UInt16) -> Span<UInt8> {
    let start = 30 + Int(number) * 5
    return bytes.span.extracting(number < 10 ? start..<start + 5 : 0..<0)
  }
}

/// A store that takes strings, and whose activations are numbered by their identifiers.
final class Store {
  var records: ActivationStore

  init(_ capacity: Int, texts: Int = 0) { records = ActivationStore(capacity: capacity, textBytes: texts) }

  static func id(_ number: Int) -> ActivationID { ActivationID(high: 0xabcd, low: UInt64(number)) }

  @discardableResult
  func append(_ number: Int, _ name: String, namespace: UInt16 = 0, start: UInt64 = 0) -> ActivationPlace {
    let name = Array(name.utf8)
    return records.append(Self.id(number), name: name.span) {
      $0.namespace = namespace
      $0.start = start * 1_000_000
    }
  }

  @discardableResult
  func append(
    _ number: Int, _ name: String, binding: String = "", result: [UInt8] = [], log: [UInt8] = [],
    _ fill: (inout ActivationRecord) -> Void
  ) -> ActivationPlace {
    let name = Array(name.utf8)
    let binding = Array(binding.utf8)
    return records.append(Self.id(number), name: name.span, binding: binding.span, result: result.span, log: log.span, fill)
  }

  func find(_ number: Int, namespace: UInt16 = 0) -> ActivationPlace? { records.find(Self.id(number), namespace: namespace) }

  /// The numbers of what a list shows.
  func list(_ filter: ActivationFilter = ActivationFilter(namespace: 0), name: String = "") -> [Int] {
    let name = Array(name.utf8)
    var cursor = ActivationCursor(filter, in: records)
    var found: [Int] = []
    while let place = cursor.next(in: records, name: name.span) { found.append(Int(records[place]!.id.low)) }
    return found
  }

  func name(_ place: ActivationPlace) -> String { copy(of: records) { $0.name(of: place).text } }
  func binding(_ place: ActivationPlace) -> String { copy(of: records) { $0.binding(of: place).text } }
  func result(_ place: ActivationPlace) -> [UInt8] { copy(of: records) { $0.result(of: place).array } }
  func log(_ place: ActivationPlace) -> [UInt8] { copy(of: records) { $0.log(of: place).array } }
  private func copy<Value>(of records: borrowing ActivationStore, _ part: (borrowing ActivationStore) -> Value) -> Value { part(records) }
  func hasLostLog(_ place: ActivationPlace) -> Bool { records.hasLostLog(place) }
  subscript(_ place: ActivationPlace) -> ActivationRecord? { records[place] }

  func update(_ place: ActivationPlace, _ change: (inout ActivationRecord) -> Void) -> Bool { records.update(place, change) }

  func json(_ place: ActivationPlace) -> String { written { ActivationWriter.write(place, of: records, names: Names(), into: &$0) } }
  func brief(_ place: ActivationPlace) -> String { written { ActivationWriter.writeBrief(place, of: records, names: Names(), into: &$0) } }
  func logs(_ place: ActivationPlace) -> String { written { ActivationWriter.writeLogs(place, of: records, into: &$0) } }
  func response(_ place: ActivationPlace) -> String { written { ActivationWriter.writeResult(place, of: records, into: &$0) } }

  func listing(_ page: ActivationPage, name: String = "", filter: ActivationFilter = ActivationFilter(namespace: 0)) -> String {
    let name = Array(name.utf8)
    return written { ActivationWriter.writeList(of: records, filter, name: name.span, page: page, names: Names(), into: &$0) }
  }

  func count(skip: Int = 0, name: String = "", filter: ActivationFilter = ActivationFilter(namespace: 0)) -> String {
    let name = Array(name.utf8)
    return written { ActivationWriter.writeCount(of: records, filter, name: name.span, skip: skip, into: &$0) }
  }
}

/// The log that these pieces make.
func log(_ pieces: [(LogStream, UInt64, String)]) -> [UInt8] { log(bytes: pieces.map { ($0, $1, Array($2.utf8)) }) }

func log(bytes pieces: [(LogStream, UInt64, [UInt8])]) -> [UInt8] {
  var log = ActivationLog()
  for (stream, offset, bytes) in pieces {
    if !log.add(stream, at: Interval(nanoseconds: offset), bytes.span) { Issue.record("memory was out") }
  }
  return log.span.array
}
