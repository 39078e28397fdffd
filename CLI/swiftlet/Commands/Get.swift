// `swiftlet get`: all that is known of one action; its code, too.

import ArgumentParser
import Foundation
import SwiftletHost

struct Get: HostCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show one action, or save its code.",
    usage: "swiftlet get <name> [--save file]",
    discussion: """
      EXIT CODES
        0   shown
        66  there is no such action
        69  nothing answers
        73  the file cannot be written
        77  the key is not accepted
      """)

  @Argument(help: "The action: NAME or PACKAGE/NAME.", completion: .actions)
  var name: String

  @Option(help: ArgumentHelp("Write the executable, or zip archive, to this file.", valueName: "file"), completion: .file())
  var save: String?

  @OptionGroup var output: OutputOptions
  @OptionGroup var api: APIOptions

  func execute() throws(HostError) {
    let action = try ActionReference(parsing: name)
    let client = try api.client()
    let query = [APIRequest.Parameter("code", save == nil ? "false" : "true")]
    let entity = try client.json(APIRequest("GET", action.path, query: query), about: action.subject)
    if let save { return try write(entity, to: save) }
    if output.json { return Terminal.line(entity.pretty) }
    guard let shown = ActionEntity(entity) else {
      throw APIError.unexpected("an entity without a name").hostError(from: client.settings.endpoint, about: action.subject)
    }
    Terminal.line(describe(shown, action, client.settings))
  }

  private func write(_ entity: JSON, to path: String) throws(HostError) {
    guard let code = entity["exec"]?["code"]?.string, let data = Data(base64Encoded: code), !data.isEmpty else {
      throw HostError(.badReply, "The kernel does not give the code of action '\(name)'.")
    }
    guard FileManager.default.createFile(atPath: path, contents: data, attributes: [.posixPermissions: 0o755]) else {
      throw HostError(.exists, "'\(path)' cannot be written.")
    }
    Terminal.line("Saved \(path): \(Quantity.size(data.count)).")
  }

  private func describe(_ entity: ActionEntity, _ action: ActionReference, _ settings: APISettings) -> String {
    var table = TextTable(("", .left), ("", .left))
    func add(_ name: String, _ value: String?) { if let value, !value.isEmpty { table.add(name, value) } }
    add("name", entity.name)
    add("kind", entity.kind)
    add("version", entity.version)
    add("updated", entity.updated.map { "\(Quantity.time($0)) (\(Quantity.age(of: $0)))" })
    add("size", entity.size.map(Quantity.size))
    add("memory", entity.memory.map { "\($0) MB" })
    add("timeout", entity.timeout.map { "\($0) ms" })
    add("flags", entity.flags.joined(separator: ", "))
    for parameter in entity.parameters { add("parameter", "\(parameter.key) = \(parameter.value.compact)") }
    for annotation in entity.annotations { add("annotation", "\(annotation.key) = \(annotation.value.compact)") }
    add("url", action.functionPath(asynchronous: false).map { "\(settings.endpoint)\($0)" })
    add("web", entity.webPath.map { "\(settings.endpoint)\($0).json" })
    return table.text
  }
}
