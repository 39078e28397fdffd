// Activations: from the complete request to the record and the reply.

import API
import Actions
import Base
import Bytes
import Entities
import HTTP
import JSON
import Net
import Records
import Web

extension HTTPServer {
  /// Makes an activation of a complete request, or what a trigger fires; answers at once where nobody waits for an end. True where the
  /// connection can go on then.
  @inline(never)
  mutating func admit<Network: Transport & ~Copyable>(
    _ slot: Int, _ id: ConnectionID, _ network: inout Network, _ now: Instant
  ) -> Bool {
    let pending = connections[slot].request
    if pending.job == .web { return admitWeb(slot, id, &network, now) }
    let requestID = requestID(slot, network.received(id))
    var payload = pending.headLength..<pending.headLength &+ pending.bodyLength
    if pending.job != .background, !payload.isEmpty {
      // What came in chunks was not announced.
      guard payload.count <= Self.callBytes else {
        return answerUnqueued(slot, id, Self.tooLarge(UInt64(payload.count), requestID), &network, now)
      }
      do throws(JSONFailure) {
        let value = try JSON.parse(network.received(id), in: payload)
        payload = value.start..<value.end
        guard value.kind == .object else { return answerUnqueued(slot, id, Reply(.badPayload, id: requestID), &network, now) }
      } catch {
        return answerUnqueued(slot, id, Self.reply(to: error, requestID), &network, now)
      }
    }
    do throws(APIError) {
      if pending.job == .fire {
        let reply = try fire(pending, network.received(id), payload, now)
        answerUnqueued(slot, id, reply, &network, now)
        return connections[slot].phase == .idle
      }
      try admit(slot, id, payload, requestID, &network, now)
    } catch {
      return answerUnqueued(slot, id, Reply(error, id: requestID), &network, now)
    }
    return connections[slot].phase == .idle
  }

  /// The same for what is no trigger; where that fails, nothing has changed.
  @inline(never)
  private mutating func admit<Network: Transport & ~Copyable>(
    _ slot: Int, _ id: ConnectionID, _ payload: Range<Int>, _ requestID: RequestID, _ network: inout Network, _ now: Instant
  ) throws(APIError) {
    let pending = connections[slot].request
    let target = try target(of: pending, network.received(id))
    let isRaw = pending.job == .background
    try checkStart(target, payload, of: network.received(id), bytes: pending.totalLength, isRaw: isRaw)
    guard let input = takeRequest(id, pending.totalLength, &network) else { throw .outOfMemory }
    // The request itself is the backlog's from now on.
    connections[slot].request.totalLength = 0
    let name = identifiers.nextActivation()
    enqueue(
      PendingActivation(
        id: name, target: target, namespace: pending.namespace, input: input, payload: payload, isRaw: isRaw, arrived: now,
        audience: pending.isBlocking ? .client(id, pending.wantsResult ? .result : .record) : .nobody, requestID: requestID))
    guard pending.isBlocking else { return sendUnread(slot, Self.acceptance(of: name), requestID, &network, now) }
    connections[slot].phase = .waiting
    connections[slot].activation = name
    resetReceiveLimit(slot, &network)
    arm(slot, now + .milliseconds(UInt64(pending.waitMilliseconds)))
  }

  /// What a request activates. An action of a package is looked for again, since its body may have been long in coming.
  private mutating func target(of pending: PendingRequest, _ bytes: Span<UInt8>) throws(APIError) -> ResolvedAction {
    if pending.job != .background, !pending.package.isAbsent {
      guard let name = DecodedName(pending.package, pending.name, in: bytes) else { throw .badName }
      return try resolve(name.span, pending.owner, for: pending.namespace)
    }
    guard let action = pending.action, let record = entities.actions.record(of: action) else { throw .notFound }
    // What was public when the head came may be so no more.
    guard pending.job != .background || record.isPublic || pending.hasKey else { throw .unauthorized }
    return ResolvedAction(action: action)
  }

