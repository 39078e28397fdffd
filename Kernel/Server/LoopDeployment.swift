// Deploying an action in loop mode: between its installation and the reply it runs to its first read of the input, as an
// invocation does, with the network alive.

import API
public import Actions
import Base
import Bytes
import Entities
import HTTP
import Net
import Records

/// A deployment whose action initialises.
struct LoopDeployment: ~Copyable {
  /// The action; a new one is in the table already, the version before stays there until this one has arrived at its first read.
  let action: ActionID
  var order: ActionOrder
  let context: ReplyContext
  let milliseconds: UInt64
  let started: Instant

  consuming func takeOrder() -> ActionOrder { order }
}

extension HTTPServer {
  /// Begins the run that initialises an action, which is installed; false where memory is out, and then the instance is discarded.
  @_optimize(size) @inline(never)
  mutating func beginInitialisation(
    _ invocation: inout Invocation, _ order: inout ActionOrder, _ id: ConnectionID, _ context: ReplyContext, _ milliseconds: UInt64,
    _ now: Instant
  ) -> Bool {
    discarded = order.record.instance
    var request = InvocationRequest(input: ByteBuffer(), body: 0..<0)
    guard request.addArgument(order.name.span) else { return false }
    let action: ActionID
    if let known = order.known { action = known } else {
      guard let entered = try? enter(&order, milliseconds) else { return false }
      action = entered
    }
    discarded = nil
    let record = order.record
    var rest = ActionOrder(
      name: order.name, namespace: order.namespace, known: order.known, record: record, change: EntityChange(), rest: ByteBuffer())
    swap(&rest, &order)
    deployment = LoopDeployment(action: action, order: rest, context: context, milliseconds: milliseconds, started: now)
    invocation.begin(.initialisation, action, record, identifiers.nextActivation(), for: id, arrived: now, now: now)
    invocation.set(request)
    return true
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
    guard let done = deployment.take() else { return text }
    let action = done.action
    let context = done.context
    let milliseconds = done.milliseconds
    let took = now - done.started
    var order = done.takeOrder()
    order.record.preparation = took
    _ = LogText.write(log.span, name: order.name.span, into: &text)
    let reply: Reply
    if let outcome {
      abandon(order, action)
      reply = Self.reply(toFailure: outcome, order.record.limits, context.id)
    } else if let old = order.known.flatMap({ entities.actions[$0] }) {
      if (try? enter(&order, milliseconds)) != nil {
        discarded = old.instance
        counters.deployments &+= 1
        reply = entityReply(action, order.namespace)
      } else {
        abandon(order, action)
        reply = Self.reply(toFailure: .noMemory, order.record.limits, context.id)
      }
    } else {
      _ = entities.actions.update(action) { (record: inout ActionRecord) in record.preparation = took }
      counters.deployments &+= 1
      reply = entityReply(action, order.namespace)
    }
    counters.count(reply.status.code)
    if let slot = slot(of: id), connections[slot].phase == .running {
      complete(slot, order.takeRest(), reply.render(context), &network, now)
    }
    return text
  }

  /// Gives up an action that was installed and cannot be entered, or was.
  private mutating func abandon(_ order: borrowing ActionOrder, _ action: ActionID) {
    discarded = order.record.instance
    if order.known == nil { _ = entities.remove(action) }
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
