// The environment and the input line of an action that is invoked under OpenWhisk's contract.

public import Base
import Bytes
import HTTP
public import Records

/// What an invocation tells its action of itself.
public struct InvocationIdentity: Sendable, BitwiseCopyable {
  public var activation: ActivationID
  public var version: UInt32
  /// When the invocation is ended, in milliseconds since 1970.
  public var deadline: UInt64

  public init(activation: ActivationID, version: UInt32, deadline: UInt64) {
    self.activation = activation
    self.version = version
    self.deadline = deadline
  }
}

public enum ActionEnvironment {
  /// Variables that `write` writes.
  public static var count: Int { 5 }

  /// Writes the variables, each ended by a zero byte. `owner` is the action's namespace, `namespace` the caller's.
  @_optimize(size) @inline(never)
  public static func write(
    _ identity: InvocationIdentity, name: Span<UInt8>, owner: Span<UInt8>, namespace: Span<UInt8>, into text: inout TextWriter
  ) {
    text.write("__OW_ACTION_NAME=/")
    text.write(owner)
    text.write("/")
    text.write(name)
    text.write("\0__OW_ACTION_VERSION=0.0.")
    text.write(decimal: UInt64(identity.version))
    text.write("\0__OW_NAMESPACE=")
    text.write(namespace)
    text.write("\0__OW_ACTIVATION_ID=")
    identity.activation.write(into: &text)
    text.write("\0__OW_DEADLINE=")
    text.write(decimal: identity.deadline)
    text.write(0)
  }

  /// Writes what is before and behind the parameters in the one line that an action in loop mode reads (OpenWhisk's ActionLoop).
  public static func beginLine(into text: inout TextWriter) { text.write("{\"value\":") }

  @_optimize(size) @inline(never)
  public static func endLine(
    _ identity: InvocationIdentity, name: Span<UInt8>, owner: Span<UInt8>, namespace: Span<UInt8>, into text: inout TextWriter
  ) {
    var path = ByteBuffer()
    _ = path.append("/") && path.append(owner) && path.append("/") && path.append(name)
    text.write(",\"action_name\":")
    text.write(json: path.span)
    text.write(",\"action_version\":\"0.0.")
    text.write(decimal: UInt64(identity.version))
    text.write("\",\"activation_id\":\"")
    identity.activation.write(into: &text)
    text.write("\",\"namespace\":")
    text.write(json: namespace)
    text.write(",\"deadline\":\"")
    text.write(decimal: identity.deadline)
    text.write("\"}\n")
  }
}
