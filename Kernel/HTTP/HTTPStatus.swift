/// A status code with its reason phrase (RFC 9110 §15).
public struct HTTPStatus: Equatable, Sendable, BitwiseCopyable {
  public let code: UInt16

  @inlinable public init(_ code: UInt16) { self.code = code }

  public static let `continue` = HTTPStatus(100)
  public static let ok = HTTPStatus(200)
  public static let accepted = HTTPStatus(202)
  public static let noContent = HTTPStatus(204)
  public static let notModified = HTTPStatus(304)
  public static let badRequest = HTTPStatus(400)
  public static let unauthorized = HTTPStatus(401)
  public static let forbidden = HTTPStatus(403)
  public static let notFound = HTTPStatus(404)
  public static let methodNotAllowed = HTTPStatus(405)
  public static let requestTimeout = HTTPStatus(408)
  public static let conflict = HTTPStatus(409)
  public static let contentTooLarge = HTTPStatus(413)
  public static let uriTooLong = HTTPStatus(414)
  public static let unsupportedMediaType = HTTPStatus(415)
  public static let expectationFailed = HTTPStatus(417)
  public static let tooManyRequests = HTTPStatus(429)
  public static let headerFieldsTooLarge = HTTPStatus(431)
  public static let internalServerError = HTTPStatus(500)
  public static let notImplemented = HTTPStatus(501)
  public static let badGateway = HTTPStatus(502)
  public static let serviceUnavailable = HTTPStatus(503)
  public static let versionNotSupported = HTTPStatus(505)
  public static let insufficientStorage = HTTPStatus(507)

  /// Whether a response with this status never has a body (RFC 9110 §6.4.1).
  public var forbidsBody: Bool { code < 200 || code == 204 || code == 304 }

  /// The code and its reason phrase, as in a status line.
  public var line: StaticString {
    switch code {
    case 100: "100 Continue"
    case 200: "200 OK"
    case 202: "202 Accepted"
    case 204: "204 No Content"
    case 304: "304 Not Modified"
    case 400: "400 Bad Request"
    case 401: "401 Unauthorized"
    case 403: "403 Forbidden"
    case 404: "404 Not Found"
    case 405: "405 Method Not Allowed"
    case 408: "408 Request Timeout"
    case 409: "409 Conflict"
    case 413: "413 Content Too Large"
    case 414: "414 URI Too Long"
    case 415: "415 Unsupported Media Type"
    case 417: "417 Expectation Failed"
    case 429: "429 Too Many Requests"
    case 431: "431 Request Header Fields Too Large"
    case 501: "501 Not Implemented"
    case 502: "502 Bad Gateway"
    case 503: "503 Service Unavailable"
    case 505: "505 HTTP Version Not Supported"
    case 507: "507 Insufficient Storage"
    default: "500 Internal Server Error"
    }
  }
}
