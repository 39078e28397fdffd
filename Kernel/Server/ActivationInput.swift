// What an activation gives its action: parameters of package, binding and action joined with its own, the variables, the line of loop mode.

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
  /// What the action of `activation`, whose record is `record`, is given: its parameters as standard input, as argv[1] where they are short
  /// enough, or as the line that it reads in loop mode; and the variables. nil where memory is out.
  @inline(never)
  mutating func makeRequest(
    _ activation: inout PendingActivation, _ record: ActionRecord, _ now: Instant
  ) -> InvocationRequest? {
    let action = activation.target.action
    var strings = ByteBuffer()
    swap(&strings, &spareStrings)
    var request = InvocationRequest(input: ByteBuffer(), body: 0..<0, strings: strings)
    guard request.addArgument(entities.actions.name(of: action)) else { return nil }
    var input = ByteBuffer()
    swap(&input, &activation.input)
    var body = activation.payload
    guard !activation.isRaw else {
      request.setInput(input, body: body)
      return request
    }
    if body.isEmpty {
      input.truncate(to: 0)
      guard input.append("{}") else { return nil }
      body = 0..<2
    }
    guard !hasDefaults(activation.target, record) || addDefaults(activation.target, record, &input, &body) else { return nil }
    let identity = InvocationIdentity(
      activation: activation.id, version: record.version,
      deadline: wallClock(now) &+ UInt64(record.limits.timeoutMilliseconds))
    if record.isLoop {
      guard let line = Self.line(identity, input.span.extracting(body), action, activation.namespace, entities.actions, accounts) else {
        return nil
      }
      let length = line.count
      request.setInput(line, body: 0..<length)
      request.answersOnResult = true
      return request
    }
    if body.count <= Self.longestArgument, !request.addArgument(checked: input.span.extracting(body)) { return nil }
    var buffer = ByteBuffer()
    swap(&buffer, &spareVariables)
    buffer.truncate(to: 0)
    var variables = TextWriter(buffer)
    Self.writeVariables(identity, action, activation.namespace, entities.actions, accounts, into: &variables)
    guard !variables.isBroken, request.addEnvironment(checked: variables.buffer.span, count: ActionEnvironment.count) else { return nil }
    spareVariables = variables.finish()
    request.setInput(input, body: body)
    return request
  }

  private static func writeVariables(
    _ identity: InvocationIdentity, _ action: ActionID, _ caller: NamespaceID, _ actions: borrowing ActionTable,
    _ accounts: borrowing AccountTable, into variables: inout TextWriter
  ) {
    ActionEnvironment.write(
      identity, name: actions.name(of: action), owner: accounts.namespaceName(actions.namespace(of: action) ?? 0),
      namespace: accounts.name(of: caller), into: &variables)
  }

  /// The line that an action in loop mode reads; nil where memory is out.
  @_optimize(size) @inline(never)
  private static func line(
    _ identity: InvocationIdentity, _ parameters: Span<UInt8>, _ action: ActionID, _ caller: NamespaceID,
    _ actions: borrowing ActionTable, _ accounts: borrowing AccountTable
  ) -> ByteBuffer? {
    var line = TextWriter(capacity: parameters.count &+ 512)
    ActionEnvironment.beginLine(into: &line)
    JSONValue(checked: 0..<parameters.count, of: parameters).writeCompact(of: parameters, into: &line)
    ActionEnvironment.endLine(
      identity, name: actions.name(of: action), owner: accounts.namespaceName(actions.namespace(of: action) ?? 0),
      namespace: accounts.name(of: caller), into: &line)
    return line.isBroken ? nil : line.finish()
  }

  /// Bytes of parameters that are still an argument: what Linux allows one string, less its end (MAX_ARG_STRLEN).
  private static var longestArgument: Int { 131_071 }

  /// Puts the parameters of the package, its binding and the action before those that `input` has at `body`; false where memory is out. An
  /// array that comes from a sequence's last step stays as it is.
  @_optimize(size) @inline(never)
  mutating func addDefaults(
    _ target: ResolvedAction, _ record: ActionRecord, _ input: inout ByteBuffer, _ body: inout Range<Int>
  ) -> Bool {
    guard input.span[body.lowerBound] == 0x7b else { return true }
    var merger = JSONMerger(seed: entities.seed)
    guard addDefaults(target, record, to: &merger) else { return false }
    guard !merger.isEmpty else { return true }
    var text = TextWriter(capacity: body.count &+ 256)
    merger.write(payload: JSONValue(checked: body, of: input.span), of: input.span, into: &text)
    guard !text.isBroken else { return false }
    input = text.finish()
    body = 0..<input.count
    return true
  }

  private mutating func hasDefaults(_ target: ResolvedAction, _ record: ActionRecord) -> Bool {
    target.package != nil || !entities.parameters(of: record).isEmpty
  }

  /// Adds the parameters that an action has where it is found as `target`; false where memory is out.
  @_optimize(size) @inline(never)
  private mutating func addDefaults(_ target: ResolvedAction, _ record: ActionRecord, to merger: inout JSONMerger) -> Bool {
    if let package = target.package.flatMap({ entities.packages[$0] }) {
      guard Self.add(entities.parameters(of: package), to: &merger) else { return false }
    }
    if let binding = target.binding.flatMap({ entities.packages[$0] }) {
      guard Self.add(entities.parameters(of: binding), to: &merger) else { return false }
    }
    return Self.add(entities.parameters(of: record), to: &merger)
  }

  /// Adds a parameter array that is kept; false where memory is out.
  static func add(_ parameters: Span<UInt8>, to merger: inout JSONMerger) -> Bool {
    parameters.isEmpty || merger.add(parameters: JSONValue(checked: 0..<parameters.count, of: parameters), of: parameters)
  }

  /// Whether the object at `payload` of `text` sets a parameter that the action, found as `target`, has a value for: the annotation `final`
  /// makes them all final.
  @_optimize(size) @inline(never)
  mutating func setsFinalParameter(
    _ target: ResolvedAction, _ record: ActionRecord, _ payload: Range<Int>, of text: Span<UInt8>
  ) throws(APIError) -> Bool {
    guard payload.count > 2, text[payload.lowerBound] == 0x7b, hasDefaults(target, record) else { return false }
    var merger = JSONMerger(seed: entities.seed)
    guard addDefaults(target, record, to: &merger) else { throw .outOfMemory }
    return merger.isOverridden(by: JSONValue(checked: payload, of: text), of: text)
  }
}