  /// Starts an activation: puts it into the queue. Action and sequence are started alike, by clients, by triggers, by alarms. What starts it
  /// makes its identifier (`identifiers.nextActivation()`), and gives the parameters of the call only: those of the package, the binding and the
  /// action join them when its turn comes.
  ///
  /// It belongs to `namespace`, keeps a record with `cause`, and its end is told to `audience`. A client that waits must be in the phase `.waiting`
  /// with `Connection.activation` set by then; nothing is sent to it from within this call.
  ///
  /// Throws, with nothing changed but the input gone: `.notFound`, `.reservedParameters` where the parameters set a final one, `.queueFull` or
  /// `.outOfMemory`.
  @inline(never)
  mutating func start(_ activation: consuming PendingActivation) throws(APIError) {
    let length = activation.input.count
    try checkStart(activation.target, activation.payload, of: activation.input.span, bytes: length, isRaw: activation.isRaw)
    enqueue(activation)
  }

  /// Whether an activation of `target` may be started with the parameters at `payload` of `text`, of which it will keep `bytes`.
  private mutating func checkStart(
    _ target: ResolvedAction, _ payload: Range<Int>, of text: Span<UInt8>, bytes: Int, isRaw: Bool
  ) throws(APIError) {
    guard let record = entities.actions.record(of: target.action), !(isRaw && record.isSequence) else { throw .notFound }
    try checkRoom(bytes)
    if record.hasFinalParameters, !isRaw, try setsFinalParameter(target, record, payload, of: text) { throw .reservedParameters }
  }

  /// Whether one more activation may wait that keeps `bytes`. This comes before anything is done with them: a trigger may have thousands of rules.
  mutating func checkRoom(_ bytes: Int) throws(APIError) {
    guard backlog.hasRoom(bytes), queue.hasRoom else {
      counters.rejected &+= 1
      throw .queueFull
    }
  }

  /// Enters what was checked.
  private mutating func enqueue(_ activation: consuming PendingActivation) {
    // There is room.
    _ = queue.push(.activation(backlog.put(activation)))
  }

  /// The connection's request, taken out of its buffer, which keeps what follows; nil, and nothing changed, where memory is out.
  private mutating func takeRequest<Network: Transport & ~Copyable>(
    _ id: ConnectionID, _ length: Int, _ network: inout Network
  ) -> ByteBuffer? {
    var rest = ByteBuffer()
    let count = network.received(id).count
    guard rest.append(network.received(id).extracting(length..<count)) else { return nil }
    let input = network.takeReceived(id)
    network.giveBack(id, rest)
    return input
  }

  /// Bytes of a call's body at most, as in OpenWhisk: of the parameters of an action or a trigger, of a web action's request.
  static var callBytes: Int { 1 << 20 }

  /// The reply to a call in `head` that announces a longer body; nil where it does not. `number` is the request's.
  @inline(__always)
  mutating func lengthRefusal(_ bytes: Span<UInt8>, _ number: UInt64) -> Reply? {
    guard case .length(let length) = head.framing, length > UInt64(Self.callBytes) else { return nil }
    return Self.tooLarge(length, RequestID(head.requestID, in: bytes) ?? RequestID(number: number))
  }

  /// The reply to a call whose body of `length` bytes is longer.
  @_optimize(size) @inline(never)
  static func tooLarge(_ length: UInt64, _ id: RequestID) -> Reply {
    var text = TextWriter()
    text.write("Request larger than allowed: ")
    text.write(decimal: length)
    text.write(" > ")
    text.write(decimal: UInt64(callBytes))
    text.write(" bytes.")
    return Reply(.contentTooLarge, error: text.buffer, id: id)
  }

  @_optimize(size)
  private static func reply(to failure: JSONFailure, _ id: borrowing RequestID) -> Reply {
    var text = TextWriter()
    text.write("The request content was malformed: ")
    text.write(failure)
    text.write(".")
    return Reply(.badRequest, error: text.buffer, id: id)
  }

  /// `{"activationId": …}`
  @_optimize(size)
  static func acceptance(of id: ActivationID) -> Reply {
    var reply = Reply(.accepted)
    reply.activation = id
    reply.body.write("{\"activationId\":\"")
    id.write(into: &reply.body)
    reply.body.write("\"}")
    return reply
  }

