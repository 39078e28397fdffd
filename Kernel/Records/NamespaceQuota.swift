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

/// What a namespace may ask for; the same for all.
public struct QuotaSettings: Equatable, Sendable, BitwiseCopyable {
  /// The largest number that OpenWhisk's clients read, which stands for no bound.
  public static var unbounded: UInt32 { UInt32(Int32.max) }

  /// Invocations that may begin a minute, and as many firings of triggers; at most `TokenBucket.largestBurst` where it is a bound.
  public var perMinute = unbounded
  /// How many of them may come at once; not below `perMinute`.
  public var burst = unbounded
  /// Invocations that may be waiting and running.
  public var concurrent = unbounded

  public init() {}

  public var hasRate: Bool { perMinute < Self.unbounded }
  public var hasConcurrency: Bool { concurrent < Self.unbounded }
  /// Whether there is anything to look at.
  public var isBounded: Bool { hasRate || hasConcurrency }
}

/// What one namespace has used of its quota.
///
/// The invocations that are in flight are the caller's to count: they are where they wait, so none can be forgotten.
public struct NamespaceQuota: Sendable, BitwiseCopyable {
  /// Where a bucket is empty, the minute before has seen `perMinute` admitted at least, since no burst is smaller. So the count in a refusal's
  /// text is never below what is allowed.
  private var bucket: TokenBucket
  /// Refused since the bucket last gave.
  private var refused: UInt32 = 0

  public init(_ settings: QuotaSettings, now: Instant) {
    bucket = TokenBucket(perMinute: settings.perMinute, burst: max(settings.perMinute, settings.burst), now: now)
  }

  /// Admits one invocation, or says why not. As in OpenWhisk, what is refused for concurrency counts in its minute.
  @_optimize(size) @inline(never)
  public mutating func admit(_ settings: QuotaSettings, inFlight: UInt32, now: Instant) -> QuotaRefusal? {
    if settings.hasRate {
      guard bucket.take(now: now) else {
        refused = refused < .max &- bucket.perMinute ? refused &+ 1 : refused
        return .rate(count: bucket.perMinute &+ refused, allowed: bucket.perMinute)
      }
      refused = 0
    }
    return inFlight < settings.concurrent ? nil : .concurrency(count: inFlight, allowed: settings.concurrent)
  }
}
