// What came back from calling an action, and how it is shown.

import SwiftletHost

struct InvocationAnswer {
  let reply: APIReply
  let client: APIClient
  let action: ActionReference

  init(_ reply: APIReply, client: APIClient, action: ActionReference) {
    self.reply = reply
    self.client = client
    self.action = action
  }

  private var status: Int { reply.response.status }

  private func told(_ error: APIError) -> HostError { error.hostError(from: client.settings.endpoint, about: action.subject) }

  /// The activation's identifier, from the reply's header, or from its body.
  func identifier() throws(HostError) -> String {
    if let identifier = reply.response.header("x-openwhisk-activation-id") { return identifier }
    if let identifier = (try? reply.json())?["activationId"]?.string { return identifier }
    throw told(.unexpected("no activation's identifier"))
  }

  /// Shows the answer of the API; returns the exit code.
  func show(onlyResult: Bool, asRecord: Bool) throws(HostError) -> Int32 {
    let body = try? reply.json()
    let activation = body.flatMap(Activation.init)
    // 502 is an action's own failure, with the record or the result, as asked for; 500 may be one of the kernel with a record.
    guard status == 200 || status == 502 || activation != nil else { throw told(APIError(reply.response)) }
    guard let body else { throw told(.unexpected("its body is no JSON")) }
    if onlyResult {
      Terminal.line(body.pretty)
      if status == 200 { return 0 }
      return (try? record())?.outcome.exitCode ?? Activation.Outcome.applicationError.exitCode
    }
    guard let activation else {
      // No record, so not the action's but the server's word.
      throw told(status == 200 ? .unexpected("no activation record") : APIError(reply.response))
    }
    if asRecord {
      Terminal.line(body.pretty)
    } else {
      for line in activation.logs ?? [] { Terminal.error(LogLine(parsing: line).text) }
      Terminal.line((activation.result ?? .null).pretty)
      Terminal.error("\(activation.outcome) in \(activation.time), activation \(activation.identifier)")
    }
    return activation.outcome.exitCode
  }

  /// Shows the answer of a raw function; returns the exit code.
  func showRaw() throws(HostError) -> Int32 {
    // An error of the server's own has a code; what an action sends with a status of its own is its answer.
    let body = try? reply.json()
    let isServers = status >= 400 && body?["error"]?.string != nil && body?["code"] != nil
    if isServers { throw told(APIError(reply.response)) }
    Terminal.bytes(reply.response.body)
    return status < 400 ? 0 : Activation.Outcome.applicationError.exitCode
  }

  /// Shows where the time went, on standard error.
  func showTiming() {
    let timing = (try? record())?.timing
    if timing == nil { Terminal.error("The kernel gives no times for this activation.") }
    Terminal.error((timing ?? InvocationTiming(.null)).table(roundTrip: reply.roundTrip))
  }

  /// The record as it is now: it is complete when the memory has been restored, which is after the response.
  private func record() throws(HostError) -> Activation {
    let identifier = try identifier()
    let body = try client.json(APIRequest("GET", APIRequest.path("activations", identifier)), about: "activation \(identifier)")
    guard let activation = Activation(body) else { throw told(.unexpected("no activation record")) }
    return activation
  }
}