  /// Sends the reply to a request whose bytes are the connection's no more, and waits for the next, which the caller looks for.
  @inline(never)
  private mutating func sendUnread<Network: Transport & ~Copyable>(
    _ slot: Int, _ reply: consuming Reply, _ requestID: RequestID, _ network: inout Network, _ now: Instant
  ) {
    updateDate(now)
    let request = connections[slot].request
    let context = ReplyContext(
      id: requestID, date: date, connection: request.option, isHead: request.isHead, isAPI: request.isAPI,
      isWeb: request.isWeb)
    counters.count(reply.status.code)
    connections[slot].activation = nil
    guard let message = reply.render(context) else { return reset(slot, &network) }
    send(slot, message, &network, now)
    guard connections[slot].phase != .lingering, connections[slot].phase != .aborted else { return }
    resetReceiveLimit(slot, &network)
    becomeIdle(slot, now)
  }

  /// The same for a client that has waited; goes on with what it sent meanwhile.
  @inline(never)
  private mutating func answerWaiting<Network: Transport & ~Copyable>(
    _ slot: Int, _ reply: consuming Reply, _ requestID: RequestID, _ network: inout Network, _ now: Instant
  ) {
    sendUnread(slot, reply, requestID, &network, now)
    if connections[slot].phase == .idle { advance(slot, &network, now) }
  }

  /// The client has waited long enough: it is told the identifier, and the activation goes on.
  @_optimize(size) @inline(never)
  mutating func stopWaiting<Network: Transport & ~Copyable>(_ slot: Int, _ network: inout Network, _ now: Instant) {
    guard let id = connections[slot].activation else { return }
    var requestID = backlog.requestID(of: id) ?? sequenceRequestID(of: id)
    if let running = running.take() {
      if running.id == id { requestID = running.requestID }
      self.running = consume running
    }
    let known = requestID ?? RequestID(number: connections[slot].request.number)
    let reply = connections[slot].request.job == .web ? Self.webPatience(id, known) : Self.acceptance(of: id)
    answerWaiting(slot, reply, known, &network, now)
  }

  /// Takes up the activation whose turn it is, as `begin` does.
  @inline(never)
  mutating func beginWaiting<Network: Transport & ~Copyable>(
    _ invocation: inout Invocation, _ work: Work, _ network: inout Network, _ now: Instant
  ) -> Bool {
    guard case .activation(let place) = work, let activation = backlog.take(place) else { return false }
    return begin(&invocation, activation, &network, now)
  }

  /// Takes up an activation; false where it ended before it began, as what the kernel does itself does, or is a sequence, whose first
  /// step is then the next in the queue.
  private mutating func begin<Network: Transport & ~Copyable>(
    _ invocation: inout Invocation, _ activation: consuming PendingActivation, _ network: inout Network, _ now: Instant
  ) -> Bool {
    let action = activation.target.action
    guard let record = entities.actions.record(of: action), !(record.isSequence && activation.isRaw) else {
      abandon(activation, .notFound, &network, now)
      return false
    }
    guard !record.isSequence else {
      beginSequence(activation, record, &network, now)
      return false
    }
    if let feed = record.builtIn {
      runFeed(feed, activation, record, &network, now)
      return false
    }
    guard let request = makeRequest(&activation, record, now) else {
      abandon(activation, .outOfMemory, &network, now)
      return false
    }
    invocation.begin(.activation, action, record, activation.id, for: nil, arrived: activation.arrived, now: now)
    invocation.set(request)
    running = consume activation
    return true
  }

  /// Answers for an activation that could not be begun. It leaves no record: nothing ran.
  @_optimize(size) @inline(never)
  mutating func abandon<Network: Transport & ~Copyable>(
    _ activation: consuming PendingActivation, _ error: APIError, _ network: inout Network, _ now: Instant
  ) {
    switch activation.audience {
    case .nobody: break
    case .client(let waiter, _):
      guard let slot = slot(of: waiter), connections[slot].activation == activation.id else { return }
      answerWaiting(slot, Reply(error, id: activation.requestID), activation.requestID, &network, now)
    case .sequence(let place): failStep(of: place, error, &network, now)
    }
  }

