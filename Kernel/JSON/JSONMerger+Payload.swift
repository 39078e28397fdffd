// Writing. The last object that is merged is usually a request's payload, by far the largest: it is neither copied nor remembered.

public import Base
import Bytes

extension JSONMerger {
  /// Writes what was added and the members of the object `payload` as one object, compact, as if `payload` had been added last; but a key that
  /// only `payload` has, and has twice, stays there twice. Takes no memory but the writer's, and may be done again with another payload.
  public mutating func write(payload: JSONValue, of text: Span<UInt8>, into writer: inout TextWriter) {
    let matches = takeValues(payload, of: text)
    writer.write("{")
    var rest = MemberRun(needsComma: writeEntries(payload: text, into: &writer))
    if matches == 0 {
      if payload.kind == .object { rest.append(payload.start &+ 1, payload.end &- 1) }
    } else {
      var members = JSONMembers(payload)
      while let member = members.next(in: text) {
        if find(member.key, of: text) == Self.none {
          rest.append(member.key.start, member.value.end)
        } else {
          rest.flush(text, isCompact: false, into: &writer)
        }
      }
    }
    rest.flush(text, isCompact: false, into: &writer)
    writer.write("}")
  }

  /// Whether nothing was added.
  public var isEmpty: Bool { entries.count == 0 }

  /// Whether the object `payload` has a key that was added with another value than null.
  public mutating func isOverridden(by payload: JSONValue, of text: Span<UInt8>) -> Bool {
    guard entries.count > 0 else { return false }
    var members = JSONMembers(payload)
    while let member = members.next(in: text) {
      let index = find(member.key, of: text)
      guard index != Self.none else { continue }
      if !self.text.buffer.span.extracting(entries[Int(index)].value).equals("null") { return true }
    }
    return false
  }

  /// Lets the entries whose keys `payload` has have their values there; returns how many members that were.
  private mutating func takeValues(_ payload: JSONValue, of text: Span<UInt8>) -> Int {
    guard entries.count > 0 else { return 0 }
    forgetPayload()
    var matches = 0
    var members = JSONMembers(payload)
    while let member = members.next(in: text) {
      let index = find(member.key, of: text)
      guard index != Self.none else { continue }
      entries[Int(index)].payload = member.value
      entries[Int(index)].source = .payload
      matches &+= 1
    }
    return matches
  }

  /// Lets all entries have the values that were added, again.
  mutating func forgetPayload() {
    for index in 0..<entries.count where entries[index].source == .payload { entries[index].source = .added }
  }

  /// Writes the members that are not removed, with commas between them; returns whether there was one.
  mutating func writeEntries(payload: Span<UInt8>, into writer: inout TextWriter) -> Bool {
    var run = MemberRun(needsComma: false)
    for index in 0..<entries.count where entries[index].source != .removed {
      let entry = entries[index]
      if entry.source == .added && entry.isWhole {
        if run.end &+ 1 != Int(entry.keyStart) { run.flush(text.buffer.span, isCompact: true, into: &writer) }
        run.append(Int(entry.keyStart), Int(entry.valueEnd))
        continue
      }
      run.flush(text.buffer.span, isCompact: true, into: &writer)
      if run.needsComma { writer.write(",") }
      run.needsComma = true
      writer.write(entry.key.written(in: text.buffer.span))
      writer.write(":")
      if entry.source == .payload {
        entry.payload.writeCompact(of: payload, into: &writer)
      } else {
        writer.write(text.buffer.span.extracting(entry.value))
      }
    }
    run.flush(text.buffer.span, isCompact: true, into: &writer)
    return run.needsComma
  }
}

/// Members that follow one another in a text and are written at once.
private struct MemberRun {
  /// Whether a member was written before.
  var needsComma: Bool
  private var start = 0
  private(set) var end = 0

  init(needsComma: Bool) { self.needsComma = needsComma }

  /// Takes in members up to `last`; the first of a run begins at `first`.
  mutating func append(_ first: Int, _ last: Int) {
    if start == end { start = first }
    end = last
  }

  /// Writes the run and begins another. `isCompact` tells that there is no white space between tokens.
  @inline(never)
  mutating func flush(_ text: Span<UInt8>, isCompact: Bool, into writer: inout TextWriter) {
    let members = JSONValue(start: start, end: end, kind: .object).written(in: text)
    start = end
    guard members.skipSpace(0) < members.count else { return }
    if needsComma { writer.write(",") }
    needsComma = true
    if isCompact { writer.write(members) } else { writer.write(compact: members) }
  }
}
