// swiftlet.json: what `swiftlet new` writes, and what `build` and `deploy` read.
//
//     {"name": "hello", "lang": "swift", "sources": ["hello.swift"], "options": ["-Onone"],
//      "deploy": {"memory": 64, "timeout": 1000, "public": true, "parameters": {"greeting": "Hi"}, "annotations": {"a": 1}}}
//
// `libc` ("musl" or "glibc") is for C. All but the first three may be left out.

import Foundation

/// The languages that `new` and `build` know.
public enum Language: String, CaseIterable, Sendable { case swift, c, rust }

public struct Manifest: Equatable, Sendable {
  public enum CLibrary: String, CaseIterable, Sendable { case glibc, musl }

  public static let fileName = "swiftlet.json"

  public var name: String
  public var language: Language
  public var sources: [String]
  /// More words for the compiler.
  public var options: [String] = []
  /// Nil takes musl where it is installed.
  public var library: CLibrary?
  /// The package that it is deployed to, and how.
  public var package: String?
  public var deployment = Deployment()

  public init(name: String, language: Language, sources: [String]) {
    self.name = name
    self.language = language
    self.sources = sources
  }

  /// The manifest in `folder`.
  public init(in folder: String) throws(HostError) {
    let path = folder == "." ? Self.fileName : "\(folder)/\(Self.fileName)"
    guard let data = FileManager.default.contents(atPath: path) else {
      throw HostError(
        .missingFile, "There is no \(path).", remedy: "Name a file, or make a project: swiftlet new NAME --lang swift")
    }
    do throws(ManifestError) {
      try self.init(parsing: Array(data))
    } catch {
      throw HostError(.badSettings, "\(path): \(error.problem)", remedy: "docs/command.md says what may be in it.")
    }
  }

  public init(parsing text: [UInt8]) throws(ManifestError) {
    let document: JSON
    do throws(JSONError) { document = try JSON(parsing: text) } catch { throw ManifestError("\(error).") }
    let reader = try ManifestReader(document, known: ["name", "lang", "sources", "options", "libc", "deploy"])
    guard let name = try reader.string("name"), ActionReference.isLegal(name) else { throw ManifestError("'name' is to be the action's name.") }
    guard let language = try reader.string("lang").flatMap(Language.init) else { throw ManifestError("'lang' is to be swift, c or rust.") }
    let sources = try reader.strings("sources")
    guard !sources.isEmpty else { throw ManifestError("'sources' is to list the source files.") }
    self.init(name: name, language: language, sources: sources)
    options = try reader.strings("options")
    if let word = try reader.string("libc") {
      guard let library = CLibrary(rawValue: word) else { throw ManifestError("'libc' is to be musl or glibc.") }
      self.library = library
    }
    if let deploy = document["deploy"] { try readDeployment(deploy) }
  }

  private mutating func readDeployment(_ document: JSON) throws(ManifestError) {
    let known = ["package", "memory", "timeout", "web", "public", "env", "cgi", "loop", "parameters", "annotations"]
    let reader = try ManifestReader(document, known: known)
    package = try reader.string("package")
    deployment.memory = try reader.integer("memory")
    deployment.timeout = try reader.integer("timeout")
    deployment.web = try reader.boolean("web")
    deployment.isPublic = try reader.boolean("public")
    deployment.environment = try reader.boolean("env")
    deployment.cgi = try reader.boolean("cgi")
    deployment.loop = try reader.boolean("loop")
    deployment.parameters = try reader.members("parameters")
    deployment.annotations = try reader.members("annotations")
  }

  /// The text of a new project's manifest.
  public var text: String {
    let object: JSON = ["name": .string(name), "lang": .string(language.rawValue), "sources": .array(sources.map(JSON.string))]
    return object.pretty + "\n"
  }
}

/// What is wrong with a manifest.
public struct ManifestError: Error, Equatable, Sendable {
  public var problem: String

  init(_ problem: String) { self.problem = problem }
}

/// Reads an object whose members have to be known and of the right kind.
private struct ManifestReader {
  let document: JSON

  init(_ document: JSON, known: [String]) throws(ManifestError) {
    guard let members = document.members else { throw ManifestError("an object, { … }, is wanted.") }
    for member in members where !known.contains(member.key) {
      throw ManifestError("'\(member.key)' is unknown; known are \(known.joined(separator: ", ")).")
    }
    self.document = document
  }

  /// The member `name` as `convert` sees it; nil where there is none.
  private func value<Value>(_ name: String, _ kind: String, _ convert: (JSON) -> Value?) throws(ManifestError) -> Value? {
    guard let value = document[name] else { return nil }
    guard let converted = convert(value) else { throw ManifestError("'\(name)' is to be \(kind).") }
    return converted
  }

  func string(_ name: String) throws(ManifestError) -> String? { try value(name, "a string") { $0.string } }
  func integer(_ name: String) throws(ManifestError) -> Int? { try value(name, "a whole number") { $0.integer } }
  func boolean(_ name: String) throws(ManifestError) -> Bool { try value(name, "true or false") { $0.boolean } ?? false }
  func members(_ name: String) throws(ManifestError) -> [JSON.Member] { try value(name, "an object") { $0.members } ?? [] }

  func strings(_ name: String) throws(ManifestError) -> [String] {
    try value(name, "an array of strings") { value in
      let strings = value.array?.compactMap(\.string)
      return strings?.count == value.array?.count ? strings : nil
    } ?? []
  }
}
