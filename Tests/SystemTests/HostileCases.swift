// Actions that attack: each ends with an answer that names its end, and the next request finds the kernel as it was.
// What each attack does is told in Tests/Actions.

import Foundation
import SwiftletHost
import Testing

extension SystemCase {
  /// An attack, and words of the answer to it: one of them for 502, `survived` for an attack that gets nothing.
  struct Attack: Sendable {
    var input: String
    var ends: [String]

    init(_ input: String, _ ends: String...) {
      self.input = input
      self.ends = ends
    }
  }

  static let pageFault = "page fault (#PF)"
  static let protection = "general protection fault (#GP)"
  static let invalid = "invalid opcode (#UD)"
  static let survived = "survived"

  static let attacks: [Attack] = [
    Attack("null-read", "page fault (#PF) reading address 0x0 "), Attack("null-write", "page fault (#PF) writing address 0x0 "),
    Attack("read 0x1000", "reading address 0x1000 "), Attack("write 0x7fffffff000", "writing address 0x7fffffff000 "),
    Attack("jump 0x10", "executing address 0x10 "), Attack("read 0xffff800000000000", pageFault),
    Attack("read 0x8000000000000000", protection), Attack("write 0x4000000000", pageFault),
    Attack("read-next-slot", pageFault), Attack("read-previous-slot", pageFault), Attack("write-next-slot", pageFault),
    Attack("read-kernel", "reading address 0x100000 "), Attack("write-kernel", "writing address 0x100000 "),
    Attack("jump-kernel", "executing address 0x100000 "), Attack("write-text", pageFault), Attack("exec-data", pageFault),
    Attack("exec-stack", pageFault), Attack("noncanonical-jump", protection), Attack("ud2", invalid),
    Attack("divide", "divide error (#DE)"), Attack("int3", "breakpoint (#BP)"),
    Attack("debug-trap", "debug exception (#DB)", invalid),
    Attack("int 0", protection), Attack("int 2", protection), Attack("int 8", protection), Attack("int 13", protection),
    Attack("int 14", protection), Attack("int 32", protection), Attack("int 64", protection), Attack("int 255", protection),
    Attack("int80", protection, invalid), Attack("sysenter", protection, invalid), Attack("hlt", protection),
    Attack("cli", protection), Attack("sti", protection), Attack("cr0", protection), Attack("cr3", protection),
    Attack("cr4", protection), Attack("dr7", protection), Attack("rdmsr", protection), Attack("wrmsr", protection),
    Attack("in", protection), Attack("out", protection), Attack("out-exit", protection), Attack("lgdt", protection),
    Attack("lidt", protection), Attack("ltr", protection), Attack("invlpg", protection), Attack("clts", protection),
    Attack("wbinvd", protection), Attack("swapgs-instruction", protection, invalid), Attack("xsetbv", protection, invalid),
    Attack("sgdt", protection, survived), Attack("load-segment 0", survived), Attack("load-segment 8", protection),
    Attack("load-segment 16", protection), Attack("load-segment 0x28", protection), Attack("load-segment 0xfff8", protection),
    // QEMU before 9.1 reads the stack with the kernel's rights here, which SMAP forbids.
    Attack("far-return 8", protection, pageFault), Attack("far-return 0xfff8", protection, pageFault),
    Attack("iret 8", protection, pageFault), Attack("iret 16", protection, pageFault),
    Attack("gs-base", survived, invalid), Attack("flag-df", survived),
    Attack("flag-ac", survived, "alignment check (#AC)"), Attack("flag-nt", survived), Attack("flag-tf", "debug exception (#DB)"),
    Attack("iopl", protection), Attack("stack-overflow", pageFault, "exhausted its memory"),
    Attack("output-flood", "output limit"), Attack("log-flood", survived),
    Attack("memory-hog", survived, "exhausted its memory", "out of memory"),
    Attack("brk-hog", survived, "exhausted its memory", "out of memory"),
    Attack("exit 1", "exit status 1"), Attack("exit 255", "exit status 255"), Attack("unknown-syscall 999", "survived -38"),
    Attack("syscalls", survived), Attack("no-such-attack", "exit status 2"),
  ]

  /// Invokes each attack, which has to end as it says, and after each a neighbour, which has to be unharmed.
  static func expectEnds(of attacks: [Attack], on guest: Guest) throws {
    try guest.deploy("attack", query: "public=true&memory=4&timeout=10000")
    try guest.deploy("neighbour", Project.action("echo"))
    let secret = Array("neighbour's input".utf8)
    for attack in attacks {
      let reply = try guest.invoke("attack", Array(attack.input.utf8))
      let isExpected = attack.ends.contains { end in
        reply.text.contains(end) && reply.status == (end.hasPrefix(survived) ? 200 : 502)
      }
      #expect(isExpected, "\(attack.input): \(reply.status) \(reply.text.prefix(200))")
      #expect(try guest.invoke("neighbour", secret).body == secret, "after \(attack.input)")
    }
    #expect(try guest.delete("attack").status == 200)
    #expect(try guest.delete("neighbour").status == 200)
  }

