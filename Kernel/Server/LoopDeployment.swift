// Deploying an action in loop mode: between its installation and the reply it runs to its first read of the input, as an
// invocation does, with the network alive.

import API
public import Actions
import Base
import Bytes
import HTTP
import Net
import Records

/// A deployment whose action initialises.
struct LoopDeployment: ~Copyable {
  let action: ActionID
  /// The version that the new one replaces; it comes back where the new one fails.
  let previous: ActionRecord?
  let context: ReplyContext
  let namespace: NamespaceID
  let started: Instant
  /// What the client sent after the request.
  var rest: ByteBuffer
}

extension HTTPServer {
  /// The run that initialises the action, which is in the table already; nil where memory is out.
  @_optimize(size) @inline(never)
  mutating func beginInitialisation(
    _ action: ActionID, _ id: ConnectionID, _ context: ReplyContext, _ namespace: NamespaceID,
    _ rest: consuming ByteBuffer, _ now: Instant
  ) -> Invocation? {
    guard let record = actions[action] else { return nil }
    deployment = LoopDeployment(
      action: action, previous: replaced, context: context, namespace: namespace, started: now, rest: rest)
    replaced = nil
    var request = InvocationRequest(input: ByteBuffer(), body: 0..<0)
    guard request.addArgument(actions.name(of: action)) else { return nil }
    return Invocation(
      instance: record.instance, activation: identifiers.nextActivation(), request: request, reply: InvocationReply(),
      connection: id, arrived: now, action: action, limits: record.limits, started: now, isCGI: false,
      isInitialisation: true)
  }

  /// An instance that is to be removed after the last run was restored.
  public mutating func takeDiscarded() -> InstanceID? { discarded.take() }

  /// Answers the deployment; what the console should show is returned. Where `outcome` is nil the action stands; otherwise it ended
  /// before its first read, and all is as it was before.
  @_optimize(size) @inline(never)
  mutating func finishDeployment<Network: Transport & ~Copyable>(
    _ id: ConnectionID, _ outcome: Outcome?, log: borrowing ByteBuffer, _ network: inout Network, _ now: Instant
  ) -> ByteBuffer {
    var text = ByteBuffer()
    guard var done = deployment.take(), let record = actions[done.action] else { return text }
    _ = LogText.write(log.span, name: actions.name(of: done.action), into: &text)
    var reply: Reply
    if let outcome {
      discarded = record.instance
      reply = Self.reply(toFailure: outcome, record.limits, done.context.id)
      if let previous = done.previous {
        _ = actions.update(done.action) { (record: inout ActionRecord) in record = previous }
      } else {
        _ = actions.remove(done.action)
      }
    } else {
      discarded = done.previous?.instance
      let took = now - done.started
      _ = actions.update(done.action) { (record: inout ActionRecord) in record.preparation = took }
      counters.deployments &+= 1
      reply = entityReply(done.action, done.namespace)
    }
    counters.count(reply.status.code)
    var rest = ByteBuffer()
    swap(&rest, &done.rest)
    if let slot = slot(of: id), connections[slot].phase == .running {
      complete(slot, rest, reply.render(done.context), &network, now)
    }
    return text
  }

  @_optimize(size) @inline(never)
  private static func reply(toFailure outcome: Outcome, _ limits: ActionLimits, _ id: borrowing RequestID) -> Reply {
    if outcome == .noMemory { return Reply(.insufficientStorage, error: InstallError.noMemory.text, id: id) }
    var text = ByteBuffer()
    guard
      text.append("An action in loop mode must get to reading its standard input when it is deployed; this one did not. "),
      outcome.describe(limits: limits, into: &text)
    else { return Reply(.outOfMemory, id: id) }
    return Reply(.badRequest, error: text, id: id)
  }
}
