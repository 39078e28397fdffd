// Bodies of PUT requests turned into legal values. Places in them count in the text that they were parsed from.
// Out of scope: whether what they name exists (the server), and the code (the server unpacks it).

import Actions
import Bytes
public import JSON

/// The members of a body that mean something for some kind of entity; all others are ignored, as OpenWhisk does.
struct BodyFields {
  enum Name: Int {
    case exec, parameters, annotations, delAnnotations, limits, publish, binding, trigger, action, status
  }

  private let fields: JSONFields

  init(_ body: JSONValue, in text: Span<UInt8>) {
    fields = JSONFields(
      ["exec", "parameters", "annotations", "delAnnotations", "limits", "publish", "binding", "trigger", "action", "status"],
      of: body, in: text)
  }

  subscript(_ name: Name) -> JSONValue? { fields[name.rawValue] }

  /// A member that must be of one kind where it is there.
  func value(_ name: Name, _ kind: JSONKind) throws(EntityError) -> JSONValue? {
    do throws(JSONFieldFailure) { return try fields.optional(name.rawValue, kind) } catch { throw .wrongField("", error) }
  }

  func boolean(_ name: Name) throws(EntityError) -> Bool? {
    do throws(JSONFieldFailure) { return try fields.boolean(name.rawValue) } catch { throw .wrongField("", error) }
  }
}

/// What a body may set in entities of every kind; nil is what it leaves open.
public struct EntityPut: Sendable, BitwiseCopyable {
  /// Parameter arrays.
  public let parameters: JSONValue?
  public let annotations: JSONValue?
  public let isPublished: Bool?

  init(_ fields: borrowing BodyFields, in text: Span<UInt8>) throws(EntityError) {
    parameters = try Self.list(.parameters, "parameters", fields, in: text)
    annotations = try Self.list(.annotations, "annotations", fields, in: text)
    isPublished = try fields.boolean(.publish)
  }

  private static func list(
    _ field: BodyFields.Name, _ path: StaticString, _ fields: borrowing BodyFields, in text: Span<UInt8>
  ) throws(EntityError) -> JSONValue? {
    guard let value = fields[field] else { return nil }
    guard JSONParameters.malformed(value, in: text) == nil else { throw .wrongType(path, "an array of objects with key and value") }
    return value
  }

  /// The document in `range` of `text`, which must be an object.
  public static func document(in range: Range<Int>, of text: Span<UInt8>) throws(EntityError) -> JSONValue {
    let document: JSONValue
    do throws(JSONFailure) {
      document = try JSON.parse(text, in: range)
    } catch {
      throw .notJSON(error)
    }
    guard document.kind == .object else { throw .malformed("Object expected") }
    return document
  }
}

/// Limits that a body sets; nil is what it leaves open.
public struct LimitsPut: Sendable, BitwiseCopyable {
  /// Milliseconds.
  private var timeout: Int?
  /// Megabytes.
  private var memory: Int?
  /// Megabytes.
  private var logs: Int?
  private var concurrency: Int?

  /// Sets the limits of `record`.
  public func apply(to record: inout ActionRecord) {
    if let timeout { record.limits.timeoutMilliseconds = UInt32(truncatingIfNeeded: timeout) }
    if let memory { record.limits.memoryBytes = memory << 20 }
    if let logs { record.limits.logBytes = logs << 20 }
    if let concurrency { record.concurrency = UInt16(truncatingIfNeeded: concurrency) }
  }

  init(_ fields: borrowing BodyFields, in text: Span<UInt8>) throws(EntityError) {
    guard let limits = try fields.value(.limits, .object) else { return }
    let inner = JSONFields(["timeout", "memory", "logs", "concurrency"], of: limits, in: text)
    timeout = try Self.number(.timeout, inner, in: text)
    memory = try Self.number(.memory, inner, in: text)
    logs = try Self.number(.logs, inner, in: text)
    concurrency = try Self.number(.concurrency, inner, in: text)
  }

  /// A whole number inside what `number` may be.
  private static func number(
    _ number: LimitedNumber, _ fields: JSONFields, in text: Span<UInt8>
  ) throws(EntityError) -> Int? {
    let value: JSONValue?
    do throws(JSONFieldFailure) { value = try fields.optional(Int(number.rawValue), .number) } catch { throw .wrongField("limits.", error) }
    guard let value else { return nil }
    guard let integer = value.integer(in: text) else { throw .wrongType(number.field, "a whole number") }
    guard number.range.contains(integer) else { throw .outOfRange(number, integer) }
    return Int(integer)
  }
}

/// What is to be executed.
public enum ExecPut: Sendable, BitwiseCopyable {
  /// A program: a string in base64; the image's name and the entry point's, strings, are kept for the client.
  case native(code: JSONValue, image: JSONValue?, main: JSONValue?)
  /// An array of actions' names.
  case sequence(JSONValue)

