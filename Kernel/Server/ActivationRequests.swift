// Requests about activations, once their head is there.

import API
import Actions
import Base
import Bytes
import HTTP
import Net

extension HTTPServer {
  /// The reply to GET of activations, of one, of its logs or of its result.
  @_optimize(size) @inline(never)
  mutating func activationReply(_ route: Route, _ bytes: Span<UInt8>) throws(APIError) -> Reply {
    let namespace = try authorize(route.namespace, bytes)
    if route.resource == .activations { return try activationList(namespace, bytes) }
    guard let id = ActivationID(parsing: bytes.extracting(route.name)),
      let age = activations.age(of: id, namespace: UInt16(namespace.index)), let record = activations.record(age)
    else { throw .notFound }
    var reply = Reply(.ok)
    let owner = accounts.name(of: namespace)
    activations.read(age) { (name, result, logs) in
      switch route.resource {
      case .activationLogs:
        reply.body.write("{\"logs\":")
        if logs.isEmpty { reply.body.write("[]") } else { reply.body.write(logs) }
        reply.body.write("}")
      case .activationResult: ActivationWriter.writeResponse(record, result, sized: false, &reply.body)
      default: ActivationWriter.write(record, name: name, namespace: owner, result: result, logs: logs, into: &reply.body)
      }
    }
    return reply
  }

  /// The newest first.
  @_optimize(size) @inline(never)
  private mutating func activationList(_ namespace: NamespaceID, _ bytes: Span<UInt8>) throws(APIError) -> Reply {
    let text = head.query.isAbsent ? bytes.extracting(0..<0) : bytes.extracting(head.query)
    let query = try ActivationQuery(parsing: text)
    var reply = Reply(.ok)
    let owner = accounts.name(of: namespace)
    if !query.page.countsOnly { reply.body.write("[") }
    var matched = 0
    var written = 0
    var age = 0
    while let record = activations.record(age), query.page.countsOnly || written < query.page.limit {
      defer { age &+= 1 }
      guard record.namespace == UInt16(namespace.index), query.covers(record.start) else { continue }
      activations.read(age) { (name, result, logs) in
        if let filter = query.name, !PercentEncoding.equals(text.extracting(filter), name) { return }
        matched &+= 1
        guard !query.page.countsOnly, matched > query.page.skip else { return }
        if written > 0 { reply.body.write(",") }
        written &+= 1
        if query.isFull {
          ActivationWriter.write(record, name: name, namespace: owner, result: result, logs: logs, into: &reply.body)
        } else {
          ActivationWriter.writeBrief(record, name: name, namespace: owner, into: &reply.body)
        }
      }
    }
    if query.page.countsOnly {
      reply.body.write("{\"activations\":")
      reply.body.write(decimal: UInt64(max(0, matched &- query.page.skip)))
      reply.body.write("}")
    } else {
      reply.body.write("]")
    }
    return reply
  }

  /// POST of the action `id`: how it is to be invoked.
  @_optimize(size) @inline(never)
  mutating func judgeActivation(of id: ActionID, _ bytes: Span<UInt8>, _ pending: inout PendingRequest) throws(APIError) {
    let parameters = head.query.isAbsent ? InvokeParameters() : try InvokeParameters(parsing: bytes.extracting(head.query))
    pending.job = .activate
    pending.action = id
    pending.isBlocking = parameters.isBlocking
    pending.wantsResult = parameters.wantsResult
    pending.waitMilliseconds = parameters.waitMilliseconds
  }
}
