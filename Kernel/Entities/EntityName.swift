import Bytes

/// Names of entities: OpenWhisk's rule, `\A([\w]|[\w][\w@ .-]*[\w@.-]+)\z` with ASCII word characters.
public enum EntityName {
  /// Most bytes of a name.
  public static var limit: Int { 256 }

  /// Most bytes of a package's name, a slash and a name in it.
  public static var pathLimit: Int { 2 &* limit &+ 1 }

  /// Whether `name` may name an entity.
  public static func isLegal(_ name: Span<UInt8>) -> Bool {
    guard name.count > 0, name.count <= limit, isWord(name[0]) else { return false }
    for index in 1..<name.count {
      let byte = name[index]
      guard isWord(byte) || byte == 0x40 || byte == 0x20 || byte == 0x2e || byte == 0x2d else { return false }
    }
    return name[name.count &- 1] != 0x20
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == 0x5f
  }

  /// Bytes of the package's name in `path`, which is `package/name` or `name`; nil where there is no package.
  public static func packageLength(of path: Span<UInt8>) -> Int? {
    for index in path.indices where path[index] == 0x2f { return index }
    return nil
  }

  /// Whether `path` is the name of something in the package called `package`.
  public static func isPath(_ path: Span<UInt8>, in package: Span<UInt8>) -> Bool {
    path.count > package.count && path[package.count] == 0x2f && path.extracting(0..<package.count).equals(package)
  }
}
