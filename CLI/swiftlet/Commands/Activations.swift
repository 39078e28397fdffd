// `swiftlet activations`: what ran, and one record of it.

import ArgumentParser
import SwiftletHost

struct Activations: HostCommand {
  static let configuration = CommandConfiguration(
    abstract: "List what ran, or show one activation.",
    usage: "swiftlet activations [id] [options]",
    discussion: """
      EXAMPLES
        swiftlet activations --action hello --status error
        swiftlet activations --since 10m --limit 100
        swiftlet activations --last --json

      EXIT CODES
        0   shown
        66  there is no such activation
        69  nothing answers
        77  the key is not accepted
      """)

  @OptionGroup var choice: ActivationChoice

  @Option(help: ArgumentHelp("At most this many: 1 or more.", valueName: "count"))
  var limit: Int = 30

  @OptionGroup var filter: ActivationFilter
  @OptionGroup var output: OutputOptions
  @OptionGroup var api: APIOptions

  func validate() throws {
    if limit < 1 { throw ValidationError("--limit is a number from 1.") }
  }

  func execute() throws(HostError) {
    let client = try api.client()
    if choice.isOne { return try show(from: client) }
    let found = try filter.newest(limit, docs: false, from: client)
    if output.json { return Terminal.line(JSON.array(found.map(\.record)).pretty) }
    if found.isEmpty { return Terminal.line("There are no such activations on \(client.settings.endpoint).") }
    Terminal.line(Activation.table(found.map(\.activation)).text)
  }

  private func show(from client: APIClient) throws(HostError) {
    let identifier = try filter.identifier(of: choice, from: client)
    let record = try client.json(APIRequest("GET", APIRequest.path("activations", identifier)), about: "activation '\(identifier)'")
    guard !output.json, let activation = Activation(record) else { return Terminal.line(record.pretty) }
    var table = TextTable(("", .left), ("", .left))
    table.add("activation", activation.identifier)
    table.add("action", activation.name)
    table.add("start", Quantity.time(activation.start))
    table.add("time", activation.time)
    table.add("status", activation.outcome.description)
    Terminal.line(table.text)
    if let result = activation.result { Terminal.line("\n" + result.pretty) }
    if let logs = activation.logs, !logs.isEmpty { Terminal.line("\n" + logs.joined(separator: "\n")) }
  }
}
