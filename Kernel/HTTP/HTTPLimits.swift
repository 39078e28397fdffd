// The bounds on what a client may send, and how long it may take. Each has an answer: 408, 413, 414, 431.

public import Base

/// Limits on requests; all are settings of the server.
public struct HTTPLimits: Sendable, BitwiseCopyable {
  /// Bytes of the request line without its line end; longer is 414.
  public var requestLine: Int
  /// Bytes of all header lines with their line ends; more is 431.
  public var headerBytes: Int
  /// Bytes of a request body after decoding; more is 413.
  public var bodyBytes: Int
  /// Time a connection may stay open with no request on it; then it is closed without an answer.
  public var idleTime: Interval
  /// Time from the first byte of a request to the end of its head; then 408.
  public var headTime: Interval
  /// Time in which a body must make some progress; then 408.
  public var bodyStallTime: Interval

  /// Header lines in one request; more is 431. It is the capacity of `RequestHead`.
  public static let headerCount = 64

  /// Offsets in a head are 16 bits wide, so the two byte limits are cut to 16 KiB and 32 KiB.
  public init(
    requestLine: Int = 8 << 10, headerBytes: Int = 16 << 10, bodyBytes: Int = 1 << 20,
    idleTime: Interval = .seconds(60), headTime: Interval = .seconds(15), bodyStallTime: Interval = .seconds(30)
  ) {
    self.requestLine = max(64, min(requestLine, 16 << 10))
    self.headerBytes = max(64, min(headerBytes, 32 << 10))
    self.bodyBytes = max(0, bodyBytes)
    self.idleTime = idleTime
    self.headTime = headTime
    self.bodyStallTime = bodyStallTime
  }

  /// The longest head that can be accepted: a connection must be able to buffer this much unread.
  public var headBytes: Int { requestLine &+ headerBytes &+ 8 }
}
