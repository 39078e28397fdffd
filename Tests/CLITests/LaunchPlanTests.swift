import Testing

@testable import SwiftletHost

@Suite struct LaunchPlanTests {
  static let tcg = Accelerator(kind: .tcg, reason: "as asked")

  func plan(_ machine: MachineModel, kvm: Bool = false) -> LaunchPlan {
    LaunchPlan(
      machine: machine, accelerator: kvm ? Accelerator(kind: .kvm, reason: "") : Self.tcg, image: machine.defaultImage,
      network: .user(hostPort: 8080), kernelArguments: ["auth=me:secret"])
  }

  /// The lines that the documentation prints, with the debug exit device added.
  @Test func microvmIsTheDocumentedCommandLine() {
    let expected = """
      -M microvm,acpi=off,pit=off,pic=off,rtc=on,isa-serial=on -accel tcg -cpu max -m 64M -nodefaults -no-user-config \
      -display none -no-reboot -serial stdio -device isa-debug-exit,iobase=0xf4,iosize=1 \
      -global virtio-mmio.force-legacy=false -netdev user,id=n,hostfwd=tcp:127.0.0.1:8080-:80 \
      -device virtio-net-device,netdev=n -kernel build/swiftlet-kernel.elf -append auth=me:secret
      """
    #expect(Shell.command(plan(.microvm).arguments) == expected)
  }

  @Test func q35HasQbootAndPCI() {
    let expected = """
      -M q35 -bios qboot.rom -accel tcg -cpu max -m 64M -nodefaults -no-user-config -display none -no-reboot -serial stdio \
      -device isa-debug-exit,iobase=0xf4,iosize=1 -netdev user,id=n,hostfwd=tcp:127.0.0.1:8080-:80 \
      -device virtio-net-pci,netdev=n,romfile= -kernel build/swiftlet-kernel.elf -append auth=me:secret
      """
    #expect(Shell.command(plan(.q35).arguments) == expected)
  }

  @Test func isoBootsTheCDAndHasItsOwnCommandLine() {
    let arguments = plan(.iso).arguments
    #expect(arguments.suffix(2) == ["-cdrom", "build/swiftlet.iso"])
    #expect(!arguments.contains("-append") && !arguments.contains("-kernel") && !arguments.contains("-bios"))
    #expect(arguments.contains("virtio-net-pci,netdev=n,romfile="))
  }

  @Test(arguments: MachineModel.allCases) func kvmShowsTheHostsCPU(machine: MachineModel) {
    let line = Shell.command(plan(machine, kvm: true).arguments)
    #expect(line.contains("-accel kvm -cpu host -m"))
  }

  @Test func kernelArgumentsAreOneWord() {
    var plan = plan(.microvm)
    plan.kernelArguments = ["auth=a:b", "ip=10.0.0.2/24 gw=10.0.0.1"]
    #expect(plan.arguments.last == "auth=a:b ip=10.0.0.2/24 gw=10.0.0.1")
    #expect(Shell.command(plan.arguments).hasSuffix("-append 'auth=a:b ip=10.0.0.2/24 gw=10.0.0.1'"))
    plan.kernelArguments = []
    #expect(!plan.arguments.contains("-append"))
  }

  @Test func datagramNetworkNamesBothSockets() {
    var plan = plan(.microvm)
    plan.network = .datagram(guest: "/a", host: "/b")
    #expect(plan.arguments.contains("dgram,id=n,local.type=unix,local.path=/a,remote.type=unix,remote.path=/b"))
    #expect(plan.hostPort == nil)
  }

  @Test(arguments: [
    ("plain-word_1.2/3:4=5,6@7", "plain-word_1.2/3:4=5,6@7"), ("", "''"), ("a b", "'a b'"), ("$HOME", "'$HOME'"),
    ("it's", "'it'\\''s'"), ("a*", "'a*'"),
  ]) func shellWords(word: String, quoted: String) {
    #expect(Shell.quoted(word) == quoted)
  }
}
