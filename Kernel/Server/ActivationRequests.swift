// Requests about activations, once their head is there.

import API
import Actions
import Base
import Bytes
import Entities
import HTTP
import Net
import Records

extension HTTPServer {
  /// The reply to GET of activations, of one, of its logs or of its result.
  @_optimize(size) @inline(never)
  mutating func activationReply(_ route: Route, _ bytes: Span<UInt8>) throws(APIError) -> Reply {
    let namespace = try authorize(route.namespace, bytes)
    if route.resource == .activations { return try activationList(namespace, bytes) }
    guard let id = ActivationID(parsing: bytes.extracting(route.name)),
      let place = activations.find(id, namespace: UInt16(namespace.index))
    else { throw .notFound }
    var reply = Reply(.ok)
    switch route.resource {
    case .activationLogs: ActivationWriter.writeLogs(place, of: activations, into: &reply.body)
    case .activationResult: ActivationWriter.writeResult(place, of: activations, into: &reply.body)
    default: ActivationWriter.write(place, of: activations, names: accounts, into: &reply.body)
    }
    return reply
  }

  /// The newest first.
  @_optimize(size) @inline(never)
  private mutating func activationList(_ namespace: NamespaceID, _ bytes: Span<UInt8>) throws(APIError) -> Reply {
    let text = head.query.isAbsent ? bytes.extracting(0..<0) : bytes.extracting(head.query)
    let query = try ActivationQuery(parsing: text)
    guard let name = DecodedName(text.extracting(query.name ?? 0..<0)) else { throw .badName }
    var filter = ActivationFilter(namespace: UInt16(namespace.index))
    filter.since = query.since
    filter.upto = query.upto
    var reply = Reply(.ok)
    if query.page.countsOnly {
      ActivationWriter.writeCount(of: activations, filter, name: name.span, skip: query.page.skip, into: &reply.body)
    } else {
      let page = ActivationPage(limit: query.page.limit, skip: query.page.skip, isFull: query.isFull)
      ActivationWriter.writeList(of: activations, filter, name: name.span, page: page, names: accounts, into: &reply.body)
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
