// `swiftlet exec-local`: an action's program as a Linux process, called as the kernel would call it.

import ArgumentParser
import Foundation
import SwiftletHost

struct ExecLocal: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exec-local",
    abstract: "Run an action's program as a Linux process.",
    usage: "swiftlet exec-local [file] [-p name value] [-d data] [options]",
    discussion: """
      Runs the same file that 'swiftlet deploy' would send, with the same contract: the parameters as a JSON object on standard \
      input and as the argument, the result on the last line of standard output. With --raw the data is standard input, and \
      standard output is the answer. Without FILE the project in the current folder is built first.

      EXAMPLES
        swiftlet exec-local -p name Ada
        swiftlet exec-local build/actions/sha256 --raw -d @README.md

      EXIT CODES
        0   the action succeeded
        1   it answered with an error, or a compiler found some
        2   it crashed, passed a limit, or gave no JSON
        65  the data is no JSON object, or the file cannot be started
        66  there is no such file
      """)

  @Argument(help: "The executable (default: the project here).", completion: .file())
  var file: String?

  @Option(
    name: .shortAndLong, help: ArgumentHelp("What to send: @FILE, - for standard input, or text.", valueName: "data"), completion: .file())
  var data: String?

  @OptionGroup var parameters: ParameterOptions

  @Flag(help: "The data is standard input as it is, standard output the answer.")
  var raw = false

  @Option(help: ArgumentHelp("The longest it may run: 1 or more.", valueName: "ms"))
  var timeout: Int = 60_000

  @Flag(help: "Show how long the process took.")
  var timing = false

  @Flag(name: .shortAndLong, help: "Show the compiler's commands and the process's.")
  var verbose = false

  @OptionGroup var output: OutputOptions

  func validate() throws {
    if !(1...86_400_000).contains(timeout) { throw ValidationError("--timeout is a number of milliseconds, at least 1.") }
    if raw && !parameters.parameters.isEmpty { throw ValidationError("-p makes a JSON object: with --raw, give the data with -d.") }
    if raw && output.json { throw ValidationError("--raw prints the answer as it is: --json does not go with it.") }
  }

  func run() throws {
    let code = try reportingErrors { () throws(HostError) in try call() }
    if code != 0 { throw ExitCode(code) }
  }

  private func call() throws(HostError) -> Int32 {
    let path = try program()
    guard FileManager.default.fileExists(atPath: path) else { throw HostError(.missingFile, "There is no file '\(path)'.") }
    let input: LocalInvocation.Input =
      try raw ? .raw(InputData.read(data ?? "")) : .parameters(InputData.parameters(data, parameters.parameters))
    let name = (path as NSString).lastPathComponent
    let invocation = LocalInvocation(path: path, name: name, input: input, timeout: timeout)
    if verbose { Terminal.error(invocation.plan(activation: "local").command) }
    let reply = try invocation.run()
    show(reply)
    if timing { Terminal.error("process: \(Quantity.duration(microseconds: reply.time / .microseconds(1)))") }
    return reply.outcome.exitCode
  }

  /// The file to run: the one named, or what the project here makes.
  private func program() throws(HostError) -> String {
    if let file { return file }
    return try Build.build(try Manifest(in: "."), in: ".", verbose: verbose).product
  }

  private func show(_ reply: LocalInvocation.Reply) {
    for line in reply.logs { Terminal.error(line.text) }
    if raw {
      Terminal.bytes(reply.output)
      if let problem = reply.problem { Terminal.error("swiftlet: \(problem)") }
    } else if output.json {
      let record: JSON = [
        "status": .string(reply.outcome.description), "statusCode": .number(reply.outcome.rawValue), "result": reply.result ?? .null,
        "logs": .array(reply.logs.map { .string("\($0.stream): \($0.text)") }),
      ]
      Terminal.line(record.pretty)
    } else {
      Terminal.line((reply.result ?? .null).pretty)
      if reply.outcome != .success { Terminal.error("\(reply.outcome)") }
    }
  }
}
