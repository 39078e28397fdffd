// What a client is told of an invocation that did not succeed.

public import Actions
import Base
import Bytes
public import HTTP

/// The reply to an invocation that failed.
public enum FailureText {
  /// 502 where the action is to blame; 503 where the machine is; 404 where the action went away while the request waited.
  public static func status(of outcome: Outcome) -> HTTPStatus {
    switch outcome {
    case .noMemory: .serviceUnavailable
    case .notInstalled: .notFound
    default: .badGateway
    }
  }

  /// Writes the sentence: OpenWhisk's own where it has one, followed by what happened.
  public static func write(_ outcome: Outcome, limits: ActionLimits, into text: inout TextWriter) {
    switch outcome {
    case .exited, .fault:
      text.write("The action did not produce a valid response and exited unexpectedly. ")
    case .notInstalled:
      text.write(APIError.notFound.text)
      return
    default: break
    }
    text.write { (buffer: inout ByteBuffer) in outcome.describe(limits: limits, into: &buffer) }
  }
}
