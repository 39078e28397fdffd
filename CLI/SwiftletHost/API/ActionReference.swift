// How an action is named on the command line: NAME, PACKAGE/NAME, or /NAMESPACE/NAME and /NAMESPACE/PACKAGE/NAME as OpenWhisk writes them.

public struct ActionReference: Equatable, Sendable, CustomStringConvertible {
  /// `_`, the caller's own, where none was named.
  public let namespace: String
  public let package: String?
  public let name: String

  public init(parsing text: String) throws(HostError) {
    var parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    var space = "_"
    if text.hasPrefix("/"), parts.count >= 3 {
      space = parts[1]
      parts.removeFirst(2)
    }
    for part in parts + [space] where !Self.isLegal(part) {
      throw HostError(
        .badValue, "'\(text)' is not an action's name.",
        remedy: "A name has letters, digits, _ and, inside it, @ . - and blanks: NAME, PACKAGE/NAME or /NAMESPACE/PACKAGE/NAME.")
    }
    guard parts.count <= 2 else {
      throw HostError(.badValue, "'\(text)' has too many parts.", remedy: "Write NAME, PACKAGE/NAME or /NAMESPACE/PACKAGE/NAME.")
    }
    namespace = space
    package = parts.count == 2 ? parts[0] : nil
    name = parts[parts.count - 1]
  }

  /// Whether the API would take this as an entity's name: `\A([\w]|[\w][\w@ .-]*[\w@.-]+)\z`, 256 bytes at most.
  public static func isLegal(_ name: String) -> Bool {
    func isWord(_ character: Character) -> Bool { character.isASCII && (character.isLetter || character.isNumber || character == "_") }
    guard let first = name.first, isWord(first), name.utf8.count <= 256, name.last != " " else { return false }
    return name.allSatisfy { isWord($0) || "@ .-".contains($0) }
  }

  /// Its path in the API.
  public var path: String {
    let parts = [namespace, "actions"] + (package.map { [$0] } ?? []) + [name]
    return "/api/v1/namespaces/" + parts.map(APIRequest.encoded).joined(separator: "/")
  }

  /// Its path as a raw function, which knows no packages; nil for one of a package.
  public func functionPath(asynchronous: Bool) -> String? {
    guard package == nil else { return nil }
    let whole = namespace == "_" ? name : "\(name).\(namespace)"
    return (asynchronous ? "/async-function/" : "/function/") + APIRequest.encoded(whole)
  }

  public var description: String {
    let local = package.map { "\($0)/\(name)" } ?? name
    return namespace == "_" ? local : "/\(namespace)/\(local)"
  }

  /// For errors: what a call is about.
  public var subject: String { "action '\(self)'" }
}
