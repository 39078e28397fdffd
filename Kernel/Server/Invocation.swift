import API
public import Actions
import Base
public import Bytes
import Entities
import HTTP
import Net
public import Records

/// What an invocation is for.
enum InvocationPurpose: UInt8, Sendable, BitwiseCopyable {
  /// A connection's request, whose reply the output is the body of; one whose output begins with CGI response headers.
  case request, cgi
  /// An activation.
  case activation
  /// The deployment of an action in loop mode, which it only initialises.
  case initialisation
}

/// One invocation on its way through the executor: `HTTPServer.next` sets it up, `HTTPServer.finish` is given it when it has run.
///
/// There is one value for all of them, changed in place: it is large, and what the one before left of it is of use to the next.
public struct Invocation: ~Copyable {
  /// The action's instance, which is to be restored after `finish`.
  public internal(set) var instance = InstanceID(index: .max, generation: 0)
  public internal(set) var activation = ActivationID(high: 0, low: 0)
  var request = InvocationRequest(input: ByteBuffer(), body: 0..<0)
  /// The action whose name is the only string that `request` has; nil where it is not known to be so.
  var named: ActionID?
  /// The reply's head, then what the action writes.
  var reply = InvocationReply()
  /// Whose request it is; nil for an activation.
  var connection: ConnectionID?
  var arrived = Instant(nanoseconds: 0)
  /// nil before the first.
  var action: ActionID?
  var limits = ActionLimits()
  var started = Instant(nanoseconds: 0)
  var purpose = InvocationPurpose.request
  /// Whether an initialisation has succeeded.
  private(set) var isInitialised = false

  public init() {}

  /// Begins with an invocation of `action`; request and reply are set apart.
  @inline(__always)
  mutating func begin(
    _ purpose: InvocationPurpose, _ action: ActionID, _ record: ActionRecord, _ activation: ActivationID, for connection: ConnectionID?,
    arrived: Instant, now: Instant
  ) {
    self.purpose = purpose
    self.action = action
    self.activation = activation
    self.connection = connection
    self.arrived = arrived
    instance = record.instance
    limits = record.limits
    started = now
    isInitialised = false
  }

  /// Sets the request of an invocation that is not a connection's, whose output is all that there is to the reply.
  mutating func set(_ request: consuming InvocationRequest) {
    self.request = request
    named = nil
    reply = InvocationReply()
  }

  /// Bytes that the action wrote.
  var outputLength: Int { reply.outputLength }

  /// Runs the action. Its standard output goes behind the reply's head, its standard error to `log`.
  public mutating func run<Executor: ActionExecutor & ~Copyable>(
    on executor: inout Executor, log: inout ByteBuffer
  ) -> Outcome {
    if purpose == .initialisation {
      if let outcome = executor.initialise(instance, &request, log: &log) { return outcome }
      isInitialised = true
      return .exited(status: 0)
    }
    return executor.invoke(instance, &request, output: &reply.buffer, log: &log)
  }
}
