// Unmodified Linux programs as actions: what each puts out is what the same file puts out as a Linux process.

import Foundation
import SwiftletHost
import Testing

extension SystemCase {
  /// The samples in other languages than the SDK's. `make actions` leaves out those whose toolchain is not there.
  static let linuxPrograms = ["echo-c", "echo-glibc", "statistics", "words-rust", "swift-full", "lua"]

  /// Whether the program was built; says where it was not.
  static func isBuilt(_ program: String, for guest: Guest) -> Bool {
    if FileManager.default.fileExists(atPath: Project.path("build/actions/\(program)")) { return true }
    Summary.shared.add("NOT TESTED on \(guest.machine.plan.machine): \(program), which make actions left out")
    return false
  }

  /// Words, numbers and lines of several scripts.
  private static func text(_ size: Int, _ noise: inout Noise) -> [UInt8] {
    let words = ["one", "Two", "3", "4.5", "-6e7", "größer", "naïve", "日本語", "😀", "e\u{301}", "x,y", "\t", "\n", "0x10", "THE"]
    var bytes: [UInt8] = []
    while bytes.count < size { bytes += Array((words.randomElement(using: &noise)! + " ").utf8) }
    return Array(bytes.prefix(size))
  }

  private static let programInputs: [(name: String, bytes: [UInt8])] = {
    var noise = Noise(seed: 7)
    return [
      ("empty", []), ("one byte", [10]), ("small", Array("Ada 1 2.5 größer Ada\nx".utf8)), ("a page of text", text(4096, &noise)),
      ("64 KiB of text", text(65_536, &noise)), ("64 KiB of noise", noise.bytes(65_536)),
      ("zeros", [UInt8](repeating: 0, count: 5000)),
    ]
  }()

  /// Around the size of stdio's buffers, and far above.
  private static let stdioInputs: [(name: String, bytes: [UInt8])] = {
    var noise = Noise(seed: 8)
    return [0, 1, 4095, 4096, 4097, 65_536, 1 << 20].map { ("\($0) bytes", text($0, &noise)) }
  }()

  static let programs: [SystemCase] =
    linuxPrograms.map { program in
      SystemCase("\(program) does what it does as a Linux process") { guest in
        guard isBuilt(program, for: guest) else { return }
        try guest.deploy(program)
        for input in programInputs {
          let process = try Host.run(Project.path(Project.actionPath(program)), input: input.bytes)
          #expect(process.status == 0)
          // Twice: the second finds what the first left, if that left anything.
          for round in 1...2 {
            let reply = try guest.invoke(program, input.bytes)
            #expect(reply.status == 200, "\(input.name), \(round): \(reply.status) \(reply.text.prefix(300))")
            #expect(reply.body == process.output, "\(input.name), \(round): \(reply.text.prefix(300))")
          }
        }
        try note(program, guest)
        #expect(try guest.delete(program).status == 200)
        let missing = guest.machine.console.filter { $0.text.hasPrefix("\(program): ") && $0.text.contains("not provided") }
        #expect(missing.isEmpty, "\(missing.map(\.text))")
      }
    } + linuxPrograms.map { program in
      SystemCase("\(program) in loop mode does what it does as a Linux process") { guest in
        guard isBuilt(program, for: guest) else { return }
        try guest.deploy(program, query: "public=true&loop=true")
        for input in programInputs + stdioInputs {
          let process = try Host.run(Project.path(Project.actionPath(program)), input: input.bytes)
          let reply = try guest.invoke(program, input.bytes)
          #expect(reply.status == 200 && process.status == 0, "\(input.name): \(reply.status) \(reply.text.prefix(300))")
          #expect(reply.body == process.output, "\(input.name): \(reply.body.count) of \(process.output.count) bytes")
        }
        #expect(try guest.delete(program).status == 200)
      }
    } + [
      SystemCase("programs leave no memory behind") { guest in
        let built = linuxPrograms.filter { isBuilt($0, for: guest) }
        func round() throws {
          for program in built {
            try guest.deploy(program)
            for _ in 0..<3 { #expect(try guest.invoke(program, programInputs[4].bytes).status == 200) }
            #expect(try guest.delete(program).status == 200)
          }
        }
        try round()
        let before = try guest.counters()
        try round()
        // The names of deleted actions stay until there are enough of them to be worth sweeping.
        try guest.counters().expectSame(as: before, slack: 1024)
      },
      SystemCase("a program's own memory is bounded, and it is told") { guest in
        guard isBuilt("statistics", for: guest) else { return }
        // What one mapping cannot have is refused; what many take together ends the action.
        let ends = [(3, 112_000, "exit status 1"), (2, 60_000, "The action exhausted its memory and was aborted.")]
        for (memory, count, end) in ends {
          try guest.deploy("statistics", query: "public=true&memory=\(memory)")
          let reply = try guest.invoke("statistics", Array(Array(repeating: "1234567 ", count: count).joined().utf8))
          #expect(reply.status == 502 && reply.text.contains(end), "\(reply.status) \(reply.text)")
        }
        #expect(try guest.invoke("statistics", Array("1 2".utf8)).text.contains("mean      1.500000"))
        #expect(try guest.delete("statistics").status == 200)
        #expect(guest.machine.console.contains { $0.text.contains("statistics: statistics: memory is out") })
      },
      SystemCase("an image above its memory limit is refused") { guest in
        guard isBuilt("swift-full", for: guest) else { return }
        let reply = try guest.put("swift-full", Project.action("swift-full"), query: "memory=6")
        #expect(reply.status == 400 || reply.status == 413, "\(reply.status)")
        #expect(reply.text.contains("the image alone needs more than the action's memory limit"), "\(reply.text)")
        #expect(try guest.request("GET", Guest.actionTarget("swift-full"), key: Guest.key).status == 404)
      },
    ]

  /// Notes the file's size and what a small request to it takes, on one connection.
  private static func note(_ program: String, _ guest: Guest) throws {
    guard guest.machine.plan.machine == .microvm else { return }
    let client = try guest.connect()
    var times: [Duration] = []
    for _ in 0..<21 {
      let start = ContinuousClock.now
      #expect(try client.exchange("POST", "/function/\(program)", body: programInputs[2].bytes).status == 200)
      times.append(ContinuousClock.now - start)
    }
    let microseconds = Int(times.sorted()[10] / .microseconds(1))
    let cpu = guest.machine.plan.cpuModel ?? Project.accelerator.cpu
    let size = try Project.action(program).count
    Summary.shared.add("\(program), -cpu \(cpu): \(size) bytes; a small request takes \(microseconds) us (median of 21)")
  }
}

extension SystemTests {
  @Suite(.serialized) struct ProgramTests {
    init() { SharedGuest.shared.stop() }

    /// A CPU without what `-cpu max` has (AVX, XSAVE, FSGSBASE …), and the least memory that takes the largest of them.
    @Test(
      .timeLimit(.minutes(3)), .enabled(if: Project.accelerator.kind == .tcg), arguments: Project.machines.filter { $0 != .iso })
    func onAPlainCPU(machine: MachineModel) throws {
      let guest = try Guest(machine, memory: MemorySize(mebibytes: 48), cpu: "qemu64")
      defer { guest.stop() }
      for test in SystemCase.programs {
        do { try test.body(guest) } catch {
          Issue.record("\(machine), qemu64, \(test.name): \(error)\n\(guest.lastWords)")
        }
      }
      guest.expectAlive()
    }
  }
}
