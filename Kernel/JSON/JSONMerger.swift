// Objects and parameter arrays joined by key: the parameters of package, action and payload; annotations old and new; the change of
// one form into the other.
//
// What is added is copied, compact, so that its text may go. Keys are found by a hash that nobody outside can foretell, so that all is
// linear in the bytes.
// Out of scope: what an element of a parameter array has beside key and value, which is dropped.

public import Base
import Bytes

/// Members joined by key. Keys are equal where they stand for the same bytes, however they are escaped. The value added last
/// wins; the place is that of the first.
public struct JSONMerger: ~Copyable {
  /// One key and its value, places in `text`.
  struct Entry: Sendable, BitwiseCopyable {
    let keyStart: UInt32
    let keyEnd: UInt32
    var valueStart: UInt32
    var valueEnd: UInt32
    let hash: UInt32
    /// The next entry of the same bucket.
    var next = JSONMerger.none
    var source = Source.added
    /// The value in the payload where that is the source.
    var payload = JSONValue(start: 0, end: 0, kind: .null)

    var key: JSONValue { JSONValue(start: Int(keyStart), end: Int(keyEnd), kind: .string) }
    var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
    /// Whether between key and value there is only a colon.
    var isWhole: Bool { valueStart == keyEnd &+ 1 }
  }

  enum Source: UInt8, Sendable, BitwiseCopyable {
    case added, payload, removed
  }

  static var none: UInt32 { .max }

  let hash: JSONKeyHash
  /// Members that were added, and new values for keys that were there, each with a comma behind it.
  var text = TextWriter()
  var entries = FailableArray<Entry>()
  /// The first entry of each bucket. A power of two of them, at least one for each entry.
  var buckets = FailableArray<UInt32>()
  /// One bit for the first byte of each key, by its low six bits: most keys of a payload need not be hashed.
  var initials: UInt64 = 0

  /// An empty merger, which owns no memory. `seed` should be secret, so that no one can choose keys that collide.
  public init(seed: UInt64) { hash = JSONKeyHash(seed: seed) }

  /// Adds the members of `object`; a value of another kind has none. False where memory is out: the merger is then of no use.
  public mutating func add(object: JSONValue, of text: Span<UInt8>) -> Bool {
    reserve(object)
    var members = JSONMembers(object)
    while let member = members.next(in: text) {
      guard add(member, isWhole: true, of: text) else { return false }
    }
    return !self.text.isBroken
  }

  /// Adds the keys and values of a parameter array; a value of another kind has none. False where memory is out: the merger is then of
  /// no use.
  public mutating func add(parameters array: JSONValue, of text: Span<UInt8>) -> Bool {
    reserve(array)
    var parameters = JSONParameters(array)
    while let parameter = parameters.next(in: text) {
      guard add(parameter, of: text) else { return false }
    }
    return !self.text.isBroken
  }

  /// Adds one key and its value. False where memory is out: the merger is then of no use.
  public mutating func add(_ member: JSONMember, of text: Span<UInt8>) -> Bool { add(member, isWhole: false, of: text) }

  /// Makes room for all of `value`, which is never shorter than what is kept of it.
  private mutating func reserve(_ value: JSONValue) {
    text.write { $0.reserve($0.count &+ value.end &- value.start) }
  }

  /// `isWhole` tells that between key and value there is only a colon.
  private mutating func add(_ member: JSONMember, isWhole: Bool, of text: Span<UInt8>) -> Bool {
    let contents = member.key.contents(in: text)
    let hash = hash.hash(contents)
    let index = find(contents, hash)
    let start = self.text.buffer.count
    if index != Self.none {
      member.value.writeCompact(of: text, into: &self.text)
    } else if isWhole {
      self.text.write(compact: JSONValue(start: member.key.start, end: member.value.end, kind: .object).written(in: text))
    } else {
      self.text.write(member.key.written(in: text))
      self.text.write(":")
      member.value.writeCompact(of: text, into: &self.text)
    }
    let end = self.text.buffer.count
    self.text.write(",")
    guard !self.text.isBroken, end < Int(UInt32.max) else { return false }
    guard index == Self.none else {
      entries[Int(index)].valueStart = UInt32(start)
      entries[Int(index)].valueEnd = UInt32(end)
      entries[Int(index)].source = .added
      return true
    }
    let keyEnd = start &+ member.key.end &- member.key.start
    return insert(
      Entry(keyStart: UInt32(start), keyEnd: UInt32(keyEnd), valueStart: UInt32(keyEnd &+ 1), valueEnd: UInt32(end), hash: hash))
  }

  /// Removes the key `name`; false where there is none. Looks at each key.
  public mutating func remove(_ name: StaticString) -> Bool {
    for index in 0..<entries.count where entries[index].source != .removed {
      guard entries[index].key.equals(name, in: text.buffer.span) else { continue }
      remove(at: index)
      return true
    }
    return false
  }

  /// Removes the key that stands for the same bytes as the string `key` of `text`; false where there is none. Found by its hash: a request
  /// may name as many keys as it has bytes.
  public mutating func remove(_ key: JSONValue, of text: Span<UInt8>) -> Bool {
    let index = find(key, of: text)
    guard index != Self.none else { return false }
    remove(at: Int(index))
    return true
  }

  private mutating func remove(at index: Int) {
    unlink(index)
    entries[index].source = .removed
  }

  /// Writes what was added as one object, compact.
  public mutating func write(into writer: inout TextWriter) {
    forgetPayload()
    writer.write("{")
    _ = writeEntries(payload: ("" as StaticString).bytes, into: &writer)
    writer.write("}")
  }

  /// Writes what was added as one parameter array, compact. Values lie one level deeper in it than in an object, so that it may pass
  /// `JSON.depthLimit` where the object was just within.
  public mutating func writeParameters(into writer: inout TextWriter) {
    forgetPayload()
    var isFirst = true
    writer.write("[")
    for index in 0..<entries.count where entries[index].source == .added {
      let entry = entries[index]
      writer.write(isFirst ? "{\"key\":" : ",{\"key\":")
      isFirst = false
      writer.write(entry.key.written(in: text.buffer.span))
      writer.write(",\"value\":")
      writer.write(text.buffer.span.extracting(entry.value))
      writer.write("}")
    }
    writer.write("]")
  }
}
