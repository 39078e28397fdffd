// `swiftlet logs`: what actions wrote besides their results, of one activation, of the latest, or as they come.

import ArgumentParser
import Foundation
import SwiftletHost

struct Logs: HostCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what actions wrote, and follow it.",
    usage: "swiftlet logs [id] [-f] [options]",
    discussion: """
      With an activation's identifier, the lines of its log. Without one, the latest activations, the newest last: a line that says \
      how each ended, and its log. With -f it goes on with those that follow, until Ctrl-C.

      EXAMPLES
        swiftlet logs -f
        swiftlet logs --action hello --status error
        swiftlet logs --last --strip

      EXIT CODES
        0   shown, or stopped by Ctrl-C
        66  there is no such activation
        69  nothing answers, or not any more
        77  the key is not accepted
      """)

  @OptionGroup var choice: ActivationChoice

  @Flag(name: .shortAndLong, help: "Go on with those that follow.")
  var follow = false

  @Flag(help: "The text of the lines only, without time and stream.")
  var strip = false

  @Option(help: ArgumentHelp("At most this many activations at the start: 0 or more.", valueName: "count"))
  var limit: Int = 10

  @OptionGroup var filter: ActivationFilter
  @OptionGroup var output: OutputOptions
  @OptionGroup var api: APIOptions

  func validate() throws {
    if limit < 0 { throw ValidationError("--limit is a number from 0.") }
    if follow && choice.isOne { throw ValidationError("-f follows all activations: it goes with no single one.") }
  }

  func execute() throws(HostError) {
    let client = try api.client()
    if choice.isOne { return try showOne(from: client) }
    let signals = follow ? StopSignals() : nil
    signals?.handle { Foundation.exit(0) }
    var feed = ActivationFeed(filter: filter, client: client)
    for entry in try feed.latest(limit) { try show(entry.record, entry.activation, client) }
    while follow {
      Thread.sleep(forTimeInterval: 0.5)
      for entry in try feed.next() { try show(entry.record, entry.activation, client) }
    }
  }

  private func showOne(from client: APIClient) throws(HostError) {
    let identifier = try filter.identifier(of: choice, from: client)
    let logs = try lines(of: identifier, client)
    if output.json { return Terminal.line(logs.pretty) }
    for line in Self.texts(logs) { Terminal.line(shown(line)) }
  }

  private static func texts(_ logs: JSON) -> [String] { logs["logs"]?.array?.compactMap(\.string) ?? [] }

  private func lines(of identifier: String, _ client: APIClient) throws(HostError) -> JSON {
    try client.json(APIRequest("GET", APIRequest.path("activations", identifier, "logs")), about: "activation '\(identifier)'")
  }

  private func show(_ record: JSON, _ activation: Activation, _ client: APIClient) throws(HostError) {
    if output.json { return Terminal.line(record.compact) }
    if !strip {
      Terminal.line(
        "\(Quantity.time(activation.start)) \(activation.name) \(activation.outcome) in \(activation.time) \(activation.identifier)")
    }
    // A long list gives the later ones without their logs.
    var lines = activation.logs
    if lines == nil { lines = Self.texts(try self.lines(of: activation.identifier, client)) }
    for line in lines ?? [] { Terminal.line(strip ? shown(line) : "  " + LogLine(parsing: line).text) }
    if !strip, activation.outcome != .success, let error = activation.result?["error"] {
      Terminal.line("  error: \(error.string ?? error.compact)")
    }
  }

  private func shown(_ line: String) -> String { strip ? LogLine(parsing: line).text : line }
}
