// All entities, and what holds them together: details, packages and their actions, triggers and their rules.
//
// Namespaces are numbers here, which never change; their names, and who may do what, are the server's.

import Bytes

/// The tables of actions, packages, triggers and rules, and their details.
public struct EntityStore: ~Copyable {
  /// Records may be changed in place; entering and removing is done by the methods below, which keep the details.
  public var actions: ActionTable
  public private(set) var packages: PackageTable
  public internal(set) var triggers: TriggerTable
  public internal(set) var rules: RuleTable
  var details: DetailsStore
  /// Alarms of triggers; a trigger that is removed takes its own along.
  public var alarms: AlarmTable
  /// For tables of keys.
  public let seed: UInt64

  /// Empty tables of at most `capacity` entities each. All actions together keep at most `codeBudget` bytes of code, and all alarms `alarmBytes`
  /// of payloads. `builtIns` more actions there may be, and one package for them. `seed` should be secret.
  @_optimize(size)
  public init(capacity: Int, codeBudget: Int, alarmBytes: Int = 1 << 20, builtIns: Int = 0, seed: UInt64) {
    self.seed = seed
    alarms = AlarmTable(capacity: min(capacity, EntityLimits.alarms), bytes: alarmBytes)
    actions = ActionTable(capacity: capacity &+ builtIns, seed: seed ^ 0x6163_7469_6f6e_7321)
    packages = PackageTable(capacity: capacity &+ (builtIns > 0 ? 1 : 0), seed: seed ^ 0x7061_636b_6167_6573)
    triggers = TriggerTable(capacity: capacity, seed: seed ^ 0x7472_6967_6765_7273)
    rules = RuleTable(capacity: capacity, seed: seed ^ 0x7275_6c65_735f_5f21)
    details = DetailsStore(codeBudget: codeBudget)
  }

  /// Bytes of code that are kept.
  public var codeBytes: Int { details.codeBytes }

  /// Whether `bytes` of code may be kept for an action, in place of what is kept of `id` now.
  public func hasRoom(forCode bytes: Int, of id: ActionID?) -> Bool {
    details.hasRoom(for: bytes, replacing: id.flatMap { actions[$0]?.details } ?? .none)
  }

  /// Gives up all code that is kept, where memory is needed for more than GET; false where there is none.
  public mutating func dropCode() -> Bool { details.dropCode() }

  // MARK: Actions

  /// Enters an action.
  @_optimize(size) @inline(never)
  public mutating func insert(
    action name: Span<UInt8>, namespace: UInt16, _ record: ActionRecord, _ change: consuming EntityChange
  ) throws(EntityTableError) -> ActionID {
    try Self.insert(name, namespace, record, change, into: &actions, &details)
  }

  /// Gives an action a new record, whose details and stamp are those of the old one, changed; false, and nothing changed, where it is
  /// stale or memory is out.
  @_optimize(size) @inline(never)
  public mutating func update(
    _ id: ActionID, to record: ActionRecord, _ change: consuming EntityChange, at milliseconds: UInt64
  ) -> Bool {
    guard let old = actions[id] else { return false }
    var record = record
    record.stamp = old.stamp
    record.details = old.details
    return Self.update(id, record, change, at: milliseconds, in: &actions, &details)
  }

  /// Removes an action; what its record was, so that its instance may be removed, or nil where it is stale.
  @_optimize(size) @inline(never)
  public mutating func remove(_ id: ActionID) -> ActionRecord? {
    guard let record = actions[id] else { return nil }
    details.remove(record.details)
    _ = actions.remove(id)
    return record
  }

  // MARK: Packages

  /// Enters or changes a package. `boundNamespace` is that of the package that a binding stands for, where it changes.
  @_optimize(size) @inline(never)
  public mutating func put(
    package name: Span<UInt8>, namespace: UInt16, boundNamespace: UInt16?, _ change: consuming EntityChange, at milliseconds: UInt64
  ) throws(EntityTableError) -> PackageID {
    if let known = packages.find(namespace: namespace, name: name), var record = packages[known] {
      record.boundNamespace = boundNamespace ?? record.boundNamespace
      guard Self.update(known, record, change, at: milliseconds, in: &packages, &details) else { throw .noMemory }
      return known
    }
    var record = PackageRecord(updatedMilliseconds: milliseconds)
    record.boundNamespace = boundNamespace
    return try Self.insert(name, namespace, record, change, into: &packages, &details)
  }

