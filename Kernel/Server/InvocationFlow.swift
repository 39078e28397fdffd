// Work that needs the executor: invocations, and the turn of those that wait.

import API
public import Actions
public import Base
public import Bytes
import Entities
import HTTP
import Net
import Records

extension HTTPServer {
  /// Does the first of what waits. True where that is an invocation to run, which it sets up in `invocation`; false where it is done, or nothing
  /// waits. One at a time: a deployment may unpack 48 MiB, and the network has to be looked at between two of them.
  ///
  /// The caller runs the invocation, with nothing of the server borrowed, gives it to `finish`, restores its instance, and removes what
  /// `takeDiscarded` names. Must not be called while one is on its way.
  public mutating func next<Executor: ActionExecutor & ~Copyable, Network: Transport & ~Copyable>(
    _ invocation: inout Invocation, _ executor: inout Executor, _ network: inout Network, now: Instant
  ) -> Bool {
    guard !isRunningAction, let work = queue.pop() else { return false }
    isRunningAction =
      if case .connection(let id) = work {
        begin(&invocation, id, &executor, &network, now)
      } else {
        beginWaiting(&invocation, work, &network, now)
      }
    return isRunningAction
  }

  /// Does what a connection's request asks for. True where that is to run an action.
  @inline(__always)
  private mutating func begin<Executor: ActionExecutor & ~Copyable, Network: Transport & ~Copyable>(
    _ invocation: inout Invocation, _ id: ConnectionID, _ executor: inout Executor, _ network: inout Network, _ now: Instant
  ) -> Bool {
    guard let slot = slot(of: id), connections[slot].phase == .queued else { return false }
    connections[slot].phase = .running
    return connections[slot].request.job == .invoke ? begin(&invocation, slot, id, &network, now)
      : doWork(&invocation, slot, id, &executor, &network, now)
  }

  /// Does the work of a connection's request, which is no invocation. True where there is an action to initialise.
  @inline(never)
  private mutating func doWork<Executor: ActionExecutor & ~Copyable, Network: Transport & ~Copyable>(
    _ invocation: inout Invocation, _ slot: Int, _ id: ConnectionID, _ executor: inout Executor, _ network: inout Network, _ now: Instant
  ) -> Bool {
    // The network keeps what was received until it has told of the end of a connection; this only makes sure.
    guard network.received(id).count >= connections[slot].request.totalLength else {
      reset(slot, &network)
      return false
    }
    switch connections[slot].request.job {
    case .put where connections[slot].request.collection == .actions:
      return deploy(&invocation, slot, id, &executor, &network, now)
    case .put, .setStatus: change(slot, id, &network, now)
    case .remove: remove(slot, id, &executor, &network, now)
    // Those wait as activations, not as requests.
    case .activate, .web, .background, .fire, .invoke: fail(slot, .notFound, &network, now)
    }
    return false
  }

  /// Takes up an invocation; false where it was answered with an error instead.
  @inline(__always)
  private mutating func begin<Network: Transport & ~Copyable>(
    _ invocation: inout Invocation, _ slot: Int, _ id: ConnectionID, _ network: inout Network, _ now: Instant
  ) -> Bool {
    // A sequence is no program: its results are JSON, which a raw invocation does not have.
    guard let action = connections[slot].request.action, let record = entities.actions.record(of: action), !record.isSequence else {
      fail(slot, .notFound, &network, now)
      return false
    }
    // What was public when the head came may be so no more: bodies take their time.
    guard record.isPublic || connections[slot].request.hasKey else {
      fail(slot, .unauthorized, &network, now)
      return false
    }
    invocation.begin(
      record.isCGI ? .cgi : .request, action, record, identifiers.activation(of: connections[slot].request.number), for: id,
      arrived: connections[slot].request.arrived, now: now)
    if invocation.named != action || record.hasEnvironment, !setStrings(&invocation, slot, id, action, &network, now) { return false }
    if record.isCGI {
      invocation.reply = InvocationReply()
    } else if !beginReply(&invocation, slot, id, &network, now) {
      fail(slot, .outOfMemory, &network, now)
      return false
    }
    let input = network.takeReceived(id)
    // As in `doWork`.
    guard input.count >= connections[slot].request.totalLength else {
      reset(slot, &network)
      return false
    }
    let start = connections[slot].request.headLength
    invocation.request.setInput(input, body: start..<start &+ connections[slot].request.bodyLength)
    return true
  }

