import Testing

@testable import SwiftletHost

@Suite struct AcceleratorTests {
  static func cpuInfo(_ flags: String) -> String {
    "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu vme \(flags) sse2\nvmx flags\t: vnmi\nbugs\t\t: spectre_v1\n\n"
  }

  struct Case: Sendable {
    var flags: String
    var exists = true
    var opens = true
    var request = AcceleratorRequest.auto
    var kind: Accelerator.Kind?
    var reason: String
  }

  static let cases = [
    Case(flags: "vmx", kind: .kvm, reason: "since the CPU shows vmx and /dev/kvm opens"),
    Case(flags: "svm", kind: .kvm, reason: "since the CPU shows svm and /dev/kvm opens"),
    Case(flags: "", kind: .tcg, reason: "neither vmx nor svm, though /dev/kvm opens"),
    Case(flags: "svml vmxoff", kind: .tcg, reason: "neither vmx nor svm"),
    Case(flags: "", exists: false, opens: false, kind: .tcg, reason: "since the CPU shows neither vmx nor svm"),
    Case(flags: "vmx", exists: false, opens: false, kind: .tcg, reason: "there is no /dev/kvm"),
    Case(flags: "vmx", opens: false, kind: .tcg, reason: "/dev/kvm cannot be opened"),
    Case(flags: "vmx", request: .tcg, kind: .tcg, reason: "as asked"),
    Case(flags: "vmx", request: .kvm, kind: .kvm, reason: "as asked"),
    Case(flags: "", request: .kvm, kind: .kvm, reason: "expect it to be slow"),
    Case(flags: "vmx", opens: false, request: .kvm, kind: nil, reason: "/dev/kvm cannot be opened"),
    Case(flags: "vmx", exists: false, opens: false, request: .kvm, kind: nil, reason: "there is no /dev/kvm"),
  ]

  @Test(arguments: cases) func choice(_ given: Case) throws {
    let support = AcceleratorSupport(cpuInfo: Self.cpuInfo(given.flags), kvmExists: given.exists, kvmOpens: given.opens)
    guard let kind = given.kind else {
      let error = #expect(throws: HostError.self) { try Accelerator(for: given.request, support: support) }
      #expect(error?.kind == .unavailable)
      #expect(error?.problem.contains(given.reason) == true)
      #expect(error?.remedy?.contains("--accel") == true)
      return
    }
    let accelerator = try Accelerator(for: given.request, support: support)
    #expect(accelerator.kind == kind)
    #expect(accelerator.reason.contains(given.reason))
  }

  @Test func softwareKVMLacksARegister() throws {
    let software = AcceleratorSupport(cpuInfo: Self.cpuInfo(""), kvmExists: true, kvmOpens: true)
    #expect(software.isSoftwareKVM)
    #expect(try Accelerator(for: .kvm, support: software).cpu == "host,-arch-capabilities")
    let hardware = AcceleratorSupport(cpuInfo: Self.cpuInfo("vmx"), kvmExists: true, kvmOpens: true)
    #expect(!hardware.isSoftwareKVM)
    #expect(try Accelerator(for: .kvm, support: hardware).cpu == "host")
    #expect(try Accelerator(for: .tcg, support: software).cpu == "max")
  }

  @Test func noCPUInformationMeansNoFlag() {
    #expect(AcceleratorSupport(cpuInfo: "", kvmExists: false, kvmOpens: false).cpuFlag == nil)
  }
}
