// From a manifest to the commands that make its action; they are those of Userland/build.mk and docs/writing-actions.md.

import Foundation

public struct BuildPlan: Equatable, Sendable {
  public var steps: [ProgramRun.Plan]
  /// What is deployed, and the same with symbols, for debuggers and addr2line.
  public var product: String
  public var symbols: String

  /// The folders to be there before the steps are taken.
  public var folders: [String] { [(product as NSString).deletingLastPathComponent, (symbols as NSString).deletingLastPathComponent] }

  /// Paths of the project in `folder` ("." for the current one) are relative where that is.
  public static func product(of manifest: Manifest, in folder: String) -> String { path("build/\(manifest.name)", in: folder) }

  private static func path(_ name: String, in folder: String) -> String {
    folder == "." || name.hasPrefix("/") ? name : "\(folder)/\(name)"
  }

  private init(_ manifest: Manifest, in folder: String) {
    product = Self.product(of: manifest, in: folder)
    symbols = Self.path("build/obj/\(manifest.name)", in: folder)
    steps = []
  }

  /// `sdk` is only asked for a project in Swift.
  public init(_ manifest: Manifest, in folder: String, sdk: () throws(HostError) -> SDK) throws(HostError) {
    self.init(manifest, in: folder)
    let sources = manifest.sources.map { Self.path($0, in: folder) }
    for source in sources where !FileManager.default.fileExists(atPath: source) {
      throw HostError(.missingFile, "There is no \(source), which \(Manifest.fileName) lists among 'sources'.")
    }
    switch manifest.language {
    case .swift: try planSwift(manifest, sources, sdk)
    case .c: try planC(manifest, sources)
    case .rust: try planRust(manifest, sources)
    }
  }

  private mutating func planSwift(_ manifest: Manifest, _ sources: [String], _ findSDK: () throws(HostError) -> SDK) throws(HostError) {
    let swiftc = try Toolchain.require("swiftc")
    let linker = try Toolchain.require("ld.lld")
    let sdk = try findSDK()
    let object = symbols + ".o"
    let module = "action_" + manifest.name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? String($0) : "_" }.joined()
    let compile = [
      "-target", "x86_64-unknown-none-elf", "-swift-version", "6", "-wmo", "-parse-as-library", "-Osize",
      "-enable-experimental-feature", "Embedded", "-enable-experimental-feature", "Extern", "-enable-experimental-feature", "Lifetimes",
      "-Xfrontend", "-function-sections", "-Xfrontend", "-disable-stack-protector", "-Xcc", "-ffreestanding", "-I", sdk.headers, "-I",
      sdk.objects, "-module-name", module,
    ]
    steps.append(.init(swiftc, compile + manifest.options + ["-c"] + sources + ["-o", object]))
    let link = [
      "-pie", "--no-dynamic-linker", "-z", "text", "-z", "noexecstack", "-z", "norelro", "-z", "rodynamic", "-z", "noseparate-code",
      "--no-rosegment", "-z", "max-page-size=0x1000", "--gc-sections", "--hash-style=gnu", object,
    ] + SDK.objectNames.map { "\(sdk.objects)/\($0)" } + [try Toolchain.unicodeTables(of: swiftc)]
    steps.append(.init(linker, link + ["-o", symbols]))
    // Linked once more and not stripped: there may be no strip where there is Swift.
    steps.append(.init(linker, ["-s"] + link + ["-o", product]))
  }

  private mutating func planC(_ manifest: Manifest, _ sources: [String]) throws(HostError) {
    let gcc = try Toolchain.require("gcc")
    let compile = ["-std=gnu17", "-O2", "-g", "-Wall", "-Wextra", "-fPIE"]
    let link = ["-static-pie", "-Wl,-z,noexecstack", "-o", symbols]
    let usesMusl = manifest.library.map { $0 == .musl } ?? Toolchain.hasMusl
    if !usesMusl {
      steps.append(.init(gcc, compile + link + sources + manifest.options))
    } else {
      guard Toolchain.hasMusl else {
        throw HostError(
          .unavailable, "musl is not installed, which \(Manifest.fileName) asks for.", remedy: "Install it with: apt-get install musl-dev")
      }
      // Not musl-gcc -static-pie: Debian's makes a dynamically linked file of it.
      let own = try Toolchain.require(answerOf: gcc, ["-print-file-name=include"])
      let library = try Toolchain.require(answerOf: gcc, ["-print-libgcc-file-name"])
      func musl(_ name: String) -> String { "\(Toolchain.muslFolder)/\(name)" }
      steps.append(
        .init(
          gcc,
          compile + ["-nostdinc", "-isystem", Toolchain.muslHeaders, "-isystem", own, "-nostdlib"] + link
            + [musl("rcrt1.o"), musl("crti.o")] + sources + manifest.options + [musl("libc.a"), library, musl("libc.a"), musl("crtn.o")]))
    }
    try planStripping()
  }

  private mutating func planRust(_ manifest: Manifest, _ sources: [String]) throws(HostError) {
    let rustc = try Toolchain.require("rustc")
    guard Toolchain.hasRustLibrary(rustc) else {
      throw HostError(
        .unavailable, "\(rustc) has no standard library for \(Toolchain.rustTarget).",
        remedy: "Add it with: rustup target add \(Toolchain.rustTarget)")
    }
    // rustc finds the modules of the first file by itself.
    steps.append(
      .init(
        rustc,
        [
          "--edition", "2021", "--target", Toolchain.rustTarget, "-O", "-C", "target-feature=+crt-static", "-C", "relocation-model=pie",
          "--crate-name", "action", sources[0],
        ] + manifest.options + ["-o", symbols]))
    try planStripping()
  }

  private mutating func planStripping() throws(HostError) {
    steps.append(.init(try Toolchain.require("strip"), ["-o", product, symbols]))
  }
}

extension BuildPlan {
  /// Takes the steps. `trace` is told each before it is taken, `show` what a compiler writes.
  public func carryOut(trace: (String) -> Void, show: (String) -> Void) throws(HostError) {
    do {
      for folder in folders { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
    } catch {
      throw HostError(.exists, "The folder of \(product) cannot be made: \(error.localizedDescription)")
    }
    for step in steps {
      trace(step.command)
      let run: ProgramRun
      do throws(SystemError) { run = try ProgramRun(step) } catch {
        throw HostError(.unavailable, "\(step.path) cannot be started: \(error).")
      }
      let words = String(decoding: run.output + run.error, as: UTF8.self)
      if !words.isEmpty { show(words.hasSuffix("\n") ? String(words.dropLast()) : words) }
      guard run.end == .exited(0) else {
        let tool = (step.path as NSString).lastPathComponent
        throw HostError(.failed, "\(product) was not built: \(tool) failed.", remedy: words.isEmpty ? "-v shows its command line." : nil)
      }
    }
  }
}
