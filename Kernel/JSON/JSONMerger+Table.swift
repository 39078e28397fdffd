// The hash index of a merger: buckets of entries that are linked, so that it holds for any hash drawn from a universal family.

import Base
import Bytes

extension JSONMerger {
  /// The entry of `key`; `none` where there is none.
  @inline(never)
  func find(_ key: JSONValue, of text: Span<UInt8>) -> UInt32 {
    let contents = key.contents(in: text)
    let initial = contents.peek(0)
    guard initial == Mark.backslash || initials >> UInt64(initial & 63) & 1 == 1 else { return Self.none }
    return find(contents, hash.hash(contents))
  }

  /// The entry whose key stands for the same bytes as `contents`; `none` where there is none.
  func find(_ contents: Span<UInt8>, _ hash: UInt32) -> UInt32 {
    guard buckets.count > 0 else { return Self.none }
    var index = buckets[Int(hash) & (buckets.count &- 1)]
    while index != Self.none {
      let entry = entries[Int(index)]
      if entry.hash == hash, Self.areEqual(entry.key.contents(in: text.buffer.span), contents) { break }
      index = entry.next
    }
    return index
  }

  /// Whether the contents of two strings stand for the same bytes.
  @_optimize(size)
  private static func areEqual(_ first: Span<UInt8>, _ second: Span<UInt8>) -> Bool {
    if first.equals(second) { return true }
    var firstBytes = JSONStringBytes()
    var secondBytes = JSONStringBytes()
    while true {
      let byte = firstBytes.next(of: first)
      guard byte == secondBytes.next(of: second) else { return false }
      if byte == nil { return true }
    }
  }

  /// Enters an entry whose key is not there; false, and nothing changed, where memory is out.
  mutating func insert(_ entry: Entry) -> Bool {
    let index = entries.count
    guard index < Int(Self.none) else { return false }
    if index == buckets.count {
      guard buckets.fill(Self.none, count: max(8, index &* 2)) else { return false }
      for index in 0..<index where entries[index].source != .removed { link(index) }
    }
    guard entries.append(entry) else { return false }
    var bytes = JSONStringBytes()
    initials |= 1 << UInt64((bytes.next(of: entry.key.contents(in: text.buffer.span)) ?? 0) & 63)
    link(index)
    return true
  }

  private mutating func link(_ index: Int) {
    let bucket = Int(entries[index].hash) & (buckets.count &- 1)
    entries[index].next = buckets[bucket]
    buckets[bucket] = UInt32(index)
  }

  /// Takes an entry out of its bucket, so that its key is not found.
  mutating func unlink(_ index: Int) {
    let bucket = Int(entries[index].hash) & (buckets.count &- 1)
    guard buckets[bucket] != UInt32(index) else {
      buckets[bucket] = entries[index].next
      return
    }
    var previous = Int(buckets[bucket])
    while entries[previous].next != UInt32(index) { previous = Int(entries[previous].next) }
    entries[previous].next = entries[index].next
  }
}
