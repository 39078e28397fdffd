// Boots of their own: times, small memory, command lines, a software KVM, panics, and a long run.

import Foundation
import SwiftletHost
import Testing

extension SystemTests {
  @Suite(.serialized) struct BootTests {
    init() { SharedGuest.shared.stop() }

    @Test(.timeLimit(.minutes(2)), arguments: Project.machines) func bootTime(machine: MachineModel) throws {
      let plan = LaunchPlan(
        machine: machine, accelerator: Project.accelerator, image: Project.path(machine.defaultImage), network: .user(hostPort: 0),
        kernelArguments: machine == .iso ? [] : ["auth=\(Guest.key)"])
      let measurement = try BootMeasurement(plan: plan, program: QEMU.locate(), count: Project.number("SWIFTLET_BOOTS") ?? 10)
      Summary.shared.add("boot on \(machine): \(measurement)")
      if let own = measurement.medianGuestTime {
        Summary.shared.add("  from the kernel's entry to ready, by its own clock: median \(own / .microseconds(1) / 1000) ms")
      }
      // The goal is 200 ms on microvm; a busy host must not fail the suite.
      #expect(measurement.median(\.firstAnswer) < .seconds(machine == .iso ? 5 : 1))
    }

    @Test(.timeLimit(.minutes(2)), arguments: Project.machines) func sixteenMebibytesAreEnough(machine: MachineModel) throws {
      let guest = try Guest(machine, memory: .least)
      defer { guest.stop() }
      try guest.deploy("echo")
      var noise = Noise(seed: 16)
      for size in [1, 65_536, 1 << 20] {
        let body = noise.bytes(size)
        let reply = try guest.invoke("echo", body)
        #expect(reply.status == 200 && reply.body == body, "\(size) bytes: \(reply.status) \(reply.text.prefix(100))")
      }
      guest.expectAlive()
    }

    @Test(.timeLimit(.minutes(1))) func withoutAuthTheAPIIsClosed() throws {
      let guest = try Guest(.microvm, arguments: [])
      defer { guest.stop() }
      for key in [nil, Guest.key, ":", "_:_"] {
        #expect(try guest.request("GET", "/api/v1/namespaces/_/actions", key: key).status == 401)
      }
      guest.expectAlive()
    }

    @Test(.timeLimit(.minutes(1))) func portAndSeveralKeys() throws {
      let guest = try Guest(.microvm, arguments: ["auth=\(Guest.key)", "auth=other:key@elsewhere", "port=8081"], guestPort: 8081)
      defer { guest.stop() }
      for key in [Guest.key, "other:key"] {
        #expect(try guest.request("GET", "/api/v1/namespaces/_/actions", key: key).status == 200)
      }
      #expect(try guest.request("GET", "/api/v1/namespaces/_/actions", key: "other:development").status == 401)
    }

