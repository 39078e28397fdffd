// How a virtual machine ended, from QEMU's exit status. The kernel ends QEMU through isa-debug-exit, where a value v gives the status 2v+1.

/// The end of a QEMU process.
public enum ExitReport: Equatable, Sendable {
  /// The kernel stopped in order (v = 0x00).
  case stopped
  /// The kernel panicked (v = 0x10), having said why on the console.
  case panicked
  /// The guest reset itself or switched itself off; under `-no-reboot` a triple fault looks so, too.
  case reset
  /// QEMU could not go on; its own message says why.
  case emulatorFailed(message: String)
  /// A signal ended QEMU.
  case signalled(Int32)
  /// Another status.
  case other(Int32)

  /// The exit status of QEMU after a kernel panic.
  public static let panicStatus: Int32 = 33

  /// `status` is the exit status, or 256 plus a signal; `errors` is what QEMU wrote on its standard error.
  public init(status: Int32, errors: [String]) {
    // QEMU's own failures have the status of an orderly stop, but come with a message.
    let message = errors.last { $0.hasPrefix("qemu") }
    switch status {
    case 0: self = .reset
    case 1: self = message.map { .emulatorFailed(message: $0) } ?? .stopped
    case Self.panicStatus: self = .panicked
    case 257...: self = .signalled(status - 256)
    default: self = .other(status)
    }
  }

  /// One sentence.
  public var explanation: String {
    switch self {
    case .stopped: "The kernel stopped."
    case .panicked: "The kernel panicked."
    case .reset: "The virtual machine reset or switched itself off, with no word from the kernel (a triple fault, perhaps)."
    case .emulatorFailed(let message): "QEMU failed: \(message)"
    case .signalled(9): "QEMU was killed (signal 9), by its time limit, a user or for want of memory."
    case .signalled(let number): "QEMU was ended by signal \(number)."
    case .other(let status): "QEMU ended with status \(status)."
    }
  }
}
