// The virtual machines: Swiftlet's kernel, and the Linux guest beside it. Same QEMU, accelerator, card and memory.

import Foundation
import Glibc
import SwiftletHost

/// What both kinds share.
struct GuestPlan {
  var build: String
  var accelerator: Accelerator
  static let memory = "256M"

  var kernel: String { build + "/swiftlet-kernel.elf" }
  var guest: String { build + "/bench/guest" }
}

/// Nanoseconds of the monotonic clock, which `bench-load` uses as well.
func monotonicTime() -> Double {
  var time = timespec()
  // SAFETY: the call writes `time` alone.
  unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

/// A Swiftlet kernel that serves.
final class SwiftletGuest {
  let machine: VirtualMachine
  let address: String
  let port: UInt16
  /// When QEMU was about to be started, by the monotonic clock.
  let started: Double
  private let interface: Lab.Interface?
  static let key = "bench:bench"

  init(_ plan: GuestPlan, _ model: MachineModel, extra: [String] = []) throws {
    var arguments = ["auth=\(Self.key)", "log=quiet"]
    let network: LaunchPlan.Network
    if Lab.isIsolated {
      let interface = try Lab.interface()
      self.interface = interface
      network = .tap(interface: interface.name, station: interface.station)
      arguments.append("ip=\(interface.guest)/24")
      address = interface.guest
      port = 80
    } else {
      interface = nil
      port = try Port.free()
      network = .user(hostPort: port)
      address = "127.0.0.1"
    }
    var launch = LaunchPlan(
      machine: model, memory: try MemorySize(parsing: GuestPlan.memory), accelerator: plan.accelerator, image: plan.kernel,
      network: network, kernelArguments: arguments)
    launch.extraArguments = extra
    started = monotonicTime()
    machine = try VirtualMachine(plan: launch, program: QEMU.locate(), lifetime: .seconds(7200))
  }

  deinit {
    machine.stop()
    interface?.remove()
  }

  var commandLine: String { Shell.command([QEMU.program] + machine.plan.arguments) }

  func target(_ action: String, expected: String? = nil) -> Target {
    Target(address: address, port: port, path: "/function/\(action)", expected: expected)
  }

  func deploy(_ name: String, _ path: String) throws {
    _ = try machine.waitForReadyLine(until: .now + .seconds(30))
    let reply = try exchange(
      "PUT", "/api/v1/namespaces/_/actions/\(name)?public=true", body: [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
    guard reply.status == 200 else { throw BenchError("PUT \(name): \(reply.status) \(reply.text)") }
  }

  func counters() throws -> Counters {
    let reply = try exchange("GET", "/api/v1/swiftlet/counters", body: nil)
    return try JSONDecoder().decode(Counters.self, from: Data(reply.body))
  }

  private func exchange(_ method: String, _ path: String, body: [UInt8]?) throws -> HTTPResponse {
    guard let address = IPv4Address(parsing: address) else { throw BenchError("\(self.address) is no address") }
    var connection = try HTTPConnection(to: address, port: port)
    return try connection.exchange(
      method, path, credentials: Self.key, headers: [("Content-Type", "application/octet-stream")], body: body)
  }
}

/// The Linux guest: `bench-server` with a process for each request at port 80, warm at 81, nginx at 82, the glibc echo at 83 and `compute` at 84.
final class LinuxGuest {
  let address: String
  let started: Double
  private let ports: [UInt16: UInt16]
  private var helper: Helper
  private let interface: Lab.Interface?
  private let words: [String]
  private let log: String
  var commandLine: String { Shell.command(words) }

  init(_ plan: GuestPlan, _ model: MachineModel = .microvm, extra: [String] = []) throws {
    let isMicro = model == .microvm
    var append = "console=ttyS0 quiet"
    // QEMU's microvm has nothing to measure the TSC by, and only KVM tells its rate.
    if plan.accelerator.kind == .tcg { append += " tsc_early_khz=2000000" }
    var netdev: String
    var card = isMicro ? "virtio-net-device,netdev=n" : "virtio-net-pci,netdev=n,romfile="
    var ports: [UInt16: UInt16] = [:]
    if Lab.isIsolated {
      let interface = try Lab.interface()
      self.interface = interface
      netdev = "tap,id=n,ifname=\(interface.name),script=no,downscript=no"
      card += ",mac=\(interface.station)"
      append += " address=\(interface.guest)/24"
      address = interface.guest
      for port in Self.services { ports[port] = port }
    } else {
      interface = nil
      netdev = "user,id=n"
      for port in Self.services {
        ports[port] = try Port.free()
        netdev += ",hostfwd=tcp:127.0.0.1:\(ports[port] ?? 0)-:\(port)"
      }
      append += " address=10.0.2.15/24 gateway=10.0.2.2"
      address = "127.0.0.1"
    }
    self.ports = ports
    var words = [QEMU.program, "-M", isMicro ? "microvm" : "q35"] + (isMicro ? [] : ["-bios", "qboot.rom"])
    words += ["-accel", plan.accelerator.kind.rawValue, "-cpu", plan.accelerator.cpu, "-m", GuestPlan.memory]
    words += ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio"]
    words += ["-netdev", netdev, "-device", card, "-kernel", plan.guest + "/vmlinuz", "-initrd", plan.guest + "/initrd.cpio.gz"]
    words += ["-append", append] + extra
    self.words = words
    log = plan.build + "/bench/linux-guest.log"
    started = monotonicTime()
    helper = try Helper(words, log: log)
  }

  /// Boots it again.
  func restart(_ load: LoadTool) throws {
    helper.stop()
    helper = try Helper(words, log: log)
    _ = try load.firstAnswer(target(port: 80), path: "/", pause: 10)
    // The other servers start after the first.
    Thread.sleep(forTimeInterval: 3)
  }

  private static let services: [UInt16] = [80, 81, 82, 83, 84]

  deinit {
    helper.stop()
    interface?.remove()
  }

  var process: Int32 { helper.identifier }

  func target(port: UInt16, expected: String? = nil) -> Target {
    Target(address: address, port: ports[port] ?? port, path: "/", expected: expected)
  }

  /// Whether the guest can be had.
  static func isThere(_ plan: GuestPlan) -> Bool { FileManager.default.fileExists(atPath: plan.guest + "/vmlinuz") }
}
