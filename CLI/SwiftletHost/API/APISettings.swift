// Which server, and which key: from options, else the environment, else the file that OpenWhisk's client keeps, else what `swiftlet run` uses.

import Foundation

public struct APISettings: Equatable, Sendable {
  public var endpoint: Endpoint
  public var credentials: Credentials

  public init(endpoint: Endpoint = .standard, credentials: Credentials = .development) {
    self.endpoint = endpoint
    self.credentials = credentials
  }

  /// Settles them. `properties` is the text of ~/.wskprops, where there is one.
  public init(host: String?, auth: String?, environment: [String: String], properties: String?) throws(HostError) {
    let file = Self.parse(properties ?? "")
    func first(_ option: String?, _ name: String, _ variable: String, _ key: String) -> (text: String, source: String)? {
      if let option { return (option, name) }
      if let value = environment[variable], !value.isEmpty { return (value, variable) }
      return file[key].map { ($0, "\(key) in ~/.wskprops") }
    }
    self.init()
    if let (text, source) = first(host, "--host", "SWIFTLET_HOST", "APIHOST") {
      endpoint = try Endpoint(parsing: text, from: source)
    }
    if let (text, source) = first(auth, "--auth", "SWIFTLET_AUTH", "AUTH") {
      do throws(HostError) {
        credentials = try Credentials(parsing: text)
      } catch {
        throw HostError(error.kind, "\(source): \(error.problem)", remedy: error.remedy)
      }
    }
  }

  /// From the environment of this process and the file that it, or else the home directory, names.
  public static func current(host: String? = nil, auth: String? = nil) throws(HostError) -> APISettings {
    let environment = ProcessInfo.processInfo.environment
    let path = environment["WSK_CONFIG_FILE"] ?? environment["HOME"].map { $0 + "/.wskprops" }
    let properties = path.flatMap { try? String(contentsOfFile: $0, encoding: .utf8) }
    return try APISettings(host: host, auth: auth, environment: environment, properties: properties)
  }

  /// Lines of `KEY=VALUE`; blank ones and those that begin with # are none.
  private static func parse(_ properties: String) -> [String: String] {
    var values: [String: String] = [:]
    for line in properties.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
      let parts = line.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      if parts.count == 2, !parts[1].isEmpty { values[parts[0]] = parts[1] }
    }
    return values
  }
}
