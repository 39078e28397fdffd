// Where the files are that `make` built: in the current directory's project, or around this program.

import Foundation
import SwiftletHost

enum Installation {
  /// The folder of this program, which `make` leaves beside the kernel.
  static var programFolder: String {
    let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "."
    return (program as NSString).deletingLastPathComponent
  }

  private static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  /// The kernel's or ISO's path: `given`, or the one in the current directory's `build`, or the one beside this program.
  static func image(for machine: MachineModel, given: String?) throws(HostError) -> String {
    let make = machine == .iso ? "make iso" : "make"
    if let given {
      guard exists(given) else {
        throw HostError(
          .missingFile, "There is no file '\(given)'.", remedy: "Build the standard one with '\(make)' and leave --kernel out.")
      }
      return given
    }
    let standard = machine.defaultImage
    if exists(standard) { return standard }
    let beside = programFolder + "/" + (standard as NSString).lastPathComponent
    if exists(beside) { return beside }
    throw HostError(
      .missingFile, "There is no \(standard) here, nor beside this program.",
      remedy: "Build it with '\(make)' in the project's folder, or name one with --kernel.")
  }

  /// The path to show for a file of the build folder: `build/name` where that is right, else the one beside `image`.
  static func path(of name: String, beside image: String) -> String {
    if exists("build/\(name)") { return "build/\(name)" }
    let folder = (image as NSString).deletingLastPathComponent
    return folder.isEmpty ? name : "\(folder)/\(name)"
  }

  /// A file to send to the echo action.
  static var readme: String {
    let near = "README.md"
    let beside = (programFolder as NSString).deletingLastPathComponent + "/README.md"
    return !exists(near) && exists(beside) ? beside : near
  }
}
