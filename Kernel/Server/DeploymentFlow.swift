// Deploying and removing actions: the work between the request and the tables.

import API
import Actions
import Base
import Bytes
import HTTP
import Net

/// Why a deployment failed.
private enum DeploymentError: Error {
  case request(APIError)
  case image(ImageError)
  case install(InstallError)
  case table(ActionTableError)
}

/// What a deployment takes from its request before the bytes go with the image.
private struct DeploymentOrder: ~Copyable {
  let name: DecodedName
  let parameters: DeployParameters
  /// What the client sent after the request.
  let rest: ByteBuffer

  /// Name and query were legal when the head came; `bytes` are the connection's.
  @_optimize(size)
  init(_ pending: PendingRequest, _ bytes: Span<UInt8>) throws(APIError) {
    guard let name = DecodedName(bytes.extracting(pending.name)) else { throw .badName }
    let parameters =
      pending.query.isAbsent ? DeployParameters() : try DeployParameters(parsing: bytes.extracting(pending.query))
    var rest = ByteBuffer()
    guard rest.append(bytes.extracting(pending.totalLength..<bytes.count)) else { throw .outOfMemory }
    self.name = name
    self.parameters = parameters
    self.rest = rest
  }

  consuming func takeRest() -> ByteBuffer { rest }
}

extension HTTPServer {
  /// Deploys the executable that the request's body is, and answers with its entity; in loop mode returns the run that comes first.
  @_optimize(size) @inline(never)
  mutating func deploy<Executor: ActionExecutor & ~Copyable, Network: Transport & ~Copyable>(
    _ slot: Int, _ id: ConnectionID, _ executor: inout Executor, _ network: inout Network, _ now: Instant
  ) -> Invocation? {
    let pending = connections[slot].request
    let context = context(slot, network.received(id), now)
    let order: DeploymentOrder
    do throws(APIError) {
      order = try DeploymentOrder(pending, network.received(id))
    } catch {
      fail(slot, error, &network, now)
      return nil
    }
    let file = network.takeReceived(id)
    let reply: Reply
    do throws(DeploymentError) {
      let action = try install(file, order, pending, &executor, now)
      if actions[action]?.isLoop == true {
        // The request itself went with the image.
        connections[slot].request.totalLength = 0
        let run = beginInitialisation(action, id, context, pending.namespace, order.takeRest(), now)
        if let run { return run }
        _ = finishDeployment(id, .noMemory, log: ByteBuffer(), &network, now)
        if let instance = takeDiscarded() { executor.remove(instance) }
        return nil
      }
      counters.deployments &+= 1
      reply = entityReply(action, pending.namespace)
    } catch {
      reply = Self.reply(to: error, context.id)
    }
    counters.count(reply.status.code)
    // The request itself went with the image.
    connections[slot].request.totalLength = 0
    complete(slot, order.takeRest(), reply.render(context), &network, now)
    return nil
  }

  /// Checks the file, installs it and enters it into the table; a version that was there before is removed, or in loop mode is `replaced`.
  @_optimize(size) @inline(never)
  private mutating func install<Executor: ActionExecutor & ~Copyable>(
    _ file: consuming ByteBuffer, _ order: borrowing DeploymentOrder, _ pending: PendingRequest,
    _ executor: inout Executor, _ now: Instant
  ) throws(DeploymentError) -> ActionID {
    let body = pending.headLength..<pending.headLength &+ pending.bodyLength
    let parameters = order.parameters
    let namespace = UInt16(pending.namespace.index)
    let image: ActionImage
    do throws(ImageError) {
      image = try ActionImage(parsing: file, range: body)
    } catch {
      throw .image(error)
    }
    let known = actions.find(namespace: namespace, name: order.name.span)
    guard known == nil || parameters.overwrites else { throw .request(.alreadyExists) }
    let previous = known.flatMap { actions[$0] }
    // What the request leaves open stays as it was, as in OpenWhisk.
    var limits = previous?.limits ?? settings.actionLimits
    if let timeout = parameters.timeout { limits.timeoutMilliseconds = timeout }
    if let memory = parameters.memory { limits.memoryBytes = memory << 20 }
    if let output = parameters.output { limits.outputBytes = min(output, settings.actionLimits.outputBytes) }
    if let logs = parameters.logs { limits.logBytes = logs }
    let isCGI = parameters.isCGI ?? previous?.isCGI ?? false
    let hasEnvironment = isCGI || parameters.hasEnvironment ?? previous?.hasEnvironment ?? false
    let instance: InstanceID
    do throws(InstallError) {
      instance = try executor.install(image, limits: limits, namespace: namespace)
    } catch {
      throw .install(error)
    }
    let size = UInt32(clamping: body.count)
    let isPublic = parameters.isPublic ?? previous?.isPublic ?? false
    let isLoop = parameters.isLoop ?? previous?.isLoop ?? false
    if let known, let previous {
      let updated = wallClock(now)
      _ = actions.update(known) { (record: inout ActionRecord) in
        record.instance = instance
        record.limits = limits
        record.isPublic = isPublic
        record.isCGI = isCGI
        record.hasEnvironment = hasEnvironment
        record.isLoop = isLoop
        record.version &+= 1
        record.isCold = true
        record.preparation = .zero
        record.updatedMilliseconds = updated
        record.size = size
      }
      if isLoop { replaced = previous } else { executor.remove(previous.instance) }
      return known
    }
    var record = ActionRecord(
      instance: instance, limits: limits, isPublic: isPublic, updatedMilliseconds: wallClock(now), size: size)
    record.isCGI = isCGI
    record.hasEnvironment = hasEnvironment
    record.isLoop = isLoop
    do throws(ActionTableError) {
      return try actions.insert(namespace: namespace, name: order.name.span, record)
    } catch {
      executor.remove(instance)
      throw .table(error)
    }
  }

  /// Removes an action and answers with the entity that it was.
  @_optimize(size) @inline(never)
  mutating func remove<Executor: ActionExecutor & ~Copyable, Network: Transport & ~Copyable>(
    _ slot: Int, _ id: ConnectionID, _ executor: inout Executor, _ network: inout Network, _ now: Instant
  ) {
    let pending = connections[slot].request
    guard let name = DecodedName(network.received(id).extracting(pending.name)),
      let action = actions.find(namespace: UInt16(pending.namespace.index), name: name.span), let record = actions[action]
    else { return fail(slot, .notFound, &network, now) }
    let context = context(slot, network.received(id), now)
    let reply = entityReply(action, pending.namespace)
    executor.remove(record.instance)
    _ = actions.remove(action)
    counters.count(reply.status.code)
    complete(slot, network.takeReceived(id), reply.render(context), &network, now)
  }

  @_optimize(size) @inline(never)
  mutating func entityReply(_ action: ActionID, _ namespace: NamespaceID) -> Reply {
    var reply = Reply(.ok)
    EntityWriter.write(action, of: actions, namespace: accounts.name(of: namespace), into: &reply.body)
    return reply
  }

  @_optimize(size) @inline(never)
  private static func reply(to error: DeploymentError, _ id: borrowing RequestID) -> Reply {
    switch error {
    case .request(let error): return Reply(error, id: id)
    case .image(let error):
      var text = ByteBuffer()
      return error.describe(into: &text) ? Reply(.badRequest, error: text, id: id) : Reply(.outOfMemory, id: id)
    case .install(let error):
      return Reply(error == .memoryLimitTooSmall ? .badRequest : .insufficientStorage, error: error.text, id: id)
    case .table(let error):
      return Reply(error == .illegalName ? .badRequest : .insufficientStorage, error: error.text, id: id)
    }
  }
}
