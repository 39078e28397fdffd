/// A key of the kernel's API: `USER:KEY`, or `USER:KEY@NAMESPACE` to name its namespace.
public struct Credentials: Equatable, Sendable, CustomStringConvertible {
  /// What HTTP clients send: `USER:KEY`.
  public let userAndKey: String
  public let namespace: String?

  /// What `swiftlet run` and the ISO use where nothing else is given.
  public static let development = Credentials(userAndKey: "swiftlet:development", namespace: nil)

  private init(userAndKey: String, namespace: String?) {
    self.userAndKey = userAndKey
    self.namespace = namespace
  }

  public init(parsing text: String) throws(HostError) {
    let remedy = "Give --auth USER:KEY, such as --auth me:secret."
    // The value travels in the kernel command line, whose words are separated by blanks.
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x22 }) else {
      throw HostError(.badValue, "A key has no blanks, quotes or characters outside ASCII.", remedy: remedy)
    }
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let pair = parts[0].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard pair.count == 2, !pair[0].isEmpty, !pair[1].isEmpty else {
      throw HostError(.badValue, "'\(text)' is not a key: it has no USER and KEY with a colon between.", remedy: remedy)
    }
    guard parts.count == 1 || !parts[1].isEmpty else {
      throw HostError(.badValue, "'\(text)' ends in '@' with no namespace after it.", remedy: remedy)
    }
    userAndKey = String(parts[0])
    namespace = parts.count == 2 ? String(parts[1]) : nil
  }

  /// The value of the kernel command line's `auth=`.
  public var description: String { namespace.map { "\(userAndKey)@\($0)" } ?? userAndKey }
}
