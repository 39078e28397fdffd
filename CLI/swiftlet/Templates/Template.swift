// What `swiftlet new` writes: a source file in the language, and a README.

import SwiftletHost

extension Language {
  /// The source file's name.
  var sourceName: String {
    switch self {
    case .swift: "action.swift"
    case .c: "action.c"
    case .rust: "action.rs"
    }
  }

  /// The source file's text.
  var template: String {
    switch self {
    case .swift: Self.swiftTemplate
    case .c: Self.cTemplate
    case .rust: Self.rustTemplate
    }
  }

  /// Ten lines on what can be done with the project `name`.
  func readme(_ name: String) -> String {
    var commands = TextTable(("", .left), ("", .left))
    commands.add("    swiftlet exec-local -p name Ada", "# build it, run it as a Linux process")
    commands.add("    swiftlet deploy --public", "# build it, deploy it")
    commands.add("    swiftlet invoke \(Shell.quoted(name)) -p name Ada", "# call it with JSON")
    commands.add("    curl -d Ada \(Endpoint.standard)/function/\(APIRequest.encoded(name))", "# call it with text")
    return """
      # \(name)

      An action for Swiftlet. It reads `{"name": "Ada"}`, or just `Ada`, and answers `{"greeting": "Hello, Ada!"}`.

      \(commands.text)

      The program is `\(sourceName)`; `swiftlet.json` says how it is built, `docs/writing-actions.md` of Swiftlet what it may do.

      """
  }
}
