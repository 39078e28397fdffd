// When an alarm fires. Times are milliseconds since 1970-01-01 00:00 UTC.

public import Base

/// The feeds of OpenWhisk's alarms package.
public enum AlarmFeed: UInt8, Sendable, BitwiseCopyable {
  /// By a cron expression.
  case alarm
  /// Each so many minutes.
  case interval
  /// At one time.
  case once
}

/// What becomes of an alarm's trigger once it has fired for the only time.
public enum DeleteAfterFire: UInt8, Sendable, BitwiseCopyable {
  case no, trigger
  /// The trigger, and its rules.
  case rules

  var text: StaticString {
    switch self {
    case .no: "false"
    case .trigger: "true"
    case .rules: "rules"
    }
  }
}

/// A schedule.
public struct AlarmTimes: Sendable, BitwiseCopyable {
  public let feed: AlarmFeed
  /// Of `alarm`.
  public var cron: CronSchedule?
  /// Of `interval`: at least 1.
  public var minutes: UInt64 = 1
  /// Of `once`.
  public var date: UInt64 = 0
  /// Nothing fires before, and nothing after; both may be left out.
  public var start: UInt64?
  public var stop: UInt64?
  /// Of `once`.
  public var deletes = DeleteAfterFire.no

  public init(_ feed: AlarmFeed) { self.feed = feed }

  /// What an interval that names no beginning waits for first, as in OpenWhisk: time to make a rule for its trigger.
  public static var firstWait: UInt64 { 30_000 }

  /// When an alarm that is set at `now` fires first; nil for never.
  @_optimize(size) @inline(never)
  public func first(after now: UInt64) -> UInt64? {
    let time: UInt64? =
      switch feed {
      case .once: date > now ? date : nil
      case .interval: next(of: start ?? now &+ Self.firstWait, after: now)
      case .alarm: cron(from: max(now &+ 1, start ?? 0))
      }
    return time.flatMap { isOver($0) ? nil : $0 }
  }

  /// When it fires after it was due at `due` and is looked at at `now`: times that were missed are not made up for; nil for never again.
  @_optimize(size) @inline(never)
  public func following(_ due: UInt64, at now: UInt64) -> UInt64? {
    let time: UInt64? =
      switch feed {
      case .once: nil
      case .interval: next(of: due &+ step, after: now)
      case .alarm: cron(from: max(now, due) &+ 1)
      }
    return time.flatMap { isOver($0) ? nil : $0 }
  }

  private func isOver(_ time: UInt64) -> Bool { stop.map { time > $0 } ?? false }

  private var step: UInt64 { max(1, minutes) &* 60_000 }

  /// The first of `time` and what follows it by whole steps that is later than `now`.
  private func next(of time: UInt64, after now: UInt64) -> UInt64 {
    time > now ? time : time &+ ((now &- time) / step &+ 1) &* step
  }

  /// The first match that is not before `time`.
  private func cron(from time: UInt64) -> UInt64? {
    guard let second = cron?.next(after: (time &+ 999) / 1_000 &- 1) else { return nil }
    return second &* 1_000
  }
}
