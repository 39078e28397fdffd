// The other end of the virtual machine's network cable: one raw frame a datagram.

import Foundation
import SwiftletHost

/// A booted kernel on a cable that the test holds.
final class FrameLink {
  static let testerIP: IPv4 = [10, 9, 0, 1]
  static let guestIP: IPv4 = [10, 9, 0, 2]

  let machine: VirtualMachine
  private let socket: DatagramSocket
  private let folder: URL
  private let guestPath: String
  /// The kernel's address, once it was heard.
  private(set) var guestMAC = MAC.broadcast

  init(_ model: MachineModel = .microvm, arguments: [String]) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    guestPath = folder.appendingPathComponent("g").path
    let path = folder.appendingPathComponent("h").path
    socket = try DatagramSocket(path: path)
    let plan = LaunchPlan(
      machine: model, accelerator: Project.accelerator, image: Project.path(model.defaultImage),
      network: .datagram(guest: guestPath, host: path), kernelArguments: ["auth=\(Guest.key)"] + arguments)
    machine = try VirtualMachine(plan: plan, program: QEMU.locate(), lifetime: .seconds(120))
  }

  deinit {
    machine.stop()
    try? FileManager.default.removeItem(at: folder)
  }

  /// A kernel with a fixed address, that has said that it is ready.
  static func fixed(_ model: MachineModel) throws -> FrameLink {
    let link = try FrameLink(model, arguments: ["ip=10.9.0.2/24", "gw=10.9.0.1"])
    _ = try link.machine.waitForReadyLine(until: .now + .seconds(20))
    guard try link.resolve() else { throw Failure("no ARP reply\n" + link.lastWords) }
    return link
  }

  var lastWords: String { machine.console.suffix(20).map { "  | " + $0.text }.joined(separator: "\n") }

  func send(_ frame: [UInt8]) throws { try socket.send(frame, to: guestPath) }

  /// The next frame that `matches`; nil where none comes in time. Others are dropped, but ARP requests for the tester are answered.
  func receive(within time: Duration = .seconds(2), _ matches: (Frame) -> Bool) throws -> Frame? {
    let deadline = ContinuousClock.now + time
    while true {
      let left = Int((deadline - .now) / .milliseconds(1))
      if left <= 0 { return nil }
      try socket.setTimeout(left)
      let frame: Frame
      do throws(SystemError) {
        frame = Frame(bytes: try socket.receive())
      } catch {
        if error.isTimeout { return nil }
        throw error
      }
      if matches(frame) { return frame }
      if frame.isARP, frame.arpOperation == 1, frame.arpTargetIP == Self.testerIP {
        try send(
          Packet.arp(
            operation: 2, to: frame.source, senderIP: Self.testerIP, targetMAC: frame.arpSenderMAC, targetIP: frame.arpSenderIP))
      }
    }
  }

  /// Asks for the kernel's address; false where it does not answer.
  func resolve(_ address: IPv4 = guestIP, tries: Int = 3) throws -> Bool {
    for _ in 0..<tries {
      try send(
        Packet.arp(
          operation: 1, to: .broadcast, senderIP: Self.testerIP, targetMAC: MAC(bytes: [0, 0, 0, 0, 0, 0]), targetIP: address))
      let reply = try receive(within: .seconds(1)) {
        $0.isARP && $0.arpOperation == 2 && $0.arpSenderIP == address && $0.arpTargetIP == Self.testerIP
          && $0.destination == .tester && $0.source == $0.arpSenderMAC
      }
      if let reply {
        guestMAC = reply.arpSenderMAC
        return true
      }
    }
    return false
  }

  func sendIPv4(protocol number: UInt8, _ payload: [UInt8], fragment: Int = 0x4000) throws {
    let packet = Packet.ipv4(protocol: number, from: Self.testerIP, to: Self.guestIP, payload, fragment: fragment)
    try send(Packet.ethernet(to: guestMAC, type: 0x0800, packet))
  }

  /// Whether a ping with `data` comes back as it was.
  func ping(_ data: [UInt8], identifier: Int = 99, sequence: Int = 1) throws -> Bool {
    let request = Packet.echoRequest(identifier: identifier, sequence: sequence, data)
    try sendIPv4(protocol: 1, request)
    let reply = try receive {
      $0.isIPv4 && $0.ipProtocol == 1 && $0.ipPayload.first == 0 && $0.ipPayload.dropFirst(4) == request.dropFirst(4)
    }
    return reply?.checksumsAreRight == true && reply?.ipSource == Self.guestIP
  }

  func sendTCP(_ segment: Segment, from port: Int, to guestPort: Int = 80) throws {
    try sendIPv4(protocol: 6, Packet.tcp(segment, from: (Self.testerIP, port), to: (Self.guestIP, guestPort)))
  }

  /// The next TCP segment for our `port` that `matches`.
  func receiveTCP(on port: Int, within time: Duration = .seconds(2), _ matches: (Frame) -> Bool = { _ in true }) throws -> Frame? {
    try receive(within: time) { $0.isTCP && $0.destinationPort == port && matches($0) }
  }
}
