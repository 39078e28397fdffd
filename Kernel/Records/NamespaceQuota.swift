// How much one namespace may ask for, and the words for more.

public import Base

/// Why an invocation was not admitted.
public enum QuotaRefusal: Equatable, Sendable, BitwiseCopyable {
  /// Requests of the last minute, this one included.
  case rate(count: UInt32, allowed: UInt32)
  /// Invocations that are under way.
  case concurrency(count: UInt32, allowed: UInt32)

  /// Writes OpenWhisk's sentence; it needs no JSON escapes.
  @_optimize(size) @inline(never)
  public func write(into text: inout TextWriter) {
    let numbers: (count: UInt32, allowed: UInt32)
    switch self {
    case .rate(let count, let allowed):
      text.write("Too many requests in the last minute (count: ")
      numbers = (count, allowed)
    case .concurrency(let count, let allowed):
      text.write("Too many concurrent requests in flight (count: ")
      numbers = (count, allowed)
    }
    text.write(decimal: UInt64(numbers.count))
    text.write(", allowed: ")
    text.write(decimal: UInt64(numbers.allowed))
    text.write(").")
  }
}

/// The invocations that a namespace may have a minute and at once.
public struct NamespaceQuota: Sendable, BitwiseCopyable {
  /// A minute's invocations may come at once. So of those that came in the minute before a refusal at least `perMinute` were admitted,
  /// and the count in the refusal's text is never below what is allowed.
  private var bucket: TokenBucket
  /// Refused since the bucket last gave.
  private var refused: UInt32 = 0
  public let concurrent: UInt32
  /// Invocations that were begun and not ended.
  public private(set) var inFlight: UInt32 = 0

  /// `perMinute` is at most `TokenBucket.largestBurst`.
  public init(perMinute: UInt32, concurrent: UInt32, now: Instant) {
    bucket = TokenBucket(perMinute: min(perMinute, TokenBucket.largestBurst), burst: perMinute, now: now)
    self.concurrent = concurrent
  }

  public var perMinute: UInt32 { bucket.perMinute }

  /// Admits one invocation, which `end` must follow; or says why not. As in OpenWhisk, what is refused for concurrency counts in its minute.
  public mutating func begin(now: Instant) -> QuotaRefusal? {
    guard bucket.take(now: now) else {
      refused = refused < .max &- perMinute ? refused &+ 1 : refused
      return .rate(count: perMinute &+ refused, allowed: perMinute)
    }
    refused = 0
    guard inFlight < concurrent else { return .concurrency(count: inFlight, allowed: concurrent) }
    inFlight &+= 1
    return nil
  }

  /// An invocation that was admitted has ended.
  public mutating func end() { inFlight &-= inFlight > 0 ? 1 : 0 }
}
