// Whether a kernel serves, whether another program has its port, and whether the key is right.

public enum ServerChecks {
  public static func all(_ client: APIClient) -> [Check] {
    var health = APIRequest("GET", "/healthz")
    health.timeout = 3000
    let endpoint = client.settings.endpoint
    do throws(APIError) {
      let status = try client.send(health).response.status
      guard status == 200 else { return [foreign(endpoint, "GET /healthz was answered \(status)")] }
    } catch {
      guard case .unreachable = error else { return [foreign(endpoint, error.hostError(from: endpoint, about: "page /healthz").problem)] }
      return [Check("API", .absent, "nothing answers on \(endpoint)", remedy: "swiftlet run")] + free(endpoint)
    }
    return [Check("API", .ok, "\(endpoint) answers"), key(client)]
  }

  /// Something listens there that is no kernel, or one that is ill.
  private static func foreign(_ endpoint: Endpoint, _ why: String) -> Check {
    Check(
      "port", .missing, "\(endpoint.port) is in use, and not by a kernel that serves: \(why)",
      remedy: "See who has it: ss -ltnp 'sport = :\(endpoint.port)'. Or: swiftlet run --port, and --host here")
  }

  private static func free(_ endpoint: Endpoint) -> [Check] {
    guard endpoint.address == .loopback else { return [] }
    do throws(SystemError) {
      try Port.check(endpoint.port)
      return [Check("port", .ok, "\(endpoint.port) is free for 'swiftlet run'")]
    } catch {
      return [Check("port", .missing, "\(endpoint.port) cannot be listened on: \(error)", remedy: "swiftlet run --port NUMBER")]
    }
  }

  private static func key(_ client: APIClient) -> Check {
    let request = APIRequest("GET", APIRequest.path("actions"), query: [.init("limit", "1")])
    let user = client.settings.credentials.userAndKey.prefix { $0 != ":" }
    do throws(APIError) {
      _ = try client.call(request)
      return Check("key", .ok, "that of '\(user)' is accepted")
    } catch {
      let told = error.hostError(from: client.settings.endpoint, about: "list of actions")
      return Check("key", .missing, told.problem, remedy: told.remedy)
    }
  }
}
