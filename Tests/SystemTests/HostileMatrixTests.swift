// The hostile set on CPUs that have all features and on one that lacks most: no SMEP, SMAP, UMIP, XSAVE, RDRAND, x2APIC.

import Foundation
import SwiftletHost
import Testing

extension SystemCase {
  private static let stackFault = "stack-segment fault (#SS)"

  /// Attacks beside those of `attacks`; what each does is told in Tests/Actions/attack.c.
  static let moreAttacks: [Attack] = [
    Attack("rdtsc", survived), Attack("cpuid", survived), Attack("rdpmc", protection), Attack("monitor", invalid, protection),
    Attack("vmcall", invalid, protection), Attack("rdfsbase", invalid, protection),
    Attack("smsw", protection, survived), Attack("sidt", protection, survived), Attack("str", protection, survived),
    Attack("sldt", protection, survived),
    Attack("tlb-unmap", "page fault (#PF) reading"), Attack("tlb-none", "page fault (#PF) reading"),
    Attack("tlb-protect", "page fault (#PF) writing"), Attack("tlb-remap", "survived 0x0000000000000000"),
    Attack("tlb-keep", "survived 0x0000000000000000"), Attack("tlb-keep", "survived 0x0000000000000000"),
    Attack("rcx-noncanonical", survived), Attack("rsp-noncanonical", survived), Attack("rsp-kernel", survived),
    Attack("push-noncanonical", stackFault, protection), Attack("push-kernel", pageFault),
    Attack("edge-run", "page fault (#PF) executing"), Attack("edge-system-call", survived),
    Attack("fault-flags", survived, "alignment check (#AC)"),
    // Physical memory, the two interrupt controllers and the firmware, at their own addresses.
    Attack("read 0x7000", pageFault), Attack("write 0x200000", pageFault), Attack("read 0x1000000", pageFault),
    Attack("write 0x3fff000", pageFault), Attack("write 0xfee000b0", pageFault), Attack("read 0xfec00000", pageFault),
    Attack("jump 0xfffffff0", pageFault), Attack("read 0xfffffffffffffff8", pageFault), Attack("read 0x7fffffffeff8", pageFault),
  ]

  static let moreHostile: [SystemCase] = [
    SystemCase("more attacks end with their name, and nothing else is harmed") { guest in
      try expectEnds(of: moreAttacks, on: guest)
    },
    SystemCase("what one action leaves in frames, another does not find") { guest in
      let limits = "public=true&memory=8&timeout=10000"
      try guest.deploy("leaver", Project.action("attack"), query: limits)
      try guest.deploy("finder", Project.action("attack"), query: limits)
      for round in 0..<4 {
        #expect(try guest.invoke("leaver", Array("leave-secrets".utf8)).status == 200)
        // Frames of a removed action are given out again, too.
        if round == 2 {
          #expect(try guest.delete("leaver").status == 200)
          try guest.deploy("leaver", Project.action("attack"), query: limits)
        }
        for name in ["finder", "leaver"] {
          let reply = try guest.invoke(name, Array("find-secrets".utf8))
          #expect(reply.text == "survived 0x0000000000000000\n", "\(name): \(reply.status) \(reply.text)")
        }
      }
      for name in ["leaver", "finder"] { #expect(try guest.delete(name).status == 200) }
    },
    SystemCase("another slot is closed before, while and after its action runs") { guest in
      try guest.deploy("victim", Project.action("attack"), query: "public=true&timeout=400")
      try guest.deploy("attack", query: "public=true&timeout=10000")
      let told = try guest.invoke("victim", Array("where".utf8)).text
      let base = try #require(UInt64(told.dropFirst("survived 0x".count).prefix(16), radix: 16))

      func attackAll(_ moment: String) throws {
        let places = [base, base + 0x1000, base - 0x20_0000 + 0x3ff0_0000 - 8, base - 0x20_0000, base + 0x10_0000]
        for place in places {
          for way in ["read", "write", "jump"] {
            let reply = try guest.invoke("attack", Array("\(way) 0x\(String(place, radix: 16))".utf8))
            #expect(reply.status == 502 && reply.text.contains(pageFault), "\(moment): \(way) \(place): \(reply.text.prefix(200))")
          }
        }
      }
      try attackAll("after it ran")
      // Deployed again, it takes the slot that was freed last.
      #expect(try guest.delete("victim").status == 200)
      try attackAll("removed")
      try guest.deploy("victim", Project.action("attack"), query: "public=true&timeout=400")
      try attackAll("before it ran")
      let client = try guest.connect()
      try client.send(HTTPConnection.request("POST", "/function/victim", body: Array("loop".utf8)))
      try attackAll("while it runs")
      #expect(try client.response().text.contains("exceeded its time limits"))
      #expect(try guest.invoke("victim", Array("where".utf8)).text == told)
      for name in ["victim", "attack"] { #expect(try guest.delete(name).status == 200) }
    },
  ]
}

extension SystemTests {
  @Suite(.serialized) struct HostileMatrixTests {
    init() { SharedGuest.shared.stop() }

    @Test(
      .timeLimit(.minutes(3)), .enabled(if: Project.accelerator.kind == .tcg),
      arguments: Project.machines.filter { $0 != .iso }, ["max", "qemu64"])
    func hostileSet(machine: MachineModel, cpu: String) throws {
      let guest = try Guest(machine, cpu: cpu)
      defer { guest.stop() }
      let cases = cpu == "max" ? SystemCase.moreHostile : SystemCase.hostile + SystemCase.moreHostile
      let time = ContinuousClock().measure {
        for test in cases {
          do { try test.body(guest) } catch {
            Issue.record("\(machine), \(cpu), \(test.name): \(error)\n\(guest.lastWords)")
          }
        }
      }
      guest.expectAlive()
      Summary.shared.add("hostile set on \(machine), -cpu \(cpu): \(cases.count) cases in \(time.milliseconds)")
    }
  }
}
