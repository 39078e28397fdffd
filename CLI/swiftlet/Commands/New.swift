// `swiftlet new`: a folder with a program that works, and what `build` and `deploy` need.

import ArgumentParser
import Foundation
import SwiftletHost

struct New: HostCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a folder with a working action in Swift, C or Rust.",
    usage: "swiftlet new <name> --lang swift|c|rust",
    discussion: """
      Makes the folder NAME with one source file, swiftlet.json for 'build' and 'deploy', and a README. The program greets: it \
      reads {"name": "Ada"}, or just Ada, and answers {"greeting": "Hello, Ada!"}. So it serves both 'swiftlet invoke NAME' and \
      POST /function/NAME, and runs as a Linux process too.

      EXAMPLES
        swiftlet new hello --lang swift
        cd hello && swiftlet deploy --public
        swiftlet invoke hello -p name Ada

      EXIT CODES
        0   made
        64  the name or the language is none
        73  there is such a folder already, or none can be made here
      """)

  @Argument(help: "The action's name, which the folder gets too.")
  var name: String

  @Option(help: "The language: swift (Embedded Swift on the SDK), c or rust.")
  var lang: Language

  func validate() throws {
    if !ActionReference.isLegal(name) || name.hasPrefix(".") {
      throw ValidationError("'\(name)' is no name for an action: letters, digits, _ and, inside it, @ . - and blanks.")
    }
  }

  func execute() throws(HostError) {
    let manifest = Manifest(name: name, language: lang, sources: [lang.sourceName])
    let files = [
      (lang.sourceName, lang.template), (Manifest.fileName, manifest.text), ("README.md", lang.readme(name)), (".gitignore", "/build/\n"),
    ]
    if FileManager.default.fileExists(atPath: name) {
      throw HostError(.exists, "There is a '\(name)' here already.", remedy: "Choose another name, or go to another folder.")
    }
    do {
      try FileManager.default.createDirectory(atPath: name, withIntermediateDirectories: false)
      for (file, text) in files { try Data(text.utf8).write(to: URL(fileURLWithPath: "\(name)/\(file)")) }
    } catch {
      throw HostError(.exists, "The folder '\(name)' cannot be made: \(error.localizedDescription)")
    }
    let word = Shell.quoted(name)
    var next = TextTable(("", .left), ("", .left))
    next.add("  cd \(word)", "")
    next.add("  swiftlet exec-local -p name Ada", "build it and run it as a Linux process")
    next.add("  swiftlet deploy --public", "build it and deploy it")
    next.add("  swiftlet invoke \(word) -p name Ada", "call it")
    Terminal.line("Made \(word): \(lang.sourceName), \(Manifest.fileName), README.md. Next:\n\n\(next.text)")
  }
}

extension Language: ExpressibleByArgument {}
