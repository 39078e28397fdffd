// Requests about entities, once their head is there: what is answered at once, and what needs the body or its turn.

import API
import Actions
import Base
import Bytes
import Entities
import HTTP
import Net
import Records

extension HTTPServer {
  /// The reply to GET of a list of entities, of the namespaces or of the limits.
  @_optimize(size) @inline(never)
  mutating func listReply(_ route: Route, _ bytes: Span<UInt8>, _ number: UInt64) throws(APIError) -> Reply {
    let own = try authenticate(bytes)
    var reply = Reply(.ok)
    switch route.resource {
    case .namespaces:
      reply.body.write("[")
      reply.body.write(json: accounts.name(of: own))
      reply.body.write("]")
    case .limits:
      guard namespace(route.namespace, bytes, own: own) == own else { throw .forbidden }
      writeLimits(into: &reply.body)
    default:
      let query = head.query.isAbsent ? bytes.extracting(0..<0) : bytes.extracting(head.query)
      let page: ListPage
      do throws(QueryError) {
        page = try ListPage(parsing: query)
      } catch {
        return badQuery(error, query, route.collection.text, bytes, number)
      }
      try writeList(route, bytes, own, page, into: &reply.body)
    }
    guard !reply.body.isBroken else { throw .outOfMemory }
    return reply
  }

  /// The reply to a query that is not what it has to be; `number` is the request's.
  @_optimize(size) @inline(never)
  mutating func badQuery(
    _ error: QueryError, _ query: Span<UInt8>, _ collection: StaticString, _ bytes: Span<UInt8>, _ number: UInt64
  ) -> Reply {
    var text = TextWriter()
    error.write(query, collection, into: &text)
    let id = RequestID(head.requestID, in: bytes) ?? RequestID(number: number)
    return text.isBroken ? Reply(.outOfMemory, id: id) : Reply(.badRequest, error: text.buffer, id: id)
  }

  /// What OpenWhisk's clients know of limits, and what an action may ask for.
  @_optimize(size)
  private mutating func writeLimits(into text: inout TextWriter) {
    let quota = settings.quota
    text.write("{\"invocationsPerMinute\":")
    text.write(decimal: UInt64(quota.perMinute))
    // All that can wait, and the one that runs.
    text.write(",\"concurrentInvocations\":")
    text.write(decimal: min(UInt64(quota.concurrent), UInt64(max(0, settings.queue)) &+ 1))
    text.write(",\"firesPerMinute\":")
    text.write(decimal: UInt64(quota.perMinute))
    Self.write(.memory, ",\"minActionMemory\":", ",\"maxActionMemory\":", into: &text)
    Self.write(.logs, ",\"minActionLogs\":", ",\"maxActionLogs\":", into: &text)
    Self.write(.timeout, ",\"minActionTimeout\":", ",\"maxActionTimeout\":", into: &text)
    Self.write(.concurrency, ",\"minActionConcurrency\":", ",\"maxActionConcurrency\":", into: &text)
    text.write(",\"maxParameterSize\":")
    text.write(decimal: UInt64(EntityLimits.listBytes))
    text.write("}")
  }

  private static func write(_ number: LimitedNumber, _ least: StaticString, _ most: StaticString, into text: inout TextWriter) {
    text.write(least)
    text.write(decimal: UInt64(number.range.lowerBound))
    text.write(most)
    text.write(decimal: UInt64(number.range.upperBound))
  }

  @_optimize(size)
  private mutating func writeList(
    _ route: Route, _ bytes: Span<UInt8>, _ own: NamespaceID, _ page: ListPage, into text: inout TextWriter
  ) throws(APIError) {
    let owner = namespace(route.namespace, bytes, own: own)
    if route.collection == .packages {
      // Anyone may look for packages anywhere.
      guard let owner else { return text.write("[]") }
      let name = accounts.name(of: owner)
      return entities.writePackages(of: owner.number, named: name, onlyPublished: owner != own, page, into: &text)
    }
    guard let owner else { throw .forbidden }
    guard route.package.isAbsent else { return try writePackage(route, bytes, own, owner, page, into: &text) }
    let name = accounts.name(of: owner)
    if owner == .system, owner != own, route.collection == .actions {
      return entities.writeActions(of: owner.number, named: name, onlyPublished: true, page, into: &text)
    }
    guard owner == own else { throw .forbidden }
    switch route.collection {
    case .triggers: entities.writeTriggers(of: owner.number, named: name, page, into: &text)
    case .rules: entities.writeRules(of: owner.number, named: name, page, into: &text)
    case .actions, .packages: entities.writeActions(of: owner.number, named: name, page, into: &text)
    }
  }

