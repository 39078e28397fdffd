// The host command.

import ArgumentParser
import SwiftletHost

@main
struct Swiftlet: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "swiftlet",
    abstract: "Run Swiftlet, a kernel that runs small native programs as HTTP functions.",
    discussion: """
      Start with 'swiftlet run': it boots the kernel in a virtual machine and prints what to try. In another terminal:

        swiftlet new hello --lang swift && cd hello
        swiftlet deploy --public
        swiftlet invoke hello -p name Ada

      The kernel is looked for at http://127.0.0.1:8080 with the key \(Credentials.development), or where --host and --auth, \
      SWIFTLET_HOST and SWIFTLET_AUTH, or APIHOST and AUTH of ~/.wskprops say. The shell completes commands and actions after

        source <(swiftlet --generate-completion-script bash)
      """,
    version: "swiftlet 0.1.0",
    groupedSubcommands: [
      CommandGroup(name: "Kernel", subcommands: [Run.self, Doctor.self]),
      CommandGroup(name: "Project", subcommands: [New.self, Build.self, ExecLocal.self]),
      CommandGroup(name: "Action", subcommands: [Deploy.self, Invoke.self, List.self, Get.self, Delete.self]),
      CommandGroup(name: "Activity", subcommands: [Activations.self, Logs.self, Top.self]),
    ])

  static func main() { main(PairWords.joined(Array(CommandLine.arguments.dropFirst()))) }
}

extension MachineModel: ExpressibleByArgument {}
extension AcceleratorRequest: ExpressibleByArgument {}
