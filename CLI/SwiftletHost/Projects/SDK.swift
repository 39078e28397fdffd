// The SDK for actions in Embedded Swift: its C module in Userland/SDK of this project's folder, and the objects that `make actions` leaves.

import Foundation

public struct SDK: Equatable, Sendable {
  /// Holds `module.modulemap` of CSwiftlet.
  public var headers: String
  /// Holds Swiftlet.swiftmodule and the objects.
  public var objects: String

  static let objectNames = ["start.o", "Swiftlet.o", "memory.o", "math.o"]

  public init(headers: String, objects: String) {
    self.headers = headers
    self.objects = objects
  }

  /// Found from the folder of this program, which is `build` of the project's folder or somewhere below that.
  public init(near programFolder: String) throws(HostError) {
    var folder = programFolder as NSString
    while !Self.exists("\(folder)/Userland/SDK/CSwiftlet/module.modulemap") {
      guard folder.length > 1 else {
        throw HostError(
          .unavailable, "The SDK for Swift was not found: no folder above \(programFolder) has Userland/SDK.",
          remedy: "Call the command where 'make' left it, build/swiftlet of the project's folder (a link to it will do).")
      }
      folder = folder.deletingLastPathComponent as NSString
    }
    let places = ["\(programFolder)/obj/userland", "\(folder)/build/obj/userland"]
    let files = Self.objectNames + ["Swiftlet.swiftmodule"]
    guard let objects = places.first(where: { place in files.allSatisfy { Self.exists("\(place)/\($0)") } }) else {
      let remedy = "Build it with: make -C \(Shell.quoted(folder as String)) actions"
      throw HostError(.unavailable, "The SDK for Swift is not built.", remedy: remedy)
    }
    self.init(headers: "\(folder)/Userland/SDK/CSwiftlet", objects: objects)
  }

  private static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
