// Sequences: each component is an activation whose result is the input of the next, handed on inside the kernel.
//
// A step waits for its turn like any other activation, so that nobody's short action waits for another's long sequence. Names are looked up
// when a step's turn comes to be queued: what was deployed meanwhile runs.

import API
import Actions
import Base
import Bytes
import Entities
import JSON
import Net
import Records

extension HTTPServer {
  /// Begins a sequence, alone or as a component of another: its first step is the next in the queue.
  @_optimize(size) @inline(never)
  mutating func beginSequence<Network: Transport & ~Copyable>(
    _ activation: consuming PendingActivation, _ record: ActionRecord, _ network: inout Network, _ now: Instant
  ) {
    let place: Int
    if case .sequence(let outer) = activation.audience {
      place = Int(outer)
      guard sequences[place].levels.count < EntityLimits.components else { return abandon(activation, .longSequence, &network, now) }
    } else {
      guard let own = sequences.insert(RunningSequence(activation)) else { return abandon(activation, .outOfMemory, &network, now) }
      place = own
    }
    let isIn = sequences[place].enter(
      activation.id, cause: activation.cause, activation.target.action, record, in: entities, now)
    guard isIn else {
      if sequences[place].levels.count == 0 { _ = sequences.take(place) }
      return abandon(activation, .outOfMemory, &network, now)
    }
    let payload = activation.payload
    var input = ByteBuffer()
    swap(&input, &activation.input)
    goOn(place, .success, input, payload, isFirst: true, &network, now)
  }

  /// A component has ended with `json`.
  @inline(never)
  mutating func endStep<Network: Transport & ~Copyable>(
    of place: UInt32, _ end: ActivationEnd, _ json: consuming ByteBuffer, _ network: inout Network, _ now: Instant
  ) {
    sequences[Int(place)].actions &+= 1
    guard sequences[Int(place)].add(end) else { return failStep(of: place, .outOfMemory, &network, now) }
    let length = json.count
    goOn(Int(place), end.response, json, 0..<length, isFirst: false, &network, now)
  }

  /// A component could not be begun.
  @_optimize(size) @inline(never)
  mutating func failStep<Network: Transport & ~Copyable>(
    of place: UInt32, _ error: APIError, _ network: inout Network, _ now: Instant
  ) {
    var response = ResponseKind.applicationError
    let json: ByteBuffer
    switch error {
    case .notFound: json = Self.failure(&response, APIError.missingComponent.text)
    case .longSequence: json = Self.failure(&response, error.text)
    default:
      response = .internalError
      json = Self.failure(&response, "Sequence failed.")
    }
    let length = json.count
    goOn(Int(place), response, json, 0..<length, isFirst: false, &network, now)
  }

  /// `{"error": text}`; empty where memory is out.
  private static func failure(_ response: inout ResponseKind, _ text: StaticString) -> ByteBuffer {
    guard let result = ActivationResult.failure(response, text.bytes, 0) else {
      response = .internalError
      return ByteBuffer()
    }
    return result.takeJSON()
  }

  /// Goes on with what the last component came to, or the sequence was given, at `payload` of `input`: the next component is queued, or the
  /// sequence ends, and perhaps those around it. A result that tells of an error ends them all.
  @inline(never)
  private mutating func goOn<Network: Transport & ~Copyable>(
    _ place: Int, _ response: ResponseKind, _ input: consuming ByteBuffer, _ payload: Range<Int>, isFirst: Bool, _ network: inout Network,
    _ now: Instant
  ) {
    var response = response
    var payload = payload
    while true {
      if response == .success, let name = sequences[place].nextComponent() {
        let hasTurn = sequences[place].actions < EntityLimits.components
        if hasTurn, let target = component(place, name) {
          return queueStep(place, target, input, payload, isFirst: isFirst, now)
        }
        response = .applicationError
        input = Self.failure(&response, hasTurn ? APIError.missingComponent.text : APIError.longSequence.text)
        payload = 0..<input.count
        continue
      }
      let end = keepRecord(of: place, response, input.span.extracting(payload), now)
      sequences[place].leave()
      guard sequences[place].levels.count > 0 else {
        let done = sequences.take(place)
        input.truncate(to: payload.upperBound)
        input.removeFirst(payload.lowerBound)
        return tell(done.audience, done.requestID, end, input, &network, now)
      }
      guard sequences[place].add(end) else {
        response = .internalError
        continue
      }
    }
  }

