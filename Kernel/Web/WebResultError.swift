import HTTP

/// Why a result is no response. The words are OpenWhisk's.
enum WebResultError: UInt8, Error, Sendable, BitwiseCopyable {
  case notHTTP, notJSON, notHTML, notSVG
  case noProperty
  case unknownMedia, otherMedia
  case failed

  var status: HTTPStatus { self == .noProperty ? .notFound : .badRequest }

  var text: StaticString {
    switch self {
    case .notHTTP: "Response is not valid 'message/http'."
    case .notJSON: "Response is not valid 'application/json'."
    case .notHTML: "Response is not valid 'text/html'."
    case .notSVG: "Response is not valid 'image/svg+xml'."
    case .noProperty: "Response does not include requested property."
    case .unknownMedia: "Response did not specify a known content-type."
    case .otherMedia: "Response type in header did not match generated content type."
    case .failed: "There was an error processing your request."
    }
  }
}
