// What an action's output comes to under OpenWhisk's contract: the last line is the result, lines before it are logs.

public import Actions
import Base
public import Bytes
import HTTP
import JSON
public import Records

public struct ActivationResult: ~Copyable {
  /// Bytes of a result; a longer one is an error.
  public static let limit = 1 << 20

  public let status: ResponseKind
  /// JSON: an object or an array.
  public let json: ByteBuffer
  /// Bytes of the output that are logs.
  public let logLength: Int

  private init(_ status: ResponseKind, _ json: consuming ByteBuffer, logLength: Int) {
    self.status = status
    self.json = json
    self.logLength = logLength
  }

  /// Judges the end of an invocation that wrote `output`. nil where memory is out.
  @_optimize(size) @inline(never)
  public static func make(_ outcome: Outcome, _ limits: ActionLimits, output: Span<UInt8>) -> ActivationResult? {
    guard case .exited(let status) = outcome else {
      var text = TextWriter()
      FailureText.write(outcome, limits: limits, into: &text)
      return failure(ResponseKind(outcome), text.buffer.span, output.count)
    }
    var end = output.count
    while end > 0, output[end &- 1] == 0x0a || output[end &- 1] == 0x0d { end &-= 1 }
    var start = end
    while start >= 8, Word.equal(output.loadLE64(start &- 8), 0x0a) == 0 { start &-= 8 }
    while start > 0, output[start &- 1] != 0x0a { start &-= 1 }
    if let value = try? JSON.parse(output, in: start..<end), value.kind == .object || value.kind == .array {
      guard value.end &- value.start <= limit else { return tooLong(value.end &- value.start, start) }
      var json = ByteBuffer()
      guard json.append(output.extracting(value.start..<value.end)) else { return nil }
      let hasError = value.kind == .object && value.member("error", in: output) != nil
      return ActivationResult(hasError ? .applicationError : .success, json, logLength: start)
    }
    if status == 0 { return failure(.developerError, (("The action did not return a dictionary or array." as StaticString).bytes), output.count) }
    var text = TextWriter()
    FailureText.write(outcome, limits: limits, into: &text)
    return failure(.developerError, text.buffer.span, output.count)
  }

  private static func tooLong(_ length: Int, _ logLength: Int) -> ActivationResult? {
    var text = ByteBuffer()
    guard text.append("The action produced a response that exceeded the allowed length: "), text.append(decimal: UInt64(length)),
      text.append(" > "), text.append(decimal: UInt64(limit)), text.append(" bytes.")
    else { return nil }
    return failure(.applicationError, text.span, logLength)
  }

  /// `{"error": text}`
  @_optimize(size) @inline(never)
  public static func failure(_ status: ResponseKind, _ text: Span<UInt8>, _ logLength: Int) -> ActivationResult? {
    var writer = TextWriter()
    writer.write("{\"error\":")
    writer.write(json: text)
    writer.write("}")
    guard !writer.isBroken else { return nil }
    return ActivationResult(status, writer.finish(), logLength: logLength)
  }

  public consuming func takeJSON() -> ByteBuffer { json }
}
