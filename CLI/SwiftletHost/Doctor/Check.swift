/// One thing that `swiftlet doctor` looked at.
public struct Check: Equatable, Sendable {
  public enum State: String, Sendable {
    case ok
    /// Not there, and only wanted for what `detail` says.
    case absent
    /// Something does not work without it.
    case missing
  }

  public var name: String
  public var state: State
  /// What was found, or what is not there and what it is for.
  public var detail: String
  /// What to do.
  public var remedy: String?

  public init(_ name: String, _ state: State, _ detail: String, remedy: String? = nil) {
    self.name = name
    self.state = state
    self.detail = detail
    self.remedy = remedy
  }

  public var json: JSON {
    var object: JSON = ["name": .string(name), "state": .string(state.rawValue), "detail": .string(detail)]
    if let remedy { object.set("remedy", to: .string(remedy)) }
    return object
  }

  public static func report(_ checks: [Check]) -> String {
    var table = TextTable(("", .left), ("", .left), ("", .left))
    for check in checks {
      table.add(check.state.rawValue, check.name, check.detail)
      if let remedy = check.remedy { table.add("", "", "-> " + remedy) }
    }
    return table.text
  }
}
