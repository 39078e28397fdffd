// The QEMU command line. It is the one the documentation prints, so that what `swiftlet run` does can be done by hand.

import Foundation

/// Everything that decides how a virtual machine is started.
public struct LaunchPlan: Sendable {
  public enum Network: Equatable, Sendable {
    /// QEMU's user network: this port of 127.0.0.1 reaches the guest's port.
    case user(hostPort: UInt16, guestPort: UInt16 = 80)
    /// One raw frame a datagram between two UNIX sockets: QEMU is bound to `guest` and sends to `host`.
    case datagram(guest: String, host: String)
    /// A TAP interface that exists, and the card's Ethernet address.
    case tap(interface: String, station: String)
  }

  public var machine: MachineModel
  public var memory: MemorySize
  public var accelerator: Accelerator
  /// The kernel's ELF file, or the ISO.
  public var image: String
  public var network: Network
  /// The kernel command line; the ISO has its own.
  public var kernelArguments: [String]
  /// Whether to leave out what only makes things quicker or clearer: q35's small firmware, the port that a panic exits through.
  public var isPlain = false
  /// QEMU's CPU model where it is not to be the accelerator's best.
  public var cpuModel: String?
  /// More arguments for QEMU, for measuring.
  public var extraArguments: [String] = []

  public init(
    machine: MachineModel, memory: MemorySize = .standard, accelerator: Accelerator, image: String, network: Network,
    kernelArguments: [String]
  ) {
    self.machine = machine
    self.memory = memory
    self.accelerator = accelerator
    self.image = image
    self.network = network
    self.kernelArguments = kernelArguments
  }

  /// QEMU's arguments, without the program's name.
  public var arguments: [String] {
    var list: [String]
    switch machine {
    case .microvm: list = ["-M", "microvm,acpi=off,pit=off,pic=off,rtc=on,isa-serial=on"]
    case .q35: list = ["-M", "q35"] + (isPlain ? [] : ["-bios", "qboot.rom"])
    case .iso: list = ["-M", "q35"]
    }
    list += ["-accel", accelerator.kind.rawValue, "-cpu", cpuModel ?? accelerator.cpu, "-m", memory.description]
    list += ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio"]
    // The kernel ends QEMU with a status through this port; it works without the device, too.
    if !isPlain { list += ["-device", "isa-debug-exit,iobase=0xf4,iosize=1"] }
    if machine == .microvm { list += ["-global", "virtio-mmio.force-legacy=false"] }
    list += ["-netdev", netdev]
    list += ["-device", (machine == .microvm ? "virtio-net-device,netdev=n" : "virtio-net-pci,netdev=n,romfile=") + station]
    if machine == .iso {
      list += ["-cdrom", image]
    } else {
      list += ["-kernel", image]
      if !kernelArguments.isEmpty { list += ["-append", kernelArguments.joined(separator: " ")] }
    }
    return list + extraArguments
  }

  private var netdev: String {
    switch network {
    case .user(let hostPort, let guestPort):
      "user,id=n,hostfwd=tcp:127.0.0.1:\(hostPort)-:\(guestPort)"
    case .datagram(let guest, let host):
      "dgram,id=n,local.type=unix,local.path=\(guest),remote.type=unix,remote.path=\(host)"
    case .tap(let interface, _):
      "tap,id=n,ifname=\(interface),script=no,downscript=no"
    }
  }

  private var station: String {
    if case .tap(_, let station) = network { ",mac=\(station)" } else { "" }
  }

  /// The port of 127.0.0.1 that reaches the guest's server.
  public var hostPort: UInt16? {
    if case .user(let port, _) = network { port } else { nil }
  }
}

/// Words for a POSIX shell.
public enum Shell {
  /// `word`, in single quotes where a shell would not take it as it is.
  public static func quoted(_ word: String) -> String {
    let plain = word.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || "-_./:=,+@%".utf8.contains(byte)
    }
    return plain && !word.isEmpty ? word : "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
  }

  public static func command(_ words: [String]) -> String { words.map(quoted).joined(separator: " ") }
}

/// QEMU's program for this processor architecture.
public enum QEMU {
  public static let program = "qemu-system-x86_64"

  /// The program's path, looked up in `path` (the environment's PATH).
  public static func locate(path: String? = ProcessInfo.processInfo.environment["PATH"]) throws(HostError) -> String {
    if let found = ProgramPath.find(program, in: path) { return found }
    throw HostError(
      .unavailable, "\(program) not found; install with: apt-get install qemu-system-x86")
  }
}
