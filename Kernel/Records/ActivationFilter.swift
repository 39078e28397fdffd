// Which activations a list shows.

import Bytes

/// What `?since=&upto=` and a namespace leave of the activations; `name` is given beside it.
public struct ActivationFilter: Equatable, Sendable, BitwiseCopyable {
  public var namespace: UInt16
  /// Milliseconds since 1970; activations that started then, and at the end of the millisecond, are in.
  public var since: UInt64 = 0
  public var upto: UInt64 = .max

  public init(namespace: UInt16) { self.namespace = namespace }
}

/// Walks over the activations that a filter leaves, from the one that ended last to the oldest. (OpenWhisk orders by start; the two differ
/// for sequences, which here come before their components.)
public struct ActivationCursor: Sendable, BitwiseCopyable {
  private let filter: ActivationFilter
  private var place: ActivationPlace?

  public init(_ filter: ActivationFilter, in store: borrowing ActivationStore) {
    self.filter = filter
    place = store.newest
  }

  /// The next that matches; `name` is `name` for actions in no package, `package/name` for others, or empty for all. An action that was
  /// reached through a binding goes by the binding's name, as in OpenWhisk. The store must not change meanwhile.
  @_optimize(size) @inline(never)
  public mutating func next(in store: borrowing ActivationStore, name: Span<UInt8>) -> ActivationPlace? {
    while let found = place {
      place = store.place(before: found)
      if store.matches(found, filter), name.isEmpty || store.matches(found, name: name) { return found }
    }
    return nil
  }
}

extension ActivationStore {
  /// Whether the activation is called `name` in lists.
  fileprivate func matches(_ place: ActivationPlace, name: Span<UInt8>) -> Bool {
    let own = self.name(of: place)
    let binding = self.binding(of: place)
    guard !binding.isEmpty else { return own.equals(name) }
    let package = binding.afterLastSlash
    let simple = own.afterLastSlash
    return name.count == package.count &+ 1 &+ simple.count && name.extracting(0..<package.count).equals(package)
      && name[package.count] == 0x2f && name.extracting(package.count &+ 1..<name.count).equals(simple)
  }
}

extension Span where Element == UInt8 {
  /// What follows the last slash; all where there is none.
  var afterLastSlash: Span<UInt8> {
    @_lifetime(copy self)
    get {
      var start = count
      while start > 0, self[start &- 1] != 0x2f { start &-= 1 }
      return extracting(start..<count)
    }
  }

  /// What lies before the last slash; empty where there is none.
  var beforeLastSlash: Span<UInt8> {
    @_lifetime(copy self)
    get { extracting(0..<max(0, count &- afterLastSlash.count &- 1)) }
  }
}
