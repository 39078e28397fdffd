// `swiftlet doctor`: what is there, what is not, and what to do about it.

import ArgumentParser
import Foundation
import SwiftletHost

struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check this host: tools, KVM, the kernel, the API.",
    usage: "swiftlet doctor [options]",
    discussion: """
      Each line says ok; or absent, where something is not there that only some things need; or missing, where the kernel cannot \
      be run, or cannot be reached as asked for. What to do about it follows.

      EXIT CODES
        0   nothing is missing
        1   something is missing
      """)

  @OptionGroup var output: OutputOptions
  @OptionGroup var api: APIOptions

  func run() throws {
    let checks = try reportingErrors { () throws(HostError) in try all() }
    Terminal.line(output.json ? JSON.array(checks.map(\.json)).pretty : Check.report(checks))
    if checks.contains(where: { $0.state == .missing }) { throw ExitCode(HostError(.failed, "").exitCode) }
  }

  private func all() throws(HostError) -> [Check] {
    let client = try api.client()
    let running = [ToolChecks.emulator(), ToolChecks.accelerator(), kernel()]
    return running + ServerChecks.all(client) + ToolChecks.compilers() + [sdk()]
  }

  private func kernel() -> Check {
    do throws(HostError) {
      let path = try Installation.image(for: .microvm, given: nil)
      let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
      return Check("kernel", .ok, "\(path), \(Quantity.size(size))")
    } catch {
      return Check("kernel", .missing, error.problem, remedy: error.remedy)
    }
  }

  private func sdk() -> Check {
    do throws(HostError) {
      return Check("SDK", .ok, try SDK(near: Installation.programFolder).objects)
    } catch {
      return Check("SDK", .absent, error.problem + " It is for actions in Swift.", remedy: error.remedy)
    }
  }
}
