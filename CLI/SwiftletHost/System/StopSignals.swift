// SIGINT, SIGTERM and SIGHUP, taken as the wish to stop; and signals held back.

import Foundation
internal import Glibc

/// Sets of signals.
enum SignalSet {
  static func stopping() -> sigset_t {
    var set = sigset_t()
    // SAFETY: the calls write the set alone.
    unsafe sigemptyset(&set)
    for signal in [SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&set, signal) }
    return set
  }

  static func all() -> sigset_t {
    var set = sigset_t()
    // SAFETY: the call writes the set alone.
    unsafe sigfillset(&set)
    return set
  }

  /// Calls `body` with all signals held back from this thread.
  static func withAllHeld<Result>(_ body: () -> Result) -> Result {
    var all = all()
    var before = sigset_t()
    // SAFETY: the calls read and write the two sets alone.
    unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    return body()
  }
}

/// The signals that ask this process to stop, from the moment this is made. None is lost.
public final class StopSignals: Sendable {
  private let taken = Monitor(false)

  /// To be made on the main thread, before other threads: those it starts later hold the signals back as well.
  public init() {
    var set = SignalSet.stopping()
    // SAFETY: the call reads the set alone.
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  /// Calls `action`, on a thread of its own, at each signal, those that came before among them.
  public func handle(_ action: @escaping @Sendable () -> Void) {
    let taken = taken
    Thread.detachNewThread {
      var set = SignalSet.stopping()
      while true {
        var signal: Int32 = 0
        // SAFETY: the call reads the set and writes the number alone.
        _ = unsafe sigwait(&set, &signal)
        taken.update { $0 = true }
        action()
      }
    }
  }

  /// Whether a signal was handled.
  public var arrived: Bool { taken.read { $0 } }
}
