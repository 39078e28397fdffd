// A sequence that runs, and those in it. It always has one step in the queue or under way, so that the queue's bound is its own.

import API
import Actions
import Base
import Bytes
import Entities
import Records

/// One sequence of those that are within one another; the innermost is the one that goes on.
struct SequenceLevel: Sendable, BitwiseCopyable {
  let id: ActivationID
  let cause: ActivationID?
  /// Where in `RunningSequence.names` its name lies, and the name of the component that comes next.
  let nameStart: Int
  let nameEnd: Int
  var next: Int
  /// Steps of those around it: its own come behind them.
  let firstStep: Int
  /// The sequence's own namespace, in whose name components are looked for.
  let owner: UInt16
  let version: UInt32
  let limits: ActionLimits
  let started: Instant
  /// What its components came to.
  var ran = Interval.zero
  var memoryBytes = 0
}

/// A sequence that was activated. What it needs of its entity is copied, so that this may change or go meanwhile.
struct RunningSequence: ~Copyable {
  let id: ActivationID
  /// The namespace of the caller.
  let namespace: NamespaceID
  let audience: Audience
  let requestID: RequestID
  /// The sequence itself, then those in it that are not at their end.
  var levels = FailableArray<SequenceLevel>()
  /// Of each level the name and then the full names of its components, each ended by a line feed.
  var names = ByteBuffer()
  /// Activations that ended, of all levels.
  var steps = FailableArray<ActivationID>()
  /// Actions that ran, those of sequences in it included.
  var actions = 0

  init(_ activation: borrowing PendingActivation) {
    id = activation.id
    namespace = activation.namespace
    audience = activation.audience
    requestID = activation.requestID
  }

  /// Goes into the sequence `action`, whose record is `record`, as the activation `id`; false, and nothing changed, where memory is out.
  @_optimize(size) @inline(never)
  mutating func enter(
    _ id: ActivationID, cause: ActivationID?, _ action: ActionID, _ record: ActionRecord, in entities: borrowing EntityStore, _ now: Instant
  ) -> Bool {
    let start = names.count
    let end = start &+ entities.actions.name(of: action).count
    let level = SequenceLevel(
      id: id, cause: cause, nameStart: start, nameEnd: end, next: end &+ 1, firstStep: steps.count,
      owner: entities.actions.namespace(of: action) ?? 0, version: record.version, limits: record.limits, started: now)
    guard names.append(entities.actions.name(of: action)), names.append(0x0a), names.append(entities.references(of: record)),
      levels.append(level)
    else {
      names.truncate(to: start)
      return false
    }
    return true
  }

  /// The innermost sequence; there must be one.
  var level: SequenceLevel { levels[levels.count &- 1] }

  /// The place in `names` of the component that comes next, and goes past it; nil at the end of the innermost sequence.
  mutating func nextComponent() -> Range<Int>? {
    let last = levels.count &- 1
    guard let full = QualifiedName.next(in: names.span, from: levels[last].next) else { return nil }
    levels[last].next = full.upperBound &+ 1
    return full
  }

  /// Takes the end of a component in; false where memory is out.
  mutating func add(_ end: ActivationEnd) -> Bool {
    let last = levels.count &- 1
    levels[last].ran = levels[last].ran + end.ran
    levels[last].memoryBytes = max(levels[last].memoryBytes, end.memoryBytes)
    return steps.append(end.id)
  }

  /// Writes the identifiers of the innermost sequence's components that ended, a line each.
  mutating func writeSteps(into text: inout TextWriter) {
    for index in level.firstStep..<steps.count {
      steps[index].write(into: &text)
      text.write(0x0a)
    }
  }

  /// Leaves the innermost sequence.
  mutating func leave() {
    let level = level
    steps.truncate(to: level.firstStep)
    names.truncate(to: level.nameStart)
    levels.truncate(to: levels.count &- 1)
  }
}
