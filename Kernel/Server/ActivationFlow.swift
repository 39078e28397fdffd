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

extension HTTPServer {
  /// Makes an activation of a complete request and puts it into the queue; answers at once where nobody waits for its end. True where
  /// the connection can go on then.
  @_optimize(size) @inline(never)
  mutating func admit<Network: Transport & ~Copyable>(
    _ slot: Int, _ id: ConnectionID, _ network: inout Network, _ now: Instant
  ) -> Bool {
    let pending = connections[slot].request
    let requestID = requestID(slot, network.received(id))
    let body = pending.headLength..<pending.headLength &+ pending.bodyLength
    guard let action = pending.action, entities.actions[action] != nil else {
      return answerUnqueued(slot, id, Reply(.notFound, id: requestID), &network, now)
    }
    let isRaw = pending.job == .background
    var payload = body
    if !isRaw, !body.isEmpty {
      do throws(JSONFailure) {
        let value = try JSON.parse(network.received(id), in: body)
        payload = value.start..<value.end
        guard value.kind == .object else { return answerUnqueued(slot, id, Reply(.badPayload, id: requestID), &network, now) }
      } catch {
        return answerUnqueued(slot, id, Self.reply(to: error, requestID), &network, now)
      }
    }
    guard backlog.hasRoom(pending.totalLength) else {
      counters.rejected &+= 1
      return answerUnqueued(slot, id, Reply(.queueFull, id: requestID), &network, now)
    }
    guard let input = takeRequest(id, pending.totalLength, &network) else {
      return answerUnqueued(slot, id, Reply(.outOfMemory, id: requestID), &network, now)
    }
    let name = identifiers.nextActivation()
    let place = backlog.put(
      PendingActivation(
        id: name, action: action, namespace: pending.namespace, input: input, payload: payload, isRaw: isRaw, arrived: now,
        waiter: pending.isBlocking ? id : nil, wantsResult: pending.wantsResult, requestID: requestID))
    // The request itself is the backlog's from now on.
    connections[slot].request.totalLength = 0
    guard queue.push(.activation(place)) else {
      _ = backlog.take(place)
      counters.rejected &+= 1
      return answerUnqueued(slot, id, Reply(.queueFull, id: requestID), &network, now)
    }
    if pending.isBlocking {
      connections[slot].phase = .waiting
      connections[slot].activation = name
      arm(slot, now + .milliseconds(UInt64(pending.waitMilliseconds)))
      return false
    }
    sendUnread(slot, Self.acceptance(of: name), requestID, &network, now)
    return connections[slot].phase == .idle
  }

  /// The connection's request, taken out of its buffer, which keeps what follows; nil, and nothing changed, where memory is out.
  @_optimize(size)
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
  private static func acceptance(of id: ActivationID) -> Reply {
    var reply = Reply(.accepted)
    reply.activation = id
    reply.body.write("{\"activationId\":\"")
    id.write(into: &reply.body)
    reply.body.write("\"}")
    return reply
  }

  /// Sends the reply to a request whose bytes are the connection's no more, and waits for the next, which the caller looks for.
  @_optimize(size) @inline(never)
  private mutating func sendUnread<Network: Transport & ~Copyable>(
    _ slot: Int, _ reply: consuming Reply, _ requestID: RequestID, _ network: inout Network, _ now: Instant
  ) {
    updateDate(now)
    let request = connections[slot].request
    let context = ReplyContext(
      id: requestID, date: date, connection: request.option, isHead: request.isHead, isAPI: request.isAPI)
    counters.count(reply.status.code)
    connections[slot].activation = nil
    guard let message = reply.render(context) else { return reset(slot, &network) }
    send(slot, message, &network, now)
    guard connections[slot].phase != .lingering, connections[slot].phase != .aborted else { return }
    resetReceiveLimit(slot, &network)
    becomeIdle(slot, now)
  }

