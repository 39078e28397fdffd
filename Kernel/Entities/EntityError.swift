// Why the body of a request about an entity is refused, in OpenWhisk's words where it has some.

public import Base
import Bytes
public import JSON

/// A number that an action's limits bound.
public enum LimitedNumber: UInt8, Sendable, BitwiseCopyable {
  case timeout, memory, logs, concurrency

  /// What a request may ask for; milliseconds, megabytes, megabytes and invocations.
  public var range: ClosedRange<Int64> {
    switch self {
    case .timeout: 100...300_000
    case .memory: 1...512
    case .logs: 0...10
    case .concurrency: 1...500
    }
  }

  var field: StaticString {
    switch self {
    case .timeout: "limits.timeout"
    case .memory: "limits.memory"
    case .logs: "limits.logs"
    case .concurrency: "limits.concurrency"
    }
  }

  /// OpenWhisk's name of it.
  fileprivate var name: StaticString {
    switch self {
    case .timeout: "duration "
    case .memory: "memory "
    case .logs: "log "
    case .concurrency: "concurrency "
    }
  }

  fileprivate var unit: StaticString {
    switch self {
    case .timeout: " milliseconds"
    case .memory, .logs: " MB"
    case .concurrency: ""
    }
  }
}

/// Bounds on what is kept of an entity.
public enum EntityLimits {
  /// Bytes of parameters, and of annotations, as a compact array.
  public static var listBytes: Int { 1 << 20 }
  /// Bytes of an action's code, unpacked from base64.
  public static var codeBytes: Int { 48 << 20 }
  /// Actions of a sequence, those of sequences in it included.
  public static var components: Int { 50 }
  /// Triggers with an alarm.
  public static var alarms: Int { 1_024 }
  /// Bytes of an image's name and of an entry point's.
  public static var execBytes: Int { 1024 }
}

/// Why a body is refused.
public enum EntityError: Error, Sendable {
  case notJSON(JSONFailure)
  /// A field of the object whose path is given.
  case wrongField(StaticString, JSONFieldFailure)
  /// The field and what it must be.
  case wrongType(StaticString, StaticString)
  case malformed(StaticString)
  /// As `malformed`, but the text is all of it.
  case refused(StaticString)
  case outOfRange(LimitedNumber, Int64)
  case tooLarge(StaticString, bytes: Int, allowed: Int)
  /// The value of the field.
  case unknownKind(JSONValue)
  case unknownStatus(JSONValue)
  case noMemory

  /// Whether it is the size of something that is wrong (413), not what it says (400).
  public var isTooLarge: Bool {
    if case .tooLarge = self { return true }
    return false
  }

  /// Writes what is wrong. `text` is the text that the body is in.
  @_optimize(size) @inline(never)
  public func write(_ text: Span<UInt8>, into writer: inout TextWriter) {
    switch self {
    case .refused(let text): return writer.write(text)
    case .tooLarge(let field, let bytes, let allowed):
      writer.write(field)
      writer.write(" larger than allowed: ")
      writer.write(decimal: UInt64(max(0, bytes)))
      writer.write(" > ")
      writer.write(decimal: UInt64(max(0, allowed)))
      return writer.write(" bytes.")
    case .noMemory: return writer.write("There is no memory for this request now; try again later.")
    default: break
    }
    writer.write("The request content was malformed: ")
    switch self {
    case .notJSON(let failure):
      writer.write(failure)
      writer.write(".")
    case .wrongField(let path, let failure):
      writer.write(path)
      writer.write(failure)
      writer.write(".")
    case .wrongType(let field, let type):
      writer.write(field)
      writer.write(" must be ")
      writer.write(type)
      writer.write(".")
    case .malformed(let text): writer.write(text)
    case .outOfRange(let number, let value): Self.write(number, value, into: &writer)
    case .unknownKind(let value):
      writer.write("kind ")
      Self.quote(value, text, into: &writer)
      writer.write(" not in Set(blackbox, sequence)")
    case .unknownStatus(let value):
      Self.quote(value, text, into: &writer)
      writer.write(" is not a recognized rule state, must be one of ['active', 'inactive']")
    case .refused, .tooLarge, .noMemory: break
    }
  }

  private static func write(_ number: LimitedNumber, _ value: Int64, into writer: inout TextWriter) {
    let isBelow = value < number.range.lowerBound
    writer.write(number.name)
    if value < 0 { writer.write("-") }
    writer.write(decimal: value.magnitude)
    writer.write(number.unit)
    writer.write(isBelow ? " below" : " exceeds")
    writer.write(" allowed threshold of ")
    writer.write(decimal: UInt64(isBelow ? number.range.lowerBound : number.range.upperBound))
    writer.write(number.unit)
  }

  /// The beginning of a string as the client wrote it.
  private static func quote(_ value: JSONValue, _ text: Span<UInt8>, into writer: inout TextWriter) {
    let written = value.written(in: text)
    var end = max(1, min(written.count &- 1, 64))
    // Not within a character.
    while end > 1, end < written.count, written[end] & 0xc0 == 0x80 { end &-= 1 }
    writer.write("'")
    if written.count >= 2 { writer.write(written.extracting(1..<end)) }
    writer.write("'")
  }
}
