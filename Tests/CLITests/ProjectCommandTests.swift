// `new`, `build`, `exec-local`: a project of each language made, built and run for real.

import Foundation
import Testing

@testable import SwiftletHost

@Suite(.timeLimit(.minutes(5))) struct ProjectCommandTests {
  static let hasSDK = (try? SDK(near: CommandRunner.program.deletingLastPathComponent().path)) != nil && ProgramPath.find("swiftc") != nil

  /// Makes a project, builds it, and calls it in all the ways that its README names.
  func works(_ language: Language, largest: Int) throws {
    let runner = try CommandRunner()
    let made = try runner.run("new", "my act", "--lang", language.rawValue)
    #expect(made.status == 0 && made.output.contains("cd 'my act'"), "\(made)")
    let readme = try String(contentsOf: runner.folder.appendingPathComponent("my act/README.md"), encoding: .utf8)
    #expect(readme.split(separator: "\n", omittingEmptySubsequences: false).count <= 12 && readme.contains("/function/my%20act"))

    let built = try runner.run("build", "my act", "--json")
    #expect(built.status == 0, "\(built.error)")
    let report = try JSON(parsing: built.output)
    #expect(report["file"] == "my act/build/my act")
    #expect((report["size"]?.integer ?? .max) <= largest, "\(report.compact)")
    #expect(FileManager.default.fileExists(atPath: runner.folder.appendingPathComponent("my act/build/obj/my act").path))

    func greeting(_ arguments: String..., input: String? = nil) throws -> JSON? {
      let process = runner.process(["exec-local"] + arguments, in: "my act")
      let output = Pipe()
      process.standardOutput = output
      if let input {
        let pipe = Pipe()
        process.standardInput = pipe
        try pipe.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try pipe.fileHandleForWriting.close()
      }
      try process.run()
      let text = output.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
      return try JSON(parsing: text)["greeting"]
    }
    let file = "build/my act"
    // Once with the project built anew, then with the file.
    #expect(try greeting("-p", "name", "Ada") == "Hello, Ada!")
    for (object, name) in [
      ("{\"name\":\"Zoë \\\"Z\\\" \\u00fc\\\\\"}", "Zoë \"Z\" ü\\"), ("{ \"a\" : [\"name\", {\"name\":\"no\"}], \"name\" : \"yes\" }", "yes"),
      ("{\"x\":\"name\",\"name\":5}", "world"), ("{\"other\":{\"name\":\"no\"}}", "world"), ("{}", "world"), ("{\"name\":\"\"}", ""),
    ] {
      #expect(try greeting(file, "-d", object) == .string("Hello, \(name)!"), "\(object)")
    }
    for (text, name) in [("Ada", "Ada"), ("  Ada\n", "Ada"), ("", "world"), (" \n", "world"), ("a\"b\\c\td", "a\"b\\c d")] {
      #expect(try greeting(file, "--raw", "-d", "-", input: text) == .string("Hello, \(name)!"), "\(text)")
    }
    // What is no JSON in spite of its first character does no harm.
    for text in ["{", "{\"name", "{\"name\":\"x", "{\"name\":\"x\\", "}{]["] {
      #expect(try greeting(file, "--raw", "-d", text)?.string?.hasPrefix("Hello, ") == true, "\(text)")
    }
  }

  @Test(.enabled(if: hasSDK, "Swift or its SDK is missing: make actions")) func swiftProjectWorks() throws {
    try works(.swift, largest: 8 << 10)
  }

  @Test(.enabled(if: ProgramPath.find("gcc") != nil, "gcc is not installed")) func cProjectWorks() throws {
    try works(.c, largest: Toolchain.hasMusl ? 40 << 10 : 1 << 20)
  }

  @Test(.enabled(if: ProgramPath.find("rustc").map(Toolchain.hasRustLibrary) == true, "rustc is not installed")) func rustProjectWorks() throws {
    try works(.rust, largest: 2 << 20)
  }

  @Test(.enabled(if: ProgramPath.find("gcc") != nil && Toolchain.hasMusl, "gcc or musl is not installed"), arguments: Manifest.CLibrary.allCases)
  func theManifestChoosesTheCLibrary(library: Manifest.CLibrary) throws {
    let runner = try CommandRunner()
    try runner.write("a.c", "#include <stdio.h>\nint main(void) { printf(\"{\\\"n\\\":%d}\\n\", NUMBER); return 0; }\n".utf8)
    let manifest = "{\"name\":\"a\",\"lang\":\"c\",\"sources\":[\"a.c\"],\"options\":[\"-DNUMBER=42\"],\"libc\":\"\(library.rawValue)\"}"
    try runner.write("swiftlet.json", manifest.utf8)
    let result = try runner.run("exec-local", "-v")
    #expect(try JSON(parsing: result.output) == ["n": 42], "\(result)")
    #expect(result.error.contains("rcrt1.o") == (library == .musl))
  }

  @Test(.enabled(if: ProgramPath.find("gcc") != nil, "gcc is not installed")) func compilersErrorsAreShown() throws {
    let runner = try CommandRunner()
    try runner.write("a.c", "int main(void) { return nothing; }\n".utf8)
    try runner.write("swiftlet.json", "{\"name\":\"a\",\"lang\":\"c\",\"sources\":[\"a.c\"]}".utf8)
    for command in ["build", "exec-local", "deploy"] {
      let result = try runner.run(command)
      #expect(result.status == 1 && result.error.contains("a.c:1:25"))
      #expect(result.error.contains("swiftlet: build/a was not built: gcc failed."))
    }
    try runner.write("swiftlet.json", "{\"name\":\"a\",\"lang\":\"c\",\"sources\":[\"b.c\"]}".utf8)
    let missing = try runner.run("build")
    #expect(missing.status == 66 && missing.error.contains("There is no b.c, which swiftlet.json lists"))
  }

  @Test(arguments: [("swift", "swiftc not found.", "swift.org"), ("c", "gcc not found.", "apt-get"), ("rust", "rustc not found.", "rust-lang.org")])
  func missingCompilersAreNamed(language: String, words: String, remedy: String) throws {
    let runner = try CommandRunner()
    _ = try runner.run("new", "a", "--lang", language)
    runner.environment["PATH"] = "/nowhere"
    let result = try runner.run("build", "a")
    #expect(result.status == 69 && result.error.contains(words) && result.error.contains(remedy), "\(result)")
  }

  @Test func theSDKIsLookedForAboveTheProgram() throws {
    let runner = try CommandRunner()
    let root = runner.folder.path
    func make(_ path: String) throws {
      let url = runner.folder.appendingPathComponent(path)
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data().write(to: url)
    }
    let nothing = #expect(throws: HostError.self) { try SDK(near: root + "/build") }
    #expect(nothing?.exitCode == 69 && nothing?.problem.contains("no folder above \(root)/build has Userland/SDK") == true)
    try make("Userland/SDK/CSwiftlet/module.modulemap")
    let unbuilt = #expect(throws: HostError.self) { try SDK(near: root + "/build") }
    #expect(unbuilt?.remedy == "Build it with: make -C \(root) actions")
    for name in SDK.objectNames + ["Swiftlet.swiftmodule"] { try make("build/obj/userland/\(name)") }
    let expected = SDK(headers: root + "/Userland/SDK/CSwiftlet", objects: root + "/build/obj/userland")
    #expect(try SDK(near: root + "/build") == expected)
    #expect(try SDK(near: root + "/.build/debug") == expected)
  }

  @Test func newMakesNothingWhereThereIsSomething() throws {
    let runner = try CommandRunner()
    #expect(try runner.run("new", "a", "--lang", "c").status == 0)
    let again = try runner.run("new", "a", "--lang", "swift")
    #expect(again.status == 73 && again.error.contains("There is a 'a' here already."))
    for (name, language) in [("a/b", "c"), ("..", "c"), ("x", "go"), ("-x", "c")] {
      #expect(try runner.run("new", name, "--lang", language).status == 64, "\(name)")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: runner.folder.path) == ["a"])
  }

  @Test func localFailuresDecideTheExitCode() throws {
    let runner = try CommandRunner()
    func make(_ name: String, _ script: String) throws {
      try runner.write(name, "#!/bin/sh\n\(script)\n".utf8)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: runner.folder.path + "/" + name)
    }
    try make("error", "echo log; echo '{\"error\":\"no\"}'")
    let error = try runner.run("exec-local", "error")
    #expect(error.status == 1 && error.output == "{\n  \"error\": \"no\"\n}\n" && error.error == "log\napplication error\n")
    let json = try JSON(parsing: runner.run("exec-local", "error", "--json").output)
    #expect(json == ["status": "application error", "statusCode": 1, "result": ["error": "no"], "logs": ["stdout: log"]])
    try make("crash", "echo half; kill -SEGV $$")
    let crash = try runner.run("exec-local", "crash", "--raw")
    #expect(crash.status == 2 && crash.output == "half\n" && crash.error.contains("signal 11"))
    try make("slow", "exec sleep 60")
    #expect(try runner.run("exec-local", "slow", "--timeout", "100").output.contains("time limits of 100 milliseconds"))
    try runner.write("data", [1, 2, 3])
    let unfit = try runner.run("exec-local", "data")
    #expect(unfit.status == 65 && unfit.error.contains("chmod +x data"))
    #expect(try runner.run("exec-local", "nothing").status == 66)
    #expect(try runner.run("exec-local", "error", "--timing").error.contains("process: "))
  }
}