  /// Begins with the head of the reply that is sent if all goes well; false where memory is out.
  @inline(__always)
  private mutating func beginReply<Network: Transport & ~Copyable>(
    _ invocation: inout Invocation, _ slot: Int, _ id: ConnectionID, _ network: inout Network, _ now: Instant
  ) -> Bool {
    updateDate(now)
    guard replies.isPrepared || prepareReplies(invocation.activation) else { return false }
    if case .persist = connections[slot].request.option, connections[slot].request.requestID.isAbsent {
      return replies.beginCommon(&invocation.reply, invocation.activation)
    }
    let own = RequestID.find(connections[slot].request.requestID, in: network.received(id))
    return replies.begin(&invocation.reply, invocation.activation, id: own, connections[slot].request.option)
  }

  @inline(never)
  private mutating func prepareReplies(_ activation: ActivationID) -> Bool { replies.prepare(activation, date) }

  /// Sets the strings of an invocation: the action's name, and the environment where it is given one. False where the request was answered
  /// with an error instead.
  @_optimize(size) @inline(never)
  private mutating func setStrings<Network: Transport & ~Copyable>(
    _ invocation: inout Invocation, _ slot: Int, _ id: ConnectionID, _ action: ActionID, _ network: inout Network, _ now: Instant
  ) -> Bool {
    invocation.named = nil
    var request = InvocationRequest(input: ByteBuffer(), body: 0..<0, strings: invocation.request.takeStrings())
    guard let record = entities.actions[action], request.addArgument(entities.actions.name(of: action)) else {
      fail(slot, .outOfMemory, &network, now)
      return false
    }
    if record.hasEnvironment {
      do throws(APIError) {
        try addEnvironment(slot, id, action, record, invocation.activation, to: &request, &network, now)
      } catch {
        fail(slot, error, &network, now)
        return false
      }
    } else {
      invocation.named = action
    }
    invocation.request = request
    return true
  }

  /// Sends the reply to an invocation that ran, and goes on with what its client sent meanwhile.
  ///
  /// `log` is what the action wrote to standard error, `figures` what it cost, `marks` when it wrote. Returns what the console should show: its lines, each with the action's name
  /// before it and nothing in it that a terminal would act on, and, where the invocation failed, how. Empty where there is nothing.
  @inline(never)
  public mutating func finish<Network: Transport & ~Copyable>(
    _ invocation: inout Invocation, _ outcome: Outcome, log: borrowing ByteBuffer,
    figures: InvocationFigures = InvocationFigures(), marks: borrowing LogMarks = LogMarks(), _ network: inout Network, now: Instant
  ) -> ByteBuffer {
    isRunningAction = false
    // Nearly all are requests of `/function` whose action ends well and writes no log.
    guard invocation.purpose == .request, outcome.isSuccess, log.isEmpty, let action = invocation.action, let id = invocation.connection
    else { return finishOther(&invocation, outcome, log, figures, marks, &network, now) }
    keepSuccess(&invocation, action, figures, now)
    let input = invocation.request.takeInput()
    let message = invocation.reply.takeBuffer()
    guard let slot = slot(of: id), connections[slot].phase == .running else { return ByteBuffer() }
    counters.successes &+= 1
    completeRequest(slot, input, invocation.reply.finish(message, isHead: connections[slot].request.isHead), &network, now)
    return ByteBuffer()
  }

