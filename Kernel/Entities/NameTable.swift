// Names of entities: found by namespace and name, listed with the newest first.
//
// Names share one buffer, so that one costs its bytes and about 40 more. Everything grows with memory that may be refused; nothing
// is allocated before the first name comes.
// Out of scope: what is known of an entity (EntityTable.swift), and which names are legal (EntityName.swift).

import Bytes

/// Why an entity was not entered.
public enum EntityTableError: Error, Equatable, Sendable {
  case illegalName
  case exists
  case full
  case noMemory

  public var text: StaticString {
    switch self {
    case .illegalName: "the name is empty or longer than 256 bytes"
    case .exists: "an entity of this name exists"
    case .full: "the most entities that there can be are; delete some"
    case .noMemory: "no memory is left for another entity; delete some or give the machine more memory"
    }
  }
}

/// The place of a name in a `NameTable`, with the number of times that the place was given out.
struct NamePlace: Sendable, BitwiseCopyable {
  let index: UInt32
  let generation: UInt32
}

/// All names of one kind of entity. Finding, entering and removing one costs the same however many there are.
struct NameTable: ~Copyable, Sendable {
  /// One place of the table. Places in use are linked from the newest to the oldest, free ones by `older`.
  struct Place: Sendable, BitwiseCopyable {
    var hash: UInt32
    var nameOffset: UInt32
    var nameLength: UInt16
    var namespace: UInt16
    var generation: UInt32
    var older: UInt32
    var newer: UInt32
    var isUsed: Bool
  }

  static var none: UInt32 { .max }

  let capacity: Int
  private(set) var count = 0
  let seed: UInt64
  var places = FailableArray<Place>()
  /// Open addressing with linear probing; a power of two long, at most three quarters full.
  var buckets = FailableArray<UInt32>()
  var names = ByteBuffer()
  var nameBytesInUse = 0
  var firstFree: UInt32 = NameTable.none
  private(set) var newest: UInt32 = NameTable.none
  private var oldest: UInt32 = NameTable.none

  /// An empty table for at most `capacity` names. `seed` should be secret, so that it is hard to choose names that collide.
  init(capacity: Int, seed: UInt64) {
    self.capacity = min(capacity, 1 << 20)
    self.seed = seed
  }

  /// The place of `name` in namespace number `namespace`.
  func find(namespace: UInt16, name: Span<UInt8>) -> NamePlace? { lookUp(namespace, name) }

  /// The same, compiled into the caller: for what each request does.
  @inline(__always)
  func lookUp(_ namespace: UInt16, _ name: Span<UInt8>) -> NamePlace? {
    guard count > 0 else { return nil }
    let index = buckets[probe(namespace, name, hash(namespace, name))]
    guard index != Self.none else { return nil }
    return NamePlace(index: index, generation: places[Int(index)].generation)
  }

  /// Enters a name as the newest one.
  @_optimize(size)
  mutating func insert(namespace: UInt16, name: Span<UInt8>) throws(EntityTableError) -> NamePlace {
    guard name.count > 0, name.count <= EntityName.pathLimit else { throw .illegalName }
    guard find(namespace: namespace, name: name) == nil else { throw .exists }
    guard count < capacity else { throw .full }
    guard reserveBucket() else { throw .noMemory }
    let nameOffset = names.count
    guard names.append(name) else { throw .noMemory }

    let hash = hash(namespace, name)
    var place = Place(
      hash: hash, nameOffset: UInt32(nameOffset), nameLength: UInt16(name.count), namespace: namespace,
      generation: 1, older: Self.none, newer: Self.none, isUsed: true)
    let index: UInt32
    if firstFree != Self.none {
      index = firstFree
      firstFree = places[Int(index)].older
      place.generation = places[Int(index)].generation &+ 1
      places[Int(index)] = place
    } else {
      index = UInt32(places.count)
      guard places.append(place) else {
        names.truncate(to: nameOffset)
        throw .noMemory
      }
    }
    linkNewest(index)
    buckets[probe(namespace, name, hash)] = index
    nameBytesInUse &+= name.count
    count &+= 1
    return NamePlace(index: index, generation: place.generation)
  }

  /// Removes a name; false where `id` is stale.
  @_optimize(size)
  mutating func remove(_ id: NamePlace) -> Bool {
    guard isCurrent(id) else { return false }
    let place = places[Int(id.index)]
    removeBucket(of: id.index, hash: place.hash)
    unlink(id.index)
    places[Int(id.index)].isUsed = false
    places[Int(id.index)].older = firstFree
    firstFree = id.index
    nameBytesInUse &-= Int(place.nameLength)
    count &-= 1
    compactNames()
    return true
  }

  /// Makes a name the newest one.
  @_optimize(size)
  mutating func renew(_ id: NamePlace) {
    guard isCurrent(id), newest != id.index else { return }
    unlink(id.index)
    linkNewest(id.index)
  }

  private mutating func linkNewest(_ index: UInt32) {
    places[Int(index)].newer = Self.none
    places[Int(index)].older = newest
    if newest == Self.none { oldest = index } else { places[Int(newest)].newer = index }
    newest = index
  }

  private mutating func unlink(_ index: UInt32) {
    let place = places[Int(index)]
    if place.newer == Self.none { newest = place.older } else { places[Int(place.newer)].older = place.older }
    if place.older == Self.none { oldest = place.newer } else { places[Int(place.older)].newer = place.newer }
  }

  /// The name of `id`; empty where it is stale. Valid until the table changes.
  @inline(__always) @_lifetime(borrow self)
  func name(of id: NamePlace) -> Span<UInt8> {
    guard isCurrent(id) else { return names.span.extracting(0..<0) }
    return name(at: id.index)
  }

  /// The namespace number of `id`; nil where it is stale.
  func namespace(of id: NamePlace) -> UInt16? {
    isCurrent(id) ? places[Int(id.index)].namespace : nil
  }

  /// The name entered or renewed next before `id`; nil at the end or where `id` is stale.
  func older(than id: NamePlace) -> NamePlace? {
    isCurrent(id) ? place(places[Int(id.index)].older) : nil
  }

  func place(_ index: UInt32) -> NamePlace? {
    index == Self.none ? nil : NamePlace(index: index, generation: places[Int(index)].generation)
  }

  func isCurrent(_ id: NamePlace) -> Bool {
    Int(id.index) < places.count && places[Int(id.index)].isUsed && places[Int(id.index)].generation == id.generation
  }
}
