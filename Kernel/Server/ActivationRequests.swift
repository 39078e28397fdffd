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
  mutating func activationReply(_ route: Route, _ bytes: Span<UInt8>, _ number: UInt64) throws(APIError) -> Reply {
    let namespace = try authorize(route.namespace, bytes)
    if route.resource == .activations { return try activationList(namespace, bytes, number) }
    let name = bytes.extracting(route.name)
    guard let id = ActivationID(parsing: name) else { return badQuery(.activation(length: name.count), name, "activations", bytes, number) }
    guard let place = activations.find(id, namespace: UInt16(namespace.index)) else { throw .notFound }
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
  private mutating func activationList(_ namespace: NamespaceID, _ bytes: Span<UInt8>, _ number: UInt64) throws(APIError) -> Reply {
    let text = head.query.isAbsent ? bytes.extracting(0..<0) : bytes.extracting(head.query)
    let query: ActivationQuery
    do throws(QueryError) {
      query = try ActivationQuery(parsing: text)
    } catch {
      return badQuery(error, text, "activations", bytes, number)
    }
    // OpenWhisk's paths may begin and end with slashes.
    let range = query.name ?? 0..<0
    guard let decoded = DecodedName(text.extracting(range)), let path = decoded.path else {
      return badQuery(.name(range), text, "activations", bytes, number)
    }
    let name = decoded.span.extracting(path)
    var filter = ActivationFilter(namespace: UInt16(namespace.index))
    filter.since = query.since
    filter.upto = query.upto
    var reply = Reply(.ok)
    if query.page.countsOnly {
      ActivationWriter.writeCount(of: activations, filter, name: name, skip: query.page.skip, into: &reply.body)
    } else {
      let page = ActivationPage(limit: query.page.limit, skip: query.page.skip, isFull: query.isFull)
      ActivationWriter.writeList(of: activations, filter, name: name, page: page, names: accounts, into: &reply.body)
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
