// The programs of Tests/Actions as Linux processes: those that check themselves against Linux's behaviour must find nothing wrong here.

import Testing

@Suite struct TestActionTests {
  @Test func badPointersAnswersAreLinuxs() throws {
    let result = try Program.run(Program.testAction("bad-pointers"), input: [1])
    let text = String(decoding: result.output, as: UTF8.self)
    #expect(text.hasSuffix(" calls, 0 wrong\n"))
    #expect(text.split(separator: "\n").count == 1)
    #expect(result.status == 0)
  }

  @Test func abiProbeFindsLinuxsBehaviour() throws {
    let result = try Program.run(Program.testAction("abi-probe"), arguments: ["one", ""], environment: ["NAME": "value"])
    let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
    #expect(lines.filter { $0.hasPrefix("wrong") }.isEmpty)
    #expect(lines.contains("argv1 one"))
    #expect(lines.contains("argv2 "))
    #expect(lines.contains("env0 NAME=value"))
    #expect(lines.last?.hasSuffix(" checks, 0 wrong") == true)
    #expect(result.status == 0)
  }

  @Test func theKernelsAssemblyDoesWhatItSays() throws {
    let result = try Program.run(Program.testAction("kernel-assembly"))
    let text = String(decoding: result.output, as: UTF8.self)
    #expect(text.hasSuffix(" checks, 0 wrong\n") && text.split(separator: "\n").count == 1, "\(text)")
    #expect(result.status == 0)
  }

  @Test func sdkProbeFindsTheSDKInOrder() throws {
    let result = try Program.run(
      Program.testAction("sdk-probe"), input: Array("input".utf8), arguments: ["one", ""], environment: ["NAME": "value"])
    let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.dropFirst() == ["one", "", "value", "sdk-probe: all right"])
    #expect(result.errors.isEmpty)
    #expect(result.status == 5)
  }

  @Test func loopProbeFindsItsOwnStateKept() throws {
    let result = try Program.run(Program.testAction("loop-probe"), input: Array("exit".utf8))
    let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 2 && lines.last?.hasPrefix("pristine 0x") == true, "\(lines)")
    #expect(result.status == 0)
  }

  @Test(arguments: [
    ("", ""), ("{}", "1 {}"), ("1\n\n\"x\"\n", "1 1\n2 \n3 \"x\""), ("\n\nlast", "1 \n2 \n3 last"),
    (String(repeating: "y", count: 100_000) + "\nz", "1 " + String(repeating: "y", count: 100_000) + "\n2 z"),
  ])
  func sdkLoopAnswersEachLine(input: String, answers: String) throws {
    let result = try Program.run(Program.testAction("sdk-loop"), input: Array(input.utf8))
    let lines = answers.split(separator: "\n").map { line in
      let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
      return "{\"count\":\(parts[0]),\"prepared\":1,\"request\":\(parts[1])}\n"
    }
    // There is no fd 3: all goes to standard output.
    #expect(String(decoding: result.output, as: UTF8.self) == "prepared\n" + lines.joined())
    #expect(result.status == 0 && result.errors.isEmpty)
  }

  @Test func sdkLoopRefusesEndlessLines() throws {
    let result = try Program.run(Program.testAction("sdk-loop"), input: Array(repeating: 65, count: 100_001))
    #expect(result.status == 1 && result.errors == "swiftlet: the line is longer than the limit\n")
  }

  @Test func sdkLoopLogsToBothStreams() throws {
    let result = try Program.run(Program.testAction("sdk-loop"), input: Array("{\"log\":1}".utf8))
    #expect(String(decoding: result.output, as: UTF8.self).hasPrefix("prepared\nto standard output\n{\"count\":1,"))
    #expect(result.errors == "to standard error\n")
  }

  @Test func freshProcessIsPristine() throws {
    let result = try Program.run(Program.testAction("dirty-then-exit"))
    #expect(String(decoding: result.output, as: UTF8.self) == "pristine\n")
    let registers = try Program.run(Program.testAction("registers"))
    #expect(String(decoding: registers.output, as: UTF8.self).hasSuffix("\nclean\n"))
    #expect(registers.status == 0)
  }

  /// SIGSEGV is 11, SIGILL 4, SIGFPE 8, SIGTRAP 5.
  @Test(arguments: [
    ("null-read", 11), ("null-write", 11), ("read 0x100000", 11), ("write-text", 11), ("exec-data", 11), ("exec-stack", 11),
    ("jump 0x10", 11), ("noncanonical-jump", 11), ("read-next-slot", 11), ("stack-overflow", 11), ("hlt", 11), ("cli", 11),
    ("cr3", 11), ("wrmsr", 11), ("in", 11), ("out", 11), ("lgdt", 11), ("int 33", 11), ("load-segment 8", 11), ("iopl", 11),
    ("ud2", 4), ("divide", 8), ("int3", 5), ("flag-tf", 5),
  ] as [(String, Int32)])
  func attackIsEndedBySignal(attack: String, signal: Int32) throws {
    let result = try Program.run(Program.testAction("attack"), input: Array(attack.utf8))
    #expect(result.status == 128 + signal)
    #expect(result.output.isEmpty)
    #expect(result.errors.hasPrefix("attack \(attack.split(separator: " ")[0])\n"))
  }

  @Test(arguments: [
    ("flag-df", "survived 0x0000000000000602\n"), ("flag-ac", "survived 0x0000000000040202\n"),
    ("flag-nt", "survived 0x0000000000004202\n"), ("unknown-syscall 999", "survived -38\n"),
    ("syscalls", "survived 0x0000000000000000\n"), ("far-return 0x33", "survived 0x0000000000000033\n"),
  ])
  func attackThatLinuxAllowsSurvives(attack: String, output: String) throws {
    let result = try Program.run(Program.testAction("attack"), input: Array(attack.utf8))
    #expect(String(decoding: result.output, as: UTF8.self) == output)
    #expect(result.status == 0)
  }

  @Test func attackTakesItsExitStatus() throws {
    #expect(try Program.run(Program.testAction("attack"), input: Array("exit 7".utf8)).status == 7)
    #expect(try Program.run(Program.testAction("attack"), input: Array("nonsense".utf8)).status == 2)
  }
}
