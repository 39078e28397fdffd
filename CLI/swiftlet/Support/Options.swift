// Options that commands share.

import ArgumentParser
import Foundation
import SwiftletHost

/// Where the API is, and whether its calls are shown.
struct APIOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The kernel's address (default: SWIFTLET_HOST, else http://127.0.0.1:8080).", valueName: "url"))
  var host: String?

  @Option(help: ArgumentHelp("The key (default: SWIFTLET_AUTH, else \(Credentials.development)).", valueName: "user:key"))
  var auth: String?

  @Flag(name: .shortAndLong, help: "Show each HTTP call as a curl line; -vv shows the key in it.")
  var verbose: Int

  func client() throws(HostError) -> APIClient {
    let trace: ((String) -> Void)? = verbose > 0 ? { Terminal.error($0) } : nil
    return APIClient(try APISettings.current(host: host, auth: auth), showsKey: verbose > 1, trace: trace)
  }
}

/// What a command prints.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print JSON, as the API gives it.")
  var json = false
}

/// Parameters of a JSON object.
struct ParameterOptions: ParsableArguments {
  @Option(
    name: [.customShort("p"), .customLong("param")],
    help: ArgumentHelp("A parameter; JSON where the value is some, else text. May be repeated.", valueName: "name> <value"),
    transform: PairWords.pair)
  var parameters: [JSON.Member] = []
}

/// One activation, where one is asked for: by its identifier, or the newest.
struct ActivationChoice: ParsableArguments {
  @Argument(help: "The activation: 32 hexadecimal digits.")
  var id: String?

  @Flag(help: "The newest activation.")
  var last = false

  var isOne: Bool { last || id != nil }

  func validate() throws {
    if last && id != nil { throw ValidationError("Name an activation, or ask for the --last.") }
  }
}

/// Which activations are meant.
struct ActivationFilter: ParsableArguments {
  @Option(help: ArgumentHelp("Only those of this action.", valueName: "name"), completion: .actions)
  var action: String?

  @Option(help: "Only those that ended so: success or error.")
  var status: Status?

  @Option(help: ArgumentHelp("Only those since then: 30s, 10m, 2h, 1d ago.", valueName: "time"))
  var since: String?

  enum Status: String, ExpressibleByArgument, CaseIterable { case success, error }

  func validate() throws {
    if let since, Self.milliseconds(since) == nil { throw ValidationError("--since is a time such as 30s, 10m, 2h or 1d.") }
  }

  /// "10m" in milliseconds.
  static func milliseconds(_ text: String) -> Int? {
    let units: [Character: Int] = ["s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
    guard let last = text.last, let unit = units[last], let number = Int(text.dropLast()), (0..<1_000_000).contains(number) else { return nil }
    return number * unit
  }

  /// The list's request; records whole where `docs`.
  func request(docs: Bool, now: Date = Date()) -> APIRequest {
    var request = APIRequest("GET", APIRequest.path("activations"))
    if docs { request.query.append(.init("docs", "true")) }
    if let action { request.query.append(.init("name", action)) }
    if let since, let before = Self.milliseconds(since) {
      request.query.append(.init("since", "\(Int(now.timeIntervalSince1970 * 1000) - before)"))
    }
    return request
  }

  func matches(_ activation: Activation) -> Bool {
    switch status {
    case nil: true
    case .success: activation.outcome == .success
    case .error: activation.outcome != .success
    }
  }

  /// The newest `limit` that match, the newest first.
  func newest(_ limit: Int, docs: Bool, from client: APIClient) throws(HostError) -> [(record: JSON, activation: Activation)] {
    let records = try client.list(request(docs: docs), about: "list of activations", limit: status == nil ? limit : 65_536)
    let all = records.compactMap { record in Activation(record).map { (record, $0) } }
    return Array(all.filter { matches($0.1) }.prefix(limit))
  }

  /// The identifier of the one that is asked for, or of the newest that matches.
  func identifier(of choice: ActivationChoice, from client: APIClient) throws(HostError) -> String {
    if let identifier = choice.id { return identifier }
    if let found = try newest(1, docs: false, from: client).first { return found.activation.identifier }
    throw HostError(.notFound, "There is no such activation on \(client.settings.endpoint).")
  }
}
