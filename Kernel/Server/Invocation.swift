import API
public import Actions
import Base
public import Bytes
import Entities
import HTTP
import Net
public import Records

/// One invocation on its way through the executor: `HTTPServer.next` makes it, `HTTPServer.finish` takes it.
public struct Invocation: ~Copyable {
  /// The action's instance, which is to be restored after `finish`.
  public let instance: InstanceID
  public let activation: ActivationID
  var request: InvocationRequest
  /// The reply's head, then what the action writes.
  var reply: InvocationReply
  /// Whose request it is; nil for an activation.
  let connection: ConnectionID?
  let arrived: Instant
  let action: ActionID
  let limits: ActionLimits
  let started: Instant
  /// Whether the output begins with CGI response headers.
  let isCGI: Bool
  /// Whether the action is only to be initialised (loop mode), and whether that has succeeded.
  var isInitialisation = false
  private(set) var isInitialised = false

  /// Bytes that the action wrote.
  var outputLength: Int { reply.outputLength }

  /// Runs the action. Its standard output goes behind the reply's head, its standard error to `log`.
  public mutating func run<Executor: ActionExecutor & ~Copyable>(
    on executor: inout Executor, log: inout ByteBuffer
  ) -> Outcome {
    if isInitialisation {
      if let outcome = executor.initialise(instance, &request, log: &log) { return outcome }
      isInitialised = true
      return .exited(status: 0)
    }
    return executor.invoke(instance, &request, output: &reply.buffer, log: &log)
  }

  /// The memory of the input, then that of the argument strings, to be used again.
  mutating func takeInput() -> ByteBuffer { request.takeInput() }
  mutating func takeStrings() -> ByteBuffer { request.takeStrings() }

  /// The reply with the action's output; nothing else is of use after it.
  consuming func takeReply() -> InvocationReply { reply }
}