  /// The same for a client that has waited; goes on with what it sent meanwhile.
  @_optimize(size) @inline(never)
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
    var requestID = backlog.requestID(of: id)
    if let running = running.take() {
      if running.id == id { requestID = running.requestID }
      self.running = consume running
    }
    answerWaiting(
      slot, Self.acceptance(of: id), requestID ?? RequestID(number: connections[slot].request.number), &network, now)
  }

  mutating func takeWaiting(_ work: Work) -> PendingActivation? {
    guard case .activation(let place) = work else { return nil }
    return backlog.take(place)
  }

  /// Takes up an activation; nil where it ended before it began.
  @_optimize(size) @inline(never)
  mutating func begin<Network: Transport & ~Copyable>(
    _ activation: consuming PendingActivation, _ network: inout Network, _ now: Instant
  ) -> Invocation? {
    guard let record = entities.actions[activation.action] else {
      abandon(activation, .notFound, &network, now)
      return nil
    }
    guard let request = makeRequest(&activation, record, now) else {
      abandon(activation, .outOfMemory, &network, now)
      return nil
    }
    let invocation = Invocation(
      instance: record.instance, activation: activation.id, request: request, reply: InvocationReply(), connection: nil,
      arrived: activation.arrived, action: activation.action, limits: record.limits, started: now, isCGI: false)
    running = consume activation
    return invocation
  }

  /// Answers for an activation that could not be begun. It leaves no record: nothing ran.
  @_optimize(size) @inline(never)
  private mutating func abandon<Network: Transport & ~Copyable>(
    _ activation: consuming PendingActivation, _ error: APIError, _ network: inout Network, _ now: Instant
  ) {
    guard let waiter = activation.waiter, let slot = slot(of: waiter), connections[slot].activation == activation.id else { return }
    answerWaiting(slot, Reply(error, id: activation.requestID), activation.requestID, &network, now)
  }

  /// What the action is given: its parameters as standard input, as argv[1] where they are short enough, or as the line that it reads
  /// in loop mode; and the variables. nil where memory is out.
  @_optimize(size) @inline(never)
  private mutating func makeRequest(
    _ activation: inout PendingActivation, _ record: ActionRecord, _ now: Instant
  ) -> InvocationRequest? {
    var strings = ByteBuffer()
    swap(&strings, &spareStrings)
    var request = InvocationRequest(input: ByteBuffer(), body: 0..<0, strings: strings)
    guard request.addArgument(entities.actions.name(of: activation.action)) else { return nil }
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
    let identity = InvocationIdentity(
      activation: activation.id, version: record.version,
      deadline: wallClock(now) &+ UInt64(record.limits.timeoutMilliseconds))
    let name = entities.actions.name(of: activation.action)
    let namespace = accounts.name(of: activation.namespace)
    if record.isLoop {
      var line = TextWriter(capacity: body.count &+ 512)
      ActionEnvironment.beginLine(into: &line)
      JSONValue(checked: body, of: input.span).writeCompact(of: input.span, into: &line)
      ActionEnvironment.endLine(identity, name: name, namespace: namespace, into: &line)
      guard !line.isBroken else { return nil }
      let text = line.finish()
      let length = text.count
      request.setInput(text, body: 0..<length)
      request.answersOnResult = true
      return request
    }
    if body.count <= Self.longestArgument, !request.addArgument(input.span.extracting(body)) { return nil }
    var variables = TextWriter(capacity: 512)
    ActionEnvironment.write(identity, name: name, namespace: namespace, into: &variables)
    guard !variables.isBroken, request.addEnvironment(block: variables.buffer) else { return nil }
    request.setInput(input, body: body)
    return request
  }

  /// Bytes of parameters that are still an argument: what Linux allows one string, less its end (MAX_ARG_STRLEN).
  private static var longestArgument: Int { 131_071 }

  /// Keeps the record of an activation that ran and answers who waits for it. Returns what the console shows.
  @_optimize(size) @inline(never)
  mutating func finishActivation<Network: Transport & ~Copyable>(
    _ invocation: consuming Invocation, _ outcome: Outcome, _ log: borrowing ByteBuffer, _ figures: InvocationFigures,
    _ marks: borrowing LogMarks, _ network: inout Network, _ now: Instant
  ) -> ByteBuffer {
    let ran = now - invocation.started
    let action = invocation.action
    let limits = invocation.limits
    spareStrings = invocation.takeStrings()
    let console = console(of: outcome, action, limits, log)
    guard let activation = running.take() else { return console }
    var facts = facts(invocation, outcome, figures, ran)
    facts.namespace = UInt16(activation.namespace.index)
    let output = invocation.takeReply().takeOutput()
    var lines = 0
    var json = ByteBuffer()
    if activation.isRaw {
      facts.size = output.count
    } else if let result = ActivationResult.make(outcome, limits, output: output.span) {
      facts.response = result.status
      lines = result.logLength
      json = result.takeJSON()
    }
    count(action, facts.response, ran, figures)
    let text = ActivationLogs.make(log, marks, output: output.span.extracting(0..<lines), at: ran, limit: limits.logBytes)
    let place = Self.append(facts, of: action, in: entities.actions, json, text, to: &activations)
    if let waiter = activation.waiter, let slot = slot(of: waiter), connections[slot].activation == activation.id {
      let reply = reply(facts, place, json, resultOnly: activation.wantsResult)
      answerWaiting(slot, reply, activation.requestID, &network, now)
    }
    return console
  }

  /// The reply to a blocking invocation.
  @_optimize(size) @inline(never)
  private mutating func reply(
    _ facts: ActivationFacts, _ place: ActivationPlace, _ json: borrowing ByteBuffer, resultOnly: Bool
  ) -> Reply {
    let status: HTTPStatus =
      switch facts.response {
      case .success: .ok
      case .internalError: .internalServerError
      case .applicationError, .developerError: .badGateway
      }
    var reply = Reply(status)
    reply.activation = facts.id
    if resultOnly {
      reply.body.write(json.span)
    } else {
      ActivationWriter.write(place, of: activations, result: json.span, names: accounts, into: &reply.body)
    }
    return reply
  }

  /// What the record of an invocation says.
  @inline(__always)
  private mutating func facts(
    _ invocation: borrowing Invocation, _ outcome: Outcome, _ figures: InvocationFigures, _ ran: Interval
  ) -> ActivationFacts {
    let record = entities.actions.record(of: invocation.action)
    return ActivationFacts(
      id: invocation.activation, namespace: entities.actions.namespace(of: invocation.action) ?? 0,
      start: min(settings.epochMilliseconds, 1 << 43) &* 1_000_000 &+ invocation.started.nanoseconds, ran: ran,
      waited: invocation.started - invocation.arrived, limits: invocation.limits, version: record?.version ?? 1,
      isCold: record?.isCold ?? false, preparation: record?.preparation ?? .zero, outcome: outcome, response: ResponseKind(outcome),
      size: invocation.outputLength, figures: figures)
  }

  /// Keeps the record of a raw invocation.
  @inline(__always)
  mutating func keep(
    _ invocation: borrowing Invocation, _ outcome: Outcome, _ log: borrowing ByteBuffer, _ figures: InvocationFigures,
    _ marks: borrowing LogMarks, _ ran: Interval
  ) {
    let facts = facts(invocation, outcome, figures, ran)
    if outcome.isSuccess && log.isEmpty {
      Self.append(facts, of: invocation.action, in: entities.actions, to: &activations)
    } else {
      keep(facts, invocation.action, log, marks)
    }
  }

  @_optimize(size) @inline(never)
  private mutating func keep(
    _ facts: ActivationFacts, _ action: ActionID, _ log: borrowing ByteBuffer, _ marks: borrowing LogMarks
  ) {
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

  @inline(__always)
  private static func append(
    _ facts: ActivationFacts, of action: ActionID, in table: borrowing ActionTable, to store: inout ActivationStore
  ) {
    _ = store.append(facts.id, name: table.name(of: action)) { (record: inout ActivationRecord) in facts.fill(&record) }
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
