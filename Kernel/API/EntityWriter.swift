// The JSON of actions, as OpenWhisk's clients read it (swagger: Action, EntityBrief).

public import Actions
import Base
import Bytes
import HTTP

/// Writes entities of one namespace.
public enum EntityWriter {
  /// The entity of one action; nothing where `id` is stale. `namespace` is the name of the action's namespace.
  @_optimize(size)
  public static func write(
    _ id: ActionID, of table: borrowing ActionTable, namespace: Span<UInt8>, into text: inout TextWriter
  ) {
    guard let record = table[id] else { return }
    text.write("{\"namespace\":")
    text.write(json: namespace)
    text.write(",\"name\":")
    text.write(json: table.name(of: id))
    // OpenWhisk counts the last of three numbers up (SemVer's patch).
    text.write(",\"version\":\"0.0.")
    text.write(decimal: UInt64(record.version))
    text.write("\",\"publish\":false,\"exec\":{\"kind\":\"blackbox\",\"binary\":true},\"annotations\":[{\"key\":\"exec\",\"value\":\"blackbox\"},")
    text.write(record.isPublic ? "{\"key\":\"public\",\"value\":true}" : "{\"key\":\"public\",\"value\":false}")
    if record.isCGI { text.write(",{\"key\":\"cgi\",\"value\":true}") }
    if record.hasEnvironment { text.write(",{\"key\":\"env\",\"value\":true}") }
    if record.isLoop { text.write(",{\"key\":\"loop\",\"value\":true}") }
    text.write("],\"parameters\":[],\"limits\":{\"timeout\":")
    text.write(decimal: UInt64(record.limits.timeoutMilliseconds))
    text.write(",\"memory\":")
    text.write(decimal: UInt64(max(0, record.limits.memoryBytes)) >> 20)
    // OpenWhisk counts logs in megabytes; ours are smaller than one, and 1 is the least that its clients print sensibly.
    text.write(",\"logs\":")
    text.write(decimal: max(1, UInt64(max(0, record.limits.logBytes)) >> 20))
    text.write(",\"concurrency\":1},\"updated\":")
    text.write(decimal: record.updatedMilliseconds)
    text.write(",\"size\":")
    text.write(decimal: UInt64(record.size))
    text.write("}")
  }

  /// The actions of a namespace in the order of their deployment, as an array; or, where only the number is wanted,
  /// `{"actions": N}`.
  @_optimize(size)
  public static func writeList(
    of table: borrowing ActionTable, in namespace: NamespaceID, named name: Span<UInt8>, page: ListPage,
    into text: inout TextWriter
  ) {
    var matched = 0
    var written = 0
    if !page.countsOnly { text.write("[") }
    var next = table.first
    while let id = next, page.countsOnly || written < page.limit {
      next = table.next(after: id)
      guard table.namespace(of: id) == UInt16(namespace.index) else { continue }
      matched &+= 1
      guard !page.countsOnly, matched > page.skip else { continue }
      if written > 0 { text.write(",") }
      write(id, of: table, namespace: name, into: &text)
      written &+= 1
    }
    if page.countsOnly {
      text.write("{\"actions\":")
      text.write(decimal: UInt64(max(0, matched &- page.skip)))
      text.write("}")
    } else {
      text.write("]")
    }
  }
}
