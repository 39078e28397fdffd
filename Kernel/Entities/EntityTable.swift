// The registry of one kind of entity: a record for each name.
//
// A generic function is compiled where it is used, so all that needs no record is in NameTable, which is compiled once.

import Bytes

/// Names one record of an `EntityTable`; harmless when stale.
public struct EntityID<Record: BitwiseCopyable & Sendable>: Equatable, Hashable, Sendable, BitwiseCopyable {
  public let index: UInt32
  let generation: UInt32

  @inline(__always)
  init(_ place: NamePlace) {
    index = place.index
    generation = place.generation
  }

  @inline(__always)
  var place: NamePlace { NamePlace(index: index, generation: generation) }
}

/// Entities of one kind, found by namespace and name. An action in a package is called `package/name`.
public struct EntityTable<Record: BitwiseCopyable & Sendable>: ~Copyable, Sendable {
  public typealias ID = EntityID<Record>

  var names: NameTable
  private var records = FailableArray<Record>()

  /// An empty table for at most `capacity` entities. `seed` should be secret, so that it is hard to choose names that collide.
  public init(capacity: Int = 16_384, seed: UInt64) { names = NameTable(capacity: capacity, seed: seed) }

  public var count: Int { names.count }

  /// The entity `name` of namespace number `namespace`.
  @inline(__always)
  public func find(namespace: UInt16, name: Span<UInt8>) -> ID? {
    guard let place = names.find(namespace: namespace, name: name) else { return nil }
    return ID(place)
  }

  /// The same, compiled into the caller: for what each request does.
  @inline(__always)
  public func lookUp(namespace: UInt16, name: Span<UInt8>) -> ID? {
    guard let place = names.lookUp(namespace, name) else { return nil }
    return ID(place)
  }

  /// Enters an entity; it comes first in the listing.
  @inline(never)
  public mutating func insert(namespace: UInt16, name: Span<UInt8>, _ record: Record) throws(EntityTableError) -> ID {
    let place = try names.insert(namespace: namespace, name: name)
    if Int(place.index) < records.count {
      records[Int(place.index)] = record
    } else if !records.append(record) {
      _ = names.remove(place)
      throw .noMemory
    }
    return ID(place)
  }

  /// Removes an entity; false where `id` is stale.
  public mutating func remove(_ id: ID) -> Bool { names.remove(id.place) }

  /// Makes an entity come first in the listing.
  public mutating func renew(_ id: ID) { names.renew(id.place) }

  /// The record of `id`; nil where it is stale.
  public subscript(_ id: ID) -> Record? {
    names.isCurrent(id.place) ? records[Int(id.index)] : nil
  }

  /// The same, compiled into the caller, which so reads the fields that it needs and copies no others: for what each request does.
  @inline(__always)
  public func record(of id: ID) -> Record? {
    names.isCurrent(id.place) ? records[Int(id.index)] : nil
  }

  /// Changes the record of `id` in place; false where it is stale.
  @inline(__always)
  public mutating func update(_ id: ID, _ change: (inout Record) -> Void) -> Bool {
    guard names.isCurrent(id.place) else { return false }
    change(&records[Int(id.index)])
    return true
  }

  /// The name of `id`; empty where it is stale. Valid until the table changes.
  @inline(__always) @_lifetime(borrow self)
  public func name(of id: ID) -> Span<UInt8> { names.name(of: id.place) }

  /// The namespace number of `id`; nil where it is stale.
  public func namespace(of id: ID) -> UInt16? { names.namespace(of: id.place) }

  /// The entity that was entered or renewed last.
  public var newest: ID? { names.place(names.newest).map { ID($0) } }

  /// The entity entered or renewed next before `id`; nil at the end or where `id` is stale.
  public func older(than id: ID) -> ID? { names.older(than: id.place).map { ID($0) } }
}
