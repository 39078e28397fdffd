// SIGINT, SIGTERM and SIGHUP, taken as the wish to stop.

import Foundation
internal import HostSupport

/// The signals that ask this process to stop, from the moment this is made. None is lost.
public final class StopSignals: Sendable {
  private let taken = Monitor(false)

  /// To be made on the main thread, before other threads: those it starts later hold the signals back as well.
  public init() { hostHoldSignals() }

  /// Calls `action`, on a thread of its own, at each signal, those that came before among them.
  public func handle(_ action: @escaping @Sendable () -> Void) {
    let taken = taken
    Thread.detachNewThread {
      while true {
        _ = hostNextSignal()
        taken.update { $0 = true }
        action()
      }
    }
  }

  /// Whether a signal was handled.
  public var arrived: Bool { taken.read { $0 } }
}