    @Test(.timeLimit(.minutes(1))) func fewActivationsAreKept() throws {
      let guest = try Guest(.microvm, arguments: ["auth=\(Guest.key)", "activations=3"])
      defer { guest.stop() }
      try guest.deploy("echo")
      for index in 0..<5 { #expect(try guest.invoke("echo", Array("\(index)".utf8)).status == 200) }
      let list = try guest.request("GET", "/api/v1/namespaces/_/activations?count=true", key: Guest.key)
      #expect(list.text == #"{"activations":3}"#)
      let many = try Guest(.microvm, memory: .least, arguments: ["auth=\(Guest.key)", "activations=1000000"])
      defer { many.stop() }
      #expect(many.lastWords.contains("activations=1000000: with this memory "))
      many.expectAlive()
    }

    @Test(.timeLimit(.minutes(1))) func quotasOfTheCommandLine() throws {
      let guest = try Guest(.microvm, arguments: ["auth=\(Guest.key)", "rate=3", "concurrency=9"])
      defer { guest.stop() }
      try guest.deploy("echo")
      let statuses = try (0..<5).map { _ in try guest.invoke("echo").status }
      #expect(statuses == [200, 200, 200, 429, 429])
      let refusal = try guest.invoke("echo")
      #expect(refusal.text.contains("Too many requests in the last minute (count: 6, allowed: 3)."))
      #expect(refusal.header("Retry-After") == "20")
      let limits = try guest.request("GET", "/api/v1/namespaces/_/limits", key: Guest.key).text
      #expect(limits.contains(#""invocationsPerMinute":3,"concurrentInvocations":9,"firesPerMinute":3,"#))
    }

    /// Under load it looks for frames instead of halting; without any it must not. A busy host only makes the share smaller.
    @Test(.timeLimit(.minutes(1)), arguments: Project.machines.filter { $0 != .iso }) func halts(machine: MachineModel) throws {
      let guest = try Guest(machine, arguments: ["auth=\(Guest.key)"])
      defer { guest.stop() }
      try guest.deploy("echo")
      let client = try guest.connect()
      for _ in 0..<2000 { #expect(try client.exchange("POST", "/function/echo", body: [1]).status == 200) }
      let before = try Host.processorTime(of: guest.machine.processIdentifier)
      Thread.sleep(forTimeInterval: 2)
      let used = try Host.processorTime(of: guest.machine.processIdentifier) - before
      #expect(used < .milliseconds(400), "\(used) of 2 s")
      guest.expectAlive()
    }

    @Test(.timeLimit(.minutes(1))) func fixedAddress() throws {
      let guest = try Guest(.microvm, arguments: ["auth=\(Guest.key)", "ip=10.0.2.15/24", "gw=10.0.2.2"])
      defer { guest.stop() }
      guest.expectAlive()
    }

    /// The command lines of README.md, with neither our firmware nor our exit device. Firmwares put the start information in
    /// different places: SeaBIOS puts it into page 0.
    @Test(.timeLimit(.minutes(1)), arguments: Project.machines.filter { $0 != .iso })
    func plainFlagsBoot(machine: MachineModel) throws {
      var plan = LaunchPlan(
        machine: machine, accelerator: Project.accelerator, image: Project.path(machine.defaultImage),
        network: .user(hostPort: try Port.free()), kernelArguments: ["auth=\(Guest.key)"])
      plan.isPlain = true
      let vm = try VirtualMachine(plan: plan, program: QEMU.locate(), lifetime: .seconds(30))
      defer { vm.stop() }
      #expect(throws: Never.self) { try vm.waitForReadyLine(until: .now + .seconds(20)) }
    }

    /// A wrong value is told on the console and counts as absent.
    @Test(
      .timeLimit(.minutes(1)),
      arguments: [
        ("port=99999", "port=99999"), ("port=", "port="), ("ip=1.2.3", "ip=1.2.3"), ("ip=10.0.2.15/99", "ip=10.0.2.15/99"),
        ("gw=10.0.2.2", "gw=10.0.2.2"), ("log=shout", "log=shout"), ("colour=red", "colour="), ("auth=nocolon", "auth"),
        (String(repeating: "x", count: 1500), "xxx"),
      ]) func wrongValuesAreToldAndIgnored(word: String, told: String) throws {
      let guest = try Guest(.microvm, arguments: [word, "auth=\(Guest.key)"])
      defer { guest.stop() }
      #expect(guest.machine.console.contains { $0.text.contains(told) }, "\(guest.lastWords)")
      #expect(try guest.request("GET", "/api/v1/namespaces/_/actions", key: Guest.key).status == 200)
    }

    /// Against KVM's own interrupt controller and MSRs. Actions cannot run there.
    @Test(.enabled(if: AcceleratorSupport.detect().isSoftwareKVM), .timeLimit(.minutes(4)))
    func softwareKVM() throws {
      let accelerator = try Accelerator(for: .kvm, support: .detect())
      for machine in [MachineModel.microvm, .q35] where Project.machines.contains(machine) {
        let guest = try Guest(machine, accelerator: accelerator, timeout: .seconds(110), lifetime: .seconds(115))
        defer { guest.stop() }
        guest.expectAlive()
        Summary.shared.add("software KVM, \(machine): first answer after \(guest.boot.firstAnswer.milliseconds)")
      }
    }

    @Test(.timeLimit(.minutes(1)), arguments: Project.machines.filter { $0 != .iso })
    func panicNamesItselfAndEndsQEMU(machine: MachineModel) throws {
      let plan = LaunchPlan(
        machine: machine, accelerator: Project.accelerator, image: Project.path(machine.defaultImage),
        network: .user(hostPort: try Port.free()), kernelArguments: ["auth=\(Guest.key)", "panic=test"])
      let vm = try VirtualMachine(plan: plan, program: QEMU.locate(), lifetime: .seconds(30))
      defer { vm.stop() }
      #expect(vm.waitForExit(until: .now + .seconds(20)) == .panicked)
      let text = vm.console.map(\.text).joined(separator: "\n")
      #expect(vm.console.contains { $0.isPanic }, "\(text)")
      #expect(text.contains("rip ") && text.contains("rsp ") && text.contains("cr3 "), "\(text)")
      #expect(text.contains("  #0 ") && text.contains(" kernel_main + 0x"), "\(text)")
    }

    @Test func imageFitsItsBudget() throws {
      let image = try KernelImage(path: Project.path(MachineModel.microvm.defaultImage))
      let kibibytes = (Double(image.loadableBytes) / 102.4).rounded() / 10
      Summary.shared.add(
        "loadable image: \(kibibytes) KiB, of which text \(image.textBytes >> 10) KiB; stacks, not counted, \(image.stackBytes >> 10) KiB")
      #expect(image.loadableBytes <= 640 << 10)
    }

    /// 20,000 invocations on one machine leave what the first hundred left.
    @Test(.timeLimit(.minutes(10)), .enabled(if: Project.machines.contains(.microvm))) func soak() throws {
      let rounds = (Project.number("SWIFTLET_SOAK") ?? 20_000) / 100
      let guest = try Guest(.microvm, lifetime: .seconds(600))
      defer { guest.stop() }
      let names = ["echo", "hello", "echo-c"]
      for name in names { try guest.deploy(name) }
      let hello = try guest.invoke("hello").body
      let clients = try (0..<10).map { _ in
        let client = try guest.connect()
        _ = try client.exchange("GET", "/healthz")
        return client
      }
      // The same hundred again and again: ten at once on ten connections.
      var noise = Noise(seed: 5)
      let bodies = (0..<100).map { noise.bytes([0, 1, 10, 100, 200, 500, 1000, 1460, 3000, 8000][$0 * 7 % 10]) }

      func hundred() throws {
        for start in stride(from: 0, to: 100, by: 10) {
          for (index, client) in clients.enumerated() {
            let name = names[(start + index) % 3]
            let body = name == "hello" ? [] : bodies[start + index]
            try client.send(HTTPConnection.request("POST", "/function/\(name)", body: body))
          }
          for (index, client) in clients.enumerated() {
            let reply = try client.response()
            let expected = (start + index) % 3 == 1 ? hello : bodies[start + index]
            guard reply.status == 200, reply.body == expected else { throw Failure("\(reply.status) \(reply.text.prefix(200))") }
          }
        }
      }

      try hundred()
      let before = try guest.counters(connections: 11)
      let time = try ContinuousClock().measure { for _ in 0..<rounds { try hundred() } }
      let after = try guest.counters(connections: 11)
      after.expectSame(as: before)
      let rate = Int(Double(rounds * 100) / (time / .seconds(1)))
      Summary.shared.add("\(rounds * 100) invocations in \(time.milliseconds): \(rate) a second over 10 connections")
      Summary.shared.add("  after the first 100: \(before)")
      Summary.shared.add("  at the end:          \(after)")
    }
  }
}
