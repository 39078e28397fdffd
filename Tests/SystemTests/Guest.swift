// A booted kernel and how tests talk to it.

import Foundation
import SwiftletHost
import Testing

/// An HTTP connection that can be kept in an array.
final class Client {
  private var connection: HTTPConnection

  init(port: UInt16, timeout: Int = 20_000) throws { connection = try HTTPConnection(port: port, timeout: timeout) }

  func send(_ bytes: [UInt8]) throws { try connection.send(bytes) }
  func send(_ text: String) throws { try connection.send(text) }
  func response(toHEAD: Bool = false) throws -> HTTPResponse { try connection.response(toHEAD: toHEAD) }
  func isClosedByPeer() -> Bool { connection.isClosedByPeer() }
  func endSending() throws { try connection.socket.endSending() }

  func exchange(
    _ method: String, _ target: String, key: String? = nil, headers: [(String, String)] = [], body: [UInt8]? = nil
  ) throws -> HTTPResponse {
    try connection.exchange(method, target, credentials: key, headers: headers, body: body)
  }
}

/// A virtual machine whose kernel serves.
final class Guest: Sendable {
  static let key = Credentials.development.userAndKey

  let machine: VirtualMachine
  let port: UInt16
  let boot: BootTime

  /// Boots the kernel and waits until it serves.
  init(
    _ model: MachineModel, memory: MemorySize = .standard, accelerator: Accelerator = Project.accelerator,
    arguments: [String] = ["auth=\(Guest.key)"], guestPort: UInt16 = 80, cpu: String? = nil, extra: [String] = [],
    timeout: Duration = .seconds(20), lifetime: Duration = .seconds(300)
  ) throws {
    port = try Port.free()
    var plan = LaunchPlan(
      machine: model, memory: memory, accelerator: accelerator, image: Project.path(model.defaultImage),
      network: .user(hostPort: port, guestPort: guestPort), kernelArguments: model == .iso ? [] : arguments)
    plan.cpuModel = cpu
    plan.extraArguments = extra
    machine = try VirtualMachine(plan: plan, program: try QEMU.locate(), lifetime: lifetime)
    do {
      boot = try machine.waitUntilServing(timeout: timeout)
    } catch {
      machine.stop()
      throw error
    }
  }

  /// A kernel on a virtual CPU that does an instruction in a nanosecond: its clocks count instructions, the same on every host, however busy.
  static func counting(_ model: MachineModel) throws -> Guest {
    try Guest(
      model, accelerator: Accelerator(kind: .tcg, reason: "to count"), extra: ["-icount", "shift=0"], timeout: .seconds(60),
      lifetime: .seconds(170))
  }

  func stop() { machine.stop() }

  func connect(timeout: Int = 20_000) throws -> Client { try Client(port: port, timeout: timeout) }

  /// One request on a connection of its own.
  func request(
    _ method: String, _ target: String, key: String? = nil, headers: [(String, String)] = [], body: [UInt8]? = nil
  ) throws -> HTTPResponse {
    try connect().exchange(method, target, key: key, headers: headers, body: body)
  }

  static func actionTarget(_ name: String) -> String { "/api/v1/namespaces/_/actions/\(name)" }

  /// Deploys `file`; throws where that is refused.
  func deploy(_ name: String, _ file: [UInt8], query: String = "public=true") throws {
    let reply = try put(name, file, query: query)
    guard reply.status == 200 else { throw Failure("PUT \(name): \(reply.status) \(reply.text)") }
  }

  func deploy(_ name: String, query: String = "public=true") throws {
    try deploy(name, Project.action(name), query: query)
  }

  func put(_ name: String, _ file: [UInt8], query: String = "public=true") throws -> HTTPResponse {
    let type = ("Content-Type", "application/octet-stream")
    return try request("PUT", Self.actionTarget(name) + "?" + query, key: Self.key, headers: [type], body: file)
  }

  func delete(_ name: String) throws -> HTTPResponse { try request("DELETE", Self.actionTarget(name), key: Self.key) }

  /// Invokes a public action with `body` on its standard input.
  func invoke(_ name: String, _ body: [UInt8] = []) throws -> HTTPResponse {
    try request("POST", "/function/\(name)", body: body)
  }

