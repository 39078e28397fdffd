// Finding programs as a shell does.

import Foundation

public enum ProgramPath {
  /// The path of the program `name` in the folders of `path` (the environment's PATH); nil where none has it.
  public static func find(_ name: String, in path: String? = ProcessInfo.processInfo.environment["PATH"]) -> String? {
    for folder in (path ?? "").split(separator: ":") {
      let candidate = "\(folder)/\(name)"
      if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
    }
    return nil
  }

  /// The same for a program that there has to be; `remedy` says how it is got.
  public static func require(_ name: String, toGet remedy: String) throws(HostError) -> String {
    if let path = find(name) { return path }
    throw HostError(.unavailable, "\(name) not found.", remedy: remedy)
  }
}
