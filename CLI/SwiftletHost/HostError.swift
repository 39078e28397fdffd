// What can go wrong on the host, in words: what happened, why, and what to do.

/// A failure that the user of a host command can act on.
public struct HostError: Error, Equatable, CustomStringConvertible {
  /// The kind, which decides the command's exit code.
  public enum Kind: Equatable, Sendable {
    /// What was asked for was done, and is not well: an action's error, a compiler's, something missing.
    case failed
    /// The action crashed, or passed a limit.
    case actionFailed
    /// A value given by the user is wrong.
    case badValue
    /// Data that was given is refused: an ELF file, JSON.
    case badData
    /// A file that is needed is not there.
    case missingFile
    /// There is no such action, activation or other entity.
    case notFound
    /// A program, an accelerator that was asked for, or the kernel cannot be reached or used.
    case unavailable
    /// The kernel, or QEMU, ended though nobody asked.
    case died
    /// The kernel said that a fault of its own keeps it from answering.
    case serverFault
    /// The port is taken or may not be used.
    case port
    /// What was to be made is there already, or cannot be made.
    case exists
    /// The kernel did not answer in time, or is too busy.
    case notReady
    /// What came is not what this version of the API answers.
    case badReply
    /// The key is not accepted.
    case denied
    /// A file of settings is wrong.
    case badSettings
  }

  public var kind: Kind
  /// What happened and why.
  public var problem: String
  /// What to do about it.
  public var remedy: String?
  /// Lines that show more, such as the last ones of the console.
  public var details: [String]

  public init(_ kind: Kind, _ problem: String, remedy: String? = nil, details: [String] = []) {
    self.kind = kind
    self.problem = problem
    self.remedy = remedy
    self.details = details
  }

  /// The exit code of a command that ends for this reason (after sysexits.h).
  public var exitCode: Int32 {
    switch kind {
    case .failed: 1
    case .actionFailed: 2
    case .badValue: 64
    case .badData: 65
    case .missingFile, .notFound: 66
    case .unavailable: 69
    case .died, .serverFault: 70
    case .port, .exists: 73
    case .notReady: 75
    case .badReply: 76
    case .denied: 77
    case .badSettings: 78
    }
  }

  public var description: String {
    var lines = [problem]
    lines += details.map { "  | " + $0 }
    if let remedy { lines.append(remedy) }
    return lines.joined(separator: "\n")
  }
}
