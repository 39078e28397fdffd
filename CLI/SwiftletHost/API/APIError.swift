// Why the API gave no answer that can be used, and how that is told to the user.

/// A call that failed.
public enum APIError: Error, Equatable, Sendable {
  /// No connection came about.
  case unreachable(SystemError)
  /// The connection was made and gave no response.
  case noResponse(HTTPError)
  /// The server answered with an error. `text` is its own, or the body's start where that is not the API's; `code` is the
  /// transaction's identifier.
  case refused(status: Int, text: String, code: String?)
  /// A success whose body is not what the API says.
  case unexpected(String)

  /// From a response that is no success.
  public init(_ response: HTTPResponse) {
    let body = try? JSON(parsing: response.body)
    let text = body?["error"]?.string ?? String(response.text.prefix(200)).trimmingCharacters(in: .whitespacesAndNewlines)
    self = .refused(status: response.status, text: text.isEmpty ? response.reason : text, code: body?["code"]?.text)
  }
}

extension JSON {
  /// A string's text, or a number's: OpenWhisk's `code` is either.
  var text: String? { if case .number(let digits) = self { digits } else { string } }
}

extension APIError {
  /// The error for the user. `subject` is what the call was about, such as "action 'hello'".
  public func hostError(from endpoint: Endpoint, about subject: String) -> HostError {
    switch self {
    case .unreachable(let error):
      return HostError(
        .unavailable, "Nothing answers on \(endpoint): \(error).",
        remedy: "Boot the kernel with 'swiftlet run', or name another place with --host or SWIFTLET_HOST.")
    case .noResponse(.system(let error)) where error.isTimeout:
      return HostError(
        .notReady, "\(endpoint) gave no answer in time.", remedy: "See the kernel's console; 'swiftlet doctor' looks at the rest.")
    case .noResponse(.closed(0)), .noResponse(.system):
      return HostError(
        .unavailable, "\(endpoint) took the connection and closed it without an answer.",
        remedy: "Is the kernel still booting, or has it ended? See its console.")
    case .noResponse(.closed):
      return HostError(.badReply, "\(endpoint) closed the connection in the middle of its answer.", remedy: "See the kernel's console.")
    case .noResponse(.malformed(let what)):
      return HostError(
        .badReply, "What answers on \(endpoint) does not speak HTTP: \(what).", remedy: "Name the kernel's address with --host.")
    case .unexpected(let what):
      return HostError(
        .badReply, "\(endpoint) answered what this command does not understand: \(what).", remedy: "-v shows the request and its answer.")
    case .refused(let status, let text, let code):
      return Self.refusal(status, text, code, endpoint, subject)
    }
  }

  private static func refusal(_ status: Int, _ text: String, _ code: String?, _ endpoint: Endpoint, _ subject: String) -> HostError {
    let request = code.map { ", request \($0)" } ?? ""
    func error(_ kind: HostError.Kind, _ problem: String, _ remedy: String?) -> HostError {
      HostError(kind, problem + " (\(status)\(request))", remedy: remedy)
    }
    switch status {
    case 401:
      return error(
        .denied, "\(endpoint) does not accept the key: \(text)", "Give the key of the kernel's auth= with --auth or SWIFTLET_AUTH.")
    case 403: return error(.denied, "\(subject): \(text)", "The key is for another namespace.")
    case 404:
      let list = subject.hasPrefix("action ") ? "'swiftlet list' shows the actions there are." : nil
      return error(.notFound, "There is no \(subject) on \(endpoint): \(text)", list)
    case 409: return error(.exists, "\(subject): \(text)", nil)
    case 408, 429, 503, 507: return error(.notReady, "\(subject): \(text)", "Try again in a moment.")
    case 413: return error(.badData, "\(subject): \(text)", "A machine with more memory takes more: swiftlet run --memory 256M")
    case 400, 405, 415, 422: return error(.badData, "\(subject): \(text)", nil)
    case 500: return error(.serverFault, "\(subject): \(text)", "This is a fault of the kernel: its console may say more.")
    case 502: return error(.actionFailed, "\(subject): \(text)", nil)
    default: return error(.badReply, "\(subject): \(text)", "-v shows the request and its answer.")
    }
  }
}
