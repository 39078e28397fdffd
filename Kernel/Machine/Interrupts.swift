// The two interrupts that the kernel takes, and waiting for them.
//
// Interrupts are off in the kernel but for the halt, so the handlers below run either out of `wait` or out of user mode.

import Base
import CBoot

public enum Interrupts {
  /// Set once at boot.
  nonisolated(unsafe) private static var apic: LocalAPIC? = nil
  /// The virtio-mmio window whose interrupt has to be acknowledged there; zero with MSI-X.
  nonisolated(unsafe) private static var deviceWindow: UInt64 = 0
  /// When the timer is to go off; nil where no interrupt of it is to come. Until `timerWentOff` one is outstanding, whatever the clock says.
  nonisolated(unsafe) private static var timerEnd: Instant? = nil
  /// What answers the network while an action computes.
  nonisolated(unsafe) private static var networkService: (() -> Void)? = nil

  static func initialise(apic controller: LocalAPIC) {
    // SAFETY: boot, before any interrupt.
    unsafe apic = controller
  }

  /// Routes the network card's interrupt: line `line` of the I/O APIC, from the virtio-mmio device at `window`.
  public static func routeNetwork(line: UInt8, window: UInt64) {
    // SAFETY: boot, with interrupts off.
    unsafe deviceWindow = window
    guard let controller = unsafe apic else { return }
    IOAPIC.route(line: line, vector: Vector.network, to: controller.identifier)
  }

  /// `service` is called when the network card interrupts a running action.
  public static func setNetworkService(_ service: @escaping () -> Void) {
    // SAFETY: boot, with interrupts off.
    unsafe networkService = service
  }

  /// Halts until an interrupt, or until `deadline`. What was pending before ends it at once.
  public static func wait(until deadline: Instant, clock: Clock) {
    let now = clock.now
    guard deadline > now else { return }
    setTimer(deadline == .distantFuture ? .seconds(3600) : deadline - now, now)
    haltWithInterrupts()
  }

  /// Interrupts within `interval` from `now`: at the latest after four seconds, and sooner where the timer is set to an earlier time already.
  /// Who is woken early looks at the clock and sets it anew. Setting it costs more than all else that an invocation asks of the machine.
  static func setTimer(_ interval: Interval, _ now: Instant) {
    // The timer counts at 1 GHz, so ticks are nanoseconds; zero would stop it.
    let ticks = max(1, min(interval.nanoseconds, 4_000_000_000))
    let end = now + Interval(nanoseconds: ticks)
    // SAFETY: the variables are used with interrupts off only.
    if let set = unsafe timerEnd, set <= end { return }
    guard let controller = unsafe apic else { return }
    unsafe timerEnd = end
    controller.interrupt(after: UInt32(truncatingIfNeeded: ticks))
  }

  /// Takes the timer's interrupt.
  static func timerWentOff() {
    // SAFETY: as in `setTimer`.
    unsafe timerEnd = nil
    endOfInterrupt()
  }

  static func endOfInterrupt() {
    // SAFETY: set at boot.
    if let controller = unsafe apic { controller.endOfInterrupt() }
  }

  /// Takes the card's interrupt: acknowledges it in the card (virtio 1.2 §4.2.2) and in the controller.
  static func acknowledgeNetwork() {
    // SAFETY: the window is that of a virtio-mmio device that the driver found.
    let window = unsafe deviceWindow
    if window != 0 { volatileStore32(window &+ 0x64, volatileLoad32(window &+ 0x60)) }
    endOfInterrupt()
  }

  static func serviceNetwork() {
    // SAFETY: set at boot, not changed since.
    if let service = unsafe networkService { service() }
  }
}
