// A file that is to become an action, looked at with the kernel's own eyes before it is sent.

import Foundation
internal import Actions
internal import Bytes

public struct ActionFile: Sendable {
  public let path: String
  public let bytes: [UInt8]

  /// Reads the file and checks that the kernel will take it: a zip archive as it is, anything else as an executable.
  public init(reading path: String) throws(HostError) {
    guard FileManager.default.fileExists(atPath: path) else {
      throw HostError(.missingFile, "There is no file '\(path)'.", remedy: "Build it first: 'swiftlet build', or see docs/writing-actions.md.")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw HostError(.missingFile, "'\(path)' is not a file that can be read.")
    }
    self.path = path
    bytes = Array(data)
    if !isArchive { try check() }
  }

  /// Whether it is a zip archive, whose entry `exec` the kernel runs.
  public var isArchive: Bool { bytes.starts(with: [0x50, 0x4b, 0x03, 0x04]) }

  /// The name that its action gets where no other is given: the file's, without an extension.
  public var defaultName: String { ((path as NSString).lastPathComponent as NSString).deletingPathExtension }

  private func check() throws(HostError) {
    guard var buffer = ByteBuffer(capacity: bytes.count), buffer.append(bytes.span) else {
      throw HostError(.badData, "\(path): there is no memory for its \(Quantity.size(bytes.count)).")
    }
    do throws(ImageError) {
      _ = try ActionImage(parsing: buffer)
    } catch {
      throw HostError(.badData, "\(path): \(Self.text(error))", remedy: Self.remedy(error, bytes))
    }
  }

  private static func text(_ error: ImageError) -> String {
    var buffer = ByteBuffer()
    _ = error.describe(into: &buffer)
    var text: [UInt8] = []
    for index in 0..<buffer.span.count { text.append(buffer.span[index]) }
    return String(decoding: text, as: UTF8.self)
  }

  /// More than the kernel can say, which does not know the file's language.
  private static func remedy(_ error: ImageError, _ bytes: [UInt8]) -> String? {
    switch error {
    case .notELF where bytes.starts(with: "#!".utf8):
      "Scripts have no interpreter there: an action is a compiled program."
    case .notELF, .noProgramHeaders:
      "Deploy the program that the compiler made, not its source."
    case .notPositionIndependent, .wantsInterpreter, .needsSharedLibrary:
      "C: gcc -static-pie. Rust: -C target-feature=+crt-static -C relocation-model=pie. More in docs/writing-actions.md."
    default: nil
    }
  }
}
