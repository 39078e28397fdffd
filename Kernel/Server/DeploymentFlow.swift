// Creating and changing actions: the work between the request and the tables.

import API
import Actions
import Archive
import Base
import Bytes
import Entities
import HTTP
import Net

extension HTTPServer {
  /// PUT of an action, which is answered with its entity; true where it has to initialise in loop mode first, for which `invocation` is set up.
  @_optimize(size) @inline(never)
  mutating func deploy<Executor: ActionExecutor & ~Copyable, Network: Transport & ~Copyable>(
    _ invocation: inout Invocation, _ slot: Int, _ id: ConnectionID, _ executor: inout Executor, _ network: inout Network, _ now: Instant
  ) -> Bool {
    let context = context(slot, network.received(id), now)
    let milliseconds = wallClock(now)
    var order: ActionOrder
    do throws(PutError) {
      order = try checkedOrder(connections[slot].request, network.received(id), milliseconds)
    } catch {
      answer(slot, error.reply(context.id, text: network.received(id)), &network, now)
      return false
    }
    // The request itself goes with the code.
    let request = network.takeReceived(id)
    connections[slot].request.totalLength = 0
    let reply: Reply
    do throws(PutError) {
      let action = try execute(&order, request, &executor, milliseconds)
      if let action { reply = entityReply(action, order.namespace) } else {
        if beginInitialisation(&invocation, &order, id, context, milliseconds, now) { return true }
        reply = PutError.install(.noMemory).reply(context.id)
        if let instance = takeDiscarded() { executor.remove(instance) }
      }
    } catch {
      reply = error.reply(context.id)
    }
    counters.count(reply.status.code)
    complete(slot, order.takeRest(), reply.render(context), &network, now)
    return false
  }

  /// The order, with all checked that needs no code.
  @_optimize(size)
  private mutating func checkedOrder(
    _ pending: PendingRequest, _ text: Span<UInt8>, _ milliseconds: UInt64
  ) throws(PutError) -> ActionOrder {
    let order = try makeOrder(pending, text, milliseconds)
    try checkComponents(of: order)
    return order
  }

  @_optimize(size)
  private mutating func checkComponents(of order: borrowing ActionOrder) throws(PutError) {
    guard order.record.isSequence, let names = order.change.newReferences else { return }
    do throws(APIError) {
      try checkSequence(names, name: order.name, order.known, order.namespace)
    } catch {
      throw .request(error)
    }
  }

  /// Carries an order out; nil where the action is installed and has to initialise before it is entered.
  @_optimize(size) @inline(never)
  private mutating func execute<Executor: ActionExecutor & ~Copyable>(
    _ order: inout ActionOrder, _ request: consuming ByteBuffer, _ executor: inout Executor, _ milliseconds: UInt64
  ) throws(PutError) -> ActionID? {
    let old = order.known.flatMap { entities.actions[$0] }
    switch order.code {
    case .none:
      if !order.record.isSequence, let old, old.limits != order.record.limits {
        do throws(InstallError) {
          try executor.setLimits(order.record.instance, order.record.limits)
        } catch {
          throw .install(error)
        }
      }
    case .plain(let range): try install(&order, request, range, isNew: true, &executor)
    case .base64(let range):
      guard let length = Base64.decodeInPlace(&request, jsonString: range) else { throw .request(.badExec) }
      try install(&order, request, range.lowerBound..<range.lowerBound &+ length, isNew: true, &executor)
    case .kept:
      var code = ByteBuffer()
      if let old {
        let kept = entities.code(of: old)
        guard !kept.isEmpty else { throw .request(.codeNotKept) }
        guard code.append(kept) else { throw .request(.outOfMemory) }
      }
      let length = code.count
      try install(&order, code, 0..<length, isNew: false, &executor)
    }
    let isInstalled = old?.instance != order.record.instance && !order.record.isSequence
    if isInstalled && order.record.isLoop { return nil }
    do throws(PutError) {
      let action = try enter(&order, milliseconds)
      if let old, old.instance != order.record.instance { executor.remove(old.instance) }
      if isInstalled { counters.deployments &+= 1 }
      return action
    } catch {
      if isInstalled { executor.remove(order.record.instance) }
      throw error
    }
  }

  /// Enters what was ordered into the tables.
  @_optimize(size) @inline(never)
  mutating func enter(_ order: inout ActionOrder, _ milliseconds: UInt64) throws(PutError) -> ActionID {
    var change = EntityChange()
    swap(&change, &order.change)
    if let known = order.known {
      guard entities.update(known, to: order.record, change, at: milliseconds) else { throw .table(.noMemory) }
      return known
    }
    do throws(EntityTableError) {
      return try entities.insert(action: order.name.span, namespace: order.namespace.number, order.record, change)
    } catch {
      throw .table(error)
    }
  }

  /// Checks the file at `range` of `buffer`, an executable or a zip archive with one, and installs it. What is `isNew` is kept for GET where
  /// there is room.
  @_optimize(size) @inline(never)
  private mutating func install<Executor: ActionExecutor & ~Copyable>(
    _ order: inout ActionOrder, _ buffer: consuming ByteBuffer, _ range: Range<Int>, isNew: Bool, _ executor: inout Executor
  ) throws(PutError) {
    let isZip = ZipArchive.isZip(buffer.span.extracting(range))
    let keeps = isNew && entities.hasRoom(forCode: range.count, of: order.known)
    var code = ByteBuffer()
    let image: ActionImage
    if isZip {
      var file = ByteBuffer()
      do throws(ZipError) {
        try ZipArchive.extract(named: "exec", from: buffer.span.extracting(range), limit: EntityLimits.codeBytes, into: &file)
      } catch {
        throw .zip(error)
      }
      if keeps { Self.keep(buffer.span.extracting(range), in: &code) }
      buffer.release()
      let length = file.count
      image = try Self.image(file, 0..<length)
    } else {
      image = try Self.image(buffer, range)
    }
    do throws(InstallError) {
      order.record.instance = try install(image, order, &executor)
    } catch {
      throw .install(error)
    }
    order.record.size = UInt32(clamping: image.file.count)
    order.record.isCold = true
    order.record.preparation = .zero
    if keeps && !isZip { Self.keep(image.file, in: &code) }
    if isNew { order.change.setCode(code) }
  }

  /// Installs an image; code that is only kept for GET gives way where there is no memory.
  @_optimize(size)
  private mutating func install<Executor: ActionExecutor & ~Copyable>(
    _ image: borrowing ActionImage, _ order: borrowing ActionOrder, _ executor: inout Executor
  ) throws(InstallError) -> InstanceID {
    do throws(InstallError) {
      return try executor.install(image, limits: order.record.limits, namespace: order.namespace.number)
    } catch {
      guard error == .noMemory, entities.dropCode() else { throw error }
      return try executor.install(image, limits: order.record.limits, namespace: order.namespace.number)
    }
  }

  private static func image(_ buffer: consuming ByteBuffer, _ range: Range<Int>) throws(PutError) -> ActionImage {
    do throws(ImageError) { return try ActionImage(parsing: buffer, range: range) } catch { throw .image(error) }
  }

  /// Copies what is to be kept; where memory is short nothing is.
  private static func keep(_ bytes: Span<UInt8>, in code: inout ByteBuffer) { _ = code.append(bytes) }

  @_optimize(size) @inline(never)
  mutating func entityReply(_ action: ActionID, _ namespace: NamespaceID) -> Reply {
    var reply = Reply(.ok)
    entities.write(ResolvedAction(action: action), namespace: accounts.name(of: namespace), .leftOut, into: &reply.body)
    return reply
  }
}
