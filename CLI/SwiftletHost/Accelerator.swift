// Which of QEMU's accelerators to use. KVM needs a CPU with VMX or SVM, not only a /dev/kvm that opens: on machines that emulate KVM in
// software it opens too, but programs in ring 3 cannot run there.

import Foundation

/// What was asked for with `--accel`.
public enum AcceleratorRequest: String, CaseIterable, Sendable {
  case auto, kvm, tcg
}

/// What this host offers.
public struct AcceleratorSupport: Equatable, Sendable {
  /// The CPU's flag for hardware virtualisation: `vmx`, `svm` or none.
  public var cpuFlag: String?
  public var kvmExists: Bool
  public var kvmOpens: Bool

  /// From the text of /proc/cpuinfo.
  public init(cpuInfo: String, kvmExists: Bool, kvmOpens: Bool) {
    self.kvmExists = kvmExists
    self.kvmOpens = kvmOpens
    cpuFlag = nil
    for line in cpuInfo.split(separator: "\n") where line.hasPrefix("flags") {
      let flags = line.split(whereSeparator: { " \t:".contains($0) })
      cpuFlag = flags.contains("vmx") ? "vmx" : flags.contains("svm") ? "svm" : nil
      break
    }
  }

  /// Of the host this runs on.
  public static func detect() -> AcceleratorSupport {
    let device = "/dev/kvm"
    // A file of /proc has no size: it is read to its end.
    let information = FileHandle(forReadingAtPath: "/proc/cpuinfo").flatMap { try? $0.readToEnd() } ?? Data()
    return AcceleratorSupport(
      cpuInfo: String(decoding: information, as: UTF8.self),
      kvmExists: FileManager.default.fileExists(atPath: device),
      kvmOpens: FileHandle(forUpdatingAtPath: device) != nil)
  }

  /// KVM that the CPU does not carry out itself: it boots the kernel, slowly, and runs no actions.
  public var isSoftwareKVM: Bool { kvmOpens && cpuFlag == nil }
}

/// The accelerator taken, and why.
public struct Accelerator: Equatable, Sendable {
  public enum Kind: String, Sendable { case kvm, tcg }

  public var kind: Kind
  /// One clause: "since the CPU shows vmx and /dev/kvm opens".
  public var reason: String

  public init(kind: Kind, reason: String) {
    self.kind = kind
    self.reason = reason
  }

  /// A KVM that is emulated itself. It lacks a register of newer CPUs, without which QEMU would not start.
  public var isSoftwareKVM = false

  /// The value of QEMU's `-cpu` that shows the guest all that there is.
  public var cpu: String {
    switch kind {
    case .tcg: "max"
    case .kvm: isSoftwareKVM ? "host,-arch-capabilities" : "host"
    }
  }

  public init(for request: AcceleratorRequest, support: AcceleratorSupport) throws(HostError) {
    let missing = support.kvmExists ? "/dev/kvm cannot be opened" : "there is no /dev/kvm"
    switch request {
    case .tcg:
      self.init(kind: .tcg, reason: "as asked")
    case .kvm:
      guard support.kvmOpens else {
        throw HostError(
          .unavailable, "KVM cannot be used: \(missing).",
          remedy: support.kvmExists
            ? "Become a member of the group kvm (usermod -aG kvm USER), or leave --accel out."
            : "Load the module (modprobe kvm_intel or kvm_amd), or leave --accel out to run under TCG.")
      }
      self.init(
        kind: .kvm,
        reason: support.cpuFlag == nil ? "as asked, though the CPU shows neither vmx nor svm: expect it to be slow" : "as asked")
      isSoftwareKVM = support.isSoftwareKVM
    case .auto:
      if let flag = support.cpuFlag, support.kvmOpens {
        self.init(kind: .kvm, reason: "since the CPU shows \(flag) and /dev/kvm opens")
      } else if support.cpuFlag == nil {
        self.init(
          kind: .tcg,
          reason: "since the CPU shows neither vmx nor svm" + (support.kvmOpens ? ", though /dev/kvm opens" : ""))
      } else {
        self.init(kind: .tcg, reason: "since \(missing)")
      }
    }
  }
}
