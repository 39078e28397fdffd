// The API's client: one connection that is kept, errors with types.

/// What came of a call.
public struct APIReply: Sendable {
  public var response: HTTPResponse
  /// From the request's first byte leaving to the response's last byte arriving; the connection was there before.
  public var roundTrip: Duration

  /// The body as JSON; throws where it is none.
  public func json() throws(APIError) -> JSON {
    do throws(JSONError) { return try JSON(parsing: response.body) } catch {
      throw .unexpected("\(error) of the answer")
    }
  }
}

/// A client of one server, for one thread.
public final class APIClient {
  public let settings: APISettings
  /// Takes a line for each request and each response.
  private let trace: ((String) -> Void)?
  private let showsKey: Bool
  private var connection: HTTPConnection?

  public init(_ settings: APISettings, showsKey: Bool = false, trace: ((String) -> Void)? = nil) {
    self.settings = settings
    self.showsKey = showsKey
    self.trace = trace
  }

  /// Sends `request` and returns its response, whatever its status is. `progress` is told how much of the body has gone.
  public func send(_ request: APIRequest, progress: (Int) -> Void = { _ in }) throws(APIError) -> APIReply {
    trace?(request.curl(to: settings, showingKey: showsKey))
    let isKept = connection != nil
    do throws(APIError) {
      return try exchange(request, progress)
    } catch {
      // A kept connection may have been closed for idleness meanwhile. What changes nothing can be asked again.
      guard isKept, request.method == "GET" else { throw error }
      return try exchange(request, progress)
    }
  }

  private func exchange(_ request: APIRequest, _ progress: (Int) -> Void) throws(APIError) -> APIReply {
    var connection = try take(timeout: request.timeout)
    let start = ContinuousClock.now
    let response: HTTPResponse
    do throws(HTTPError) {
      response = try Self.exchange(request, settings, on: &connection, progress)
    } catch {
      throw .noResponse(error)
    }
    let reply = APIReply(response: response, roundTrip: .now - start)
    if response.header("Connection")?.lowercased() != "close" { self.connection = consume connection }
    let time = Quantity.duration(microseconds: reply.roundTrip / .microseconds(1))
    trace?("  \(response.status) \(response.reason), \(Quantity.size(response.body.count)), \(time)")
    return reply
  }

  /// The connection that was kept, or a new one.
  private func take(timeout: Int) throws(APIError) -> HTTPConnection {
    if let kept = self.connection.take() {
      do throws(SystemError) { try kept.socket.setTimeout(timeout) } catch { throw .unreachable(error) }
      return kept
    }
    do throws(HTTPError) {
      return try HTTPConnection(to: settings.endpoint.address, port: settings.endpoint.port, timeout: timeout)
    } catch {
      if case .system(let error) = error { throw .unreachable(error) }
      throw .noResponse(error)
    }
  }

  private static func exchange(
    _ request: APIRequest, _ settings: APISettings, on connection: inout HTTPConnection, _ progress: (Int) -> Void
  ) throws(HTTPError) -> HTTPResponse {
    try connection.send(
      HTTPConnection.head(
        request.method, request.target, host: settings.endpoint.authority, credentials: settings.credentials.userAndKey,
        headers: request.mediaType.map { [("Content-Type", $0)] } ?? [], length: request.body?.count))
    var interruption: HTTPError?
    do throws(HTTPError) {
      try connection.send(request.body ?? [], progress: progress)
    } catch {
      // A server that refuses a long body answers before it has come, and closes.
      interruption = error
    }
    do throws(HTTPError) {
      return try connection.response(toHEAD: request.method == "HEAD")
    } catch {
      throw interruption ?? error
    }
  }
}

extension APIClient {
  /// Sends `request`; a status that is no success is an error.
  public func call(_ request: APIRequest, progress: (Int) -> Void = { _ in }) throws(APIError) -> APIReply {
    let reply = try send(request, progress: progress)
    guard (200..<300).contains(reply.response.status) else { throw APIError(reply.response) }
    return reply
  }

  /// As `call`, with the error that the user is told. `subject` is what it is about, such as "action 'hello'".
  public func json(_ request: APIRequest, about subject: String, progress: (Int) -> Void = { _ in }) throws(HostError) -> JSON {
    do throws(APIError) {
      return try call(request, progress: progress).json()
    } catch {
      throw error.hostError(from: settings.endpoint, about: subject)
    }
  }

  /// A list, page by page (OpenWhisk gives 200 at most): `limit` of it behind `skip`.
  public func list(_ request: APIRequest, about subject: String, limit: Int = 65_536, skip: Int = 0) throws(HostError) -> [JSON] {
    var all: [JSON] = []
    while true {
      var page = request
      let count = min(200, limit - all.count)
      page.query += [.init("limit", "\(count)"), .init("skip", "\(skip + all.count)")]
      guard let entries = try json(page, about: subject).array else {
        throw APIError.unexpected("the list is no array").hostError(from: settings.endpoint, about: subject)
      }
      all += entries
      if entries.count < count || all.count >= limit { return all }
    }
  }
}
