// `swiftlet delete`: take actions away.

import ArgumentParser
import SwiftletHost

struct Delete: HostCommand {
  static let configuration = CommandConfiguration(
    abstract: "Delete actions.",
    usage: "swiftlet delete <name> ...",
    discussion: """
      Deletes one after the other, and stops at the first that cannot be deleted.

      EXIT CODES
        0   deleted
        66  there is no such action
        69  nothing answers
        77  the key is not accepted
      """)

  @Argument(help: "The actions: NAME or PACKAGE/NAME.", completion: .actions)
  var names: [String]

  @OptionGroup var output: OutputOptions
  @OptionGroup var api: APIOptions

  func execute() throws(HostError) {
    let actions = try names.map { name throws(HostError) in try ActionReference(parsing: name) }
    let client = try api.client()
    for action in actions {
      let entity = try client.json(APIRequest("DELETE", action.path), about: action.subject)
      Terminal.line(output.json ? entity.pretty : "Deleted \(action).")
    }
  }
}