  /// As `finish`, for every other.
  @_optimize(size) @inline(never)
  private mutating func finishOther<Network: Transport & ~Copyable>(
    _ invocation: inout Invocation, _ outcome: Outcome, _ log: borrowing ByteBuffer, _ figures: InvocationFigures,
    _ marks: borrowing LogMarks, _ network: inout Network, _ now: Instant
  ) -> ByteBuffer {
    // What is only kept for GET gives way: the next attempt, for which the client is asked, may find the memory.
    if outcome == .noMemory { _ = entities.dropCode() }
    guard let action = invocation.action else { return ByteBuffer() }
    guard let id = invocation.connection else { return finishActivation(&invocation, action, outcome, log, figures, marks, &network, now) }
    if invocation.purpose == .initialisation {
      return finishDeployment(id, invocation.isInitialised ? nil : outcome, log: log, &network, now)
    }
    let ran = now - invocation.started
    keepOther(&invocation, action, outcome, log, figures, marks, ran)
    count(action, ResponseKind(outcome), ran, figures)
    let console = console(of: outcome, action, invocation.limits, log)
    let input = invocation.request.takeInput()
    let output = invocation.reply.takeBuffer()
    guard let slot = slot(of: id), connections[slot].phase == .running else { return console }
    let message: ByteBuffer?
    if !outcome.isSuccess {
      message = failureMessage(slot, outcome, invocation.limits, invocation.activation, ran, input, now)
    } else if invocation.purpose == .cgi {
      message = cgiMessage(slot, output, invocation.activation, input, now)
    } else {
      counters.successes &+= 1
      message = invocation.reply.finish(output, isHead: connections[slot].request.isHead)
    }
    complete(slot, input, message, &network, now)
    return console
  }

  /// The reply to an invocation that failed; `input` begins with the request. nil where memory is out.
  @_optimize(size)
  @inline(never)
  private mutating func failureMessage(
    _ slot: Int, _ outcome: Outcome, _ limits: ActionLimits, _ activation: ActivationID, _ ran: Interval,
    _ input: borrowing ByteBuffer, _ now: Instant
  ) -> ByteBuffer? {
    let context = context(slot, input.span, now)
    var text = TextWriter()
    FailureText.write(outcome, limits: limits, into: &text)
    var reply = Reply(FailureText.status(of: outcome), error: text.buffer, id: context.id)
    reply.retries = outcome == .noMemory
    reply.activation = activation
    reply.runTime = ran
    counters.count(reply.status.code)
    return reply.render(context)
  }

  /// Keeps the record of a request's invocation that ended well with no log, and counts it.
  @inline(never)
  private mutating func keepSuccess(_ invocation: inout Invocation, _ action: ActionID, _ cost: InvocationFigures, _ now: Instant) {
    let ran = now - invocation.started
    let isCold = countEnd(of: action, .success, ran, cost)
    // One whose action was removed while it ran leaves no record.
    guard let known = entities.actions.record(of: action), let namespace = entities.actions.namespace(of: action) else { return }
    let start = recordTime(invocation.started)
    let name = invocation.request.strings.span.extracting(0..<max(0, invocation.request.argumentBytes &- 1))
    // What is known goes straight to its place in the record.
    _ = activations.append(invocation.activation, name: name) { (record: inout ActivationRecord) in
      record.start = start
      record.duration = ran
      record.queue = ActivationRecord.microseconds(invocation.started - invocation.arrived)
      record.limits = invocation.limits
      record.resultSize = UInt32(clamping: invocation.outputLength)
      record.set(cost)
      record.namespace = namespace
      record.owner = namespace
      record.version = known.version
      record.concurrency = known.concurrency
      guard isCold else { return }
      record.flags = .cold
      record.initialisation = ActivationRecord.microseconds(known.preparation)
    }
  }

  /// Counts an invocation that ended.
  @inline(never)
  mutating func count(_ action: ActionID, _ response: ResponseKind, _ ran: Interval, _ cost: InvocationFigures) {
    _ = countEnd(of: action, response, ran, cost)
  }

