// Loop mode: the program runs to its first read at deployment, and each invocation goes on from there. What the probe initialises
// and checks is told in Tests/Actions/loop-probe.c.

import Foundation
import SwiftletHost
import Testing

extension SystemCase {
  /// The probe's answer where nothing differs from the snapshot: a random number and the time in nanoseconds.
  private static func pristine(_ reply: HTTPResponse, before rest: String = "") -> (random: UInt64, time: UInt64)? {
    let words = reply.text.dropLast(rest.count).split(whereSeparator: \.isWhitespace)
    guard reply.status == 200, words.count == 3, words[0] == "pristine", words[1].hasPrefix("0x"), words[2].hasPrefix("0x"),
      let random = UInt64(words[1].dropFirst(2), radix: 16), let time = UInt64(words[2].dropFirst(2), radix: 16)
    else { return nil }
    return (random, time)
  }

  /// The first words of the answer to a deployment in loop mode that failed.
  private static let failed =
    "An action in loop mode must get to reading its standard input when it is deployed; this one did not. "

  static let loop: [SystemCase] = [
    SystemCase("loop: invocations go on from the snapshot and see nothing of each other") { guest in
      for name in ["loop-probe", "loop-probe-readv"] {
        try guest.deploy(name, Project.action("loop-probe"), query: "public=true&loop=true&memory=16&timeout=500")
        var randoms: Set<UInt64> = []
        var last: UInt64 = 0
        let inputs = ["exit", "round", "fault", "exit", "spin", "round", "end", "status", "exit", "end", "exit", "fault", "round"]
        for input in inputs {
          let reply = try guest.invoke(name, Array(input.utf8))
          switch input {
          case "fault": #expect(reply.status == 502 && reply.text.contains(invalid), "\(reply.text)")
          case "spin": #expect(reply.status == 502 && reply.text.contains("time limits of 500 milliseconds"), "\(reply.text)")
          case "status": #expect(reply.status == 502 && reply.text.contains("exit status 7"), "\(reply.text)")
          default:
            // Reads at the end do not end an invocation that answers on fd 1: the rest of the answer is there.
            let rest = input == "end" ? "and the rest\n" : ""
            guard reply.text.hasSuffix(rest), let found = pristine(reply, before: rest) else {
              Issue.record("\(name) \(input): \(reply.status) \(reply.text)")
              continue
            }
            #expect(randoms.insert(found.random).inserted)
            #expect(found.time > last)
            last = found.time
          }
        }
        #expect(try guest.delete(name).status == 200)
      }
    },
    SystemCase("loop: initialisation is paid once, at deployment") { guest in
      /// Pages that were zeroed for one invocation: the sieve takes 768. (What it costs in instructions is for `LoopCostTests`.)
      func pages() throws -> Int {
        let before = try guest.counters()
        for _ in 0..<4 {
          #expect(try guest.invoke("primes", Array("33554393".utf8)).text == "33554393 is prime; 2063689 primes up to it\n")
        }
        return ((try guest.counters().pagesZeroed ?? 0) - (before.pagesZeroed ?? 0)) / 4
      }
      try guest.deploy("primes", query: "public=true&loop=true")
      let invocation = try pages()
      try guest.deploy("primes", query: "loop=false")
      let whole = try pages()
      #expect(whole >= 768 && invocation * 50 <= whole, "\(whole) pages, in loop mode \(invocation)")
      #expect(try guest.delete("primes").status == 200)
    },
    SystemCase("loop: where the answer comes from") { guest in
      try guest.deploy("loop-probe", query: "public=true&loop=true")
      #expect(pristine(try guest.invoke("loop-probe", Array("three".utf8))) != nil)
      #expect(try guest.invoke("loop-probe", Array("both".utf8)).text == "fd 1 wins\nand the rest\n")
      #expect(pristine(try guest.invoke("loop-probe", Array("late".utf8))) != nil)
      // Any program that reads its input can be started ahead.
      for name in ["echo", "echo-c", "hello"] {
        try guest.deploy(name, query: "public=true&loop=true")
        for input in ["one", "", "two", String(repeating: "x", count: 200_000)] {
          let reply = try guest.invoke(name, Array(input.utf8))
          #expect(reply.status == 200)
          if name == "hello" { #expect(reply.text == "Hello, \(input.isEmpty ? "world" : input)!\n") } else { #expect(reply.text == input) }
        }
        #expect(try guest.delete(name).status == 200)
      }
      let console = guest.machine.console.map(\.text)
      for number in 1...3 { #expect(console.contains { $0.contains("loop-probe: said on fd \(number) before the snapshot") }) }
      #expect(try guest.delete("loop-probe").status == 200)
    },
    SystemCase("loop: a program of ActionLoop answers each line on fd 3") { guest in
      try guest.deploy("sdk-loop", query: "public=true&loop=true")
      func answer(_ number: Int, _ line: String) -> String { "{\"count\":\(number),\"prepared\":1,\"request\":\(line)}\n" }
      let long = "\"" + String(repeating: "x", count: 99_000) + "\""
      let bodies = [["{\"value\":{}}"], ["1", "2", "3"], [long, "", long], [""]]
      for lines in bodies {
        let expected = lines.enumerated().map { answer($0.offset + 1, $0.element) }.joined()
        let text = lines.joined(separator: "\n")
        #expect(try guest.invoke("sdk-loop", Array((text + "\n").utf8)).text == expected)
        // The last line need not be ended.
        if lines.last != "" { #expect(try guest.invoke("sdk-loop", Array(text.utf8)).text == expected) }
      }
      #expect(try guest.invoke("sdk-loop").text == "")
      let tooLong = try guest.invoke("sdk-loop", Array(repeating: 65, count: 100_001))
      #expect(tooLong.status == 502 && tooLong.text.contains("exit status 1"), "\(tooLong.text)")
      #expect(guest.machine.console.contains { $0.text.contains("sdk-loop: prepared") })
      #expect(try guest.delete("sdk-loop").status == 200)
    },
    SystemCase("loop: an activation is one line on fd 0 and one on fd 3, and fd 1 is log") { guest in
      try guest.deploy("sdk-loop", query: "loop=true")
      for number in 0..<3 {
        let reply = try guest.activate("sdk-loop", "{\"log\": \(number)}")
        #expect(reply.status == 200, "\(reply.status) \(reply.text)")
        // A process of its own each time, as it was when it was deployed.
        let result = #""result":{"count":1,"prepared":1,"request":{"value":{"log":\#(number)},"#
        #expect(reply.text.contains(result) && reply.text.contains("\"action_name\":\"/swiftlet/sdk-loop\""), "\(reply.text)")
        let logs = try ActivationRecord(reply).logs
        let ends = ["Z stdout: to standard output", "Z stderr: to standard error"]
        #expect(logs.count == 2 && ends.allSatisfy { end in logs.contains { $0.hasSuffix(end) } }, "\(logs)")
      }
      #expect(try ActivationRecord(guest.activate("sdk-loop")).logs == [])
      #expect(try guest.delete("sdk-loop").status == 200)
      // A program that knows of no fd 3 answers on fd 1.
      try guest.deploy("echo", query: "loop=true")
      let echo = try guest.activate("echo", "{\"a\":[1]}")
      #expect(echo.status == 200 && echo.text.contains(#""result":{"value":{"a":[1]},"#), "\(echo.text)")
      #expect(try ActivationRecord(echo).logs == [])
      #expect(try guest.delete("echo").status == 200)
    },
    SystemCase("loop: variables are not seen, response headers are") { guest in
      try guest.deploy("cgi-probe", query: "public=true&loop=true&env=true")
      let reply = try guest.request("POST", "/function/cgi-probe?env", body: Array("env".utf8))
      #expect(reply.status == 200 && reply.text == "Content-Type: text/plain\n\nargv cgi-probe\n", "\(reply.status) \(reply.text)")
      try guest.deploy("cgi-probe", query: "public=true&loop=true&cgi=true")
      let plain = try guest.request("POST", "/function/cgi-probe?env", body: Array("env".utf8))
      #expect(plain.header("Content-Type") == "text/plain" && plain.text == "argv cgi-probe\n", "\(plain.status) \(plain.text)")
      #expect(try guest.invoke("cgi-probe", Array("teapot".utf8)).status == 418)
      #expect(try guest.delete("cgi-probe").status == 200)
    },
    SystemCase("loop: a program that does not get to its first read is not deployed") { guest in
      let query = "public=true&loop=true&memory=16&timeout="
      let ends = [
        ("exit", "The action ended successfully."), ("fault", "The action was aborted: invalid opcode (#UD)"),
        ("spin", "The action exceeded its time limits of 300 milliseconds."),
        ("hog", "The action exhausted its memory and was aborted."),
      ]
      func round() throws {
        for (name, end) in ends {
          let reply = try guest.put("loop-\(name)", Project.action("loop-probe"), query: query + (name == "spin" ? "300" : "10000"))
          #expect(reply.status == 400 && reply.text.contains(failed + end), "\(name): \(reply.status) \(reply.text)")
          #expect(try guest.invoke("loop-\(name)").status == 404)
        }
      }
      try round()
      let before = try guest.counters()
      for _ in 0..<3 { try round() }
      try guest.counters().expectSame(as: before)
      // A version that stands goes on when its successor fails.
      try guest.deploy("loop-fault", Project.action("echo"), query: "public=true")
      #expect(try guest.put("loop-fault", Project.action("loop-probe"), query: query + "10000").status == 400)
      #expect(try guest.invoke("loop-fault", Array("still".utf8)).text == "still")
      #expect(try guest.delete("loop-fault").status == 200)
    },
    SystemCase("loop: the kernel answers the network while an action initialises") { guest in
      let idle = try guest.connect()
      #expect(try idle.exchange("GET", "/healthz").status == 200)
      let client = try guest.connect()
      let file = try Project.action("loop-probe")
      let start = ContinuousClock.now
      try client.send(
        HTTPConnection.request(
          "PUT", Guest.actionTarget("loop-spin") + "?loop=true&timeout=1500", credentials: Guest.key,
          headers: [("Content-Type", "application/octet-stream")], body: file))
      Thread.sleep(forTimeInterval: 0.1)
      #expect(try idle.exchange("GET", "/healthz").status == 200)
      #expect(try guest.request("GET", "/healthz").status == 200)
      #expect(ContinuousClock.now - start < .milliseconds(1300))
      #expect(try client.response().status == 400)
      #expect(ContinuousClock.now - start >= .milliseconds(1490))
    },
    SystemCase("loop: a thousand invocations, and redeployments, leave nothing behind") { guest in
      let before = try guest.counters()
      try guest.deploy("loop-probe", query: "public=true&loop=true&memory=16")
      func run(_ count: Int, on client: Client) throws {
        for index in 0..<count {
          let body = Array((index % 3 == 0 ? "round" : "exit").utf8)
          let reply = try client.exchange("POST", "/function/loop-probe", body: body)
          guard pristine(reply) != nil else { throw Failure("\(index): \(reply.status) \(reply.text)") }
        }
      }
      do {
        let client = try guest.connect()
        try run(20, on: client)
        let settled = try guest.counters(connections: 2)
        try run(1000, on: client)
        let end = try guest.counters(connections: 2)
        end.expectSame(as: settled)
        #expect(end.pagesCopied ?? 0 > settled.pagesCopied ?? 0 && end.pagesZeroed ?? 0 > settled.pagesZeroed ?? 0)
        #expect(end.pageFaults ?? 0 > settled.pageFaults ?? 0)
        for _ in 0..<10 { try guest.deploy("loop-probe", query: "loop=true") }
        try run(2, on: client)
      }
      #expect(try guest.delete("loop-probe").status == 200)
      try guest.counters().expectSame(as: before)
    },
  ]
}
