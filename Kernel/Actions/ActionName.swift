/// Names of actions: OpenWhisk's rule for entities, `\A([\w]|[\w][\w@ .-]*[\w@.-]+)\z` with ASCII word characters.
public enum ActionName {
  /// Most bytes of a name.
  public static var limit: Int { 256 }

  /// Whether `name` may name an action.
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
}