  /// Counts an invocation that ended; whether it was the first of the action's version.
  @inline(__always)
  private mutating func countEnd(
    of action: ActionID, _ response: ResponseKind, _ ran: Interval, _ cost: InvocationFigures
  ) -> Bool {
    let isSuccess = response == .success
    if isSuccess { counters.invocations &+= 1 } else { counters.failedInvocations &+= 1 }
    let durationClass = LatencyHistogram.index(of: ran)
    latencies.record(ran, in: durationClass)
    var isCold = false
    let isThere = entities.actions.update(action) { (record: inout ActionRecord) in
      record.invocations &+= 1
      if !isSuccess { record.failures &+= 1 }
      record.runNanoseconds &+= ran.nanoseconds
      isCold = record.isCold
      if isCold { record.isCold = false }
    }
    // An action that was removed while it ran is no more counted.
    guard isThere else { return false }
    if isCold { counters.coldStarts &+= 1 }
    figures.add(action, response, ran, in: durationClass, isCold: isCold, cost)
    return isCold
  }

  /// What the console shows of an invocation; what does not fit into memory is left out.
  @_optimize(size)
  @inline(never)
  mutating func console(
    of outcome: Outcome, _ action: ActionID, _ limits: ActionLimits, _ log: borrowing ByteBuffer
  ) -> ByteBuffer {
    var text = ByteBuffer()
    let name = entities.actions.name(of: action)
    guard LogText.write(log.span, name: name, into: &text), !outcome.isSuccess else { return text }
    var line = ByteBuffer()
    if outcome.describe(limits: limits, into: &line) { _ = LogText.write(line.span, name: name, into: &text) }
    return text
  }

  /// As `completeRequest`, not inlined.
  @inline(never)
  mutating func complete<Network: Transport & ~Copyable>(
    _ slot: Int, _ input: consuming ByteBuffer, _ message: consuming ByteBuffer?, _ network: inout Network, _ now: Instant
  ) {
    completeRequest(slot, input, message, &network, now)
  }

  /// Sends the reply to a request whose bytes were taken from the connection as `input`, and goes on with what follows them.
  @inline(__always)
  private mutating func completeRequest<Network: Transport & ~Copyable>(
    _ slot: Int, _ input: consuming ByteBuffer, _ message: consuming ByteBuffer?, _ network: inout Network, _ now: Instant
  ) {
    guard let id = connections[slot].id else { return }
    if input.count > connections[slot].request.totalLength {
      input.removeFirst(connections[slot].request.totalLength)
      network.giveBack(id, input)
    } else {
      replies.recycle(input)
    }
    guard let message else {
      reset(slot, &network)
      return
    }
    send(slot, message, &network, now)
    resume(slot, id, &network, now)
  }

  /// Answers a request whose bytes are still in the connection's buffer with an error.
  @_optimize(size)
  @inline(never)
  mutating func fail<Network: Transport & ~Copyable>(
    _ slot: Int, _ error: APIError, _ network: inout Network, _ now: Instant
  ) {
    guard let id = connections[slot].id else { return }
    answer(slot, Reply(error, id: requestID(slot, network.received(id))), &network, now)
  }

  /// Answers a request whose bytes are still in the connection's buffer.
  @_optimize(size)
  @inline(never)
  mutating func answer<Network: Transport & ~Copyable>(
    _ slot: Int, _ reply: consuming Reply, _ network: inout Network, _ now: Instant
  ) {
    guard let id = connections[slot].id else { return }
    send(slot, reply, &network, now)
    guard connections[slot].phase == .running else { return }
    network.consume(id, connections[slot].request.totalLength)
    resume(slot, id, &network, now)
  }

  /// Goes on with a connection whose request was answered.
  @inline(__always)
  private mutating func resume<Network: Transport & ~Copyable>(
    _ slot: Int, _ id: ConnectionID, _ network: inout Network, _ now: Instant
  ) {
    guard connections[slot].phase == .running else { return }
    resetReceiveLimit(slot, &network)
    becomeIdle(slot, now)
    // Mostly the client sends nothing more before it has the reply.
    if network.received(id).count > 0 || connections[slot].peerClosed { advance(slot, &network, now) }
  }
}