  /// The action that the name at `range` of the sequence's names means now to the owner of the innermost sequence.
  @inline(never)
  private mutating func component(_ place: Int, _ range: Range<Int>) -> ResolvedAction? {
    let owner = sequences[place].level.owner
    let full = sequences[place].names.span.extracting(range)
    let length = QualifiedName.namespaceLength(full)
    guard length < full.count, let namespace = accounts.namespace(named: full.extracting(0..<length)) else { return nil }
    let path = full.extracting(length &+ 1..<full.count)
    guard case .found(let target) = entities.resolve(action: path, in: namespace.number, for: owner) else { return nil }
    return target
  }

  /// Queues a step. It is the first of all where it is the sequence's own turn, or where its input is more than may lie waiting.
  private mutating func queueStep(
    _ place: Int, _ target: ResolvedAction, _ input: consuming ByteBuffer, _ payload: Range<Int>, isFirst: Bool, _ now: Instant
  ) {
    let isNext = isFirst || !backlog.hasRoom(forStep: input.capacity)
    let step = backlog.put(
      PendingActivation(
        id: identifiers.nextActivation(), target: target, namespace: sequences[place].namespace, input: input, payload: payload,
        arrived: now, cause: sequences[place].level.id, audience: .sequence(UInt32(truncatingIfNeeded: place))))
    // A place is kept for it.
    _ = queue.push(step: .activation(step), first: isNext)
  }

  /// Keeps the record of the innermost sequence, which has ended.
  @_optimize(size) @inline(never)
  private mutating func keepRecord(of place: Int, _ response: ResponseKind, _ result: Span<UInt8>, _ now: Instant) -> ActivationEnd {
    let level = sequences[place].level
    let isTop = sequences[place].levels.count == 1
    let namespace = sequences[place].namespace.number
    let start = recordTime(level.started)
    var limits = level.limits
    if level.memoryBytes > 0 { limits.memoryBytes = level.memoryBytes }
    var log = TextWriter()
    sequences[place].writeSteps(into: &log)
    var name = ByteBuffer()
    // One that cannot be copied is not kept, for want of a name.
    _ = name.append(sequences[place].names.span.extracting(level.nameStart..<level.nameEnd))
    let kept = activations.append(level.id, name: name.span, binding: Span(), result: result, log: log.buffer.span) { (record: inout ActivationRecord) in
      record.kind = .sequence
      record.namespace = namespace
      record.owner = level.owner
      record.version = level.version
      record.cause = level.cause
      record.start = start
      record.duration = level.ran
      record.elapsedMilliseconds = UInt32(truncatingIfNeeded: min((now - level.started).milliseconds, UInt64(UInt32.max)))
      record.limits = limits
      record.response = response
      record.flags.insert(isTop ? .topmost : .causedBySequence)
    }
    return ActivationEnd(id: level.id, response: response, place: kept, ran: level.ran, memoryBytes: level.memoryBytes)
  }

  /// Nanoseconds since 1970.
  mutating func recordTime(_ instant: Instant) -> UInt64 {
    min(settings.epochMilliseconds, 1 << 43) &* 1_000_000 &+ instant.nanoseconds
  }

  /// The identifier of the request that waits for the sequence `id`.
  mutating func sequenceRequestID(of id: ActivationID) -> RequestID? {
    for place in 0..<sequences.places where sequences.contains(place) && sequences[place].id == id { return sequences[place].requestID }
    return nil
  }
}