  /// Tells whom it concerns how the activation `id`, whose record is at `place`, has ended: with `json`.
  @inline(never)
  mutating func tell<Network: Transport & ~Copyable>(
    _ audience: Audience, _ requestID: RequestID, _ end: ActivationEnd, _ json: consuming ByteBuffer, _ network: inout Network,
    _ now: Instant
  ) {
    switch audience {
    case .nobody: break
    case .client(let waiter, let form):
      guard let slot = slot(of: waiter), connections[slot].activation == end.id else { return }
      answerWaiting(slot, reply(end, json, form, requestID), requestID, &network, now)
    case .sequence(let place): endStep(of: place, end, json, &network, now)
    }
  }

  /// Keeps the record of an activation that ran and answers who waits for it. Returns what the console shows.
  @inline(never)
  mutating func finishActivation<Network: Transport & ~Copyable>(
    _ invocation: inout Invocation, _ action: ActionID, _ outcome: Outcome, _ log: borrowing ByteBuffer, _ figures: InvocationFigures,
    _ marks: borrowing LogMarks, _ network: inout Network, _ now: Instant
  ) -> ByteBuffer {
    let ran = now - invocation.started
    let limits = invocation.limits
    spareStrings = invocation.request.takeStrings()
    _ = invocation.request.takeInput()
    let console = outcome.isSuccess && log.isEmpty ? ByteBuffer() : console(of: outcome, action, limits, log)
    var facts = facts(invocation, action, outcome, figures, ran)
    let output = invocation.reply.takeBuffer()
    guard let activation = running.take() else { return console }
    facts.namespace = UInt16(activation.namespace.index)
    var lines = 0
    var json = ByteBuffer()
    if activation.isRaw {
      facts.size = output.count
    } else if let result = ActivationResult.make(outcome, limits, output: output.span) {
      facts.response = result.status
      lines = result.logLength
      json = result.takeJSON()
    } else {
      facts.response = .internalError
    }
    count(action, facts.response, ran, figures)
    let text = ActivationLogs.make(log, marks, output: output.span.extracting(0..<lines), at: ran, limit: limits.logBytes)
    let place = Self.append(facts, of: activation, in: entities.actions, binding(of: activation), json, text, to: &activations)
    let end = ActivationEnd(id: facts.id, response: facts.response, place: place, ran: ran, memoryBytes: limits.memoryBytes)
    tell(activation.audience, activation.requestID, end, json, &network, now)
    return console
  }

  /// `namespace/package` of the binding that an activation's action was found through; empty where there was none.
  @_optimize(size)
  mutating func binding(of activation: borrowing PendingActivation) -> ByteBuffer {
    var name = ByteBuffer()
    if let found = activation.target.binding, let namespace = entities.packages.namespace(of: found) {
      // A record without it is better than none.
      _ = name.append(accounts.namespaceName(namespace)) && name.append("/") && name.append(entities.packages.name(of: found))
    }
    return name
  }

  /// Keeps the record of an activation that ran.
  @inline(never)
  private static func append(
    _ facts: ActivationFacts, of activation: borrowing PendingActivation, in table: borrowing ActionTable, _ binding: borrowing ByteBuffer,
    _ result: borrowing ByteBuffer, _ log: borrowing ActivationLog, to store: inout ActivationStore
  ) -> ActivationPlace {
    let action = activation.target.action
    let owner = table.namespace(of: action) ?? 0
    let cause = activation.cause
    var isStep = false
    if case .sequence = activation.audience { isStep = true }
    return store.append(facts.id, name: table.name(of: action), binding: binding.span, result: result.span, log: log.span) {
      (record: inout ActivationRecord) in
      facts.fill(&record)
      record.owner = owner
      record.cause = cause
      if isStep { record.flags.insert(.causedBySequence) }
    }
  }

  /// The reply to a blocking invocation.
  @inline(never)
  private mutating func reply(_ end: ActivationEnd, _ json: consuming ByteBuffer, _ form: ReplyForm, _ id: RequestID) -> Reply {
    if case .web(let kind) = form { return Self.reply(kind, end, json, id) }
    let status: HTTPStatus =
      switch end.response {
      case .success: .ok
      case .internalError: .internalServerError
      case .applicationError, .developerError: .badGateway
      }
    var reply = Reply(status)
    reply.activation = end.id
    if case .record = form {
      ActivationWriter.write(end.place, of: activations, result: json.span, names: accounts, into: &reply.body)
    } else {
      reply.body = TextWriter(json)
    }
    return reply
  }

