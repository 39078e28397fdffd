// Activations that wait for the executor: each holds its parameters, so that a connection whose request it was is free or waits, and may go.

import API
import Actions
import Base
import Bytes
import Entities
import Net
import Records
import Web

/// What a client is sent when the activation that it waits for has ended.
enum ReplyForm: Sendable, BitwiseCopyable {
  /// The whole record, or the result alone, as the API has it.
  case record, result
  /// The response that the result of a web action describes.
  case web(WebExtension)
}

/// Who is told how an activation ended.
enum Audience: Sendable {
  case nobody
  /// The client that waits on a connection, if it still does.
  case client(ConnectionID, ReplyForm)
  /// The sequence at a place of `SequenceTable`, whose step the activation is.
  case sequence(UInt32)
}

/// An action that is to be run, or a sequence.
struct PendingActivation: ~Copyable {
  let id: ActivationID
  let target: ResolvedAction
  /// The namespace of the caller, which the activation belongs to.
  let namespace: NamespaceID
  /// The bytes that the activation is about, and where in them the parameters are: a JSON object, or nothing for an empty one; a result that goes
  /// on in a sequence may be an array. The target's own parameters join them when it is run. Of a raw request the body.
  var input: ByteBuffer
  let payload: Range<Int>
  /// Whether input and output are bytes and not JSON (`/async-function`).
  var isRaw = false
  let arrived: Instant
  /// The activation that this one is part of: a sequence's, or a trigger's.
  var cause: ActivationID? = nil
  var audience = Audience.nobody
  /// Of a client that waits.
  var requestID = RequestID(number: 0)
}

/// A fixed number of places. Capacity and bytes are bounds for what the outside brings; a sequence's next step has a place of its own.
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
  private var free: Int
  private var bytes = 0
  private let limit: Int

  /// nil where memory is out.
  init?(capacity: Int, bytes limit: Int) {
    let count = max(1, capacity) &+ 1
    guard let places = FixedArray<Place>(count: count, { Place(activation: nil, next: $0 &+ 1 < count ? UInt32($0 &+ 1) : Self.none) })
    else { return nil }
    self.places = places
    self.limit = limit
    free = count
  }

  /// Whether an activation with `more` bytes fits.
  func hasRoom(_ more: Int) -> Bool { free > 1 && more <= limit &- bytes }

  /// Whether `more` bytes of a sequence's next step fit. One that does not must have its turn next.
  func hasRoom(forStep more: Int) -> Bool { more <= limit &- bytes }

  /// There must be room; for the next step of the sequence whose last one has just ended there is.
  mutating func put(_ activation: consuming PendingActivation) -> UInt32 {
    let index = firstFree
    bytes &+= activation.input.capacity
    free &-= 1
    firstFree = places[Int(index)].next
    places[Int(index)].activation = consume activation
    return index
  }

  mutating func take(_ index: UInt32) -> PendingActivation? {
    guard let activation = places[Int(index)].activation.take() else { return nil }
    bytes &-= activation.input.capacity
    free &+= 1
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
