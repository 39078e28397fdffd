// What belongs together: a trigger's rules, a package's actions, a binding's package.

import Bytes

/// An action that was found by its name, and what was between.
public struct ResolvedAction: Sendable, BitwiseCopyable {
  public let action: ActionID
  /// The package that the action is in.
  public let package: PackageID?
  /// The binding that stands for `package`, where the action was found through one.
  public let binding: PackageID?

  public init(action: ActionID, package: PackageID? = nil, binding: PackageID? = nil) {
    self.action = action
    self.package = package
    self.binding = binding
  }
}

/// What looking for an action by its name comes to.
public enum ActionResolution: Sendable, BitwiseCopyable {
  case found(ResolvedAction)
  case missing
  /// It is of a namespace whose owner does not share it.
  case forbidden
}

extension EntityStore {
  /// The action that `path`, `package/name` or `name`, means in `namespace` to one whose own namespace is `reader`. Packages that are not the
  /// reader's must be published. Parameters are those of package, binding, action, the latest winning.
  @_optimize(size) @inline(never)
  public func resolve(action path: Span<UInt8>, in namespace: UInt16, for reader: UInt16) -> ActionResolution {
    guard let length = EntityName.packageLength(of: path) else {
      guard namespace == reader else { return .forbidden }
      guard let action = actions.find(namespace: namespace, name: path) else { return .missing }
      return .found(ResolvedAction(action: action))
    }
    guard let known = packages.find(namespace: namespace, name: path.extracting(0..<length)), mayRead(known, reader) else {
      return namespace == reader ? .missing : .forbidden
    }
    guard packages[known]?.boundNamespace != nil else {
      guard let action = actions.find(namespace: namespace, name: path) else { return .missing }
      return .found(ResolvedAction(action: action, package: known))
    }
    guard let bound = boundPackage(of: known), let owner = packages.namespace(of: bound) else { return .missing }
    guard mayRead(bound, reader) else { return .forbidden }
    var text: [514 of UInt8] = .init(repeating: 0)
    var output = text.mutableSpan
    let package = packages.name(of: bound)
    let name = path.extracting(length..<path.count)
    guard package.count &+ name.count <= EntityName.pathLimit else { return .missing }
    output.copy(package, to: 0)
    output.copy(name, to: package.count)
    let full = text.span.extracting(0..<(package.count &+ name.count))
    guard let action = actions.find(namespace: owner, name: full) else { return .missing }
    return .found(ResolvedAction(action: action, package: bound, binding: known))
  }

  /// Whether one whose own namespace is `reader` may use a package.
  public func mayRead(_ id: PackageID, _ reader: UInt16) -> Bool {
    guard let record = packages[id] else { return false }
    return record.stamp.isPublished || packages.namespace(of: id) == reader
  }

  /// The package that a binding stands for; nil where it is no binding or the package is not there.
  public func boundPackage(of id: PackageID) -> PackageID? {
    guard let record = packages[id], let namespace = record.boundNamespace else { return nil }
    let references = details.text(.references, of: record.details)
    guard let full = QualifiedName.next(in: references, from: 0) else { return nil }
    let start = full.lowerBound &+ QualifiedName.namespaceLength(references.extracting(full)) &+ 1
    guard start < full.upperBound, let bound = packages.find(namespace: namespace, name: references.extracting(start..<full.upperBound)),
      packages[bound]?.boundNamespace == nil
    else { return nil }
    return bound
  }

  /// Whether the action `id` is in the package `package`.
  public func isAction(_ id: ActionID, in package: PackageID) -> Bool {
    guard actions.namespace(of: id) == packages.namespace(of: package) else { return false }
    return EntityName.isPath(actions.name(of: id), in: packages.name(of: package))
  }

  /// Actions in a package.
  @_optimize(size) @inline(never)
  public func count(in package: PackageID) -> Int {
    var count = 0
    var next = actions.newest
    while let id = next {
      next = actions.older(than: id)
      if isAction(id, in: package) { count &+= 1 }
    }
    return count
  }

  /// Whether the trigger of a rule is there and the rule is to be fired by it.
  public func isActive(_ id: RuleID) -> Bool {
    guard let record = rules[id], let trigger = record.trigger else { return false }
    return record.wantsActive && triggers[trigger] != nil
  }

  /// Makes a rule active or not; false where it has to be active and its trigger is not there.
  @_optimize(size) @inline(never)
  public mutating func setActive(_ id: RuleID, _ isActive: Bool) -> Bool {
    guard let record = rules[id] else { return false }
    if record.trigger.map({ triggers[$0] != nil }) != true {
      guard let trigger = trigger(named: record, namespace: rules.namespace(of: id) ?? 0) else { return !isActive }
      link(id, to: trigger)
    }
    return rules.update(id) { (record: inout RuleRecord) in record.wantsActive = isActive }
  }

  /// The trigger that has the name which a rule's references give; it is of the rule's namespace.
  private func trigger(named record: RuleRecord, namespace: UInt16) -> TriggerID? {
    let references = details.text(.references, of: record.details)
    guard let full = QualifiedName.next(in: references, from: 0) else { return nil }
    let start = full.lowerBound &+ QualifiedName.namespaceLength(references.extracting(full)) &+ 1
    guard start < full.upperBound else { return nil }
    return triggers.find(namespace: namespace, name: references.extracting(start..<full.upperBound))
  }

  /// Makes `id` a rule of `trigger`, and of no other.
  mutating func link(_ id: RuleID, to trigger: TriggerID) {
    guard rules[id]?.trigger != trigger || triggers[trigger] == nil else { return }
    unlink(id)
    let next = triggers[trigger]?.firstRule
    _ = triggers.update(trigger) { (record: inout TriggerRecord) in record.firstRule = id }
    _ = rules.update(id) { (record: inout RuleRecord) in
      record.trigger = trigger
      record.next = next
    }
  }

  /// Takes a rule from its trigger, where that is there.
  mutating func unlink(_ id: RuleID) {
    guard let record = rules[id], let trigger = record.trigger, let first = triggers[trigger]?.firstRule else { return }
    if first == id {
      _ = triggers.update(trigger) { (place: inout TriggerRecord) in place.firstRule = record.next }
    } else {
      var previous = first
      while let next = rules[previous]?.next, next != id { previous = next }
      _ = rules.update(previous) { (place: inout RuleRecord) in place.next = record.next }
    }
    _ = rules.update(id) { (place: inout RuleRecord) in
      place.trigger = nil
      place.next = nil
    }
  }

  /// The parameter array of an entity, compact; empty where it has none. Valid until the store changes.
  @_lifetime(borrow self)
  public func parameters<Record: EntityRecord>(of record: Record) -> Span<UInt8> { details.text(.parameters, of: record.details) }

  /// The annotations of an entity, as `parameters`; those of an action leave out what its record tells.
  @_lifetime(borrow self)
  public func annotations<Record: EntityRecord>(of record: Record) -> Span<UInt8> { details.text(.annotations, of: record.details) }

  /// Full names, each ended by a line feed (`QualifiedName.next`): a sequence's components; a binding's package; a rule's trigger,
  /// then its action.
  @_lifetime(borrow self)
  public func references<Record: EntityRecord>(of record: Record) -> Span<UInt8> { details.text(.references, of: record.details) }

  /// The code of an action as it was uploaded; empty where it was not kept.
  @_lifetime(borrow self)
  public func code(of record: ActionRecord) -> Span<UInt8> { details.text(.code, of: record.details) }
}
