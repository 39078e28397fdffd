// The newest activations, in memory that is taken at boot: a record takes the place of the oldest, and texts that of the oldest texts.
//
// Texts (results, logs, bindings, long names) share one ring of bytes. Past its size the oldest activations lose theirs first, all of an
// activation's at once; what is left of it says so. An activation whose name was among them is gone as a whole, so that
// none is ever shown without a name. Nothing here fails: what cannot be kept is left out.
// Out of scope: the JSON (ActivationWriter.swift), who may see what (the server).

import Bytes

/// Names one activation of an `ActivationStore`; harmless when the activation is gone.
public struct ActivationPlace: Equatable, Sendable, BitwiseCopyable {
  /// How many were appended before it.
  let number: UInt64

  /// What is no activation's.
  static var nowhere: ActivationPlace { ActivationPlace(number: .max) }
}

/// The activations, newest last.
public struct ActivationStore: ~Copyable, Sendable {
  /// Bytes of a name that costs no text.
  public static var shortName: Int { 40 }
  /// The longest name: `package/action`, each of OpenWhisk's 256 bytes.
  public static var longestName: Int { 513 }

  /// Activations that are kept; 0 where memory was out.
  public let capacity: Int
  /// Activations appended since boot.
  public private(set) var total: UInt64 = 0
  private var records = FailableArray<ActivationRecord>()
  /// `shortName` bytes for each record.
  private var names = ByteBuffer()
  private var texts: TextRing
  /// Where in `records` the next one goes.
  private var next = 0

  /// A store of `capacity` activations with `textBytes` bytes of texts, rounded down to a power of two. Where there is no memory
  /// for that, it keeps nothing.
  @_optimize(size)
  public init(capacity: Int, textBytes: Int) {
    let wanted = max(0, min(capacity, 1 << 20))
    var places = records.reserve(wanted) ? wanted : 0
    if !names.reserve(places &* Self.shortName) { places = 0 }
    self.capacity = places
    texts = TextRing(capacity: places > 0 ? textBytes : 0)
  }

  /// Activations that are there.
  public var count: Int { records.count }
  /// Bytes for texts.
  public var textCapacity: Int { texts.capacity }

  /// Appends an activation with no texts; `fill` sets what is not zero of it, in place. `name` is `[package/]name`, not empty; an activation
  /// with another is not kept.
  ///
  /// This is on the path of every invocation. It allocates nothing once the store has been filled.
  @inline(__always)
  public mutating func append(
    _ id: ActivationID, name: Span<UInt8>, _ fill: (inout ActivationRecord) -> Void
  ) -> ActivationPlace {
    guard let index = turn(name) else { return .nowhere }
    Self.set(&records[index], id, name, fill)
    if name.count > Self.shortName { keepName(index, name) }
    return ActivationPlace(number: total &- 1)
  }

  @inline(__always)
  private static func set(
    _ record: inout ActivationRecord, _ id: ActivationID, _ name: Span<UInt8>, _ fill: (inout ActivationRecord) -> Void
  ) {
    record.begin(id)
    record.nameLength = UInt16(truncatingIfNeeded: name.count)
    fill(&record)
  }

  @_optimize(size) @inline(never)
  private mutating func keepName(_ index: Int, _ name: Span<UInt8>) {
    let none = name.extracting(0..<0)
    if !keep(index, name, none, none, none) { records[index].nameLength = 0 }
  }

  /// Appends an activation with its texts: the binding that its action was reached through (`namespace/package`, or empty), its
  /// result (JSON, or empty), and its log (an `ActivationLog`'s bytes; of a sequence or trigger lines as they are shown).
  ///
  /// Where all are longer than a quarter of the memory for texts, the log is left out; where that does not do, the result is, too.
  @inline(__always)
  public mutating func append(
    _ id: ActivationID, name: Span<UInt8>, binding: Span<UInt8>, result: Span<UInt8>, log: Span<UInt8>,
    _ fill: (inout ActivationRecord) -> Void
  ) -> ActivationPlace {
    // What needs no closure is a function of its own: one that takes a closure is compiled for each.
    let (place, lost) = append(id, name, binding, result, log)
    _ = update(place) { (record: inout ActivationRecord) in
      fill(&record)
      record.flags.formUnion(lost)
    }
    return place
  }

