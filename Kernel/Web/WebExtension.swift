import Bytes

/// How the result of a web action becomes a response, as the end of the action's name in the path says.
public enum WebExtension: UInt8, Sendable, BitwiseCopyable {
  case http, json, html, svg, text

  /// The extension that `name` ends with, and how many bytes of it are the action's own name. As in OpenWhisk a name with no extension that
  /// is known is whole and means `.http`.
  @_optimize(size) @inline(never)
  public static func split(_ name: Span<UInt8>) -> (length: Int, kind: WebExtension) {
    var dot = name.count &- 1
    while dot > 0, name[dot] != 0x2e { dot &-= 1 }
    guard dot > 0 else { return (name.count, .http) }
    let end = name.extracting(dot..<name.count)
    if end.equals(".http") { return (dot, .http) }
    if end.equals(".json") { return (dot, .json) }
    if end.equals(".html") { return (dot, .html) }
    if end.equals(".svg") { return (dot, .svg) }
    return end.equals(".text") ? (dot, .text) : (name.count, .http)
  }
}