  /// Removes a package, and leaves actions in it, which nobody finds any more, to the caller; false where it is stale.
  @_optimize(size) @inline(never)
  public mutating func remove(_ id: PackageID) -> Bool {
    guard let record = packages[id] else { return false }
    details.remove(record.details)
    return packages.remove(id)
  }

  // MARK: Triggers

  /// Enters or changes a trigger.
  @_optimize(size) @inline(never)
  public mutating func put(
    trigger name: Span<UInt8>, namespace: UInt16, _ change: consuming EntityChange, at milliseconds: UInt64
  ) throws(EntityTableError) -> TriggerID {
    if let known = triggers.find(namespace: namespace, name: name), let record = triggers[known] {
      guard Self.update(known, record, change, at: milliseconds, in: &triggers, &details) else { throw .noMemory }
      return known
    }
    return try Self.insert(name, namespace, TriggerRecord(updatedMilliseconds: milliseconds), change, into: &triggers, &details)
  }

  /// Removes a trigger. Its rules stay, and are inactive. False where it is stale.
  @_optimize(size) @inline(never)
  public mutating func remove(_ id: TriggerID) -> Bool {
    guard let record = triggers[id] else { return false }
    alarms.remove(of: id)
    details.remove(record.details)
    return triggers.remove(id)
  }

  // MARK: Rules

  /// Enters a rule, which is active, or changes one, whose status stays. Its references, which `change` sets where it is new, name
  /// `trigger` first.
  @_optimize(size) @inline(never)
  public mutating func put(
    rule name: Span<UInt8>, namespace: UInt16, trigger: TriggerID, _ change: consuming EntityChange, at milliseconds: UInt64
  ) throws(EntityTableError) -> RuleID {
    if let known = rules.find(namespace: namespace, name: name), let record = rules[known] {
      let isActive = isActive(known)
      guard Self.update(known, record, change, at: milliseconds, in: &rules, &details) else { throw .noMemory }
      link(known, to: trigger)
      _ = rules.update(known) { (record: inout RuleRecord) in record.wantsActive = isActive }
      return known
    }
    let id = try Self.insert(name, namespace, RuleRecord(updatedMilliseconds: milliseconds), change, into: &rules, &details)
    link(id, to: trigger)
    return id
  }

  /// Removes a rule; false where it is stale.
  @_optimize(size) @inline(never)
  public mutating func remove(_ id: RuleID) -> Bool {
    guard let record = rules[id] else { return false }
    unlink(id)
    details.remove(record.details)
    return rules.remove(id)
  }

  // MARK: All kinds

  private static func insert<Record: EntityRecord>(
    _ name: Span<UInt8>, _ namespace: UInt16, _ record: Record, _ change: consuming EntityChange,
    into table: inout EntityTable<Record>, _ details: inout DetailsStore
  ) throws(EntityTableError) -> EntityID<Record> {
    var record = record
    record.stamp.isPublished = change.isPublished ?? false
    guard details.apply(change, to: &record.details) else { throw .noMemory }
    do throws(EntityTableError) {
      return try table.insert(namespace: namespace, name: name, record)
    } catch {
      details.remove(record.details)
      throw error
    }
  }

  private static func update<Record: EntityRecord>(
    _ id: EntityID<Record>, _ record: Record, _ change: consuming EntityChange, at milliseconds: UInt64,
    in table: inout EntityTable<Record>, _ details: inout DetailsStore
  ) -> Bool {
    var record = record
    record.stamp.update(isPublished: change.isPublished, at: milliseconds)
    guard details.apply(change, to: &record.details) else { return false }
    let isCurrent = table.update(id) { (place: inout Record) in place = record }
    table.renew(id)
    return isCurrent
  }
}
