// Whether to look for work before the processor halts. The policy alone: looking and halting are the kernel's.

/// Waking from a halt takes longer than many a wait for the next frame, above all where a hypervisor does it: looking for the frame meanwhile,
/// as Linux's guests do (Documentation/virt/guest-halt-polling.rst), is then sooner. Where the host has no core to spare it is later, since
/// the look keeps it from bringing the frame. So both ways are measured by how long the waits last, and the one with the shorter is taken;
/// from time to time the other is tried. An idle machine halts: there looking makes no wait shorter.
public struct HaltPoll: Sendable, BitwiseCopyable {
  /// The longest that it looks; zero where it always halts at once.
  public let longest: Interval
  /// The usual way, and that of the wait that is on.
  private var looksUsually = false
  private var looks = false
  /// Waits until the way changes, for a trial of the other or back.
  private var left = Self.shortestPhase
  /// Waits between two trials.
  private var phase = Self.shortestPhase
  /// How long waits of the usual way last: nanoseconds, an average that forgets old ones.
  private var usual: UInt64 = 0
  /// All waits of the trial that is on: nanoseconds.
  private var trial: UInt64 = 0

  /// Longer than a client on the same host takes from an answer to its next request. (Linux's guests have 200; what is looked in vain under load is
  /// missing where the frames come from.)
  public static var standard: Interval { .microseconds(50) }
  /// Waits of a trial.
  private static var trialLength: UInt16 { 32 }
  private static var shortestPhase: UInt16 { 128 }
  private static var longestPhase: UInt16 { 2048 }

  public init(longest: Interval) { self.longest = longest }

  /// How long to look before the halt that is next.
  @inline(__always)
  public var window: Interval { looks ? longest : .zero }

  /// To be told how long each wait lasted, until the processor was awake and the work there.
  @inline(__always)
  public mutating func ended(after time: Interval) {
    // A wait that is longer than any look says no more than that.
    let length = min(time, longest + longest).nanoseconds
    left &-= 1
    if looks == looksUsually {
      usual = usual &- usual >> 5 &+ length >> 5
    } else {
      trial &+= length
      if isTrialLost { left = 0 }
    }
    if left == 0 { change() }
  }

  /// Whether the trial's waits, had there been no more of them, would be too long already. Looking has to be better by an eighth: it takes what
  /// others on the same host might use.
  private var isTrialLost: Bool {
    let bound = usual &* UInt64(Self.trialLength)
    return trial >= (looks ? bound &- bound / 8 : bound &+ bound / 8)
  }

  @inline(never)
  private mutating func change() {
    if looks == looksUsually {
      looks = !looks && longest > .zero
      trial = 0
      left = Self.trialLength
      return
    }
    if isTrialLost {
      looks = looksUsually
      phase = min(Self.longestPhase, phase &* 2)
    } else {
      looksUsually = looks
      usual = trial / UInt64(Self.trialLength)
      phase = Self.shortestPhase
    }
    left = phase
  }
}
