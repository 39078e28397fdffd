// `swiftlet run`: boot the kernel in a virtual machine, say how to use it, show its console, stop it in order.

import ArgumentParser
import Foundation
import SwiftletHost

struct Run: HostCommand {
  static let configuration = CommandConfiguration(
    abstract: "Boot the kernel in a virtual machine and keep it serving.",
    usage: "swiftlet run [options]",
    discussion: """
      Boots the kernel under QEMU, waits until it answers, prints the boot time, the URL and three curl lines to try, then shows \
      the kernel's console. Ctrl-C stops the virtual machine; it never outlives this command.

      EXAMPLES
        swiftlet run                                http://127.0.0.1:8080
        swiftlet run --port 9000 --auth me:secret   your own port and key
        swiftlet run --machine q35 --memory 256M    a PC with PCI
        swiftlet run --machine iso                  the image of 'make iso'
        swiftlet run --boots 10                     the median boot time

      EXIT CODES
        0   stopped by Ctrl-C or SIGTERM
        64  an option has a wrong value
        66  the kernel or the ISO is not there
        69  QEMU, or KVM where it was asked for, cannot be used
        70  the kernel or QEMU ended by itself
        73  the port is taken or not allowed
        75  the kernel did not answer in time
      """)

  @Option(help: ArgumentHelp("The port of 127.0.0.1 to serve on: 1 to 65535.", valueName: "port"))
  var port: UInt16 = 8080

  @Option(help: ArgumentHelp("The virtual machine's memory: 16M or more.", valueName: "size"))
  var memory: String = MemorySize.standard.description

  @Option(help: "The virtual machine: microvm boots fastest, q35 is a PC with PCI, iso boots the CD-ROM image.")
  var machine: MachineModel = .microvm

  @Option(help: "The accelerator: auto takes KVM where the CPU shows vmx or svm and /dev/kvm opens, else TCG.")
  var accel: AcceleratorRequest = .auto

  @Option(help: ArgumentHelp("The key of the API, for 'curl -u' (default: \(Credentials.development)).", valueName: "user:key"))
  var auth: String?

  @Option(help: ArgumentHelp("The kernel, or the ISO with --machine iso (default: the one that make built).", valueName: "path"))
  var kernel: String?

  @Option(name: .customLong("append"), help: ArgumentHelp("More words for the kernel command line.", valueName: "words"))
  var kernelWords: String?

  @Option(help: ArgumentHelp("How long to wait for the first answer: 1 or more.", valueName: "seconds"))
  var timeout: Int = 30

  @Option(help: ArgumentHelp("Boot this many times, print the median boot time and end.", valueName: "count"))
  var boots: Int?

  @Flag(name: .shortAndLong, help: "Show QEMU's command line and the kernel's console from the start.")
  var verbose = false

  @Flag(name: .shortAndLong, help: "Do not show the kernel's console.")
  var quiet = false

  func validate() throws {
    if port == 0 { throw ValidationError("--port is a number from 1 to 65535.") }
    if timeout < 1 { throw ValidationError("--timeout is a number of seconds, at least 1.") }
    if let boots, !(1...1000).contains(boots) { throw ValidationError("--boots is a number from 1 to 1000.") }
    if verbose && quiet { throw ValidationError("--verbose and --quiet exclude each other.") }
    if machine == .iso, auth != nil || kernelWords != nil {
      throw ValidationError(
        "The ISO has its kernel command line inside (key \(Credentials.development)): --auth and --append cannot change it. "
          + "Build another one with: make iso CMDLINE=\"auth=me:secret\"")
    }
  }

  func execute() throws(HostError) {
    let credentials = try auth.map { text throws(HostError) in try Credentials(parsing: text) } ?? .development
    let size = try MemorySize(parsing: memory)
    let image = try Installation.image(for: machine, given: kernel)
    let program = try QEMU.locate()
    let accelerator = try Accelerator(for: accel, support: .detect())
    try VirtualMachine.checkPort(port)

    var words: [String] = []
    if machine != .iso { words = ["auth=\(credentials)"] + (kernelWords.map { [$0] } ?? []) }
    let plan = LaunchPlan(
      machine: machine, memory: size, accelerator: accelerator, image: image, network: .user(hostPort: port),
      kernelArguments: words)

    Terminal.line("Booting \(image) on \(machine) with \(size) of memory.")
    Terminal.line("Accelerator: \(accelerator.kind.rawValue.uppercased()), \(accelerator.reason).")
    if verbose { Terminal.line("\n" + Shell.command([program] + plan.arguments) + "\n") }

    if let boots {
      let measurement = try BootMeasurement(plan: plan, program: program, count: boots, timeout: .seconds(timeout))
      Terminal.line("Boot time: \(measurement).")
      return
    }

    let signals = StopSignals()
    let session = Session(machine: try VirtualMachine(plan: plan, program: program), signals: signals)
    defer { session.end() }
    if verbose { session.showConsole() }
    let boot: BootTime
    do throws(HostError) {
      boot = try session.machine.waitUntilServing(timeout: .seconds(timeout))
    } catch {
      if session.wasStopped { return }
      throw error
    }
    Terminal.line(greeting(boot, credentials, image: image))
    if !verbose && !quiet { session.showConsole() }
    if let death = session.waitForEnd() { throw death }
  }

  private func greeting(_ boot: BootTime, _ credentials: Credentials, image: String) -> String {
    let url = "http://127.0.0.1:\(port)"
    let key = Shell.quoted(credentials.userAndKey)
    let echo = Shell.quoted(Installation.path(of: "actions/echo", beside: image))
    let readme = Shell.quoted(Installation.readme)
    var text = """
      Serving on \(url), \(boot.firstAnswer.milliseconds) after spawning QEMU.

      Try:
        curl -u \(key) -T \(echo) '\(url)/api/v1/namespaces/_/actions/echo?public=true'
        curl --data-binary @\(readme) \(url)/function/echo
        curl -u \(key) \(url)/api/v1/namespaces/_/actions


      """
    if auth == nil { text += "The key is \(Credentials.development), since there was no --auth.\n" }
    return text + "Ctrl-C stops it.\(quiet || verbose ? "" : " The kernel's console follows.")\n"
  }
}
