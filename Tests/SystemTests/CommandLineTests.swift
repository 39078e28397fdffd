// `swiftlet run` from beginning to end, and the three curl lines as it prints them.

import Foundation
import SwiftletHost
import Testing

extension SystemTests {
  @Suite(.serialized) struct CommandLineTests {
    init() { SharedGuest.shared.stop() }

    @Test(.timeLimit(.minutes(1)), arguments: Project.machines) func theCurlLinesWorkAsPrinted(machine: MachineModel) throws {
      let port = try Port.free()
      let output = Output()
      let process = Process()
      process.executableURL = URL(fileURLWithPath: Project.path("build/swiftlet"))
      process.arguments = ["run", "--machine", machine.rawValue, "--port", "\(port)"]
      process.currentDirectoryURL = Project.root
      process.standardOutput = output.pipe
      try process.run()
      defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
      let text = output.wait(for: "Ctrl-C stops it", within: 30)
      let lines = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
      let curls = lines.filter { $0.hasPrefix("curl ") }
      try #require(curls.count == 3, "\(text)")
      #expect(text.contains("http://127.0.0.1:\(port), ") && text.contains("Accelerator: "))
      #expect(text.contains("The key is swiftlet:development"))

      let results = try curls.map { try Host.run("/bin/sh", ["-c", "cd '\(Project.root.path)' && exec \($0) -sS --fail-with-body"]) }
      #expect(results.allSatisfy { $0.status == 0 }, "\(results.map { String(decoding: $0.output, as: UTF8.self) })")
      #expect(results[1].output == (try Project.bytes(of: "README.md")))
      #expect(String(decoding: results[2].output, as: UTF8.self).contains("\"echo\""))

      kill(process.processIdentifier, SIGINT)
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
      try Port.check(port)
    }

    /// Collects what a process prints.
    private final class Output: @unchecked Sendable {
      let pipe = Pipe()
      private let condition = NSCondition()
      private var bytes = Data()

      init() {
        let reader = pipe.fileHandleForReading
        Thread.detachNewThread { [self] in
          while true {
            let more = reader.availableData
            if more.isEmpty { break }
            condition.withLock {
              bytes += more
              condition.broadcast()
            }
          }
        }
      }

      /// All that was printed, once `word` is in it or the seconds have passed.
      func wait(for word: String, within seconds: Double) -> String {
        let deadline = Date(timeIntervalSinceNow: seconds)
        return condition.withLock {
          while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if text.contains(word) || !condition.wait(until: deadline) { return text }
          }
        }
      }
    }
  }
}
