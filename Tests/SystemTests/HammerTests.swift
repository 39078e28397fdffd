// The memory of actions across invocations: deployments of the memory hammer (Tests/Actions/hammer.c) with much and with little memory, in loop
// mode and without, take turns by chance on a machine that is too small for all the pages they would keep. Each invocation holds what it finds
// against what must be there, and marks what it leaves with its seed.

import Foundation
import SwiftletHost
import Testing

extension SystemTests {
  @Suite(.serialized) struct HammerTests {
    init() { SharedGuest.shared.stop() }

    /// How an invocation ends; the numbers are the program's.
    private enum Ending: Int {
      case exits, exitsWithStatus, faultsReading, faultsWriting, isIllegal, exceedsMemory, exceedsOutput, exceedsTime, exceedsStack

      /// What the answer says, one or the other, where it is not the output.
      var words: [String] {
        let memory = ["exhausted its memory", "machine ran out of memory"]
        switch self {
        case .exits: return []
        case .exitsWithStatus: return ["exit status 3"]
        case .faultsReading, .faultsWriting: return ["page fault"]
        case .isIllegal: return ["invalid opcode"]
        case .exceedsMemory: return memory
        case .exceedsOutput: return ["output limit", "machine ran out of memory"]
        case .exceedsTime: return ["time limits"]
        case .exceedsStack: return memory + ["page fault"]
        }
      }
    }

    private struct Deployment {
      var name: String
      var query: String

      static let all: [Deployment] = [1, 2, 4, 8].flatMap { memory in
        ["", "-loop", "-again", "-loop-again"].map { kind in
          let loop = kind.hasPrefix("-loop") ? "&loop=true" : ""
          return Deployment(name: "hammer-\(memory)\(kind)", query: "public=true&memory=\(memory)&timeout=5000&output=200000\(loop)")
        }
      }
    }

    private struct Invocation: CustomStringConvertible {
      var deployment: Deployment
      var seed: UInt64
      var steps: Int
      var ending: Ending
      /// Of input, behind the header.
      var pages: Int

      /// With no steps it is a quiet one.
      init(_ deployment: Deployment, quiet: Bool, _ noise: inout Noise) {
        self.deployment = deployment
        seed = noise.next() & 0x7fff_ffff
        steps = quiet ? 0 : [10, 40, 100, 250][Int(noise.next() % 4)]
        pages = quiet ? 0 : Int(noise.next() % 5)
        // Two of three exit, one of some hundred exceeds its time.
        let chance = Int(noise.next() % 360)
        ending = quiet || chance >= 120 ? .exits : chance == 0 ? .exceedsTime : Ending(rawValue: [1, 2, 3, 4, 5, 6, 8][chance % 7]) ?? .exits
      }

      var description: String { "\(deployment.name), seed \(seed), \(steps) steps, \(ending)" }

      /// 64 bytes of numbers; words that count up from the seed's mark, one more than fill the pages.
      var input: [UInt8] {
        let numbers = "\(seed) \(steps) \(ending.rawValue) \(pages) "
        let mark = seed << 32 | 0x8000_0000
        let words = (0...UInt64(pages * 512)).map { mark + $0 }
        return Array(numbers.padding(toLength: 64, withPad: " ", startingAt: 0).utf8) + words.withUnsafeBytes { Array($0) }
      }

      /// Whether `reply` is what it must be.
      func accepts(_ reply: HTTPResponse) -> Bool {
        guard ending == .exits else { return reply.status >= 502 && ending.words.contains { reply.text.contains($0) } }
        guard reply.status == 200, let end = reply.body.dropLast().lastIndex(of: UInt8(ascii: "o")) else { return false }
        let line = String(decoding: reply.body[end...], as: UTF8.self)
        let sum = reply.body[..<end].withUnsafeBytes { bytes in
          stride(from: 0, to: bytes.count - 7, by: 8).reduce(UInt64(0)) { sum, offset in
            let mixed = (sum ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) &* 0x100_0000_01b3
            return mixed ^ mixed >> 29
          }
        }
        let digits = String(sum, radix: 16)
        return line == "ok 0x\(String(repeating: "0", count: 16 - digits.count))\(digits) \(end / 8)\n" && end % 8 == 0
      }
    }