  /// The reply to a web action's request.
  @_optimize(size) @inline(never)
  private static func reply(
    _ kind: WebExtension, _ end: ActivationEnd, _ json: borrowing ByteBuffer, _ id: borrowing RequestID
  ) -> Reply {
    var reply = WebReply.make(kind, end.response, json.span, id: id)
    reply.activation = end.id
    return reply
  }

  /// What the record of an invocation says.
  @inline(__always)
  mutating func facts(
    _ invocation: borrowing Invocation, _ action: ActionID, _ outcome: Outcome, _ figures: InvocationFigures, _ ran: Interval
  ) -> ActivationFacts {
    let record = entities.actions.record(of: action)
    return ActivationFacts(
      id: invocation.activation, namespace: entities.actions.namespace(of: action) ?? 0,
      start: recordTime(invocation.started), ran: ran,
      waited: invocation.started - invocation.arrived, limits: invocation.limits, version: record?.version ?? 1,
      concurrency: record?.concurrency ?? 1, isCold: record?.isCold ?? false, preparation: record?.preparation ?? .zero, outcome: outcome,
      response: ResponseKind(outcome), size: invocation.outputLength, figures: figures)
  }

  /// Keeps the record of a request's invocation that failed or wrote a log.
  @_optimize(size) @inline(never)
  mutating func keepOther(
    _ invocation: inout Invocation, _ action: ActionID, _ outcome: Outcome, _ log: borrowing ByteBuffer, _ figures: InvocationFigures,
    _ marks: borrowing LogMarks, _ ran: Interval
  ) {
    let facts = facts(invocation, action, outcome, figures, ran)
    var result = ByteBuffer()
    if !facts.outcome.isSuccess {
      var text = TextWriter()
      FailureText.write(facts.outcome, limits: facts.limits, into: &text)
      result = ActivationResult.failure(facts.response, text.buffer.span, 0)?.takeJSON() ?? ByteBuffer()
    }
    let text = ActivationLogs.make(log, marks, output: log.span.extracting(0..<0), at: facts.ran, limit: facts.limits.logBytes)
    var sized = facts
    if !result.isEmpty { sized.size = 0 }
    _ = Self.append(sized, of: action, in: entities.actions, result, text, to: &activations)
  }

  @_optimize(size) @inline(never)
  private static func append(
    _ facts: ActivationFacts, of action: ActionID, in table: borrowing ActionTable, _ result: borrowing ByteBuffer,
    _ log: borrowing ActivationLog, to store: inout ActivationStore
  ) -> ActivationPlace {
    let name = table.name(of: action)
    return store.append(facts.id, name: name, binding: name.extracting(0..<0), result: result.span, log: log.span) {
      (record: inout ActivationRecord) in facts.fill(&record)
    }
  }
}

/// How an activation has ended, beside its result.
struct ActivationEnd: BitwiseCopyable {
  let id: ActivationID
  let response: ResponseKind
  let place: ActivationPlace
  /// How long it ran, and the memory that its action may have; of a sequence, all its actions together, and the most of one.
  let ran: Interval
  let memoryBytes: Int
}

/// What an activation's record is made of.
struct ActivationFacts: BitwiseCopyable {
  let id: ActivationID
  var namespace: UInt16
  /// Nanoseconds since 1970.
  let start: UInt64
  let ran: Interval
  let waited: Interval
  let limits: ActionLimits
  let version: UInt32
  let concurrency: UInt16
  let isCold: Bool
  let preparation: Interval
  let outcome: Outcome
  var response: ResponseKind
  /// Bytes of a raw response; a result's own length counts where there is one.
  var size: Int
  let figures: InvocationFigures

  @inline(__always)
  func fill(_ record: inout ActivationRecord) {
    record.namespace = namespace
    record.owner = namespace
    record.start = start
    record.duration = ran
    record.queue = ActivationRecord.microseconds(waited)
    record.limits = limits
    record.version = version
    record.concurrency = concurrency
    record.set(figures)
    record.set(outcome)
    record.response = response
    if record.resultSize == 0 { record.resultSize = UInt32(clamping: size) }
    if isCold {
      record.flags.insert(.cold)
      record.initialisation = ActivationRecord.microseconds(preparation)
    }
  }
}
