// What loop mode saves, counted in instructions.

import Foundation
import SwiftletHost
import Testing

extension SystemTests {
  @Suite(.serialized) struct LoopCostTests {
    init() { SharedGuest.shared.stop() }

    /// The words of the answers of some invocations.
    private func answers(_ guest: Guest, _ name: String, _ body: String, count: Int = 4) throws -> [[String]] {
      try (0..<count).map { _ in
        let reply = try guest.invoke(name, Array(body.utf8))
        guard reply.status == 200 else { throw Failure("\(name): \(reply.status) \(reply.text)") }
        return reply.text.split(separator: " ").map { String($0).trimmingCharacters(in: .newlines) }
      }
    }

    @Test(.timeLimit(.minutes(3)), .enabled(if: Project.machines.contains(.microvm)))
    func preparingIsPaidOnce() throws {
      let guest = try Guest.counting(.microvm)
      defer { guest.stop() }
      /// The instructions of an invocation, which the program's own clock tells.
      func instructions() throws -> Int {
        let answers = try answers(guest, "slow-start", "12345")
        // Prepared once, whatever was done since, and its tables are as they were.
        #expect(Set(answers.map { Array($0.prefix(2)) }).count == 1 && answers[0][0] == "0x0000000000000001", "\(answers)")
        return try #require(answers.map { Int($0[2].dropFirst(2), radix: 16) ?? 0 }.max())
      }
      try guest.deploy("slow-start", query: "public=true&loop=true")
      let loop = try instructions()
      try guest.deploy("slow-start", query: "loop=false")
      let process = try instructions()
      #expect(process > 150_000_000 && loop < 50_000, "\(process) instructions, in loop mode \(loop)")
      Summary.shared.add("slow-start: \(process) instructions an invocation, in loop mode \(loop)")
    }

    /// An interpreter: its start, and the script's, are in the snapshot.
    @Test(.timeLimit(.minutes(3)), .enabled(if: Project.machines.contains(.microvm)))
    func anInterpretersStartIsPaidOnce() throws {
      guard FileManager.default.fileExists(atPath: Project.path("build/test-actions/lua-probe")) else {
        Summary.shared.add("NOT TESTED: lua-probe, which make test-actions left out")
        return
      }
      let guest = try Guest.counting(.microvm)
      defer { guest.stop() }
      func instructions() throws -> Int {
        let answers = try answers(guest, "lua-probe", "Ada", count: 8)
        for answer in answers { #expect(answer.count == 5 && answer[0] == "1" && answer[1] == "2001" && answer[4] == "Ada", "\(answer)") }
        // Random numbers are each invocation's own.
        #expect(Set(answers.map { $0[2] }).count == 8, "\(answers)")
        return try #require(answers.map { Int($0[3]) ?? 0 }.max())
      }
      try guest.deploy("lua-probe", query: "public=true&loop=true")
      let loop = try instructions()
      try guest.deploy("lua-probe", query: "loop=false")
      let process = try instructions()
      #expect(loop * 10 < process, "\(process) instructions, in loop mode \(loop)")
      Summary.shared.add("lua-probe: \(process) instructions an invocation, in loop mode \(loop)")
    }
  }
}
