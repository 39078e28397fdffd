// Firing triggers: each active rule's action is started, and a record tells which.

import API
import Actions
import Base
import Bytes
import Entities
import HTTP
import JSON
import Net
import Records

extension HTTPServer {
  /// POST of a trigger, whose payload is at `payload` of `text`.
  @_optimize(size) @inline(never)
  mutating func fire(
    _ pending: PendingRequest, _ text: Span<UInt8>, _ payload: Range<Int>, _ now: Instant
  ) throws(APIError) -> Reply {
    guard let name = DecodedName(pending.package, pending.name, in: text) else { throw .badName }
    guard let trigger = entities.triggers.find(namespace: pending.namespace.number, name: name.span) else { throw .notFound }
    guard let id = try fire(trigger, payload: text.extracting(payload), now) else { return Reply(.noContent) }
    return Self.acceptance(of: id)
  }

  /// Fires a trigger: starts the action of each of its active rules with the trigger's parameters and `payload`, a JSON object that was checked,
  /// or nothing; the latter's win. Nobody waits for their ends. The record of the firing, whose identifier is returned, is the cause of theirs. nil
  /// where no rule is active: then nothing is kept, as in OpenWhisk.
  ///
  /// Throws `.notFound` where the trigger is stale, or `.outOfMemory`; that a rule's action could not be started is told by the record.
  @_optimize(size) @inline(never)
  mutating func fire(_ trigger: TriggerID, payload: Span<UInt8>, _ now: Instant) throws(APIError) -> ActivationID? {
    guard let record = entities.triggers[trigger], let namespace = entities.triggers.namespace(of: trigger) else { throw .notFound }
    guard hasActiveRule(record) else { return nil }
    let payload = payload.isEmpty ? ("{}" as StaticString).bytes : payload
    var merger = JSONMerger(seed: entities.seed)
    guard Self.add(entities.parameters(of: record), to: &merger) else { throw .outOfMemory }
    var arguments = TextWriter(capacity: payload.count)
    merger.write(payload: JSONValue(checked: 0..<payload.count, of: payload), of: payload, into: &arguments)
    guard !arguments.isBroken else { throw .outOfMemory }
    let id = identifiers.nextActivation()
    var log = TextWriter()
    var next = record.firstRule
    while let rule = next {
      next = entities.rules[rule]?.next
      fire(rule, arguments.buffer.span, id, now, into: &log)
    }
    let start = recordTime(now)
    var name = ByteBuffer()
    // One that cannot be copied is not kept, for want of a name.
    _ = name.append(entities.triggers.name(of: trigger))
    _ = activations.append(id, name: name.span, binding: Span(), result: payload, log: log.buffer.span) { (place: inout ActivationRecord) in
      place.kind = .trigger
      place.namespace = namespace
      place.owner = namespace
      place.version = record.stamp.version
      place.start = start
    }
    return id
  }

  private mutating func hasActiveRule(_ record: TriggerRecord) -> Bool {
    var next = record.firstRule
    while let rule = next {
      if entities.isActive(rule) { return true }
      next = entities.rules[rule]?.next
    }
    return false
  }

  /// Starts a rule's action, and writes what came of it as a line of OpenWhisk's.
  @_optimize(size) @inline(never)
  private mutating func fire(
    _ rule: RuleID, _ arguments: Span<UInt8>, _ cause: ActivationID, _ now: Instant, into log: inout TextWriter
  ) {
    guard let record = entities.rules[rule], let number = entities.rules.namespace(of: rule) else { return }
    var name = ByteBuffer()
    var action = ByteBuffer()
    guard name.append(accounts.namespaceName(number)), name.append("/"), name.append(entities.rules.name(of: rule)),
      Self.copyAction(of: record, entities, to: &action)
    else { return log.fail() }
    if !log.buffer.isEmpty { log.write("\n") }
    if entities.isActive(rule) {
      do throws(APIError) {
        let id = try start(action.span, NamespaceID(index: UInt8(truncatingIfNeeded: number)), arguments, cause, now)
        log.write("{\"statusCode\":0,\"success\":true,\"activationId\":\"")
        id.write(into: &log)
        log.write("\"")
      } catch {
        Self.writeFailure(error.status.code >= 500, error.text.bytes, into: &log)
      }
    } else {
      var text = TextWriter()
      text.write("Rule '")
      text.write(name.span)
      text.write("' is inactive, action '")
      text.write(action.span)
      text.write("' was not activated.")
      Self.writeFailure(false, text.buffer.span, into: &log)
    }
    log.write(",\"rule\":")
    log.write(json: name.span)
    log.write(",\"action\":")
    log.write(json: action.span)
    log.write("}")
  }

  @_optimize(size) @inline(never)
  private static func writeFailure(_ isOurs: Bool, _ text: Span<UInt8>, into log: inout TextWriter) {
    log.write("{\"statusCode\":")
    log.write(isOurs ? "3" : "1")
    log.write(",\"success\":false,\"error\":")
    log.write(json: text)
  }

  /// Appends the full name of what a rule invokes; false where memory is out.
  private static func copyAction(of record: RuleRecord, _ entities: borrowing EntityStore, to name: inout ByteBuffer) -> Bool {
    let references = entities.references(of: record)
    let trigger = QualifiedName.next(in: references, from: 0) ?? 0..<0
    guard let full = QualifiedName.next(in: references, from: trigger.upperBound &+ 1) else { return false }
    return name.append(references.extracting(full))
  }

  /// Starts the action with the full name `action` on behalf of `namespace`.
  @_optimize(size)
  private mutating func start(
    _ action: Span<UInt8>, _ namespace: NamespaceID, _ arguments: Span<UInt8>, _ cause: ActivationID, _ now: Instant
  ) throws(APIError) -> ActivationID {
    let target: ResolvedAction
    switch resolve(full: action, for: namespace) {
    case .found(let found): target = found
    case .missing: throw .notFound
    case .forbidden: throw .forbidden
    }
    try checkRoom(arguments.count)
    var input = ByteBuffer()
    guard input.append(arguments) else { throw .outOfMemory }
    let id = identifiers.nextActivation()
    try start(
      PendingActivation(
        id: id, target: target, namespace: namespace, input: input, payload: 0..<arguments.count, arrived: now, cause: cause))
    return id
  }
}