  /// Appends an activation with its texts; tells which of them were too long.
  @_optimize(size) @inline(never)
  private mutating func append(
    _ id: ActivationID, _ name: Span<UInt8>, _ binding: Span<UInt8>, _ result: Span<UInt8>, _ log: Span<UInt8>
  ) -> (ActivationPlace, lost: ActivationFlags) {
    guard let index = turn(name) else { return (.nowhere, []) }
    let none = name.extracting(0..<0)
    records[index].begin(id)
    records[index].nameLength = UInt16(truncatingIfNeeded: name.count)
    let binding = binding.count <= Self.longestName ? binding : none
    var lost: ActivationFlags = []
    if !keep(index, name, binding, result, log) {
      if !log.isEmpty { lost.insert(.lostLog) }
      if !keep(index, name, binding, result, none) {
        if !result.isEmpty { lost.insert(.lostResult) }
        if !keep(index, name, binding, none, none), name.count > Self.shortName { records[index].nameLength = 0 }
      }
    }
    records[index].resultSize = UInt32(clamping: result.count)
    return (ActivationPlace(number: total &- 1), lost)
  }

  /// The place of the next record, with its short name; nil where nothing can be kept.
  @inline(__always)
  private mutating func turn(_ name: Span<UInt8>) -> Int? {
    let index = next
    guard name.count > 0, name.count <= Self.longestName else { return nil }
    // Only while the store fills up.
    if index >= records.count, !extend() { return nil }
    total &+= 1
    next = index &+ 1 < capacity ? index &+ 1 : 0
    if name.count <= Self.shortName {
      var bytes = names.mutableSpan
      bytes.copy(short: name, to: index &* Self.shortName)
    }
    return index
  }

  @_optimize(size) @inline(never)
  private mutating func extend() -> Bool {
    // What was reserved is not refused.
    records.count < capacity && names.appendZeros(Self.shortName) && records.append(ActivationRecord())
  }

  /// Keeps the texts of record `index`; false where they are too long.
  @_optimize(size) @inline(never)
  private mutating func keep(
    _ index: Int, _ name: Span<UInt8>, _ binding: Span<UInt8>, _ result: Span<UInt8>, _ log: Span<UInt8>
  ) -> Bool {
    let long = name.count > Self.shortName ? name.count : 0
    // No sum can overflow: each is the length of something in memory.
    let length = long &+ binding.count &+ result.count &+ log.count
    guard length > 0 else { return true }
    guard let place = texts.take(length) else { return false }
    if long > 0 { texts.write(name, to: place, at: 0) }
    texts.write(binding, to: place, at: long)
    texts.write(result, to: place, at: long &+ binding.count)
    texts.write(log, to: place, at: long &+ binding.count &+ result.count)
    records[index].text = place
    records[index].bindingLength = UInt16(truncatingIfNeeded: binding.count)
    records[index].resultLength = UInt32(truncatingIfNeeded: result.count)
    records[index].logLength = UInt32(truncatingIfNeeded: log.count)
    return true
  }

  /// Changes a record in place; false where it is gone.
  public mutating func update(_ place: ActivationPlace, _ change: (inout ActivationRecord) -> Void) -> Bool {
    guard let index = index(of: place) else { return false }
    change(&records[index])
    return true
  }

  /// The activation `id`, if it belongs to `namespace`.
  @_optimize(size)
  public func find(_ id: ActivationID, namespace: UInt16) -> ActivationPlace? {
    var place = newest
    while let found = place {
      if let index = index(of: found), records[index].id == id {
        return records[index].namespace == namespace && isWhole(index) ? found : nil
      }
      place = self.place(before: found)
    }
    return nil
  }

  /// The activation that was appended last.
  var newest: ActivationPlace? { total > 0 && count > 0 ? ActivationPlace(number: total &- 1) : nil }

  /// The one that was appended before.
  func place(before place: ActivationPlace) -> ActivationPlace? {
    guard place.number > 0 else { return nil }
    let earlier = ActivationPlace(number: place.number &- 1)
    return index(of: earlier) == nil ? nil : earlier
  }

