// Names of entities of any namespace, as bodies give them and as they are kept: `namespace/name` or `namespace/package/name`.

public import Bytes
public import JSON

/// A full name in a text of its own.
public enum QualifiedName {
  /// Most bytes of one.
  static var limit: Int { 3 &* EntityName.limit &+ 2 }

  /// Appends the name that `value` is and a line feed to `names`: a string as `/_/action` or `namespace/package/action`, or an object
  /// with "path" and "name". For the namespace `_` that of `own` is put.
  @_optimize(size) @inline(never)
  public static func append(
    _ value: JSONValue, in text: Span<UInt8>, own: Span<UInt8>, to names: inout ByteBuffer
  ) throws(EntityError) {
    var name = ByteBuffer()
    switch value.kind {
    case .string: try append(value, in: text, to: &name)
    case .object:
      let fields = JSONFields(["path", "name"], of: value, in: text)
      guard let path = fields[0], path.kind == .string, let last = fields[1], last.kind == .string else {
        throw .malformed("fully qualified name malformed")
      }
      try append(path, in: text, to: &name)
      guard name.append(0x2f) else { throw .noMemory }
      try append(last, in: text, to: &name)
    default: throw .malformed("fully qualified name malformed")
    }
    try append(name.span, own: own, to: &names)
  }

  /// As above, of a binding.
  public static func append(
    _ binding: BindingPut, in text: Span<UInt8>, own: Span<UInt8>, to names: inout ByteBuffer
  ) throws(EntityError) {
    var name = ByteBuffer()
    try append(binding.namespace, in: text, to: &name)
    guard name.append(0x2f) else { throw .noMemory }
    try append(binding.name, in: text, to: &name)
    guard parts(name.span) == 2 else { throw .malformed("The name of the entity contains illegal characters.") }
    try append(name.span, own: own, to: &names)
  }

  /// A string that is longer than any name is not copied.
  private static func append(_ value: JSONValue, in text: Span<UInt8>, to name: inout ByteBuffer) throws(EntityError) {
    guard value.end &- value.start <= 6 &* limit &+ 2 else { throw .malformed("The name of the entity is too long.") }
    guard value.appendString(of: text, to: &name) else { throw .noMemory }
  }

  private static func append(_ name: Span<UInt8>, own: Span<UInt8>, to names: inout ByteBuffer) throws(EntityError) {
    let start = name.count > 0 && name[0] == 0x2f ? 1 : 0
    let path = name.extracting(start..<name.count)
    let count = parts(path)
    guard count == 2 || count == 3 else {
      if path.count == 0 || count == 1 {
        throw .malformed("The fully qualified name of the entity must contain at least the namespace and the name of the entity.")
      }
      throw .malformed("The name of the entity contains illegal characters.")
    }
    let namespace = namespaceLength(path)
    let isOwn = path.extracting(0..<namespace).equals("_")
    guard names.append(isOwn ? own : path.extracting(0..<namespace)), names.append(path.extracting(namespace..<path.count)),
      names.append(0x0a)
    else { throw .noMemory }
  }

  /// Whether `value` is a string of legal names with slashes between them, and perhaps before the first: OpenWhisk's path.
  static func isPath(_ value: JSONValue, in text: Span<UInt8>) -> Bool {
    guard value.kind == .string, let name = value.plainString(in: text) else { return false }
    return parts(name.extracting((name.count > 0 && name[0] == 0x2f ? 1 : 0)..<name.count)) != nil
  }

  /// Legal names in `path`, parted by slashes; nil where one is not legal.
  public static func parts(_ path: Span<UInt8>) -> Int? {
    var count = 0
    var start = 0
    while start <= path.count {
      var end = start
      while end < path.count, path[end] != 0x2f { end &+= 1 }
      guard EntityName.isLegal(path.extracting(start..<end)) else { return nil }
      count &+= 1
      start = end &+ 1
    }
    return count
  }

  /// Bytes of the namespace's name at the front of a full name.
  public static func namespaceLength(_ name: Span<UInt8>) -> Int { EntityName.packageLength(of: name) ?? name.count }

  /// The place in `names` of the full name that begins at `start`, without its line feed; nil at the end.
  public static func next(in names: Span<UInt8>, from start: Int) -> Range<Int>? {
    guard start >= 0, start < names.count else { return nil }
    var end = start
    while end < names.count, names[end] != 0x0a { end &+= 1 }
    return start..<end
  }
}
