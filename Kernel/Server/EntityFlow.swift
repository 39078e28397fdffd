// Creating and changing packages, triggers and rules, the status of rules, and removing entities of every kind.

import API
import Actions
import Base
import Bytes
import Entities
import HTTP
import JSON
import Net

extension HTTPServer {
  /// PUT of a package, a trigger or a rule, and POST of a rule's status.
  @_optimize(size) @inline(never)
  mutating func change<Network: Transport & ~Copyable>(
    _ slot: Int, _ id: ConnectionID, _ network: inout Network, _ now: Instant
  ) {
    let pending = connections[slot].request
    let requestID = requestID(slot, network.received(id))
    let reply: Reply
    do throws(PutError) {
      reply = try changed(pending, network.received(id), requestID, wallClock(now))
    } catch {
      reply = error.reply(requestID, text: network.received(id))
    }
    answer(slot, reply, &network, now)
  }

  @_optimize(size) @inline(never)
  private mutating func changed(
    _ pending: PendingRequest, _ text: Span<UInt8>, _ requestID: borrowing RequestID, _ milliseconds: UInt64
  ) throws(PutError) -> Reply {
    // It was legal when the head came.
    guard let name = DecodedName(pending.package, pending.name, in: text) else { throw .request(.badName) }
    let range = pending.headLength..<pending.headLength &+ pending.bodyLength
    let body = try PutError.body { () throws(EntityError) in try EntityPut.document(in: range, of: text) }
    switch pending.collection {
    case .packages: return try putPackage(name, pending, text, body, milliseconds)
    case .triggers: return try putTrigger(name, pending, text, body, milliseconds)
    case .rules where pending.job == .setStatus: return try setStatus(name, pending, text, body)
    case .rules: return try putRule(name, pending, text, body, requestID, milliseconds)
    case .actions: throw .request(.notFound)
    }
  }

  /// Whether `name` may be entered, or changed: another request may have entered it since the head came, in this collection or another.
  @_optimize(size) @inline(never)
  private mutating func check(
    _ name: borrowing DecodedName, _ isKnown: Bool, _ pending: PendingRequest, _ text: Span<UInt8>
  ) throws(PutError) {
    guard isKnown else {
      if case .otherCollection = missing(name.span, pending.namespace) { throw .request(.otherCollection) }
      return
    }
    var overwrites = false
    do throws(APIError) {
      if !pending.query.isAbsent { overwrites = try EntityFlag.overwrites(text.extracting(pending.query)) }
    } catch {
      throw .request(error)
    }
    guard overwrites else { throw .request(.alreadyExists) }
  }

  @_optimize(size) @inline(never)
  private mutating func putPackage(
    _ name: borrowing DecodedName, _ pending: PendingRequest, _ text: Span<UInt8>, _ body: JSONValue, _ milliseconds: UInt64
  ) throws(PutError) -> Reply {
    let own = pending.namespace
    let known = entities.packages.find(namespace: own.number, name: name.span)
    try check(name, known != nil, pending, text)
    let put = try PutError.body { () throws(EntityError) in try PackagePut(parsing: text, body) }
    var change = try PutError.body { () throws(EntityError) in try EntityChange(put.entity, in: text) }
    var boundNamespace: UInt16? = nil
    if let binding = put.binding {
      if let known, entities.packages[known]?.boundNamespace == nil { throw .request(.packageIsNoBinding) }
      var names = ByteBuffer()
      do throws(EntityError) {
        try QualifiedName.append(binding, in: text, own: accounts.name(of: own), to: &names)
      } catch {
        throw .body(error)
      }
      boundNamespace = try bound(names.span, own).number
      change.setReferences(names)
    }
    let id: PackageID
    do throws(EntityTableError) {
      id = try entities.put(package: name.span, namespace: own.number, boundNamespace: boundNamespace, change, at: milliseconds)
    } catch {
      throw .table(error)
    }
    var reply = Reply(.ok)
    entities.write(id, namespace: accounts.name(of: own), withActions: false, into: &reply.body)
    return reply
  }

  /// The namespace of the package that is to be bound, whose full name `names` begins with; it must be there and may not be a binding.
  @_optimize(size)
  private mutating func bound(_ names: Span<UInt8>, _ own: NamespaceID) throws(PutError) -> NamespaceID {
    guard let full = QualifiedName.next(in: names, from: 0) else { throw .request(.missingBound) }
    let length = QualifiedName.namespaceLength(names.extracting(full))
    let name = names.extracting(full.lowerBound &+ length &+ 1..<full.upperBound)
    guard let owner = accounts.namespace(named: names.extracting(full.lowerBound..<full.lowerBound &+ length)) else {
      throw .request(.forbidden)
    }
    guard let package = entities.packages.find(namespace: owner.number, name: name) else {
      if owner == own, case .otherCollection = missing(name, owner) { throw .request(.notPackage) }
      throw .request(owner == own ? .missingBound : .forbidden)
    }
    guard entities.mayRead(package, own.number) else { throw .request(.forbidden) }
    guard entities.packages[package]?.boundNamespace == nil else { throw .request(.boundBinding) }
    return owner
  }