  /// The actions of one package, or of the package that a binding stands for.
  @_optimize(size)
  private mutating func writePackage(
    _ route: Route, _ bytes: Span<UInt8>, _ own: NamespaceID, _ owner: NamespaceID, _ page: ListPage, into text: inout TextWriter
  ) throws(APIError) {
    guard let name = DecodedName(bytes.extracting(route.package)), name.isLegal(parts: 1) else { throw .badName }
    guard var package = entities.packages.find(namespace: owner.number, name: name.span), entities.mayRead(package, own.number) else {
      throw owner == own ? .notFound : .forbidden
    }
    var number = owner.number
    if entities.packages[package]?.boundNamespace != nil {
      guard let bound = entities.boundPackage(of: package), let namespace = entities.packages.namespace(of: bound) else { throw .notFound }
      guard entities.mayRead(bound, own.number) else { throw .forbidden }
      package = bound
      number = namespace
    }
    let namespace = accounts.name(of: NamespaceID(index: UInt8(truncatingIfNeeded: number)))
    entities.writeActions(of: number, in: package, named: namespace, page, into: &text)
  }

  /// The namespace that `range` names, by its name or, the sender's, by `_`; nil where there is none.
  @_optimize(size)
  mutating func namespace(_ range: ByteRange, _ bytes: Span<UInt8>, own: NamespaceID) -> NamespaceID? {
    if bytes.extracting(range).equals("_") { return own }
    guard let name = DecodedName(bytes.extracting(range)) else { return nil }
    return name.span.equals("_") ? own : accounts.namespace(named: name.span)
  }

  /// `/api/v1/namespaces/{namespace}/{collection}/…{name}`
  @inline(never)
  mutating func judgeEntity(_ route: Route, _ bytes: Span<UInt8>, _ pending: inout PendingRequest) throws(APIError) -> Decision {
    let own = try authenticate(bytes)
    guard let owner = namespace(route.namespace, bytes, own: own) else { throw .forbidden }
    if head.method == .post, let reply = lengthRefusal(bytes, pending.number) { return .reply(reply) }
    // The usual request, whose name has no escapes: it is found at once.
    if head.method == .post, route.collection == .actions, route.package.isAbsent, owner == own,
      let action = entities.actions.find(namespace: own.number, name: bytes.extracting(route.name))
    {
      pending.namespace = own
      try judgeActivation(of: action, bytes, &pending)
      return .work
    }
    return try judgeNamed(route, own, owner, bytes, &pending)
  }

  /// The same for all but an action of the sender's that is invoked.
  @_optimize(size) @inline(never)
  private mutating func judgeNamed(
    _ route: Route, _ own: NamespaceID, _ owner: NamespaceID, _ bytes: Span<UInt8>, _ pending: inout PendingRequest
  ) throws(APIError) -> Decision {
    guard let name = DecodedName(route.package, route.name, in: bytes), name.isLegal(parts: route.package.isAbsent ? 1 : 2) else {
      throw .badName
    }
    pending.namespace = own
    pending.collection = route.collection
    pending.package = route.package
    pending.name = route.name
    switch head.method {
    case .put, .delete:
      guard owner == own else { throw .forbidden }
      return try judgeChange(name, bytes, &pending)
    case .post: return try judgePost(name, owner, bytes, &pending)
    default: return .reply(try entityReply(name, owner, own, route.collection, bytes))
    }
  }

  /// PUT and DELETE.
  @_optimize(size) @inline(never)
  private mutating func judgeChange(
    _ name: borrowing DecodedName, _ bytes: Span<UInt8>, _ pending: inout PendingRequest
  ) throws(APIError) -> Decision {
    let own = pending.namespace
    if own == .system, EntityStore.isBuiltIn(name.span) { throw .forbidden }
    if !name.package.isEmpty {
      guard let package = entities.packages.find(namespace: own.number, name: name.package) else { throw .notFound }
      guard entities.packages[package]?.boundNamespace == nil else { throw .notOnBinding }
    }
    let query = head.query.isAbsent ? bytes.extracting(0..<0) : bytes.extracting(head.query)
    let isKnown = isThere(name.span, own, pending.collection)
    guard head.method == .put else {
      guard isKnown else { throw missing(name.span, own) }
      if pending.collection == .packages { _ = try EntityFlag.forces(query) }
      pending.job = .remove
      return .work
    }
    if !isKnown, case .otherCollection = missing(name.span, own) { throw .otherCollection }
    var overwrites = false
    if pending.collection == .actions {
      pending.isJSON = try isJSONUpload(bytes)
      overwrites = try DeployParameters(parsing: query).overwrites ?? !pending.isJSON
    } else {
      overwrites = try EntityFlag.overwrites(query)
      if pending.collection == .packages, name.span.equals("default") { throw .reservedPackage }
    }
    guard !isKnown || overwrites else { throw .alreadyExists }
    pending.job = .put
    return .work
  }

  /// POST: an action is invoked, a trigger fired, a rule made active or not.
  @_optimize(size) @inline(never)
  private mutating func judgePost(
    _ name: borrowing DecodedName, _ owner: NamespaceID, _ bytes: Span<UInt8>, _ pending: inout PendingRequest
  ) throws(APIError) -> Decision {
    if pending.collection == .actions {
      pending.owner = owner
      try judgeActivation(of: try resolve(name.span, owner, for: pending.namespace).action, bytes, &pending)
      return .work
    }
    guard owner == pending.namespace else { throw .forbidden }
    guard isThere(name.span, owner, pending.collection) else { throw missing(name.span, owner) }
    pending.job = pending.collection == .rules ? .setStatus : .fire
    return .work
  }

