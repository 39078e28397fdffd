import Foundation

/// A value that threads share, and wait on: it is only reached with the lock held, and every change wakes who waits.
final class Monitor<Value: Sendable>: @unchecked Sendable {
  private let condition = NSCondition()
  private var value: Value

  init(_ value: Value) { self.value = value }

  func read<Result>(_ body: (Value) -> Result) -> Result {
    condition.withLock { body(value) }
  }

  func update<Result>(_ body: (inout Value) -> Result) -> Result {
    condition.withLock {
      defer { condition.broadcast() }
      return body(&value)
    }
  }

  /// Waits until `body` returns something, or until `deadline`; then nil.
  func wait<Result>(until deadline: ContinuousClock.Instant, for body: (inout Value) -> Result?) -> Result? {
    condition.withLock {
      while true {
        if let result = body(&value) { return result }
        let left = deadline - .now
        if left <= .zero { return nil }
        _ = condition.wait(until: Date(timeIntervalSinceNow: left / .seconds(1)))
      }
    }
  }
}
