// The feeds of the package alarms, and what happens when an alarm is due.

import API
import Actions
import Base
import Bytes
import Entities
import JSON
import Net
import Records

extension HTTPServer {
  /// Does what an activation of a feed asks for, keeps its record and answers who waits for it.
  @_optimize(size) @inline(never)
  mutating func runFeed<Network: Transport & ~Copyable>(
    _ feed: AlarmFeed, _ activation: consuming PendingActivation, _ record: ActionRecord, _ network: inout Network, _ now: Instant
  ) {
    var input = ByteBuffer()
    swap(&input, &activation.input)
    var body = activation.payload
    if body.isEmpty {
      input.truncate(to: 0)
      body = input.append("{}") ? 0..<2 : 0..<0
    }
    guard !body.isEmpty, addDefaults(activation.target, record, &input, &body) else {
      return abandon(activation, .outOfMemory, &network, now)
    }
    var response = ResponseKind.success
    var result = TextWriter()
    do throws(AlarmError) {
      try apply(feed, input.span, body, activation.namespace, now, into: &result)
    } catch {
      response = .applicationError
      var text = TextWriter()
      error.write(input.span, into: &text)
      result = TextWriter()
      result.write("{\"error\":")
      result.write(json: text.buffer.span)
      result.write("}")
    }
    guard !result.isBroken else { return abandon(activation, .outOfMemory, &network, now) }
    count(activation.target.action, response, .zero, InvocationFigures())
    let end = keepRecord(of: activation, record, response, result.buffer.span, now)
    tell(activation.audience, activation.requestID, end, result.finish(), &network, now)
  }

  /// Sets, changes, removes or shows the alarm that the object at `body` of `text` names; writes the result.
  @_optimize(size) @inline(never)
  private mutating func apply(
    _ feed: AlarmFeed, _ text: Span<UInt8>, _ body: Range<Int>, _ namespace: NamespaceID, _ now: Instant, into result: inout TextWriter
  ) throws(AlarmError) {
    let request = try AlarmRequest(parsing: text, JSONValue(checked: body, of: text))
    var name = ByteBuffer()
    guard request.appendTriggerName(in: text, to: &name) else { throw .noMemory }
    guard let trigger = entities.triggers.find(namespace: namespace.number, name: name.span) else {
      // A client deletes the trigger first, and its alarm has gone with it.
      guard request.event == .delete else { throw .missingTrigger }
      return result.write("{\"status\":\"success\"}")
    }
    guard request.event != .read else {
      return try entities.alarms.write(trigger, name: name.span, namespace: accounts.name(of: namespace), into: &result)
    }
    try entities.alarms.apply(
      request, text, feed: feed, trigger: trigger, now: wallClock(now), hasDate: settings.epochMilliseconds > 0)
    earliestDeadline = min(earliestDeadline, alarmDeadline())
    result.write("{\"status\":\"success\"}")
  }

  @_optimize(size) @inline(never)
  private mutating func keepRecord(
    of activation: borrowing PendingActivation, _ action: ActionRecord, _ response: ResponseKind, _ result: Span<UInt8>, _ now: Instant
  ) -> ActivationEnd {
    let start = recordTime(now)
    let waited = now - activation.arrived
    let namespace = activation.namespace.number
    let cause = activation.cause
    let binding = binding(of: activation)
    var isStep = false
    if case .sequence = activation.audience { isStep = true }
    var name = ByteBuffer()
    // One that cannot be copied is not kept, for want of a name.
    _ = name.append(entities.actions.name(of: activation.target.action))
    let place = activations.append(activation.id, name: name.span, binding: binding.span, result: result, log: Span()) {
      (record: inout ActivationRecord) in
      record.namespace = namespace
      record.owner = NamespaceID.system.number
      record.cause = cause
      record.start = start
      record.queue = ActivationRecord.microseconds(waited)
      record.limits = action.limits
      record.version = action.version
      record.response = response
      if isStep { record.flags.insert(.causedBySequence) }
    }
    return ActivationEnd(id: activation.id, response: response, place: place, ran: .zero, memoryBytes: 0)
  }

  /// When the next alarm is due.
  @_optimize(size)
  mutating func alarmDeadline() -> Instant {
    let time = entities.alarms.earliest
    let (nanoseconds, isNever) = (time &- min(time, min(settings.epochMilliseconds, 1 << 52))).multipliedReportingOverflow(by: 1_000_000)
    return isNever ? .distantFuture : Instant(nanoseconds: nanoseconds)
  }

  /// Fires the triggers of all alarms that are due, each once however long it has been.
  @_optimize(size) @inline(never)
  mutating func fireAlarms(_ now: Instant) {
    let time = wallClock(now)
    while let alarm = entities.alarms.due(at: time) {
      do throws(APIError) {
        var payload = ByteBuffer()
        guard payload.append(entities.alarms.payload(of: alarm)) else { throw .outOfMemory }
        _ = try fire(alarm.trigger, payload: payload.span, now)
        entities.alarms.settle(alarm, at: time)
        remove(after: alarm)
      } catch {
        if error == .outOfMemory { entities.alarms.postpone(alarm, at: time) } else { entities.alarms.remove(of: alarm.trigger) }
      }
    }
  }

  /// Removes what an alarm that has fired was not to leave: its trigger, and perhaps that one's rules.
  @_optimize(size)
  private mutating func remove(after alarm: DueAlarm) {
    guard alarm.deletes != .no else { return }
    while alarm.deletes == .rules, let rule = entities.triggers[alarm.trigger]?.firstRule { _ = entities.remove(rule) }
    _ = entities.remove(alarm.trigger)
  }
}