  /// The reply to GET of one entity.
  @_optimize(size) @inline(never)
  private mutating func entityReply(
    _ name: borrowing DecodedName, _ owner: NamespaceID, _ own: NamespaceID, _ collection: Collection, _ bytes: Span<UInt8>
  ) throws(APIError) -> Reply {
    var reply = Reply(.ok)
    switch collection {
    case .actions:
      let showsCode = head.query.isAbsent ? true : try EntityFlag.showsCode(bytes.extracting(head.query))
      let found = try resolve(name.span, owner, for: own)
      let namespace = accounts.name(of: NamespaceID(index: UInt8(truncatingIfNeeded: entities.actions.namespace(of: found.action) ?? 0)))
      entities.write(found, namespace: namespace, showsCode ? .base64 : .leftOut, into: &reply.body)
    case .packages:
      guard let id = entities.packages.find(namespace: owner.number, name: name.span), entities.mayRead(id, own.number) else {
        throw owner == own ? missing(name.span, owner) : .forbidden
      }
      if entities.packages[id]?.boundNamespace != nil {
        guard let bound = entities.boundPackage(of: id) else { throw .notFound }
        guard entities.mayRead(bound, own.number) else { throw .forbidden }
      }
      entities.write(id, namespace: accounts.name(of: owner), withActions: true, into: &reply.body)
    case .triggers:
      guard owner == own else { throw .forbidden }
      guard let id = entities.triggers.find(namespace: owner.number, name: name.span) else { throw missing(name.span, owner) }
      entities.write(id, namespace: accounts.name(of: owner), into: &reply.body)
    case .rules:
      guard owner == own else { throw .forbidden }
      guard let id = entities.rules.find(namespace: owner.number, name: name.span) else { throw missing(name.span, owner) }
      entities.write(id, namespace: accounts.name(of: owner), into: &reply.body)
    }
    guard !reply.body.isBroken else { throw .outOfMemory }
    return reply
  }

  /// The action `path` of the namespace `owner`, found through packages and bindings, that one in `reader` may use.
  @_optimize(size) @inline(never)
  mutating func resolve(_ path: Span<UInt8>, _ owner: NamespaceID, for reader: NamespaceID) throws(APIError) -> ResolvedAction {
    switch entities.resolve(action: path, in: owner.number, for: reader.number) {
    case .found(let found): return found
    case .missing: throw missing(path, owner)
    case .forbidden: throw .forbidden
    }
  }

  /// As above, by its full name, `namespace/name` or `namespace/package/name`: a component of a sequence, or what a rule invokes.
  @_optimize(size) @inline(never)
  mutating func resolve(full name: Span<UInt8>, for reader: NamespaceID) -> ActionResolution {
    let length = QualifiedName.namespaceLength(name)
    guard length < name.count, let owner = accounts.namespace(named: name.extracting(0..<length)) else { return .forbidden }
    return entities.resolve(action: name.extracting(length &+ 1..<name.count), in: owner.number, for: reader.number)
  }

  @_optimize(size) @inline(never)
  private mutating func isThere(_ name: Span<UInt8>, _ namespace: NamespaceID, _ collection: Collection) -> Bool {
    switch collection {
    case .actions: entities.actions.find(namespace: namespace.number, name: name) != nil
    case .packages: entities.packages.find(namespace: namespace.number, name: name) != nil
    case .triggers: entities.triggers.find(namespace: namespace.number, name: name) != nil
    case .rules: entities.rules.find(namespace: namespace.number, name: name) != nil
    }
  }

  /// What is said of a name that is not in the collection where it was looked for: in OpenWhisk all collections of a namespace share names.
  @_optimize(size) @inline(never)
  mutating func missing(_ name: Span<UInt8>, _ namespace: NamespaceID) -> APIError {
    let isElsewhere = isThere(name, namespace, .actions) || isThere(name, namespace, .packages) || isThere(name, namespace, .triggers)
      || isThere(name, namespace, .rules)
    return isElsewhere ? .otherCollection : .notFound
  }

  /// Whether the media type is JSON's; if not, it must be one that a file may have: curl sends none with -T and a form's with --data-binary.
  @_optimize(size)
  private mutating func isJSONUpload(_ bytes: Span<UInt8>) throws(APIError) -> Bool {
    guard !head.contentType.isAbsent else { return false }
    let value = bytes.extracting(head.contentType)
    var end = 0
    while end < value.count, value[end] != 0x3b, value[end] != 0x20 { end &+= 1 }
    let type = value.extracting(0..<end)
    if type.equalsIgnoringCase("application/json") { return true }
    guard type.equalsIgnoringCase("application/octet-stream") || type.equalsIgnoringCase("application/x-executable")
      || type.equalsIgnoringCase("application/x-elf") || type.equalsIgnoringCase("application/zip")
      || type.equalsIgnoringCase("application/x-www-form-urlencoded") || type.isEmpty
    else { throw .unknownMedia }
    return false
  }
}
