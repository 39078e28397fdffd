// A reply in the making and its rendering as one message.

public import Base
public import Bytes
public import HTTP
public import Records

/// What a reply's body is.
public enum MediaType: UInt8, Sendable, BitwiseCopyable {
  case json, text, binary, metrics, html
  /// What the reply's own lines say, if anything.
  case own

  /// The header line.
  var line: StaticString {
    switch self {
    case .own: ""
    case .json: "Content-Type: application/json\r\n"
    case .text: "Content-Type: text/plain; charset=utf-8\r\n"
    case .metrics: "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
    case .html: "Content-Type: text/html; charset=utf-8\r\n"
    case .binary: "Content-Type: application/octet-stream\r\n"
    }
  }
}

/// What every reply to one request has in common.
public struct ReplyContext: Sendable {
  public var id: RequestID
  /// Left out of the reply where it was never set.
  public var date: HTTPDate
  public var connection: ConnectionOption
  /// Whether the request's method is HEAD: the reply tells a length and has no body.
  public var isHead: Bool
  /// Whether scripts of other origins may read the reply.
  public var isAPI: Bool
  /// Whether scripts of other origins may use the resource as they like: a web action that leaves CORS to the server.
  public var isWeb: Bool

  public init(id: RequestID, date: HTTPDate, connection: ConnectionOption, isHead: Bool, isAPI: Bool, isWeb: Bool = false) {
    self.id = id
    self.date = date
    self.connection = connection
    self.isHead = isHead
    self.isAPI = isAPI
    self.isWeb = isWeb
  }
}

/// A whole reply.
public struct Reply: ~Copyable {
  public var status: HTTPStatus
  public var media: MediaType
  /// Whether the reply's own header lines say what scripts of other origins may do.
  public var hasOwnCORS = false
  /// Bytes at the front of `body` that are header lines of the reply's own, each with its line end. They have no writer of their own, so that
  /// a reply that has none is as small as can be.
  public private(set) var fieldsLength: UInt32 = 0
  public var body: TextWriter
  /// The value of an Allow header.
  public var allow: StaticString?
  /// Whether the client is told to try again, and in how many seconds.
  public var retries = false
  public var retrySeconds: UInt64 = 1
  /// The activation that the reply is about.
  public var activation: ActivationID?
  /// How long the invocation that the reply is about ran.
  public var runTime: Interval?

  /// A reply whose body is to be written.
  public init(_ status: HTTPStatus, _ media: MediaType = .json) {
    self.status = status
    self.media = media
    body = TextWriter()
  }

  /// A reply whose body is fixed.
  public init(_ status: HTTPStatus, _ media: MediaType, _ text: StaticString) {
    self.init(status, media)
    body.write(text)
  }

  /// `{"error": text, "code": id}`.
  public init(_ status: HTTPStatus, error text: StaticString, id: borrowing RequestID) {
    self.init(status)
    body.write("{\"error\":\"")
    body.write(text)
    body.write("\",\"code\":\"")
    body.write(id.span)
    body.write("\"}")
  }

  /// As `init(_:error:id:)`, with a text that is made up when it is needed.
  public init(_ status: HTTPStatus, error text: borrowing ByteBuffer, id: borrowing RequestID) {
    self.init(status)
    body.write("{\"error\":")
    body.write(json: text.span)
    body.write(",\"code\":\"")
    body.write(id.span)
    body.write("\"}")
  }

  /// The reply to `error`.
  public init(_ error: APIError, id: borrowing RequestID) {
    self.init(error.status, error: error.text, id: id)
    switch error {
    case .bodyMemory, .outOfMemory, .queueFull: retries = true
    default: break
    }
  }

  /// What was written to `body` until now are header lines; what is written from now on is the body.
  public mutating func endFields() { fieldsLength = UInt32(clamping: body.buffer.count) }

  /// The message's bytes; nil where memory is out.
  public consuming func render(_ context: borrowing ReplyContext) -> ByteBuffer? {
    guard !body.isBroken else { return nil }
    let fieldsLength = Int(fieldsLength)
    let length = body.buffer.count &- fieldsLength
    var writer = TextWriter(capacity: 512 &+ (context.isHead ? fieldsLength : body.buffer.count))
    writer.beginHead(status, date: context.date.span)
    writer.write("X-Request-ID: ")
    writer.write(context.id.span)
    if context.isAPI {
      writer.write(
        """
        \r
        Access-Control-Allow-Origin: *\r
        Access-Control-Allow-Headers: Authorization, Origin, X-Requested-With, Content-Type, Accept, User-Agent\r
        Access-Control-Allow-Methods: GET, DELETE, POST, PUT, HEAD\r
        Access-Control-Expose-Headers: X-Request-ID\r

        """)
    } else {
      writer.write("\r\n")
    }
    if context.isWeb && !hasOwnCORS { writer.writeWebCORS() }
    if status == .unauthorized && media != .own { writer.header("WWW-Authenticate", "Basic realm=\"OpenWhisk secure realm\"") }
    if let activation { activation.writeHeader(into: &writer) }
    if let runTime { Self.write(runTime, into: &writer) }
    if let allow { writer.header("Allow", allow) }
    if retries {
      writer.write("Retry-After: ")
      writer.write(decimal: retrySeconds)
      writer.write("\r\n")
    }
    if fieldsLength > 0 { writer.write(body.buffer.span.extracting(0..<fieldsLength)) }
    if status.forbidsBody {
      writer.endHead(length: nil, connection: context.connection)
    } else {
      writer.write(media.line)
      writer.endHead(length: length, connection: context.connection)
      if !context.isHead { writer.write(body.buffer.span.extracting(fieldsLength..<body.buffer.count)) }
    }
    return writer.isBroken ? nil : writer.finish()
  }

  /// Milliseconds with three decimals (W3C Server Timing §3).
  private static func write(_ runTime: Interval, into writer: inout TextWriter) {
    let rest = runTime.microseconds % 1_000
    writer.write("Server-Timing: run;dur=")
    writer.write(decimal: runTime.milliseconds)
    writer.write(rest < 10 ? ".00" : rest < 100 ? ".0" : ".")
    writer.write(decimal: rest)
    writer.write("\r\n")
  }
}

extension TextWriter {
  /// What OpenWhisk says to browsers of web actions; `headers` are those that the browser asks for, empty where it does not.
  @_optimize(size) @inline(never)
  public mutating func writeWebCORS(headers: Span<UInt8> = Span()) {
    header("Access-Control-Allow-Origin", "*")
    header("Access-Control-Allow-Methods", "OPTIONS, GET, DELETE, POST, PUT, HEAD, PATCH")
    if headers.count > 0 {
      header("Access-Control-Allow-Headers", headers)
    } else {
      header("Access-Control-Allow-Headers", "Authorization, Origin, X-Requested-With, Content-Type, Accept, User-Agent")
    }
  }
}
