// The registry of deployed actions: found by namespace and name, listed in the order of their deployment.
//
// Records have a fixed size and names share one buffer, so an action costs about 200 bytes here. Everything grows with
// memory that may be refused; nothing is allocated before the first action comes.
// Out of scope: installing and running (ActionExecutor.swift), and what a listing looks like.

public import Base
import Bytes

/// Names one record of an `ActionTable`; harmless when stale.
public struct ActionID: Equatable, Hashable, Sendable, BitwiseCopyable {
  public let index: UInt32
  let generation: UInt32
}

/// What the registry keeps of one action beside its name.
public struct ActionRecord: Sendable, BitwiseCopyable {
  public var instance: InstanceID
  public var limits: ActionLimits
  /// Whether `/function/NAME` needs no key.
  public var isPublic: Bool
  /// Whether it runs in loop mode.
  public var isLoop = false
  /// 1 at first, one more at each redeployment.
  public var version: UInt32 = 1
  /// Milliseconds since 1970 of the last deployment.
  public var updatedMilliseconds: UInt64
  /// Bytes of the executable file.
  public var size: UInt32
  /// Whether the action is given the request's CGI and OpenWhisk variables.
  public var hasEnvironment: Bool = false
  /// Whether the action's output begins with CGI response headers; `hasEnvironment` then, too.
  public var isCGI: Bool = false
  /// Whether no invocation of this version has ended, and what its initialisation took, in loop mode.
  public var isCold = true
  public var preparation = Interval.zero
  public var invocations: UInt64 = 0
  /// Invocations that ended otherwise than by exit status 0.
  public var failures: UInt64 = 0
  /// Time that invocations ran, in all.
  public var runNanoseconds: UInt64 = 0

  public init(instance: InstanceID, limits: ActionLimits, isPublic: Bool, updatedMilliseconds: UInt64, size: UInt32) {
    self.instance = instance
    self.limits = limits
    self.isPublic = isPublic
    self.updatedMilliseconds = updatedMilliseconds
    self.size = size
  }
}

/// Why an action was not entered.
public enum ActionTableError: Error, Equatable, Sendable {
  case illegalName
  case exists
  case full
  case noMemory

  public var text: StaticString {
    switch self {
    case .illegalName: "the name must match \\A([\\w]|[\\w][\\w@ .-]*[\\w@.-]+)\\z and have at most 256 bytes"
    case .exists: "an action of this name exists"
    case .full: "the most actions that can be deployed are; delete some"
    case .noMemory: "no memory is left for another action; delete actions or give the machine more memory"
    }
  }
}

/// All deployed actions. Finding, entering and removing one costs the same however many there are.
public struct ActionTable: ~Copyable, Sendable {
  /// One place of the table. Places in use are linked in the order of deployment, free ones by `next`.
  struct Place: Sendable, BitwiseCopyable {
    var record: ActionRecord
    var hash: UInt32
    var nameOffset: UInt32
    var nameLength: UInt16
    var namespace: UInt16
    var generation: UInt32
    var next: UInt32
    var previous: UInt32
    var isUsed: Bool
  }

  static var none: UInt32 { .max }

  public let capacity: Int
  public private(set) var count = 0
  let seed: UInt64
  var places = FailableArray<Place>()
  /// Open addressing with linear probing; a power of two long, at most three quarters full.
  var buckets = FailableArray<UInt32>()
  var names = ByteBuffer()
  var nameBytesInUse = 0
  var firstFree: UInt32 = ActionTable.none
  var head: UInt32 = ActionTable.none
  var tail: UInt32 = ActionTable.none

  /// An empty table for at most `capacity` actions. `seed` should be secret, so that no one can choose names that collide.
  public init(capacity: Int = 16_384, seed: UInt64) {
    self.capacity = min(capacity, 1 << 20)
    self.seed = seed
  }