  /// Expects the kernel to answer the next request, and to have said nothing of a panic.
  func expectAlive(sourceLocation: SourceLocation = #_sourceLocation) {
    do {
      let status = try request("GET", "/healthz").status
      #expect(status == 200, sourceLocation: sourceLocation)
    } catch {
      // Where it is dying, the next case is to find it dead.
      _ = machine.waitForExit(until: .now + .seconds(2))
      Issue.record("the kernel does not answer: \(error)\n\(lastWords)", sourceLocation: sourceLocation)
    }
    #expect(!machine.console.contains { $0.isPanic }, "\(lastWords)", sourceLocation: sourceLocation)
  }

  /// The console's last lines, for reports.
  var lastWords: String {
    let end = machine.exit.map { "\n" + machine.deathReport($0).problem } ?? ""
    return machine.console.suffix(30).map { "  | " + $0.text }.joined(separator: "\n") + end
  }

  /// The kernel's counts of what is in use, once only `connections` connections are left, the one that asks among them, and nothing has
  /// changed for a while: what the last requests used has been given back by then.
  func counters(connections: Int = 1) throws -> Counters {
    let client = try connect()
    var last = Counters()
    var calm = 0
    for _ in 0..<1000 {
      let reply = try client.exchange("GET", "/api/v1/swiftlet/counters", key: Self.key)
      guard reply.status == 200 else { throw Failure("counters: \(reply.status) \(reply.text)") }
      let now = try JSONDecoder().decode(Counters.self, from: Data(reply.body))
      calm = now == last && now.connections == connections ? calm + 1 : 0
      last = now
      if calm == 4 { return now }
      Thread.sleep(forTimeInterval: 0.02)
    }
    throw Failure("no rest: \(last), not \(connections)")
  }
}

/// What `GET /api/v1/swiftlet/counters` counts.
struct Counters: Decodable, Equatable, CustomStringConvertible {
  /// Frames of 4 KiB that are not free.
  var framesInUse = 0
  /// Those of them that the kernel's heap holds. It keeps an empty page for each size of object that was ever used.
  var heapFrames = 0
  var heapBytesInUse = 0
  var connections = 0
  var timeWait = 0
  /// Pages that all invocations copied and zeroed, and faults that they raised.
  var pagesCopied: Int?
  var pagesZeroed: Int?
  var pageFaults: Int?

  /// Frames of actions, page tables and devices: those that a leak of action memory would show in.
  var otherFrames: Int { framesInUse - heapFrames }

  var description: String {
    "\(framesInUse) frames (\(heapFrames) of the heap), \(heapBytesInUse) bytes on the heap, \(connections) connections"
  }

  /// What may be kept for the next request: 2 KiB by each connection (`idleReceiveBytes`), 4 KiB by the server (`mostSpare`).
  private var keptBytes: Int { 2048 * connections + 4096 }

  /// Expects that all that was in use `before` and no more is in use now, but for what may be kept and `slack` bytes on the heap.
  func expectSame(as before: Counters, slack: Int = 0, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(otherFrames == before.otherFrames, "before: \(before); now: \(self)", sourceLocation: sourceLocation)
    let growth = heapBytesInUse - before.heapBytesInUse
    #expect(abs(growth) <= keptBytes + slack, "before: \(before); now: \(self)", sourceLocation: sourceLocation)
    #expect(heapFrames <= before.heapFrames + 8, "before: \(before); now: \(self)", sourceLocation: sourceLocation)
  }
}

struct Failure: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

/// The one machine that the cases share: kept while the next case wants the same model, replaced where it does not or where it died.
final class SharedGuest: @unchecked Sendable {
  static let shared = SharedGuest()
  private let lock = NSLock()
  private var current: Guest?

  func guest(_ model: MachineModel) throws -> Guest {
    try lock.withLock {
      if let current, current.machine.plan.machine == model, current.machine.exit == nil { return current }
      current?.stop()
      current = nil
      let guest = try Guest(model, lifetime: .seconds(900))
      Summary.shared.note(machine: model)
      current = guest
      return guest
    }
  }

  func stop() {
    lock.withLock {
      current?.stop()
      current = nil
    }
  }
}
