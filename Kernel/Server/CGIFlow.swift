// What an action that was deployed with `env=true` or `cgi=true` is given, and the reply that a CGI program's output is.

import API
import Actions
import Base
import Bytes
import Entities
import HTTP
import Net
import Records

extension HTTPServer {
  /// Adds the environment of the connection's request, whose bytes are still the network's, to `request`.
  ///
  /// The head is parsed once more: it was not kept, so that requests which do not need this pay nothing for it.
  @_optimize(size)
  @inline(never)
  mutating func addEnvironment<Network: Transport & ~Copyable>(
    _ slot: Int, _ id: ConnectionID, _ action: ActionID, _ record: ActionRecord, _ activation: ActivationID,
    to request: inout InvocationRequest, _ network: inout Network, _ now: Instant
  ) throws(APIError) {
    var parser = HeadParser()
    guard (try? parser.parse(network.received(id), limits: settings.limits, into: &head)) == true else { throw .badPath }
    let namespace = NamespaceID(index: UInt8(truncatingIfNeeded: entities.actions.namespace(of: action) ?? 0))
    let values = EnvironmentValues(
      server: network.address?.bits ?? 0, client: network.remoteAddress(id)?.0.bits ?? 0, port: settings.port,
      bodyLength: connections[slot].request.bodyLength, isAuthenticated: !record.isPublic, activation: activation,
      deadline: wallClock(now) &+ UInt64(record.limits.timeoutMilliseconds))
    var text = TextWriter(capacity: 1024)
    try CGIEnvironment.write(
      head, network.received(id), values, name: entities.actions.name(of: action), namespace: accounts.name(of: namespace), into: &text)
    guard !text.isBroken, request.addEnvironment(block: text.finish()) else { throw .outOfMemory }
  }

  /// The reply that `output`, a CGI program's, is; `input` begins with the request. nil where memory is out.
  @_optimize(size)
  @inline(never)
  mutating func cgiMessage(
    _ slot: Int, _ output: borrowing ByteBuffer, _ activation: ActivationID, _ input: borrowing ByteBuffer, _ now: Instant
  ) -> ByteBuffer? {
    let context = context(slot, input.span, now)
    do throws(CGIError) {
      let head = try CGIHead(parsing: output.span)
      counters.count(head.status)
      return CGIResponse.render(output.span, head, context, activation: activation)
    } catch {
      var text = TextWriter()
      CGIResponse.write(error, into: &text)
      var reply = Reply(.badGateway, error: text.buffer, id: context.id)
      reply.activation = activation
      counters.count(reply.status.code)
      return reply.render(context)
    }
  }
}