  /// The action `name` of namespace number `namespace`.
  public func find(namespace: UInt16, name: Span<UInt8>) -> ActionID? {
    guard count > 0 else { return nil }
    let bucket = probe(namespace, name, hash(namespace, name))
    let index = buckets[bucket]
    guard index != Self.none else { return nil }
    return ActionID(index: index, generation: places[Int(index)].generation)
  }

  /// Enters an action; the newest comes last in the listing.
  @_optimize(size)
  public mutating func insert(
    namespace: UInt16, name: Span<UInt8>, _ record: ActionRecord
  ) throws(ActionTableError) -> ActionID {
    guard ActionName.isLegal(name) else { throw .illegalName }
    guard find(namespace: namespace, name: name) == nil else { throw .exists }
    guard count < capacity else { throw .full }
    guard reserveBucket() else { throw .noMemory }
    let nameOffset = names.count
    guard names.append(name) else { throw .noMemory }

    let hash = hash(namespace, name)
    var place = Place(
      record: record, hash: hash, nameOffset: UInt32(nameOffset), nameLength: UInt16(name.count), namespace: namespace,
      generation: 1, next: Self.none, previous: tail, isUsed: true)
    let index: UInt32
    if firstFree != Self.none {
      index = firstFree
      firstFree = places[Int(index)].next
      place.generation = places[Int(index)].generation &+ 1
      places[Int(index)] = place
    } else {
      index = UInt32(places.count)
      guard places.append(place) else {
        names.truncate(to: nameOffset)
        throw .noMemory
      }
    }
    if tail == Self.none { head = index } else { places[Int(tail)].next = index }
    tail = index
    buckets[probe(namespace, name, hash)] = index
    nameBytesInUse &+= name.count
    count &+= 1
    return ActionID(index: index, generation: place.generation)
  }

  /// Removes an action; false where `id` is stale.
  @_optimize(size)
  public mutating func remove(_ id: ActionID) -> Bool {
    guard isCurrent(id) else { return false }
    let place = places[Int(id.index)]
    removeBucket(of: id.index, hash: place.hash)
    if place.previous == Self.none { head = place.next } else { places[Int(place.previous)].next = place.next }
    if place.next == Self.none { tail = place.previous } else { places[Int(place.next)].previous = place.previous }
    places[Int(id.index)].isUsed = false
    places[Int(id.index)].next = firstFree
    firstFree = id.index
    nameBytesInUse &-= Int(place.nameLength)
    count &-= 1
    compactNames()
    return true
  }

  /// The record of `id`; nil where it is stale.
  public subscript(_ id: ActionID) -> ActionRecord? {
    isCurrent(id) ? places[Int(id.index)].record : nil
  }

  /// Changes the record of `id` in place; false where it is stale.
  public mutating func update(_ id: ActionID, _ change: (inout ActionRecord) -> Void) -> Bool {
    guard isCurrent(id) else { return false }
    change(&places[Int(id.index)].record)
    return true
  }

  /// The name of `id`; empty where it is stale. Valid until the table changes.
  @_lifetime(borrow self)
  public func name(of id: ActionID) -> Span<UInt8> {
    guard isCurrent(id) else { return names.span.extracting(0..<0) }
    return name(at: id.index)
  }

  /// The namespace number of `id`; nil where it is stale.
  public func namespace(of id: ActionID) -> UInt16? {
    isCurrent(id) ? places[Int(id.index)].namespace : nil
  }

  /// The action that was deployed first.
  public var first: ActionID? { identifier(head) }

  /// The action deployed next after `id`; nil at the end or where `id` is stale.
  public func next(after id: ActionID) -> ActionID? {
    isCurrent(id) ? identifier(places[Int(id.index)].next) : nil
  }

  private func identifier(_ index: UInt32) -> ActionID? {
    index == Self.none ? nil : ActionID(index: index, generation: places[Int(index)].generation)
  }

  private func isCurrent(_ id: ActionID) -> Bool {
    Int(id.index) < places.count && places[Int(id.index)].isUsed && places[Int(id.index)].generation == id.generation
  }
}
