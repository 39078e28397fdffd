// What a web action's annotations say of who may use it and who answers browsers' questions.
// Out of scope: whether the action is exported at all, which its record tells.

import Base
import Bytes
import HTTP
public import JSON

/// Who may use a web action.
public enum WebAccess: Equatable, Sendable, BitwiseCopyable {
  case anyone
  /// Who has a key of this server.
  case authenticated
  /// Who sends X-Require-Whisk-Auth with the bytes that this value of the annotations, a string or a number, stands for.
  case secret(JSONValue)
  /// The annotation is neither: OpenWhisk lets nobody in.
  case nobody

  /// What `annotations`, a checked parameter array or nothing, ask for.
  @_optimize(size) @inline(never)
  public init(annotations: Span<UInt8>) {
    self = .anyone
    guard annotations.count > 0 else { return }
    let list = JSONValue(checked: 0..<annotations.count, of: annotations)
    guard let value = JSONParameters.value("require-whisk-auth", of: list, in: annotations) else { return }
    switch value.kind {
    case .yes: self = .authenticated
    case .string, .number: self = .secret(value)
    case .no, .null, .object, .array: self = .nobody
    }
  }

  /// Whether a request may go on. `header` is the value of its X-Require-Whisk-Auth, nil where it has none; `annotations` are those that
  /// `self` was made of. Where memory is out nobody may.
  @_optimize(size) @inline(never)
  public func admits(header: Span<UInt8>?, isAuthenticated: Bool, _ annotations: Span<UInt8>) -> Bool {
    switch self {
    case .anyone: return true
    case .authenticated: return isAuthenticated
    case .nobody: return false
    case .secret(let value):
      var secret = ByteBuffer()
      guard let header, value.appendString(of: annotations, to: &secret) else { return false }
      return ConstantTime.equal(header, secret.span)
    }
  }

  /// Whether the action itself answers OPTIONS, and no CORS headers are added to what it says.
  @_optimize(size) @inline(never)
  public static func customOptions(annotations: Span<UInt8>) -> Bool {
    guard annotations.count > 0 else { return false }
    let list = JSONValue(checked: 0..<annotations.count, of: annotations)
    return JSONParameters.value("web-custom-options", of: list, in: annotations)?.boolean ?? false
  }
}
