// From spawning QEMU to the first answered request, and how long that takes.

import Foundation

/// When a virtual machine reached which point, counted from spawning QEMU.
public struct BootTime: Equatable, Sendable {
  /// The console said that the kernel serves.
  public var readyLine: Duration
  /// The first request was answered.
  public var firstAnswer: Duration
  /// What the kernel said with its ready line.
  public var message: String

  /// From the kernel's entry to ready, by its own clock; nil where it does not say "after N ms".
  public var guestTime: Duration? {
    let words = message.split(whereSeparator: { " ,".contains($0) })
    guard let unit = words.firstIndex(of: "ms"), unit >= 2, words[unit - 2] == "after", let time = Double(words[unit - 1]) else {
      return nil
    }
    return .microseconds((time * 1000).rounded())
  }
}

extension VirtualMachine {
  /// Waits until the kernel serves: its ready line, then `GET /healthz` answered with 200.
  ///
  /// No connection is tried before the ready line, since QEMU's user network accepts it on the guest's behalf and then waits.
  public func waitUntilServing(timeout: Duration) throws(HostError) -> BootTime {
    let deadline = spawned + timeout
    let line = try waitForReadyLine(until: deadline)
    guard let port = plan.hostPort else { throw HostError(.badValue, "This machine has no port that could be asked.") }
    var last = "no answer"
    while ContinuousClock.now < deadline {
      if let exit { throw deathReport(exit) }
      do throws(HTTPError) {
        let left = max(100, Int((deadline - .now) / .milliseconds(1)))
        var connection = try HTTPConnection(port: port, timeout: left)
        let status = try connection.exchange("GET", "/healthz").status
        if status == 200 {
          return BootTime(
            readyLine: line.time - spawned, firstAnswer: ContinuousClock.now - spawned, message: line.readiness ?? "")
        }
        last = "GET /healthz was answered \(status)"
      } catch {
        if case .system(let error) = error { last = "\(error)" } else { last = "\(error)" }
      }
      Thread.sleep(forTimeInterval: 0.002)
    }
    var error = lateError(deadline)
    error.problem += " It said that it is ready, but: \(last)."
    throw error
  }
}

/// The boot times of several machines started one after the other.
public struct BootMeasurement: Sendable, CustomStringConvertible {
  public private(set) var times: [BootTime] = []

  /// Boots `plan` `count` times, each on a free port, and stops it.
  public init(plan: LaunchPlan, program: String, count: Int, timeout: Duration = .seconds(30)) throws(HostError) {
    for _ in 0..<count {
      var plan = plan
      do throws(SystemError) { plan.network = .user(hostPort: try Port.free()) } catch {
        throw HostError(.port, "No port is free: \(error).")
      }
      let machine = try VirtualMachine(plan: plan, program: program, lifetime: timeout + .seconds(5))
      defer { machine.stop() }
      times.append(try machine.waitUntilServing(timeout: timeout))
    }
  }

  /// The median of one of the times; zero where there are none.
  public func median(_ time: KeyPath<BootTime, Duration>) -> Duration {
    Self.median(times.map { $0[keyPath: time] }) ?? .zero
  }

  /// The median of what the kernel's own clock says; nil where it says nothing.
  public var medianGuestTime: Duration? { Self.median(times.compactMap(\.guestTime)) }

  private static func median(_ durations: [Duration]) -> Duration? {
    let sorted = durations.sorted()
    if sorted.isEmpty { return nil }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  public var description: String {
    let all = times.map(\.firstAnswer)
    let range = "\((all.min() ?? .zero).milliseconds) to \((all.max() ?? .zero).milliseconds)"
    return "median \(median(\.firstAnswer).milliseconds) from spawning QEMU to the first answer "
      + "(\(range), \(times.count) boots); console ready after \(median(\.readyLine).milliseconds)"
  }
}

extension Duration {
  /// In milliseconds, rounded: "143 ms".
  public var milliseconds: String { "\(Int((self / .milliseconds(1)).rounded())) ms" }
}
