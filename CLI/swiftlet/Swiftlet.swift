// The host command.

import ArgumentParser
import SwiftletHost

@main
struct Swiftlet: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "swiftlet",
    abstract: "Run Swiftlet, a kernel that runs small native programs as HTTP functions.",
    discussion: """
      Start with 'swiftlet run': it boots the kernel in a virtual machine and prints what to try.
      """,
    version: "swiftlet 0.1.0",
    subcommands: [Run.self])
}

extension MachineModel: ExpressibleByArgument {}
extension AcceleratorRequest: ExpressibleByArgument {}