  static let hostile: [SystemCase] = [
    SystemCase("attacks end with their name, and nothing else is harmed") { guest in
      try expectEnds(of: attacks, on: guest)
    },
    SystemCase("attacks leave no memory behind") { guest in
      let inputs = ["null-read", "memory-hog", "brk-hog", "stack-overflow", "output-flood", "log-flood", "ud2", "exit 3"]
      try guest.deploy("attack", query: "public=true&memory=4&timeout=10000")
      func round() throws {
        for input in inputs { _ = try guest.invoke("attack", Array(input.utf8)) }
        #expect(try guest.invoke("attack", Array("syscalls".utf8)).status == 200)
      }
      try round()
      let before = try guest.counters()
      for _ in 0..<3 { try round() }
      try guest.counters().expectSame(as: before)
      #expect(try guest.delete("attack").status == 200)
    },
    SystemCase("pages that are given back and touched again are freed once") { guest in
      // Of these some were freed after the invocation and kept ready for the next; the latter are given back once enough do not touch them.
      try guest.deploy("attack", query: "public=true&memory=4&timeout=10000")
      for _ in 0..<3 {
        #expect(try guest.invoke("attack", Array("tlb-twice".utf8)).text == "survived 0x0000000000000000\n")
        for _ in 0..<20 { #expect(try guest.invoke("attack", Array("rdtsc".utf8)).status == 200) }
      }
      #expect(try guest.delete("attack").status == 200)
    },
    SystemCase("a page that is touched and given back again and again takes no memory of the kernel's") { guest in
      try guest.deploy("attack", query: "public=true&memory=1")
      #expect(try guest.invoke("attack", Array("rdtsc".utf8)).status == 200)
      let before = try guest.counters()
      #expect(try guest.invoke("attack", Array("tlb-churn".utf8)).text == "survived 0x0000000000000000\n")
      #expect(try guest.counters().heapBytesInUse - before.heapBytesInUse < 32_768, "400,000 bytes with four for each touch")
      #expect(try guest.delete("attack").status == 200)
    },
    SystemCase("a program that loops is ended at its time limit") { guest in
      try guest.deploy("looping", Project.action("attack"), query: "public=true&timeout=300")
      for input in ["loop", "spin-syscalls"] {
        var reply: HTTPResponse?
        let time = try ContinuousClock().measure { reply = try guest.invoke("looping", Array(input.utf8)) }
        #expect(reply?.status == 502)
        #expect(reply?.text.contains("The action exceeded its time limits of 300 milliseconds.") == true)
        #expect(time >= .milliseconds(290) && time < .seconds(3), "\(input) took \(time)")
        guest.expectAlive()
      }
      #expect(try guest.delete("looping").status == 200)
    },
    SystemCase("the kernel answers the network while an action computes") { guest in
      try guest.deploy("looping", Project.action("attack"), query: "public=true&timeout=1500")
      let client = try guest.connect()
      let idle = try guest.connect()
      #expect(try idle.exchange("GET", "/healthz").status == 200)
      let start = ContinuousClock.now
      try client.send(HTTPConnection.request("POST", "/function/looping", body: Array("loop".utf8)))
      Thread.sleep(forTimeInterval: 0.1)
      #expect(try idle.exchange("GET", "/healthz").status == 200)
      #expect(try guest.request("GET", "/healthz").status == 200)
      #expect(ContinuousClock.now - start < .milliseconds(1300))
      #expect(try client.response().status == 502)
      #expect(ContinuousClock.now - start >= .milliseconds(1490))
      #expect(try guest.delete("looping").status == 200)
    },
    SystemCase("every invocation starts pristine") { guest in
      try guest.deploy("dirty-then-exit", query: "public=true&timeout=1000")
      for input in ["", "exit", "fault", "", "loop", "", "fault", "exit"] {
        let reply = try guest.invoke("dirty-then-exit", Array(input.utf8))
        if reply.status == 200 {
          #expect(reply.text == "pristine\n", "\(input): \(reply.text)")
        } else {
          #expect(reply.status == 502 && (input == "fault" || input == "loop"), "\(input): \(reply.status) \(reply.text)")
        }
      }
      #expect(try guest.invoke("dirty-then-exit").text == "pristine\n")
      #expect(try guest.delete("dirty-then-exit").status == 200)
    },
    SystemCase("registers hold nothing of an earlier invocation") { guest in
      try guest.deploy("registers")
      for _ in 0..<3 {
        let reply = try guest.invoke("registers")
        #expect(reply.status == 200 && reply.text.hasSuffix("\nclean\n"), "\(reply.text)")
      }
      #expect(try guest.delete("registers").status == 200)
    },
    SystemCase("the system calls answer as Linux's do") { guest in
      for name in ["abi-probe", "bad-pointers"] {
        try guest.deploy(name)
        let reply = try guest.invoke(name, [1])
        #expect(reply.status == 200 && reply.text.hasSuffix(", 0 wrong\n"), "\(name): \(reply.text)")
        #expect(try guest.delete(name).status == 200)
      }
    },
  ]
}