    /// Deployments, and the invocations of a run: the same for the same seed.
    private struct Run {
      let client: Client
      let file: [UInt8]
      var noise: Noise
      private(set) var done = 0

      init(_ client: Client, seed: UInt64) throws {
        self.client = client
        file = try Project.action("hammer")
        noise = Noise(seed: seed)
      }

      func change(_ method: String, _ deployment: Deployment, query: String = "", _ body: [UInt8]? = nil) throws {
        let type = [("Content-Type", "application/octet-stream")]
        let target = Guest.actionTarget(deployment.name) + query
        let reply = try client.exchange(method, target, key: Guest.key, headers: body == nil ? [] : type, body: body)
        guard reply.status == 200 else { throw Failure("\(method) \(deployment.name): \(reply.status) \(reply.text)") }
      }

      func deploy(_ deployment: Deployment) throws { try change("PUT", deployment, query: "?overwrite=true&\(deployment.query)", file) }

      /// Deploys all, invokes them `count` times, removes them.
      mutating func perform(_ count: Int) throws {
        for deployment in Deployment.all { try deploy(deployment) }
        let end = done + count
        while done < end { try turn(end) }
        for deployment in Deployment.all { try change("DELETE", deployment) }
      }

      /// One deployment's turn: some invocations, or so many quiet ones that what is kept ready for it is given back. Sometimes it is new.
      private mutating func turn(_ end: Int) throws {
        let chance = noise.next()
        let deployment = Deployment.all[Int(chance % UInt64(Deployment.all.count))]
        if chance >> 8 & 127 == 0 { try change("DELETE", deployment) }
        if chance >> 8 & 63 == 0 { try deploy(deployment) }
        let isQuiet = chance >> 16 & 31 == 0
        let length = isQuiet ? 90 : 1 + Int(chance >> 24 & 3)
        for _ in 0..<min(length, end - done) {
          let invocation = Invocation(deployment, quiet: isQuiet, &noise)
          done += 1
          let reply = try client.exchange("POST", "/function/\(deployment.name)", body: invocation.input)
          guard invocation.accepts(reply) else { throw Failure("\(invocation): \(reply.status) \(reply.text.suffix(200))") }
        }
      }
    }

    /// Invocations after which all is removed and deployed anew. Deployments in loop mode that come and go leave free memory in pieces:
    /// after some thousands of invocations there may be none for an output.
    private static let round = 2000

    /// SWIFTLET_HAMMER sets the number of invocations, SWIFTLET_HAMMER_SEED which they are.
    @Test(.timeLimit(.minutes(60)), .enabled(if: Project.machines.contains(.microvm))) func memoryAcrossInvocations() throws {
      let count = Project.number("SWIFTLET_HAMMER") ?? 2500
      let seed = Project.number("SWIFTLET_HAMMER_SEED") ?? 2026
      let guest = try Guest(.microvm, memory: MemorySize(parsing: "20M"), lifetime: .seconds(3500))
      defer { guest.stop() }
      var run = try Run(guest.connect(), seed: UInt64(seed))
      do {
        // Tables grow to what they need.
        try run.perform(200)
        let before = try guest.counters(connections: 2)
        let start = ContinuousClock.now
        for first in stride(from: 0, to: count, by: Self.round) {
          try run.perform(min(Self.round, count - first))
          try guest.counters(connections: 2).expectSame(as: before, slack: 16 << 10)
        }
        let time = ContinuousClock.now - start
        Summary.shared.add("\(count) invocations of the memory hammer in \(time.milliseconds); all removed: \(before)")
      } catch {
        // What the program said of it is on the console in a moment.
        Thread.sleep(forTimeInterval: 0.3)
        let again = "SWIFTLET_HAMMER=\(count) SWIFTLET_HAMMER_SEED=\(seed) swift test --filter HammerTests"
        Issue.record("invocation \(run.done): \(error)\nOnce more: \(again)\n\(guest.lastWords)")
      }
      guest.expectAlive()
    }
  }
}
