// The hash index and the names' buffer of a NameTable.

import Bytes

extension NameTable {
  /// FNV-1a over the namespace and the name, begun at the secret seed and mixed at the end.
  @inline(__always)
  func hash(_ namespace: UInt16, _ name: Span<UInt8>) -> UInt32 {
    var value = seed ^ 0xcbf2_9ce4_8422_2325 ^ UInt64(namespace)
    for index in name.indices { value = (value ^ UInt64(name[index])) &* 0x0000_0100_0000_01b3 }
    value = (value ^ (value >> 32)) &* 0xd6e8_feb8_6659_fd93
    return UInt32(truncatingIfNeeded: value >> 32)
  }

  /// The bucket that holds the name, or the empty one where it belongs. The index must not be empty.
  @inline(__always)
  func probe(_ namespace: UInt16, _ name: Span<UInt8>, _ hash: UInt32) -> Int {
    let mask = buckets.count &- 1
    var bucket = Int(hash) & mask
    while true {
      let index = buckets[bucket]
      if index == Self.none { return bucket }
      let place = Int(index)
      if places[place].hash == hash, places[place].namespace == namespace, self.name(at: index).equals(name) {
        return bucket
      }
      bucket = (bucket &+ 1) & mask
    }
  }

  @inline(__always) @_lifetime(borrow self)
  func name(at index: UInt32) -> Span<UInt8> {
    let start = Int(places[Int(index)].nameOffset)
    return names.span.extracting(start..<(start &+ Int(places[Int(index)].nameLength)))
  }

  /// Makes sure that one more name finds an empty bucket; false, and nothing changed, where memory is out.
  mutating func reserveBucket() -> Bool {
    guard (count &+ 1) &* 4 > buckets.count &* 3 else { return true }
    var larger = FailableArray<UInt32>()
    guard larger.fill(Self.none, count: max(16, buckets.count &* 2)) else { return false }
    let mask = larger.count &- 1
    var index = newest
    while index != Self.none {
      var bucket = Int(places[Int(index)].hash) & mask
      while larger[bucket] != Self.none { bucket = (bucket &+ 1) & mask }
      larger[bucket] = index
      index = places[Int(index)].older
    }
    buckets = larger
    return true
  }

  /// Empties the bucket of place `index` and closes the gap, so that no probe stops early (Knuth, TAOCP 6.4, algorithm R).
  mutating func removeBucket(of index: UInt32, hash: UInt32) {
    let mask = buckets.count &- 1
    var hole = Int(hash) & mask
    while buckets[hole] != index { hole = (hole &+ 1) & mask }
    var bucket = hole
    while true {
      bucket = (bucket &+ 1) & mask
      let other = buckets[bucket]
      guard other != Self.none else { break }
      let home = Int(places[Int(other)].hash) & mask
      if (bucket &- home) & mask >= (bucket &- hole) & mask {
        buckets[hole] = other
        hole = bucket
      }
    }
    buckets[hole] = Self.none
  }

  /// Rewrites the names' buffer when more than half of it belongs to removed entities. Where memory is out it stays as it is.
  @_optimize(size)
  mutating func compactNames() {
    guard names.count > 4096, names.count > 2 &* nameBytesInUse else { return }
    guard var fresh = ByteBuffer(capacity: nameBytesInUse) else { return }
    var index = newest
    while index != Self.none {
      // Cannot fail: the capacity is that of all names in use.
      guard fresh.append(name(at: index)) else { return }
      index = places[Int(index)].older
    }
    var offset: UInt32 = 0
    index = newest
    while index != Self.none {
      places[Int(index)].nameOffset = offset
      offset &+= UInt32(places[Int(index)].nameLength)
      index = places[Int(index)].older
    }
    names = fresh
  }
}
