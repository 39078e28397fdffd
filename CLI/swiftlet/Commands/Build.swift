// `swiftlet build`: compile and link the project of a folder, and check that the kernel would take the result.

import ArgumentParser
import SwiftletHost

struct Build: HostCommand {
  static let configuration = CommandConfiguration(
    abstract: "Build the project of a folder.",
    usage: "swiftlet build [folder] [-v]",
    discussion: """
      Builds what the folder's swiftlet.json describes (see 'swiftlet new') into build/NAME, stripped, and checks that it can run \
      as an action. build/obj/NAME is the same with symbols, for debuggers and addr2line.

      Swift is built on the SDK of the folder that this command is in; C with gcc, on musl where that is installed, else on glibc; \
      Rust with rustc.

      EXIT CODES
        0   built
        1   the compiler found errors, which it printed
        65  what was built cannot run as an action
        66  there is no swiftlet.json, or no such source
        69  a compiler or a library is missing
        78  swiftlet.json is wrong
      """)

  @Argument(help: "The project's folder.", completion: .directory)
  var folder = "."

  @Flag(name: .shortAndLong, help: "Show the commands.")
  var verbose = false

  @OptionGroup var output: OutputOptions

  func execute() throws(HostError) {
    let manifest = try Manifest(in: folder)
    let plan = try Self.build(manifest, in: folder, verbose: verbose)
    let file = try ActionFile(reading: plan.product)
    if output.json {
      let object: JSON = [
        "name": .string(manifest.name), "file": .string(plan.product), "symbols": .string(plan.symbols), "size": .number(file.bytes.count),
      ]
      return Terminal.line(object.pretty)
    }
    Terminal.line("Built \(plan.product): \(Quantity.size(file.bytes.count)).")
  }

  /// Builds the project.
  static func build(_ manifest: Manifest, in folder: String, verbose: Bool) throws(HostError) -> BuildPlan {
    let plan = try BuildPlan(manifest, in: folder) { () throws(HostError) in try SDK(near: Installation.programFolder) }
    try plan.carryOut(trace: { if verbose { Terminal.error($0) } }, show: Terminal.error)
    return plan
  }
}
