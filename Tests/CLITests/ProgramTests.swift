// Running programs: limits, the contract of an action, files that are none.

import Foundation
import Testing

@testable import SwiftletHost

@Suite(.timeLimit(.minutes(1))) struct ProgramTests {
  static func shell(_ script: String) -> ProgramRun.Plan { ProgramRun.Plan("/bin/sh", ["-c", script]) }

  @Test func streamsInputAndEnvironmentArrive() throws {
    var plan = Self.shell("cat; printf '%s' \"$0 $A\"; echo err >&2; exit 3")
    plan.environment = ["A=b c"]
    plan.arguments.append("zero")
    plan.input = [UInt8](repeating: 0x41, count: 300_000)
    let run = try ProgramRun(plan)
    #expect(run.end == .exited(3) && run.output.count == 300_000 + 8 && run.output.suffix(8) == Array("zero b c".utf8)[...])
    #expect(run.error == Array("err\n".utf8))
  }

  @Test func anEmptyEnvironmentIsEmptyAndOneNotGivenIsOurs() throws {
    var plan = ProgramRun.Plan("/usr/bin/env")
    plan.environment = []
    #expect(try ProgramRun(plan).output.isEmpty)
    plan.environment = nil
    #expect(String(decoding: try ProgramRun(plan).output, as: UTF8.self).contains("PATH="))
  }

  @Test func argvZeroIsTheName() throws {
    var plan = ProgramRun.Plan("/bin/cat", ["/proc/self/cmdline"])
    plan.name = "other"
    #expect(try ProgramRun(plan).output == Array("other\0/proc/self/cmdline\0".utf8))
  }

  @Test func limitsEndIt() throws {
    var plan = Self.shell("echo started; exec sleep 60")
    plan.timeLimit = .milliseconds(200)
    let late = try ProgramRun(plan)
    #expect(late.end == .outOfTime && late.output == Array("started\n".utf8) && late.time < .seconds(20))
    plan = Self.shell("exec cat /dev/zero")
    plan.outputLimit = 100_000
    #expect(try ProgramRun(plan).end == .outOfOutput)
    #expect(try ProgramRun(Self.shell("kill -SEGV $$")).end == .signalled(11))
    #expect(throws: SystemError(code: ENOENT)) { try ProgramRun(ProgramRun.Plan("/nothing")) }
  }

  /// An action that is a shell script; on Linux it is a program like another.
  func script(_ text: String) throws -> String {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-action-\(UUID().uuidString)").path
    try Data("#!/bin/sh\n\(text)\n".utf8).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return path
  }

  func call(_ text: String, _ input: LocalInvocation.Input, timeout: Int = 30_000) throws -> LocalInvocation.Reply {
    let path = try script(text)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try LocalInvocation(path: path, name: "act", input: input, timeout: timeout).run()
  }

  @Test func contractOfParameters() throws {
    let text = """
      read -r line
      echo "a log"; echo "an error" >&2
      printf '{"stdin":%s,"argument":%s,"count":%s,"name":"%s","space":"%s"}\\n\\n' "$line" "$1" "$#" "$__OW_ACTION_NAME" "$__OW_NAMESPACE"
      """
    let reply = try call(text, .parameters(["a": [1]]))
    #expect(reply.outcome == .success && reply.problem == nil)
    #expect(reply.result == ["stdin": ["a": [1]], "argument": ["a": [1]], "count": 1, "name": "/local/act", "space": "local"])
    #expect(reply.logs == [LogLine(stream: "stdout", text: "a log"), LogLine(stream: "stderr", text: "an error")])
  }

  @Test func parametersTooLongForAnArgumentAreOnStandardInputAlone() throws {
    let long = JSON.object([.init("a", .string(String(repeating: "x", count: 131_063)))])
    #expect(long.compact.utf8.count == 131_071)
    #expect(try call("echo \"[$#]\"", .parameters(long)).result == [1])
    let longer = JSON.object([.init("a", .string(String(repeating: "x", count: 131_064)))])
    #expect(try call("echo \"[$#,$(wc -c)]\"", .parameters(longer)).result == [0, 131_072])
  }

  @Test(arguments: [
    ("echo '{\"error\":\"no\"}'", 1, "no"), ("echo hello", 2, "The action did not return a dictionary or array."),
    ("true", 2, "The action did not return a dictionary or array."), ("echo 5", 2, "The action did not return a dictionary or array."),
    ("echo '{}'; exit 3", 2, "unexpectedly: exit status 3."), ("kill -SEGV $$", 2, "unexpectedly: signal 11."),
  ] as [(String, Int32, String)]) func failures(script: String, code: Int32, words: String) throws {
    let reply = try call(script, .parameters([:]))
    #expect(reply.outcome.exitCode == code)
    #expect(reply.result?["error"]?.string?.hasSuffix(words) == true)
  }

  @Test func timeIsLimited() throws {
    let reply = try call("exec sleep 60", .parameters([:]), timeout: 100)
    #expect(reply.outcome == .developerError && reply.problem == "The action exceeded its time limits of 100 milliseconds.")
  }

  @Test func contractOfRawFunctions() throws {
    let reply = try call("printf '%s:' \"$#\"; cat; echo log >&2", .raw([0, 0xff, 10]))
    #expect(reply.outcome == .success && reply.output == Array("0:".utf8) + [0, 0xff, 10])
    #expect(reply.logs.map(\.text) == ["log"])
    #expect(try call("exit 9", .raw([])).outcome == .developerError)
  }

  @Test func filesAreCheckedBeforeTheyAreSent() throws {
    let folder = try CommandRunner()
    var file = CommandRunner.elf
    func check(_ bytes: [UInt8], name: String = "act.bin") -> HostError? {
      try? folder.write(name, bytes)
      do throws(HostError) {
        let file = try ActionFile(reading: folder.folder.path + "/" + name)
        #expect(file.bytes == bytes && file.defaultName == "act")
        return nil
      } catch {
        return error
      }
    }
    #expect(check(file) == nil)
    file[16] = 2
    let fixed = check(file)
    #expect(fixed?.exitCode == 65 && fixed?.problem.hasSuffix("act.bin: not position independent (ET_EXEC); relink with -static-pie") == true)
    #expect(check([])?.problem.contains("the file is empty") == true)
    #expect(check(Array("#!/bin/sh\n".utf8))?.remedy?.contains("no interpreter") == true)
    #expect(check(Array("PK\u{3}\u{4}whatever".utf8)) == nil)
    file[16] = 3
    file[18] = 0xb7
    #expect(check(file)?.problem.hasSuffix("build for x86-64, e_machine is 183") == true)
    #expect(throws: HostError.self) { try ActionFile(reading: folder.folder.path) }
    let missing = #expect(throws: HostError.self) { try ActionFile(reading: folder.folder.path + "/nothing") }
    #expect(missing?.exitCode == 66)
  }
}
