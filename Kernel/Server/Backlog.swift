// Activations that wait for the executor: each holds its request's bytes, so that its connection is free or waits, and may go.

import API
import Actions
import Base
import Bytes
import Entities
import Net
import Records

/// A request that has become an activation.
struct PendingActivation: ~Copyable {
  let id: ActivationID
  let action: ActionID
  /// The namespace of the caller, which the activation belongs to.
  let namespace: NamespaceID
  /// The request, and where in it the parameters are: a JSON object, or of a raw request the body.
  var input: ByteBuffer
  let payload: Range<Int>
  /// Whether input and output are bytes and not JSON (`/async-function`).
  let isRaw: Bool
  let arrived: Instant
  /// Who waits for the end, and whether for the result alone.
  let waiter: ConnectionID?
  let wantsResult: Bool
  let requestID: RequestID
}

/// A fixed number of places. Capacity and bytes are bounds.
struct Backlog: ~Copyable {
  /// Not private: the compiler (6.3) gives the metadata of a private one the wrong linkage in other files.
  struct Place: ~Copyable {
    var activation: PendingActivation?
    /// The next free place.
    var next: UInt32
  }

  private static var none: UInt32 { .max }

  private var places: FixedArray<Place>
  private var firstFree: UInt32 = 0
  private var bytes = 0
  private let limit: Int

  /// nil where memory is out.
  init?(capacity: Int, bytes limit: Int) {
    let count = max(1, capacity)
    guard let places = FixedArray<Place>(count: count, { Place(activation: nil, next: $0 &+ 1 < count ? UInt32($0 &+ 1) : Self.none) })
    else { return nil }
    self.places = places
    self.limit = limit
  }

  /// Whether an activation with `more` bytes fits.
  func hasRoom(_ more: Int) -> Bool { firstFree != Self.none && more <= limit &- bytes }

  /// There must be room.
  mutating func put(_ activation: consuming PendingActivation) -> UInt32 {
    let index = firstFree
    bytes &+= activation.input.capacity
    firstFree = places[Int(index)].next
    places[Int(index)].activation = consume activation
    return index
  }

  mutating func take(_ index: UInt32) -> PendingActivation? {
    guard let activation = places[Int(index)].activation.take() else { return nil }
    bytes &-= activation.input.capacity
    places[Int(index)].next = firstFree
    firstFree = index
    return activation
  }

  /// Activations of a namespace.
  func count(of namespace: NamespaceID) -> UInt32 {
    var count: UInt32 = 0
    for index in places.indices where Self.isOf(namespace, places[index]) { count &+= 1 }
    return count
  }

  private static func isOf(_ namespace: NamespaceID, _ place: borrowing Place) -> Bool {
    switch place.activation {
    case .some(let activation): activation.namespace == namespace
    case .none: false
    }
  }

  /// The identifier of the request that waits for `id`.
  func requestID(of id: ActivationID) -> RequestID? {
    for index in places.indices {
      if let found = Self.requestID(of: id, places[index]) { return found }
    }
    return nil
  }

  private static func requestID(of id: ActivationID, _ place: borrowing Place) -> RequestID? {
    switch place.activation {
    case .some(let activation): activation.id == id ? activation.requestID : nil
    case .none: nil
    }
  }
}
