// What a request wants of an action, taken out of it before its bytes go with the executable.

import API
import Actions
import Base
import Bytes
import Entities
import HTTP
import JSON

/// Where an action's code is.
enum CodePlace: Sendable {
  /// The action is a sequence, or keeps its code.
  case none
  /// In the request's bytes, as it is or as a JSON string in base64, quotes not included.
  case plain(Range<Int>)
  case base64(Range<Int>)
  /// With the entity: the action must be started in another way than before.
  case kept
}

/// An action as it is to be.
struct ActionOrder: ~Copyable {
  let name: DecodedName
  let namespace: NamespaceID
  let known: ActionID?
  var record: ActionRecord
  var change: EntityChange
  var code = CodePlace.none
  /// What the client sent after the request.
  let rest: ByteBuffer

  consuming func takeRest() -> ByteBuffer { rest }
}

extension HTTPServer {
  /// Takes the order out of the request at the front of `text`; nothing has changed yet.
  @_optimize(size) @inline(never)
  mutating func makeOrder(_ pending: PendingRequest, _ text: Span<UInt8>, _ milliseconds: UInt64) throws(PutError) -> ActionOrder {
    // Name and query were legal when the head came.
    guard let name = DecodedName(pending.package, pending.name, in: text) else { throw .request(.badName) }
    let parameters: DeployParameters
    do throws(APIError) {
      parameters = pending.query.isAbsent ? DeployParameters() : try DeployParameters(parsing: text.extracting(pending.query))
    } catch {
      throw .request(error)
    }
    let namespace = pending.namespace
    let known = entities.actions.find(namespace: namespace.number, name: name.span)
    let body = pending.headLength..<pending.headLength &+ pending.bodyLength
    let isJSON = pending.isJSON || !body.isEmpty && text[body.lowerBound] == 0x7b
    guard known == nil || parameters.overwrites ?? !isJSON else { throw .request(.alreadyExists) }
    // What was looked at when the head came may have changed since.
    if known == nil, case .otherCollection = missing(name.span, namespace) { throw .request(.otherCollection) }
    if !name.package.isEmpty {
      guard let package = entities.packages.find(namespace: namespace.number, name: name.package) else { throw .request(.notFound) }
      guard entities.packages[package]?.boundNamespace == nil else { throw .request(.notOnBinding) }
    }
    var rest = ByteBuffer()
    guard rest.append(text.extracting(pending.totalLength..<text.count)) else { throw .request(.outOfMemory) }
    let old = known.flatMap { entities.actions[$0] }
    let record = old ?? ActionRecord(
      instance: Self.noInstance, limits: settings.actionLimits, isPublic: false, updatedMilliseconds: milliseconds, size: 0)
    var order = ActionOrder(
      name: name, namespace: namespace, known: known, record: record, change: EntityChange(), code: .plain(body), rest: rest)
    if isJSON { try read(body, of: text, into: &order) } else { try readFile(text.extracting(body), into: &order) }
    apply(parameters, to: &order.record)
    if order.record.isSequence { order.record.isLoop = false }
    if case .none = order.code, let old, !order.record.isSequence, old.isLoop != order.record.isLoop { order.code = .kept }
    return order
  }

  /// The instance of an action that has none.
  private static var noInstance: InstanceID { InstanceID(index: .max, generation: 0) }

  /// What the query leaves open stays as it was, as in OpenWhisk.
  @_optimize(size)
  private mutating func apply(_ parameters: DeployParameters, to record: inout ActionRecord) {
    if let timeout = parameters.timeout { record.limits.timeoutMilliseconds = timeout }
    if let memory = parameters.memory { record.limits.memoryBytes = memory << 20 }
    if let output = parameters.output { record.limits.outputBytes = min(output, settings.actionLimits.outputBytes) }
    if let logs = parameters.logs { record.limits.logBytes = logs }
    var flags = ActionFlags()
    flags.isPublic = parameters.isPublic
    flags.isLoop = parameters.isLoop
    flags.isCGI = parameters.isCGI
    flags.hasEnvironment = parameters.hasEnvironment
    flags.apply(to: &record)
  }

  /// The body is the file itself.
  @_optimize(size) @inline(never)
  private mutating func readFile(_ file: Span<UInt8>, into order: inout ActionOrder) throws(PutError) {
    guard file.count <= EntityLimits.codeBytes else {
      throw .body(.tooLarge("exec", bytes: file.count, allowed: EntityLimits.codeBytes))
    }
    order.record.isSequence = false
    do throws(EntityError) {
      try order.change.setNative(image: nil, main: nil, in: file)
    } catch {
      throw .body(error)
    }
  }

  /// The body is JSON.
  @_optimize(size) @inline(never)
  private mutating func read(_ range: Range<Int>, of text: Span<UInt8>, into order: inout ActionOrder) throws(PutError) {
    order.code = .none
    let put = try PutError.body { () throws(EntityError) in
      try ActionPut(parsing: text, try EntityPut.document(in: range, of: text))
    }
    do throws(EntityError) {
      order.change = try EntityChange(put.entity, in: text, isAction: true)
      let annotations = try ActionAnnotations(put, in: text, kept: entities.annotations(of: order.record), seed: entities.seed)
      annotations.flags.apply(to: &order.record)
      annotations.move(to: &order.change)
      put.limits.apply(to: &order.record)
      try read(put.exec, text, into: &order)
    } catch {
      throw .body(error)
    }
    if put.exec == nil {
      guard order.known != nil else { throw .request(.noExec) }
      // OpenWhisk discards the parameters of sequences.
      if order.record.isSequence { order.change.keepParameters() }
    }
    if case .base64(let place) = order.code { try Self.check(text.extracting(place)) }
  }

  @_optimize(size) @inline(never)
  private mutating func read(_ exec: ExecPut?, _ text: Span<UInt8>, into order: inout ActionOrder) throws(EntityError) {
    switch exec {
    case nil: break
    case .native(let code, let image, let main):
      order.record.isSequence = false
      order.code = .base64(code.start &+ 1..<code.end &- 1)
      try order.change.setNative(image: image, main: main, in: text)
    case .sequence(let components):
      order.record.isSequence = true
      order.record.size = 0
      order.record.instance = Self.noInstance
      var names = ByteBuffer()
      var elements = JSONElements(components)
      var count = 0
      while let element = elements.next(in: text) {
        count &+= 1
        guard count <= EntityLimits.components else { throw .refused(APIError.longSequence.text) }
        try QualifiedName.append(element, in: text, own: accounts.name(of: order.namespace), to: &names)
      }
      order.change.setSequence(names)
    }
  }

  /// Whether a string may be base64 of code that arrived whole: `wsk` sends a file that is no zip as text, in which every byte that
  /// is no UTF-8 is lost.
  @_optimize(size) @inline(never)
  private static func check(_ code: Span<UInt8>) throws(PutError) {
    guard code.count / 4 &* 3 <= EntityLimits.codeBytes else {
      throw .body(.tooLarge("exec", bytes: code.count / 4 &* 3, allowed: EntityLimits.codeBytes))
    }
    if code.hasPrefix("\u{7f}ELF") || code.hasPrefix("\\u007fELF") || code.hasPrefix("\\u007FELF") { throw .request(.damagedUpload) }
  }
}
