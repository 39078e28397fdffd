// What is installed: to run the kernel, to build it, to build actions.

import Foundation

public enum ToolChecks {
  /// Runs the kernel.
  public static func emulator() -> Check {
    do throws(HostError) {
      return Check("QEMU", .ok, version(of: try QEMU.locate(), "--version"))
    } catch {
      return Check("QEMU", .missing, "\(QEMU.program) is not in PATH: 'swiftlet run' needs it", remedy: "apt-get install qemu-system-x86")
    }
  }

  public static func accelerator(_ support: AcceleratorSupport = .detect()) -> Check {
    guard let accelerator = try? Accelerator(for: .auto, support: support) else { return Check("KVM", .absent, "unknown") }
    if accelerator.kind == .kvm { return Check("KVM", .ok, "usable, \(accelerator.reason)") }
    let remedy =
      support.cpuFlag == nil
      ? "Switch virtualisation on in the firmware, or nested virtualisation in the hypervisor; TCG works, and is slower."
      : support.kvmExists ? "Become a member of the group kvm: usermod -aG kvm USER" : "Load the module: modprobe kvm_intel or kvm_amd"
    return Check("KVM", .absent, "not used, \(accelerator.reason): the kernel runs under TCG", remedy: remedy)
  }

  /// The programs that make builds with, and those for actions' languages.
  public static func compilers() -> [Check] {
    [
      tool("NASM", "nasm", "-v", for: "building the kernel", "apt-get install nasm"),
      tool("Swift", "swiftc", "--version", for: "building the kernel, and actions in Swift", Toolchain.remedies["swiftc"]),
      tool("ld.lld", "ld.lld", "--version", for: "building the kernel, and actions in Swift", Toolchain.remedies["ld.lld"]),
      gcc(), musl(), rust(), grub(),
    ]
  }

  /// The first number that a program says of its version, and where it is.
  private static func version(of path: String, _ option: String) -> String {
    let words = (Toolchain.answer(of: path, [option]) ?? "").split { $0.isWhitespace || $0 == "(" || $0 == ")" }
    let number = words.first { $0.first?.isNumber == true && $0.contains(".") }?.prefix { $0.isNumber || $0 == "." }
    return number.map { "\($0), \(path)" } ?? path
  }

  private static func tool(_ name: String, _ program: String, _ option: String, for use: String, _ remedy: String?) -> Check {
    if let path = ProgramPath.find(program) { return Check(name, .ok, version(of: path, option)) }
    return Check(name, .absent, "\(program) is not in PATH: for \(use)", remedy: remedy)
  }

  private static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  private static func gcc() -> Check {
    var check = tool("gcc", "gcc", "--version", for: "actions in C", Toolchain.remedies["gcc"])
    if check.state == .ok, !exists("/usr/lib/x86_64-linux-gnu/rcrt1.o") {
      check = Check("gcc", .absent, "glibc's files for linking are not there: for actions in C on glibc", remedy: "apt-get install libc6-dev")
    }
    return check
  }

  private static func musl() -> Check {
    if Toolchain.hasMusl { return Check("musl", .ok, Toolchain.muslFolder) }
    return Check("musl", .absent, "not installed: for the smallest actions in C", remedy: "apt-get install musl-dev")
  }

  private static func rust() -> Check {
    var check = tool("Rust", "rustc", "--version", for: "actions in Rust", Toolchain.remedies["rustc"])
    if check.state == .ok, let rustc = ProgramPath.find("rustc"), !Toolchain.hasRustLibrary(rustc) {
      check = Check(
        "Rust", .absent, "rustc has no library for \(Toolchain.rustTarget): for actions in Rust",
        remedy: "rustup target add \(Toolchain.rustTarget)")
    }
    return check
  }

  private static func grub() -> Check {
    let tools = [("grub-mkrescue", "grub-common"), ("xorriso", "xorriso"), ("mformat", "mtools")]
    var packages = tools.filter { ProgramPath.find($0.0) == nil }.map(\.1)
    if !exists("/usr/lib/grub/i386-pc/moddep.lst") { packages.append("grub-pc-bin") }
    if packages.isEmpty { return Check("GRUB", .ok, "grub-mkrescue, xorriso, mformat and its files for PCs") }
    return Check("GRUB", .absent, "not complete: for the ISO image", remedy: "apt-get install \(packages.joined(separator: " "))")
  }
}