  @_optimize(size) @inline(never)
  private mutating func putTrigger(
    _ name: borrowing DecodedName, _ pending: PendingRequest, _ text: Span<UInt8>, _ body: JSONValue, _ milliseconds: UInt64
  ) throws(PutError) -> Reply {
    let own = pending.namespace
    try check(name, entities.triggers.find(namespace: own.number, name: name.span) != nil, pending, text)
    let put = try PutError.body { () throws(EntityError) in try TriggerPut(parsing: text, body) }
    let change = try PutError.body { () throws(EntityError) in try EntityChange(put.entity, in: text) }
    let id: TriggerID
    do throws(EntityTableError) {
      id = try entities.put(trigger: name.span, namespace: own.number, change, at: milliseconds)
    } catch {
      throw .table(error)
    }
    var reply = Reply(.ok)
    entities.write(id, namespace: accounts.name(of: own), into: &reply.body)
    return reply
  }

  @_optimize(size) @inline(never)
  private mutating func putRule(
    _ name: borrowing DecodedName, _ pending: PendingRequest, _ text: Span<UInt8>, _ body: JSONValue, _ requestID: borrowing RequestID,
    _ milliseconds: UInt64
  ) throws(PutError) -> Reply {
    let own = pending.namespace
    let known = entities.rules.find(namespace: own.number, name: name.span)
    try check(name, known != nil, pending, text)
    let put = try PutError.body { () throws(EntityError) in try RulePut(parsing: text, body) }
    var change = try PutError.body { () throws(EntityError) in try EntityChange(put.entity, in: text) }
    let names = try ends(of: known, put, text, own)
    let ends = try find(names, own)
    guard case .found(let trigger) = ends else { return ends.missing(names, requestID) }
    change.setReferences(names)
    let id: RuleID
    do throws(EntityTableError) {
      id = try entities.put(rule: name.span, namespace: own.number, trigger: trigger, change, at: milliseconds)
    } catch {
      throw .table(error)
    }
    var reply = Reply(.ok)
    entities.write(id, namespace: accounts.name(of: own), into: &reply.body)
    return reply
  }

  /// What looking for the two that a rule names comes to.
  private enum RuleEnds {
    case found(TriggerID)
    case noTrigger, noAction

    /// The reply where one is not there.
    func missing(_ names: borrowing ByteBuffer, _ id: borrowing RequestID) -> Reply {
      if case .noTrigger = self { return PutError.missingTrigger.reply(id, references: names.span) }
      return PutError.missingAction.reply(id, references: names.span)
    }
  }

  /// Looks for the trigger, which must be the sender's, and the action whose full names `names` holds.
  @_optimize(size) @inline(never)
  private mutating func find(_ buffer: borrowing ByteBuffer, _ own: NamespaceID) throws(PutError) -> RuleEnds {
    let names = buffer.span
    guard let full = QualifiedName.next(in: names, from: 0), let last = QualifiedName.next(in: names, from: full.upperBound &+ 1) else {
      throw .request(.incompleteRule)
    }
    let length = QualifiedName.namespaceLength(names.extracting(full))
    guard names.extracting(0..<length).equals(accounts.name(of: own)) else { throw .request(.forbidden) }
    let action = resolve(full: names.extracting(last), for: own)
    if case .forbidden = action { throw .request(.forbidden) }
    guard let trigger = entities.triggers.find(namespace: own.number, name: names.extracting(length &+ 1..<full.upperBound)) else {
      return .noTrigger
    }
    guard case .found = action else { return .noAction }
    return .found(trigger)
  }

  /// The full names of the trigger and the action of a rule after a change.
  @_optimize(size) @inline(never)
  private mutating func ends(
    of known: RuleID?, _ put: RulePut, _ text: Span<UInt8>, _ own: NamespaceID
  ) throws(PutError) -> ByteBuffer {
    var names = ByteBuffer()
    let record = known.flatMap { entities.rules[$0] }
    guard put.trigger != nil && put.action != nil || record != nil else { throw .request(.incompleteRule) }
    do throws(EntityError) {
      let namespace = accounts.name(of: own)
      if let trigger = put.trigger {
        try QualifiedName.append(trigger, in: text, own: namespace, to: &names)
      } else if let record {
        try Self.keep(0, of: record, entities, in: &names)
      }
      if let action = put.action {
        try QualifiedName.append(action, in: text, own: namespace, to: &names)
      } else if let record {
        try Self.keep(1, of: record, entities, in: &names)
      }
    } catch {
      throw .body(error)
    }
    return names
  }

