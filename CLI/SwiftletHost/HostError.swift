// What can go wrong on the host, in words: what happened, why, and what to do.

/// A failure that the user of a host command can act on.
public struct HostError: Error, Equatable, CustomStringConvertible {
  /// The kind, which decides the command's exit code.
  public enum Kind: Equatable, Sendable {
    /// A value given by the user is wrong.
    case badValue
    /// A file that is needed is not there.
    case missingFile
    /// QEMU, or an accelerator that was asked for, cannot be used.
    case unavailable
    /// The kernel, or QEMU, ended though nobody asked.
    case died
    /// The port is taken or may not be used.
    case port
    /// The kernel did not answer in time.
    case notReady
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
    case .badValue: 64
    case .missingFile: 66
    case .unavailable: 69
    case .died: 70
    case .port: 73
    case .notReady: 75
    }
  }

  public var description: String {
    var lines = [problem]
    lines += details.map { "  | " + $0 }
    if let remedy { lines.append(remedy) }
    return lines.joined(separator: "\n")
  }
}
