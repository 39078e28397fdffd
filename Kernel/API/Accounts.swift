// Who may use the API: users with keys, each in one namespace (`auth=USER:KEY[@NAMESPACE]`).
// Out of scope: parsing the kernel command line, what an account may do (OpenWhisk gives it all of its namespace).

import Base
import Bytes
import HTTP
public import Records

/// A namespace, by its place in the `AccountTable`.
public struct NamespaceID: Equatable, Sendable, BitwiseCopyable {
  public let index: UInt8

  public init(index: UInt8) { self.index = index }

  /// The number of the namespace, for `EntityStore`.
  public var number: UInt16 { UInt16(index) }

  /// `whisk.system`, which is there without an account. What is published in it everyone may use.
  public static var system: NamespaceID { NamespaceID(index: 255) }
}

/// The accounts; made at boot, unchanged afterwards.
public struct AccountTable: ~Copyable {
  /// Accounts that fit.
  public static let capacity = 16

  private struct Account: BitwiseCopyable {
    var user = ByteRange.absent
    var key = ByteRange.absent
    var namespace = NamespaceID(index: 0)
  }

  /// A zero byte, so that no range begins at zero, then the names and keys.
  private var text = ByteBuffer()
  private var accounts: [16 of Account] = .init(repeating: Account())
  private var namespaces: [16 of ByteRange] = .init(repeating: .absent)
  public private(set) var count = 0
  public private(set) var namespaceCount = 0

  public init() {}

  /// Adds an account in `namespace`, or, where that is empty, in the namespace called like the user.
  ///
  /// False, and nothing added, where the table is full, memory is out, or a name is empty or too long for Basic authentication.
  public mutating func add(user: Span<UInt8>, key: Span<UInt8>, namespace: Span<UInt8>) -> Bool {
    guard count < Self.capacity, user.count > 0, key.count > 0, namespace.count <= BasicCredentials.limit,
      user.count &+ key.count < BasicCredentials.limit
    else { return false }
    guard !text.isEmpty || text.append(0) else { return false }
    guard let userRange = store(user), let keyRange = store(key) else { return false }
    let name = namespace.count > 0 ? namespace : user
    let id: NamespaceID
    if let known = self.namespace(named: name) {
      id = known
    } else {
      guard let range = store(name) else { return false }
      id = NamespaceID(index: UInt8(truncatingIfNeeded: namespaceCount))
      namespaces[namespaceCount] = range
      namespaceCount &+= 1
    }
    accounts[count] = Account(user: userRange, key: keyRange, namespace: id)
    count &+= 1
    return true
  }

  private mutating func store(_ bytes: Span<UInt8>) -> ByteRange? {
    let start = text.count
    guard text.append(bytes) else { return nil }
    return ByteRange(start: start, end: text.count)
  }

  /// The namespace of the account that the Authorization header `value` names; nil where there is none. Every account
  /// is compared in full, so that the time tells nothing of which part of which one matched.
  public func authenticate(_ value: Span<UInt8>) -> NamespaceID? {
    guard let credentials = BasicCredentials(parsing: value) else { return nil }
    var found: NamespaceID? = nil
    for index in 0..<count {
      let account = accounts[index]
      let isUser = ConstantTime.equal(credentials.user, text.span.extracting(account.user))
      let isKey = ConstantTime.equal(credentials.key, text.span.extracting(account.key))
      if isUser && isKey { found = account.namespace }
    }
    return found
  }

  /// The namespace called `name`.
  public func namespace(named name: Span<UInt8>) -> NamespaceID? {
    if name.equals(Self.systemName) { return .system }
    for index in 0..<namespaceCount where text.span.extracting(namespaces[index]).equals(name) {
      return NamespaceID(index: UInt8(truncatingIfNeeded: index))
    }
    return nil
  }

  private static var systemName: StaticString { "whisk.system" }

  /// A namespace's name; empty where `id` is not of this table.
  @_lifetime(borrow self)
  public func name(of id: NamespaceID) -> Span<UInt8> {
    if id == .system { return Self.systemName.bytes }
    let index = Int(id.index)
    return text.span.extracting(index < namespaceCount ? namespaces[index] : .absent)
  }
}

extension AccountTable: ActivationNames {
  @_lifetime(borrow self)
  public func namespaceName(_ number: UInt16) -> Span<UInt8> {
    if number == NamespaceID.system.number { return Self.systemName.bytes }
    let index = Int(number)
    return text.span.extracting(index < namespaceCount ? namespaces[index] : .absent)
  }

  /// Records do not keep who asked: all accounts of a namespace are equal.
  @_lifetime(borrow self)
  public func subjectName(_ number: UInt16) -> Span<UInt8> { text.span.extracting(0..<0) }
}