  /// Whether an activation is there and passes `filter`.
  func matches(_ place: ActivationPlace, _ filter: ActivationFilter) -> Bool {
    guard let index = index(of: place), records[index].namespace == filter.namespace, isWhole(index) else { return false }
    let start = records[index].startMilliseconds
    return start >= filter.since && start <= filter.upto
  }

  /// What is kept of an activation beside its texts; nil where it is gone.
  public subscript(_ place: ActivationPlace) -> ActivationRecord? {
    guard let index = index(of: place), isWhole(index) else { return nil }
    return records[index]
  }

  /// `[package/]name`; empty where the activation is gone. Like the other texts, valid until the store changes.
  @_lifetime(borrow self)
  public func name(of place: ActivationPlace) -> Span<UInt8> {
    guard let index = index(of: place) else { return names.span.extracting(0..<0) }
    let length = Int(records[index].nameLength)
    if length > Self.shortName { return texts.span(records[index].text, 0, length) }
    let start = index &* Self.shortName
    return names.span.extracting(start..<start &+ length)
  }

  /// `namespace/package` of the binding; empty where there was none, or it is gone.
  @_lifetime(borrow self)
  public func binding(of place: ActivationPlace) -> Span<UInt8> { part(place) { ($0.longName, Int($0.bindingLength)) } }

  /// The result's JSON; empty where there was none, or it is gone.
  @_lifetime(borrow self)
  public func result(of place: ActivationPlace) -> Span<UInt8> {
    part(place) { ($0.longName &+ Int($0.bindingLength), Int($0.resultLength)) }
  }

  /// The log as it was appended; empty where there was none, or it is gone.
  @_lifetime(borrow self)
  public func log(of place: ActivationPlace) -> Span<UInt8> {
    part(place) { ($0.longName &+ Int($0.bindingLength) &+ Int($0.resultLength), Int($0.logLength)) }
  }

  /// Whether the activation had a log that is not kept, or no more.
  public func hasLostLog(_ place: ActivationPlace) -> Bool {
    guard let index = index(of: place) else { return false }
    return records[index].flags.contains(.lostLog) || records[index].logLength > 0 && !texts.holds(records[index].text)
  }

  /// Where a text lies among those of its record, and how long it is.
  @_lifetime(borrow self)
  private func part(_ place: ActivationPlace, _ find: (ActivationRecord) -> (offset: Int, length: Int)) -> Span<UInt8> {
    guard let index = index(of: place) else { return names.span.extracting(0..<0) }
    let part = find(records[index])
    guard part.length > 0 else { return names.span.extracting(0..<0) }
    return texts.span(records[index].text, part.offset, part.length)
  }

  /// The index of a record that is there.
  private func index(of place: ActivationPlace) -> Int? {
    let age = total &- place.number
    guard age > 0, age <= UInt64(records.count) else { return nil }
    let index = next &- Int(truncatingIfNeeded: age)
    return index >= 0 ? index : index &+ records.count
  }

  /// Whether a record has its name.
  private func isWhole(_ index: Int) -> Bool {
    let length = Int(records[index].nameLength)
    return length > 0 && (length <= Self.shortName || texts.holds(records[index].text))
  }
}

extension ActivationRecord {
  /// Bytes of the name among the texts.
  var longName: Int { Int(nameLength) > ActivationStore.shortName ? Int(nameLength) : 0 }
}

extension MutableSpan where Element == UInt8 {
  /// As `copy`, with no call, for a few bytes: in words, of which the last may overlap the one before.
  @inline(__always)
  fileprivate mutating func copy(short text: Span<UInt8>, to offset: Int) {
    let count = text.count
    if count >= 8 {
      var at = 0
      while at < count &- 8 {
        storeLE64(text.loadLE64(at), at: offset &+ at)
        at &+= 8
      }
      storeLE64(text.loadLE64(count &- 8), at: offset &+ count &- 8)
    } else if count >= 4 {
      storeLE32(text.loadLE32(0), at: offset)
      storeLE32(text.loadLE32(count &- 4), at: offset &+ count &- 4)
    } else {
      for index in text.indices { self[offset &+ index] = text[index] }
    }
  }
}