  init?(_ fields: borrowing BodyFields, in text: Span<UInt8>) throws(EntityError) {
    guard let exec = try fields.value(.exec, .object) else { return nil }
    let inner = JSONFields(["kind", "code", "image", "main", "components"], of: exec, in: text)
    guard let kind = inner[0], kind.kind == .string else { throw .malformed("'kind' must be a string defined in 'exec'") }
    if kind.equals("sequence", in: text) {
      guard let components = inner[4] else { throw .malformed("'components' must be defined for sequence kind") }
      guard components.kind == .array else { throw .malformed("'components' must be an array") }
      self = .sequence(components)
      return
    }
    guard kind.equals("blackbox", in: text) else { throw .unknownKind(kind) }
    do throws(JSONFieldFailure) {
      let code = try inner.optional(1, .string)
      let image = try inner.optional(2, .string)
      let main = try inner.optional(3, .string)
      self = .native(code: code ?? kind, image: image, main: main)
    } catch {
      throw .wrongField("exec.", error)
    }
    guard let code = inner[1], code.end &- code.start > 2 else {
      throw .malformed("exec.code must hold the ELF executable, or a zip archive with it under the name exec, in base64: no image is pulled.")
    }
    try Self.check(inner[2], "exec.image")
    try Self.check(inner[3], "exec.main")
  }

  private static func check(_ name: JSONValue?, _ path: StaticString) throws(EntityError) {
    guard let name else { return }
    let bytes = name.end &- name.start &- 2
    guard bytes <= EntityLimits.execBytes else { throw .tooLarge(path, bytes: bytes, allowed: EntityLimits.execBytes) }
  }
}

/// The body of `PUT …/actions/{name}`.
public struct ActionPut: Sendable, BitwiseCopyable {
  public let entity: EntityPut
  public let limits: LimitsPut
  public let exec: ExecPut?
  /// An array of names of annotations that are to go.
  let deletedAnnotations: JSONValue?

  /// `body` is an object in `text`.
  public init(parsing text: Span<UInt8>, _ body: JSONValue) throws(EntityError) {
    let fields = BodyFields(body, in: text)
    exec = try ExecPut(fields, in: text)
    limits = try LimitsPut(fields, in: text)
    entity = try EntityPut(fields, in: text)
    deletedAnnotations = try fields.value(.delAnnotations, .array)
  }
}

/// The body of `PUT …/packages/{name}`.
public struct PackagePut: Sendable, BitwiseCopyable {
  public let entity: EntityPut
  /// The package that a binding stands for: an object with strings "namespace" and "name"; nil for a package of its own.
  public let binding: BindingPut?

  /// `body` is an object in `text`.
  public init(parsing text: Span<UInt8>, _ body: JSONValue) throws(EntityError) {
    let fields = BodyFields(body, in: text)
    entity = try EntityPut(fields, in: text)
    binding = try BindingPut(fields, in: text)
  }
}

/// Names the package that a binding stands for.
public struct BindingPut: Sendable, BitwiseCopyable {
  let namespace: JSONValue
  let name: JSONValue

  init?(_ fields: borrowing BodyFields, in text: Span<UInt8>) throws(EntityError) {
    guard let binding = try fields.value(.binding, .object) else { return nil }
    var members = JSONMembers(binding)
    // What a package that is none has in its own entity.
    guard members.next(in: text) != nil else { return nil }
    let inner = JSONFields(["namespace", "name"], of: binding, in: text)
    do throws(JSONFieldFailure) {
      namespace = try inner.required(0, .string)
      name = try inner.required(1, .string)
    } catch {
      throw .wrongField("binding.", error)
    }
  }
}

/// The body of `PUT …/triggers/{name}`.
public struct TriggerPut: Sendable, BitwiseCopyable {
  public let entity: EntityPut

  /// `body` is an object in `text`.
  public init(parsing text: Span<UInt8>, _ body: JSONValue) throws(EntityError) {
    entity = try EntityPut(BodyFields(body, in: text), in: text)
    guard let annotations = entity.annotations, let feed = JSONParameters.value("feed", of: annotations, in: text) else { return }
    guard QualifiedName.isPath(feed, in: text) else { throw .refused("Feed name is not valid") }
  }
}

/// The body of `PUT …/rules/{name}`.
public struct RulePut: Sendable, BitwiseCopyable {
  public let entity: EntityPut
  /// Names of entities, for `QualifiedName`.
  public let trigger: JSONValue?
  public let action: JSONValue?

  /// `body` is an object in `text`.
  public init(parsing text: Span<UInt8>, _ body: JSONValue) throws(EntityError) {
    let fields = BodyFields(body, in: text)
    entity = try EntityPut(fields, in: text)
    trigger = fields[.trigger]
    action = fields[.action]
  }

  /// The status that the body of `POST …/rules/{name}` asks for: whether the rule is to be active.
  public static func status(parsing text: Span<UInt8>, _ body: JSONValue) throws(EntityError) -> Bool {
    guard let status = try BodyFields(body, in: text).value(.status, .string) else { throw .wrongType("status", "a string") }
    if status.equals("active", in: text) { return true }
    guard status.equals("inactive", in: text) else { throw .unknownStatus(status) }
    return false
  }
}
