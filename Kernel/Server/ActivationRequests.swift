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
    _ = try authorize(route.namespace, bytes)
    throw .notFound
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

  /// A web action: who may call it, and how.
  @_optimize(size) @inline(never)
  mutating func judgeWebAction(
    _ route: Route, _ bytes: Span<UInt8>, _ pending: inout PendingRequest
  ) throws(APIError) -> Decision {
    throw .notFound
  }
}
