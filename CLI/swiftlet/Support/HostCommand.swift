import ArgumentParser
import SwiftletHost

/// A command whose errors are told in words and decide the exit code.
protocol HostCommand: ParsableCommand {
  func execute() throws(HostError)
}

extension HostCommand {
  func run() throws { try reportingErrors { () throws(HostError) in try execute() } }
}

/// Calls `body`; prints its error and ends with that error's exit code.
func reportingErrors<Result>(_ body: () throws(HostError) -> Result) throws -> Result {
  do throws(HostError) { return try body() } catch {
    Terminal.error("swiftlet: " + error.description)
    throw ExitCode(error.exitCode)
  }
}
