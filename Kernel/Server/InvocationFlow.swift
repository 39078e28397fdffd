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
  /// Does the work that waits until there is an invocation to run, which it returns; nil where nothing waits.
  ///
  /// The caller runs the invocation, with nothing of the server borrowed, gives it to `finish`, restores its instance, and removes what
  /// `takeDiscarded` names. Must not be called while one is
  /// on its way.
  public mutating func next<Executor: ActionExecutor & ~Copyable, Network: Transport & ~Copyable>(
    _ executor: inout Executor, _ network: inout Network, now: Instant
  ) -> Invocation? {
    guard !isRunningAction else { return nil }
    while let work = queue.pop() {
      guard case .connection(let id) = work else {
        guard let activation = takeWaiting(work), let invocation = begin(activation, &network, now) else { continue }
        isRunningAction = true
        return invocation
      }
      guard let slot = slot(of: id), connections[slot].phase == .queued else { continue }
      // The network keeps what was received until it has told of the end of a connection; this only makes sure.
      guard network.received(id).count >= connections[slot].request.totalLength else {
        reset(slot, &network)
        continue
      }
      connections[slot].phase = .running
      switch connections[slot].request.job {
      case .invoke:
        if let invocation = makeInvocation(slot, id, &network, now) {
          isRunningAction = true
          return invocation
        }
      case .put where connections[slot].request.collection != .actions, .setStatus: change(slot, id, &network, now)
      case .put:
        if let initialisation = deploy(slot, id, &executor, &network, now) {
          isRunningAction = true
          return initialisation
        }
      case .remove: remove(slot, id, &executor, &network, now)
      // Those wait as activations, not as requests.
      case .activate, .web, .background, .fire: fail(slot, .notFound, &network, now)
      }
    }
    return nil
  }

  /// Takes up an invocation; nil where it was answered with an error instead.
  @inline(__always)
  private mutating func makeInvocation<Network: Transport & ~Copyable>(
    _ slot: Int, _ id: ConnectionID, _ network: inout Network, _ now: Instant
  ) -> Invocation? {
    let pending = connections[slot].request
    guard let action = pending.action, let record = entities.actions.record(of: action) else {
      fail(slot, .notFound, &network, now)
      return nil
    }
    let activation = identifiers.nextActivation()
    guard let reply = record.isCGI ? InvocationReply() : makeReply(slot, activation, network.received(id), now) else {
      fail(slot, .outOfMemory, &network, now)
      return nil
    }
    var strings = ByteBuffer()
    swap(&strings, &spareStrings)
    var request = InvocationRequest(input: ByteBuffer(), body: 0..<0, strings: strings)
    guard request.addArgument(entities.actions.name(of: action)) else {
      fail(slot, .outOfMemory, &network, now)
      return nil
    }
    if record.hasEnvironment {
      do throws(APIError) {
        try addEnvironment(slot, id, action, record, activation, to: &request, &network, now)
      } catch {
        fail(slot, error, &network, now)
        return nil
      }
    }
    request.setInput(network.takeReceived(id), body: pending.headLength..<pending.headLength &+ pending.bodyLength)
    return Invocation(
      instance: record.instance, activation: activation, request: request, reply: reply, connection: id,
      arrived: pending.arrived, action: action, limits: record.limits, started: now, isCGI: record.isCGI)
  }

  /// The head of the reply that is sent if all goes well.
  private mutating func makeReply(
    _ slot: Int, _ activation: ActivationID, _ bytes: Span<UInt8>, _ now: Instant
  ) -> InvocationReply? {
    let pending = connections[slot].request
    if case .persist = pending.option, pending.requestID.isAbsent {
      updateDate(now)
      return replies.makeCommon(requestNumber: pending.number, activation: activation, second: dateSecond, date: date)
    }
    return InvocationReplies.make(context(slot, bytes, now), activation: activation)
  }

  /// Sends the reply to an invocation that ran, and goes on with what its client sent meanwhile.
  ///
  /// `log` is what the action wrote to standard error, `figures` what it cost, `marks` when it wrote. Returns what the console should show: its lines, each with the action's name
  /// before it and nothing in it that a terminal would act on, and, where the invocation failed, how. Empty where there is nothing.
  @inline(never)
  public mutating func finish<Network: Transport & ~Copyable>(
    _ invocation: consuming Invocation, _ outcome: Outcome, log: borrowing ByteBuffer,
    figures: InvocationFigures = InvocationFigures(), marks: borrowing LogMarks = LogMarks(), _ network: inout Network, now: Instant
  ) -> ByteBuffer {
    isRunningAction = false
    guard let id = invocation.connection else { return finishActivation(invocation, outcome, log, figures, marks, &network, now) }
    if invocation.isInitialisation {
      return finishDeployment(id, invocation.isInitialised ? nil : outcome, log: log, &network, now)
    }
    let limits = invocation.limits
    let ran = now - invocation.started
    let isSuccess = outcome.isSuccess
    keep(invocation, outcome, log, figures, marks, ran)
    count(invocation.action, ResponseKind(outcome), ran, figures)
    let console = console(of: outcome, invocation.action, limits, log)

    let activation = invocation.activation
    let input = invocation.takeInput()
    spareStrings = invocation.takeStrings()
    guard let slot = slot(of: id), connections[slot].phase == .running else { return console }
    let message: ByteBuffer?
    if !isSuccess {
      message = failureMessage(slot, outcome, limits, activation, ran, input, now)
    } else if invocation.isCGI {
      message = cgiMessage(slot, invocation.takeReply(), activation, input, now)
    } else {
      counters.successes &+= 1
      message = invocation.takeReply().finish(isHead: connections[slot].request.isHead)
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

  mutating func count(_ action: ActionID, _ response: ResponseKind, _ ran: Interval, _ pages: InvocationFigures) {
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
      record.isCold = false
    }
    // An action that was removed while it ran is no more counted.
    guard isThere else { return }
    if isCold { counters.coldStarts &+= 1 }
    figures.add(action, response, ran, in: durationClass, isCold: isCold, pages)
  }

  /// What the console shows of an invocation; what does not fit into memory is left out.
  @_optimize(size)
  @inline(never)
  mutating func console(
    of outcome: Outcome, _ action: ActionID, _ limits: ActionLimits, _ log: borrowing ByteBuffer
  ) -> ByteBuffer {
    var text = ByteBuffer()
    if outcome.isSuccess && log.isEmpty { return text }
    let name = entities.actions.name(of: action)
    guard LogText.write(log.span, name: name, into: &text), !outcome.isSuccess else { return text }
    var line = ByteBuffer()
    if outcome.describe(limits: limits, into: &line) { _ = LogText.write(line.span, name: name, into: &text) }
    return text
  }

  /// Sends the reply to a request whose bytes were taken from the connection as `input`, and goes on with what follows them.
  mutating func complete<Network: Transport & ~Copyable>(
    _ slot: Int, _ input: consuming ByteBuffer, _ message: consuming ByteBuffer?, _ network: inout Network, _ now: Instant
  ) {
    guard let id = connections[slot].id else { return }
    input.removeFirst(min(connections[slot].request.totalLength, input.count))
    network.giveBack(id, input)
    guard let message else {
      reset(slot, &network)
      return
    }
    send(slot, message, &network, now)
    resume(slot, &network, now)
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
    resume(slot, &network, now)
  }

  /// Goes on with a connection whose request was answered.
  private mutating func resume<Network: Transport & ~Copyable>(_ slot: Int, _ network: inout Network, _ now: Instant) {
    guard connections[slot].phase == .running else { return }
    resetReceiveLimit(slot, &network)
    becomeIdle(slot, now)
    advance(slot, &network, now)
  }
}
