// `swiftlet list`: the actions, and with --all the other entities.

import ArgumentParser
import SwiftletHost

struct List: HostCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the actions.",
    usage: "swiftlet list [--all] [options]",
    discussion: """
      FLAGS are how an action was deployed: web, public, env, cgi, loop. --all shows packages, triggers and rules as well.

      EXIT CODES
        0   listed
        69  nothing answers
        77  the key is not accepted
      """)

  @Flag(help: "Packages, triggers and rules as well.")
  var all = false

  @Option(help: ArgumentHelp("At most this many of each: 1 or more.", valueName: "count"))
  var limit: Int = 65_536

  @Option(help: ArgumentHelp("Leave out the first ones.", valueName: "count"))
  var skip: Int = 0

  @OptionGroup var output: OutputOptions
  @OptionGroup var api: APIOptions

  func validate() throws {
    if limit < 1 || skip < 0 { throw ValidationError("--limit is a number from 1, --skip one from 0.") }
  }

  func execute() throws(HostError) {
    let client = try api.client()
    var lists: [(name: String, entities: [JSON])] = []
    for name in all ? ["actions", "packages", "triggers", "rules"] : ["actions"] {
      lists.append((name, try client.list(APIRequest("GET", APIRequest.path(name)), about: "list of \(name)", limit: limit, skip: skip)))
    }
    if output.json {
      let whole = all ? JSON.object(lists.map { .init($0.name, .array($0.entities)) }) : .array(lists[0].entities)
      return Terminal.line(whole.pretty)
    }
    for (index, list) in lists.enumerated() {
      if all { Terminal.line((index > 0 ? "\n" : "") + list.name) }
      show(list.name, list.entities, client.settings)
    }
  }

  private func show(_ name: String, _ entities: [JSON], _ settings: APISettings) {
    if entities.isEmpty {
      let hint = name == "actions" ? " Deploy one: swiftlet deploy FILE" : ""
      return Terminal.line("There are no \(name) on \(settings.endpoint).\(hint)")
    }
    let table = name == "actions" ? ActionEntity.table(entities.compactMap(ActionEntity.init)) : Self.table(of: name, entities)
    Terminal.line(table.text)
  }

  /// Packages, triggers and rules: what each is tied to.
  private static func table(of name: String, _ entities: [JSON]) -> TextTable {
    var table = TextTable(("NAME", .left), ("VERSION", .left), ("UPDATED", .left), ("DETAILS", .left))
    /// An entity named by its path and name, or by both in one text.
    func named(_ reference: JSON?) -> String? {
      reference?.string ?? reference?["name"]?.string.map { name in
        (reference?["path"]?.string ?? reference?["namespace"]?.string).map { "/\($0)/\(name)" } ?? name
      }
    }
    for entity in entities {
      let details =
        switch name {
        case "packages": named(entity["binding"]).map { "bound to \($0)" } ?? ""
        case "rules":
          "\(named(entity["trigger"]) ?? "?") -> \(named(entity["action"]) ?? "?")" + (entity["status"]?.string.map { ", \($0)" } ?? "")
        default: (entity["annotations"]?.value(ofKey: "feed")?.string).map { "feed \($0)" } ?? ""
        }
      table.add(
        entity["name"]?.string ?? "-", entity["version"]?.string ?? "-", entity["updated"]?.integer.map { Quantity.age(of: $0) } ?? "-", details)
    }
    return table
  }
}
