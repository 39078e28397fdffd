// `swiftlet invoke`: call an action and show what it answers.

import ArgumentParser
import SwiftletHost

struct Invoke: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Call an action and show its answer.",
    usage: "swiftlet invoke <name> [-p name value] [-d data] [options]",
    discussion: """
      Sends a JSON object, waits, and prints the result on standard output; the action's log and how it ended go to standard \
      error. With --raw the data is sent as it is to /function/NAME, and the answer's bytes are printed as they are.

      EXAMPLES
        swiftlet invoke hello -p name Ada
        swiftlet invoke hello -d '{"name": "Ada"}'
        swiftlet invoke hello -d @input.json --result | jq .greeting
        swiftlet invoke sha256 --raw -d @README.md
        swiftlet invoke hello --timing              where the time went
        swiftlet logs $(swiftlet invoke report --async)

      EXIT CODES
        0   the action succeeded
        1   it answered with an error: {"error": …}
        2   it crashed, passed a limit, or gave no JSON
        65  the data is no JSON object, or was refused
        66  there is no such action, or no such file
        69  nothing answers
        70  a fault of the kernel
        75  it has not ended in time, or the kernel is busy
        77  the key is not accepted
      """)

  @Argument(help: "The action: NAME or PACKAGE/NAME.", completion: .actions)
  var name: String

  @Option(
    name: .shortAndLong, help: ArgumentHelp("What to send: @FILE, - for standard input, or text.", valueName: "data"), completion: .file())
  var data: String?

  @OptionGroup var parameters: ParameterOptions

  @Flag(help: "Do not wait; print the activation's identifier.")
  var async = false

  @Flag(help: "Print the result and nothing else.")
  var result = false

  @Flag(help: "Show where the time went.")
  var timing = false

  @Flag(help: "Send the data as it is to /function/NAME.")
  var raw = false

  @OptionGroup var output: OutputOptions
  @OptionGroup var api: APIOptions

  func validate() throws {
    if async && (result || timing) { throw ValidationError("--async does not wait for a result or a time.") }
    if raw && !parameters.parameters.isEmpty { throw ValidationError("-p makes a JSON object: with --raw, give the data with -d.") }
    if raw && (output.json || result) { throw ValidationError("--raw prints the answer as it is: neither --json nor --result goes with it.") }
    if result && output.json { throw ValidationError("--json prints the whole record, --result only its result: choose one.") }
  }

  func run() throws {
    let code = try reportingErrors { () throws(HostError) in try call() }
    if code != 0 { throw ExitCode(code) }
  }

  /// Calls the action; returns the exit code.
  private func call() throws(HostError) -> Int32 {
    let action = try ActionReference(parsing: name)
    let client = try api.client()
    let request = try raw ? rawRequest(action) : request(action)
    let reply: APIReply
    do throws(APIError) { reply = try client.send(request) } catch {
      throw error.hostError(from: client.settings.endpoint, about: action.subject)
    }
    let answer = InvocationAnswer(reply, client: client, action: action)
    if reply.response.status == 202 { return try showStarted(answer) }
    let code = try raw ? answer.showRaw() : answer.show(onlyResult: result, asRecord: output.json)
    if timing { answer.showTiming() }
    return code
  }

  private func request(_ action: ActionReference) throws(HostError) -> APIRequest {
    var request = APIRequest("POST", action.path, json: try InputData.parameters(data, parameters.parameters))
    request.query = async ? [.init("blocking", "false")] : [.init("blocking", "true"), .init("result", result ? "true" : "false")]
    // The longest that the API waits is 60 s.
    request.timeout = 75_000
    return request
  }

  private func rawRequest(_ action: ActionReference) throws(HostError) -> APIRequest {
    guard let path = action.functionPath(asynchronous: async) else {
      throw HostError(.badValue, "Raw functions are in no package: '\(action)' cannot be called with --raw.")
    }
    var request = APIRequest("POST", path)
    request.body = try InputData.read(data ?? "")
    request.mediaType = "application/octet-stream"
    // The longest that an action may run is 300 s.
    request.timeout = 315_000
    return request
  }

  /// The action runs on, or will run.
  private func showStarted(_ answer: InvocationAnswer) throws(HostError) -> Int32 {
    let identifier = try answer.identifier()
    if async {
      Terminal.line(output.json ? JSON.object([.init("activationId", .string(identifier))]).pretty : identifier)
      return 0
    }
    throw HostError(
      .notReady, "\(answer.action) has not ended yet.", remedy: "See what becomes of it: swiftlet activations \(identifier)")
  }
}
