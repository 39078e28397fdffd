// The newest activations, in a ring whose places are all made at boot: keeping one never fails and never waits.
//
// The texts of all together have a bound. Past it the oldest lose theirs: the record stays, without result and logs.

import Base
import Bytes

public struct ActivationStore: ~Copyable {
  /// Bytes of a name that are kept in the place itself.
  static let shortName = 48

  struct Place: ~Copyable {
    var record: ActivationRecord?
    var shortName: [48 of UInt8] = .init(repeating: 0)
    var nameLength: UInt16 = 0
    var text = ActivationText()
    var hasText = false
  }

  private var places: FixedArray<Place>
  private var newest = -1
  /// Place of the oldest record that may have a text.
  private var oldestText = 0
  public private(set) var count = 0
  private let textLimit: Int
  private var textBytes = 0

  /// Room for `capacity` records and `textBytes` of texts; nil where memory is out.
  public init?(capacity: Int, textBytes: Int) {
    guard let places = FixedArray<Place>(count: max(1, capacity), { _ in Place() }) else { return nil }
    self.places = places
    textLimit = textBytes
  }

  public var capacity: Int { places.count }

  /// Keeps a record that has no text, in the place of the oldest where all are taken.
  public mutating func append(_ record: ActivationRecord, name: Span<UInt8>) {
    newest = newest &+ 1 == places.count ? 0 : newest &+ 1
    if count < places.count { count &+= 1 }
    if places[newest].hasText { dropText(newest) }
    places[newest].record = record
    places[newest].nameLength = UInt16(truncatingIfNeeded: name.count)
    if name.count <= Self.shortName {
      for index in name.indices { places[newest].shortName[index] = name[index] }
    } else {
      keepLongName(name)
    }
  }

  /// The same with texts. Those that are larger than all texts together may be are dropped.
  @_optimize(size) @inline(never)
  public mutating func append(_ record: ActivationRecord, name: Span<UInt8>, text: consuming ActivationText) {
    append(record, name: name)
    swap(&text.name, &places[newest].text.name)
    let bytes = text.bytes
    guard bytes <= textLimit else { return }
    textBytes &-= places[newest].hasText ? text.name.capacity : 0
    places[newest].text = text
    places[newest].hasText = true
    textBytes &+= bytes
    dropTexts()
  }

  @_optimize(size) @inline(never)
  private mutating func keepLongName(_ name: Span<UInt8>) {
    var text = ActivationText()
    // Without memory the name is lost, and shown as empty.
    guard text.name.append(name) else { return places[newest].nameLength = 0 }
    textBytes &+= text.bytes
    places[newest].text = text
    places[newest].hasText = true
    dropTexts()
  }

  /// Takes texts from the oldest records until the rest is within the bound.
  private mutating func dropTexts() {
    var age = count &- 1
    while textBytes > textLimit, age > 0 {
      let index = place(age)
      if places[index].hasText { dropText(index) }
      age &-= 1
    }
  }

  @_optimize(size) @inline(never)
  private mutating func dropText(_ index: Int) {
    textBytes &-= places[index].text.bytes
    places[index].text = ActivationText()
    places[index].hasText = false
    if Int(places[index].nameLength) > Self.shortName { places[index].nameLength = 0 }
  }

  /// The place of the record that came `age` records before the newest; `age` is below `count`.
  private func place(_ age: Int) -> Int {
    let index = newest &- age
    return index < 0 ? index &+ places.count : index
  }

  /// The record that came `age` records before the newest; nil past the oldest.
  public mutating func record(_ age: Int) -> ActivationRecord? {
    age >= 0 && age < count ? places[place(age)].record : nil
  }

  /// How many records came after the one of `id` in `namespace`; nil where it is not, or no longer, there.
  public mutating func age(of id: ActivationID, namespace: UInt16) -> Int? {
    for age in 0..<count {
      guard let record = places[place(age)].record else { continue }
      if record.id == id && record.namespace == namespace { return age }
    }
    return nil
  }

  /// Lets `body` read the name, the result and the logs of a record.
  public mutating func read(_ age: Int, _ body: (Span<UInt8>, Span<UInt8>, Span<UInt8>) -> Void) {
    guard age >= 0, age < count else { return }
    let index = place(age)
    let length = Int(places[index].nameLength)
    let result = places[index].text.result.span
    let logs = places[index].text.logs.span
    if length <= Self.shortName {
      let name = places[index].shortName
      body(name.span.extracting(0..<length), result, logs)
    } else {
      body(places[index].text.name.span, result, logs)
    }
  }
}
