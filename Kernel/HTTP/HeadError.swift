/// Why a request's head is refused. The connection cannot be used after any of these: where the next request
/// would begin is not known.
public enum HeadError: UInt8, Error, Sendable, BitwiseCopyable {
  case malformedRequestLine, invalidTarget, targetTooLong, methodTooLong, unsupportedVersion
  case bareLineFeed, bareCarriageReturn, foldedHeader, malformedHeader, invalidHeaderValue
  case headersTooLarge, tooManyHeaders
  case missingHost, repeatedHost, invalidHost
  case invalidContentLength, conflictingContentLength, lengthWithTransferEncoding
  case malformedTransferEncoding, unsupportedTransferEncoding, transferEncodingInOldVersion
  case unsupportedExpectation

  public var status: HTTPStatus {
    switch self {
    case .targetTooLong: .uriTooLong
    case .unsupportedVersion: .versionNotSupported
    case .headersTooLarge, .tooManyHeaders: .headerFieldsTooLarge
    case .methodTooLong, .unsupportedTransferEncoding: .notImplemented
    case .unsupportedExpectation: .expectationFailed
    default: .badRequest
    }
  }

  /// What is wrong, for the client's developer; needs no JSON escapes.
  public var text: StaticString {
    switch self {
    case .malformedRequestLine: "The request line is malformed."
    case .invalidTarget: "The request target is not valid."
    case .targetTooLong: "The request line is too long."
    case .methodTooLong: "The request method is not supported."
    case .unsupportedVersion: "Only HTTP/1.1 and HTTP/1.0 are supported."
    case .bareLineFeed: "A line ends in LF without CR."
    case .bareCarriageReturn: "A CR is not followed by LF."
    case .foldedHeader: "Header lines must not be folded."
    case .malformedHeader: "A header name is malformed."
    case .invalidHeaderValue: "A header value holds a control character."
    case .headersTooLarge: "The request headers are too large."
    case .tooManyHeaders: "The request has too many headers."
    case .missingHost: "The Host header is missing."
    case .repeatedHost: "The Host header is given more than once."
    case .invalidHost: "The Host header is not valid."
    case .invalidContentLength: "The Content-Length header is not a number."
    case .conflictingContentLength: "The Content-Length headers differ."
    case .lengthWithTransferEncoding: "Content-Length and Transfer-Encoding must not both be given."
    case .malformedTransferEncoding: "The Transfer-Encoding must end in chunked, given once."
    case .unsupportedTransferEncoding: "Only the transfer coding chunked is supported."
    case .transferEncodingInOldVersion: "HTTP/1.0 has no Transfer-Encoding."
    case .unsupportedExpectation: "The only expectation supported is 100-continue."
    }
  }
}
