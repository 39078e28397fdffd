// The header of the request that was authenticated last: most requests have the same one as the one before.

import Bytes

/// The value of an Authorization header that was found to be right.
public struct KnownCredentials: Sendable {
  private static var limit: Int { 128 }

  private var text: [128 of UInt8] = .init(repeating: 0)
  private var count = 0
  private var namespace = NamespaceID(index: 0)

  public init() {}

  /// The namespace of `value` where it is the one that is kept. Its time depends on the lengths alone.
  public mutating func namespace(of value: Span<UInt8>) -> NamespaceID? {
    guard value.count == count, count > 0 else { return nil }
    var difference: UInt64 = 0
    var at = 0
    while at &+ 8 <= count {
      difference |= value.loadLE64(at) ^ text.span.loadLE64(at)
      at &+= 8
    }
    while at < count {
      difference |= UInt64(value[at] ^ text[at])
      at &+= 1
    }
    return difference == 0 ? namespace : nil
  }

  /// Keeps `value`, which `AccountTable.authenticate` found to be of `namespace`; not one that is too long.
  public mutating func keep(_ value: Span<UInt8>, _ namespace: NamespaceID) {
    guard value.count <= Self.limit else { return }
    for index in value.indices { text[index] = value[index] }
    count = value.count
    self.namespace = namespace
  }
}
