// What `invoke` and `exec-local` send: data and parameters.

import Foundation
import SwiftletHost

enum InputData {
  /// The bytes that `-d` means: `@FILE`, `-` for standard input, or the text itself.
  static func read(_ data: String) throws(HostError) -> [UInt8] {
    if data == "-" { return Array((try? FileHandle.standardInput.readToEnd()) ?? Data()) }
    guard data.hasPrefix("@") else { return Array(data.utf8) }
    let path = String(data.dropFirst())
    guard let content = FileManager.default.contents(atPath: path) else {
      throw HostError(.missingFile, "There is no file '\(path)' to send.")
    }
    return Array(content)
  }

  /// The parameter object of `-d` and, over it, of `-p`.
  static func parameters(_ data: String?, _ pairs: [JSON.Member]) throws(HostError) -> JSON {
    var object: JSON = [:]
    if let data {
      let remedy = "An action takes a JSON object, such as '{\"name\": \"Ada\"}'; with --raw, any bytes."
      let bytes = try read(data)
      do throws(JSONError) {
        object = try JSON(parsing: bytes)
      } catch {
        throw HostError(.badData, "The data is not JSON: \(error).", remedy: remedy)
      }
      if object.members == nil { throw HostError(.badData, "The data is no JSON object.", remedy: remedy) }
    }
    for pair in pairs { object.set(pair.key, to: pair.value) }
    return object
  }
}