  /// Appends one of the two names that a rule has already.
  private static func keep(
    _ index: Int, of record: RuleRecord, _ store: borrowing EntityStore, in names: inout ByteBuffer
  ) throws(EntityError) {
    let kept = store.references(of: record)
    let first = QualifiedName.next(in: kept, from: 0) ?? 0..<0
    let name = index == 0 ? first : QualifiedName.next(in: kept, from: first.upperBound &+ 1) ?? 0..<0
    guard names.append(kept.extracting(name)), names.append(0x0a) else { throw .noMemory }
  }

  @_optimize(size) @inline(never)
  private mutating func setStatus(
    _ name: borrowing DecodedName, _ pending: PendingRequest, _ text: Span<UInt8>, _ body: JSONValue
  ) throws(PutError) -> Reply {
    let own = pending.namespace
    guard let rule = entities.rules.find(namespace: own.number, name: name.span) else { throw .request(.notFound) }
    let isActive = try PutError.body { () throws(EntityError) in try RulePut.status(parsing: text, body) }
    guard entities.setActive(rule, isActive) else { throw .request(.missingTrigger) }
    var reply = Reply(.ok)
    entities.write(rule, namespace: accounts.name(of: own), into: &reply.body)
    return reply
  }

  // MARK: Removing

  /// DELETE of an entity, which is answered with what it was.
  @_optimize(size) @inline(never)
  mutating func remove<Executor: ActionExecutor & ~Copyable, Network: Transport & ~Copyable>(
    _ slot: Int, _ id: ConnectionID, _ executor: inout Executor, _ network: inout Network, _ now: Instant
  ) {
    let pending = connections[slot].request
    let requestID = requestID(slot, network.received(id))
    var reply: Reply
    var removed: InstanceID? = nil
    do throws(PutError) {
      reply = try removal(pending, network.received(id), &removed)
    } catch {
      reply = error.reply(requestID)
    }
    if let removed { executor.remove(removed) }
    if reply.status.code == 200, pending.collection == .packages { removeActions(of: pending, network.received(id), &executor) }
    answer(slot, reply, &network, now)
  }

  /// Removes an entity and shows what it was; actions of a package stay.
  @_optimize(size) @inline(never)
  private mutating func removal(
    _ pending: PendingRequest, _ text: Span<UInt8>, _ removed: inout InstanceID?
  ) throws(PutError) -> Reply {
    guard let name = DecodedName(pending.package, pending.name, in: text) else { throw .request(.badName) }
    let own = pending.namespace
    let namespace = accounts.name(of: own)
    var reply = Reply(.ok)
    switch pending.collection {
    case .actions:
      guard let id = entities.actions.find(namespace: own.number, name: name.span) else { throw .request(.notFound) }
      entities.write(ResolvedAction(action: id), namespace: namespace, .leftOut, into: &reply.body)
      removed = entities.remove(id)?.instance
    case .packages:
      guard let id = entities.packages.find(namespace: own.number, name: name.span) else { throw .request(.notFound) }
      let count = entities.packages[id]?.boundNamespace == nil ? entities.count(in: id) : 0
      guard count == 0 || forces(pending, text) else { throw .notEmpty(count) }
      entities.write(id, namespace: namespace, withActions: false, into: &reply.body)
      _ = entities.remove(id)
    case .triggers:
      guard let id = entities.triggers.find(namespace: own.number, name: name.span) else { throw .request(.notFound) }
      entities.write(id, namespace: namespace, into: &reply.body)
      _ = entities.remove(id)
    case .rules:
      guard let id = entities.rules.find(namespace: own.number, name: name.span) else { throw .request(.notFound) }
      entities.write(id, namespace: namespace, isRemoved: true, into: &reply.body)
      _ = entities.remove(id)
    }
    return reply
  }

  @_optimize(size) @inline(never)
  private func forces(_ pending: PendingRequest, _ text: Span<UInt8>) -> Bool {
    !pending.query.isAbsent && (try? EntityFlag.forces(text.extracting(pending.query))) == true
  }

  /// Removes the actions that were in a package, in one walk.
  @_optimize(size) @inline(never)
  private mutating func removeActions<Executor: ActionExecutor & ~Copyable>(
    of pending: PendingRequest, _ text: Span<UInt8>, _ executor: inout Executor
  ) {
    guard let name = DecodedName(pending.package, pending.name, in: text) else { return }
    var next = entities.actions.newest
    while let id = next {
      next = entities.actions.older(than: id)
      guard entities.actions.namespace(of: id) == pending.namespace.number,
        EntityName.isPath(entities.actions.name(of: id), in: name.span)
      else { continue }
      if let record = entities.remove(id) { executor.remove(record.instance) }
    }
  }
}
