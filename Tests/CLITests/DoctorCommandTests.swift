// `doctor`, shell completion, and the help of all commands.

import Foundation
import Testing

@testable import SwiftletHost

@Suite(.timeLimit(.minutes(1))) struct DoctorCommandTests {
  /// What doctor says, by name.
  static func checks(_ runner: CommandRunner) throws -> (status: Int32, checks: [String: JSON]) {
    let result = try runner.run("doctor", "--json")
    let list = try JSON(parsing: result.output).array ?? []
    return (result.status, Dictionary(list.map { ($0["name"]?.string ?? "", $0) }) { $1 })
  }

  static func healthy(_ request: FakeServer.Request) -> FakeServer.Reply {
    request.target == "/healthz" ? .init(200, "ok") : .init(200, "[]")
  }

  /// A runner with a program in QEMU's place, a kernel, and nothing else in PATH.
  static func runner(_ server: FakeServer?) throws -> CommandRunner {
    let runner = try CommandRunner(server: server)
    runner.environment["PATH"] = runner.folder.path
    try runner.write("qemu-system-x86_64", "#!/bin/sh\necho 'QEMU emulator version 7.2.22 (Debian)'\n".utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: runner.folder.path + "/qemu-system-x86_64")
    try FileManager.default.createDirectory(at: runner.folder.appendingPathComponent("build"), withIntermediateDirectories: true)
    try runner.write("build/swiftlet-kernel.elf", [UInt8](repeating: 0, count: 2048))
    return runner
  }

  @Test func withAllThatIsRequiredNothingIsMissing() throws {
    let runner = try Self.runner(FakeServer(Self.healthy))
    let (status, checks) = try Self.checks(runner)
    #expect(status == 0, "\(checks)")
    #expect(checks["QEMU"]?["detail"]?.string == "7.2.22, \(runner.folder.path)/qemu-system-x86_64")
    #expect(checks["kernel"]?["detail"]?.string == "build/swiftlet-kernel.elf, 2 KB")
    #expect(checks["API"]?["state"] == "ok" && checks["key"]?["state"] == "ok")
    for name in ["NASM", "Swift", "ld.lld", "gcc", "Rust", "GRUB"] {
      #expect(checks[name]?["state"] == "absent" && checks[name]?["remedy"]?.string?.isEmpty == false, "\(name)")
    }
    let text = try runner.run("doctor").output
    #expect(text.contains("ok      QEMU    7.2.22, ") && text.contains("-> apt-get install nasm"))
  }

  @Test func withoutQEMUAndKernelTheyAreMissing() throws {
    let runner = try CommandRunner(server: FakeServer(Self.healthy))
    runner.environment["PATH"] = ""
    let (status, checks) = try Self.checks(runner)
    #expect(status == 1 && checks["QEMU"]?["state"] == "missing" && checks["QEMU"]?["remedy"] == "apt-get install qemu-system-x86")
  }

  @Test func refusedKeyIsMissing() throws {
    let server = try FakeServer { request in request.target == "/healthz" ? .init(200, "ok") : .error(401, "invalid") }
    let (status, checks) = try Self.checks(Self.runner(server))
    #expect(status == 1 && checks["key"]?["state"] == "missing" && checks["key"]?["remedy"]?.string?.contains("--auth") == true)
  }

  @Test func portIsFreeOrAnotherPrograms() throws {
    let runner = try Self.runner(nil)
    let port = try Port.free()
    runner.host = "127.0.0.1:\(port)"
    let free = try Self.checks(runner)
    #expect(free.status == 0 && free.checks["API"]?["state"] == "absent")
    #expect(free.checks["port"]?["detail"]?.string == "\(port) is free for 'swiftlet run'")
    let other = try FakeServer(replies: .init(404, "not here"))
    runner.host = other.url
    let taken = try Self.checks(runner)
    #expect(taken.status == 1 && taken.checks["port"]?["state"] == "missing")
    #expect(taken.checks["port"]?["detail"]?.string?.contains("GET /healthz was answered 404") == true)
    #expect(taken.checks["port"]?["remedy"]?.string?.contains("ss -ltnp") == true)
  }

  @Test(arguments: [
    (nil, true, true, "absent", "firmware"), (nil, false, false, "absent", "firmware"), ("vmx", true, false, "absent", "group kvm"),
    ("svm", false, false, "absent", "modprobe"), ("svm", true, true, "ok", nil),
  ] as [(String?, Bool, Bool, String, String?)])
  func kvmSaysWhyNot(flag: String?, exists: Bool, opens: Bool, state: String, remedy: String?) {
    let information = "flags\t: fpu \(flag ?? "") sse2\n"
    let check = ToolChecks.accelerator(AcceleratorSupport(cpuInfo: information, kvmExists: exists, kvmOpens: opens))
    #expect(check.state.rawValue == state)
    #expect(check.remedy.map { $0.contains(remedy ?? "-") } ?? (remedy == nil), "\(check)")
  }

  @Test func shellsCompleteActions() throws {
    let server = try FakeServer(replies: .init(200, "[{\"name\":\"one\"},{\"name\":\"two\",\"namespace\":\"guest/pk\"}]"))
    let runner = try CommandRunner(server: server)
    let script = try runner.run("--generate-completion-script", "bash")
    #expect(script.status == 0 && script.output.contains("complete") && script.output.contains("invoke"))
    let names = try runner.run("---completion", "invoke", "--", "positional@0", "1", "0", "swiftlet", "invoke", "")
    #expect(names.output.split(separator: "\n").map(String.init) == ["one", "pk/two"], "\(names)")
    runner.host = "127.0.0.1:\(try Port.free())"
    let none = try runner.run("---completion", "invoke", "--", "positional@0", "1", "0", "swiftlet", "invoke", "")
    #expect(none.status == 0 && none.output.trimmingCharacters(in: .whitespacesAndNewlines).isEmpty && none.error.isEmpty)
  }

  @Test(arguments: [
    "run", "doctor", "new", "build", "exec-local", "deploy", "invoke", "list", "get", "delete", "activations", "logs", "top",
  ]) func helpFitsATerminalAndNamesExitCodes(command: String) throws {
    let runner = try CommandRunner()
    let help = try runner.run(command, "--help")
    #expect(help.status == 0 && help.output.contains("EXIT CODES") && help.output.contains("USAGE: swiftlet \(command)"))
    #expect(help.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(try runner.run("--help").output.contains("\n  \(command) "))
  }
}
