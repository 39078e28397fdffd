// What the API tells about an action, as far as this command shows it.

public struct ActionEntity: Equatable, Sendable {
  /// With its package: "package/name".
  public var name: String
  /// Its path as a web action (`/api/v1/web/…`); nil where it is none.
  public var webPath: String?
  /// `blackbox`, `sequence` …: the annotation `exec`, since lists leave the code out.
  public var kind: String
  public var version: String
  /// Megabytes and milliseconds.
  public var memory: Int?
  public var timeout: Int?
  /// Milliseconds since 1970.
  public var updated: Int?
  /// Bytes of the image.
  public var size: Int?
  public var parameters: [JSON.Member]
  /// Without those that the other fields and `flags` tell.
  public var annotations: [JSON.Member]
  /// The annotations that say how it is run, where they are true.
  public var flags: [String]

  /// What the flags' annotations are called.
  private static let flagNames = [
    ("web-export", "web"), ("raw-http", "raw-http"), ("public", "public"), ("env", "env"), ("cgi", "cgi"), ("loop", "loop"),
  ]

  /// From an entity as GET, PUT and lists give it; nil where it has no name.
  public init?(_ entity: JSON) {
    guard let name = entity["name"]?.string else { return nil }
    let annotations = entity["annotations"] ?? []
    // The package of one that a list shows is at the end of its namespace: "guest/package".
    let path = (entity["namespace"]?.string ?? "").split(separator: "/")
    self.name = path.count == 2 ? "\(path[1])/\(name)" : name
    kind = annotations.value(ofKey: "exec")?.string ?? entity["exec"]?["kind"]?.string ?? "-"
    version = entity["version"]?.string ?? "-"
    memory = entity["limits"]?["memory"]?.integer
    timeout = entity["limits"]?["timeout"]?.integer
    updated = entity["updated"]?.integer
    size = entity["size"]?.integer
    parameters = Self.pairs(entity["parameters"])
    if let namespace = path.first, annotations.value(ofKey: "web-export")?.boolean == true {
      let parts = [String(namespace), path.count == 2 ? String(path[1]) : "default", name]
      webPath = "/api/v1/web/" + parts.map(APIRequest.encoded).joined(separator: "/")
    }
    flags = Self.flagNames.filter { annotations.value(ofKey: $0.0)?.boolean == true }.map(\.1)
    let known = Self.flagNames.map(\.0) + ["exec", "final"]
    self.annotations = Self.pairs(annotations).filter { !known.contains($0.key) }
  }

  private static func pairs(_ list: JSON?) -> [JSON.Member] {
    (list?.array ?? []).compactMap { pair in pair["key"]?.string.map { JSON.Member($0, pair["value"] ?? .null) } }
  }

  /// "256 MB, 60 s, public, loop"
  public var summary: String {
    var parts = ["version \(version)"]
    if let memory { parts.append("\(memory) MB") }
    if let timeout { parts.append(Quantity.duration(microseconds: Double(timeout) * 1000)) }
    return (parts + flags).joined(separator: ", ")
  }

  public static func table(_ entities: [ActionEntity]) -> TextTable {
    var table = TextTable(
      ("NAME", .left), ("KIND", .left), ("MEMORY", .right), ("TIMEOUT", .right), ("VERSION", .left), ("UPDATED", .left), ("FLAGS", .left))
    for entity in entities {
      table.add(
        entity.name, entity.kind, entity.memory.map { "\($0) MB" } ?? "-",
        entity.timeout.map { Quantity.duration(microseconds: Double($0) * 1000) } ?? "-", entity.version,
        entity.updated.map { Quantity.age(of: $0) } ?? "-", entity.flags.joined(separator: ","))
    }
    return table
  }
}
