// The built `swiftlet` run as a user runs it, with a shell script in QEMU's place: what it says and how it ends.

import Foundation
import SwiftletHost
import Testing

@Suite(.timeLimit(.minutes(1))) struct CommandTests {
  /// A folder with a script in QEMU's place, which is first in PATH.
  final class Sandbox {
    let folder: URL
    private let files = FileManager.default

    /// `script` is what the emulator does; nil for a PATH without one.
    init(emulator script: String?) throws {
      folder = files.temporaryDirectory.appendingPathComponent("swiftlet-test-\(UUID().uuidString)")
      try files.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data("no kernel".utf8).write(to: folder.appendingPathComponent("kernel.elf"))
      guard let script else { return }
      let program = folder.appendingPathComponent("qemu-system-x86_64")
      try Data("#!/bin/sh\n\(script)\n".utf8).write(to: program)
      try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
    }

    deinit { try? files.removeItem(at: folder) }

    /// The command, beside this test's own program.
    func command(_ arguments: [String]) -> Process {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent("swiftlet")
      process.arguments = arguments
      process.currentDirectoryURL = folder
      process.environment = ["PATH": "\(folder.path):/usr/bin:/bin".replacingOccurrences(of: hasEmulator ? "" : ":/usr/bin:/bin", with: "")]
      return process
    }

    private var hasEmulator: Bool { files.fileExists(atPath: folder.appendingPathComponent("qemu-system-x86_64").path) }

    /// Runs the command to its end.
    func run(_ arguments: String...) throws -> (status: Int32, output: String, error: String) {
      let process = command(arguments)
      let (output, error) = (Pipe(), Pipe())
      process.standardOutput = output
      process.standardError = error
      try process.run()
      let outputText = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      let errorText = String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      return (process.terminationStatus, outputText, errorText)
    }
  }

  @Test func missingEmulatorSaysHowToInstallIt() throws {
    let result = try Sandbox(emulator: nil).run("run", "--kernel", "kernel.elf")
    #expect(result.status == 69)
    #expect(result.error == "swiftlet: qemu-system-x86_64 not found; install with: apt-get install qemu-system-x86\n")
  }

  @Test func missingKernelSaysMake() throws {
    let sandbox = try Sandbox(emulator: "exit 1")
    let result = try sandbox.run("run", "--kernel", "nothing.elf")
    #expect(result.status == 66)
    #expect(result.error.contains("There is no file 'nothing.elf'") && result.error.contains("'make'"))
    let iso = try sandbox.run("run", "--machine", "iso", "--kernel", "nothing.iso")
    #expect(iso.status == 66)
    #expect(iso.error.contains("'make iso'"))
  }

  @Test func whatIsNoKernelIsNamed() throws {
    let result = try Sandbox(emulator: "echo 'qemu: invalid kernel header' >&2; exit 1")
      .run("run", "--kernel", "kernel.elf", "--port", "\(Port.free())")
    #expect(result.status == 69)
    #expect(result.error.contains("kernel.elf is perhaps no kernel") && result.error.contains("'make'"))
  }

  @Test func takenPortIsFoundBeforeQEMUStarts() throws {
    let listener = try TCPListener()
    let port = try listener.port()
    let result = try Sandbox(emulator: "touch started").run("run", "--kernel", "kernel.elf", "--port", "\(port)")
    #expect(result.status == 73)
    #expect(result.error.contains("Port \(port) of 127.0.0.1 is taken") && result.error.contains("--port"))
  }

  @Test func takenPortIsReadFromQEMUsMessage() throws {
    let script = "echo \"qemu-system-x86_64: -netdev user: Could not set up host forwarding rule 'tcp:127.0.0.1:1-:80'\" >&2; exit 1"
    let port = try Port.free()
    let result = try Sandbox(emulator: script).run("run", "--kernel", "kernel.elf", "--port", "\(port)")
    #expect(result.status == 73)
    #expect(result.error.contains("Port \(port) of 127.0.0.1 is taken"))
  }

  @Test(arguments: [
    ("echo 'panic: page fault in the kernel'; exit 33", "The kernel panicked."),
    ("echo booting; exit 0", "reset or switched itself off"), ("kill -9 $$", "signal 9"),
    ("echo bye; exit 1", "The kernel stopped."),
  ]) func deathIsDecodedAndShowsTheConsole(script: String, words: String) throws {
    let result = try Sandbox(emulator: "echo last words; \(script)").run("run", "--kernel", "kernel.elf", "--port", "\(Port.free())")
    #expect(result.status == 70)
    #expect(result.error.contains(words))
    #expect(result.error.contains("  | last words"))
  }

  @Test func emulatorErrorsAreShown() throws {
    let result = try Sandbox(emulator: "echo 'qemu-system-x86_64: unsupported machine' >&2; exit 1")
      .run("run", "--kernel", "kernel.elf", "--port", "\(Port.free())")
    #expect(result.status == 69)
    #expect(result.error.contains("QEMU failed: qemu-system-x86_64: unsupported machine"))
  }

  @Test func silenceEndsAtTheTimeout() throws {
    let result = try Sandbox(emulator: "echo hello; exec sleep 60")
      .run("run", "--kernel", "kernel.elf", "--port", "\(Port.free())", "--timeout", "1")
    #expect(result.status == 75)
    #expect(result.error.contains("did not answer within 1 s") && result.error.contains("  | hello"))
  }

  @Test(arguments: [
    (["--memory", "8M"], "8M is too little memory"), (["--memory", "lots"], "'lots' is not a memory size"),
    (["--auth", "me"], "'me' is not a key"), (["--auth", "a:b c"], "no blanks"), (["--port", "0"], "--port"),
    (["--port", "65536"], "65536"), (["--machine", "vax"], "microvm"), (["--accel", "fast"], "kvm"),
    (["--timeout", "0"], "--timeout"), (["--machine", "iso", "--auth", "a:b"], "make iso CMDLINE"), (["-v", "-q"], "exclude"),
  ]) func badValuesAreNamed(arguments: [String], words: String) throws {
    let sandbox = try Sandbox(emulator: "exit 1")
    let process = sandbox.command(["run", "--kernel", "kernel.elf"] + arguments)
    let error = Pipe()
    process.standardError = error
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 64)
    #expect(text.contains(words))
  }

  @Test func verbosePrintsTheCommandLine() throws {
    let result = try Sandbox(emulator: "exit 33")
      .run(
        "run", "--kernel", "kernel.elf", "--port", "\(Port.free())", "-v", "--accel", "tcg", "--auth", "me:secret", "--append", "log=debug")
    #expect(result.output.contains("-accel tcg -cpu max -m 64M"))
    #expect(result.output.contains("-kernel kernel.elf -append 'auth=me:secret log=debug'"))
  }

  /// Waits until the process whose number is in `file` has ended.
  private func isGone(_ file: URL) throws -> Bool {
    let text = try String(contentsOf: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    for _ in 0..<200 {
      let status = try? String(contentsOfFile: "/proc/\(text)/stat", encoding: .utf8)
      // One that is dead and not yet waited for by its adoptive parent is gone as well.
      if status == nil || status?.contains(") Z ") == true { return true }
      Thread.sleep(forTimeInterval: 0.02)
    }
    return false
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGKILL]) func emulatorDoesNotOutliveTheCommand(signal: Int32) throws {
    let sandbox = try Sandbox(emulator: "echo $$ > pid.new; mv pid.new pid; trap '' HUP INT; exec sleep 60")
    let process = sandbox.command(["run", "--kernel", "kernel.elf", "--port", "\(try Port.free())"])
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    let file = sandbox.folder.appendingPathComponent("pid")
    for _ in 0..<500 where !FileManager.default.fileExists(atPath: file.path) { Thread.sleep(forTimeInterval: 0.01) }
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    if signal != SIGKILL {
      #expect(process.terminationReason == .exit && process.terminationStatus == 0)
    }
    #expect(try isGone(file))
  }

  @Test func closedStandardStreamsAreNoHindrance() throws {
    let sandbox = try Sandbox(emulator: "[ -p /dev/stdout ] && [ -p /dev/stderr ] && ! read line && : > started; exit 33")
    let process = sandbox.command([])
    let words = ["run", "--kernel", "kernel.elf", "--port", "\(try Port.free())"].joined(separator: " ")
    process.arguments = ["-c", "exec '\(process.executableURL?.path ?? "")' \(words) <&- >&- 2>&-"]
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 70)
    #expect(FileManager.default.fileExists(atPath: sandbox.folder.appendingPathComponent("started").path))
  }

  @Test func helpNamesOptionsAndExitCodes() throws {
    let sandbox = try Sandbox(emulator: nil)
    let help = try sandbox.run("run", "--help")
    #expect(help.status == 0)
    for word in ["--port", "--memory", "--machine", "--accel", "--auth", "--verbose", "EXIT CODES", "Ctrl-C"] {
      #expect(help.output.contains(word))
    }
    #expect(help.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    let version = try sandbox.run("--version")
    #expect(version.status == 0 && version.output.hasPrefix("swiftlet "))
  }
}
