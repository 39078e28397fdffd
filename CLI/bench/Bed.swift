// A kernel that is measured: a virtual machine with QEMU's monitor beside it.

import Foundation
import SwiftletHost

/// What `GET /api/v1/swiftlet/counters` says, as far as it is needed.
struct Counters: Decodable {
  var framesTotal: Int
  var framesInUse: Int
  var heapFrames: Int
  var heapBytesInUse: Int
  var actions: Int
}

/// One booted kernel, a connection to it that is kept, and one to QEMU's monitor.
final class Bed {
  static let key = "bench:bench"
  let machine: VirtualMachine
  let boot: BootTime
  private let log: String
  private var connection: HTTPConnection
  private let monitor: TCPConnection

  init(kernel: String, memory: String = "64M", extra: [String] = []) throws {
    let port = try Port.free()
    let monitorPort = try Port.free()
    log = NSTemporaryDirectory() + "/swiftlet-bench-\(ProcessInfo.processInfo.processIdentifier).log"
    var plan = LaunchPlan(
      machine: .microvm, memory: try MemorySize(parsing: memory), accelerator: Accelerator(kind: .tcg, reason: "to count"),
      image: kernel, network: .user(hostPort: port), kernelArguments: ["auth=\(Self.key)", "log=quiet"])
    plan.extraArguments = ["-monitor", "tcp:127.0.0.1:\(monitorPort),server,nowait", "-D", log] + extra
    machine = try VirtualMachine(plan: plan, program: QEMU.locate(), lifetime: .seconds(900))
    boot = try machine.waitUntilServing(timeout: .seconds(30))
    connection = try HTTPConnection(port: port, timeout: 30_000)
    monitor = try TCPConnection(port: monitorPort, timeout: 10_000)
    _ = try readMonitor()
  }

  deinit {
    machine.stop()
    try? FileManager.default.removeItem(atPath: log)
  }

  // MARK: the kernel's API

  /// `options` are more of the query's parameters, each after an ampersand.
  func deploy(_ name: String, _ file: [UInt8], options: String = "") throws {
    let reply = try connection.exchange(
      "PUT", "/api/v1/namespaces/_/actions/\(name)?public=true\(options)", credentials: Self.key,
      headers: [("Content-Type", "application/octet-stream")], body: file)
    guard reply.status == 200 else { throw BenchError("PUT \(name): \(reply.status) \(reply.text)") }
  }

  func invoke(_ name: String, _ body: [UInt8]) throws -> [UInt8] {
    let reply = try connection.exchange("POST", "/function/\(name)", body: body)
    guard reply.status == 200 else { throw BenchError("POST \(name): \(reply.status) \(reply.text)") }
    return reply.body
  }

  /// The kernel's own times of one invocation, from its record.
  func timing(of name: String, _ body: [UInt8]) throws -> InvocationTiming {
    let reply = try connection.exchange("POST", "/function/\(name)", body: body)
    let identifier = reply.header("X-Openwhisk-Activation-Id") ?? ""
    let record = try connection.exchange("GET", "/api/v1/namespaces/_/activations/\(identifier)", credentials: Self.key)
    guard reply.status == 200, let timing = (try? JSON(parsing: record.text)).flatMap(Activation.init)?.timing else {
      throw BenchError("POST \(name): \(reply.status) \(reply.text), \(record.text)")
    }
    return timing
  }

  /// A blocking invocation through OpenWhisk's API, for the result alone.
  func activate(_ name: String, _ json: [UInt8]) throws -> [UInt8] {
    let reply = try connection.exchange(
      "POST", "/api/v1/namespaces/_/actions/\(name)?blocking=true&result=true", credentials: Self.key,
      headers: [("Content-Type", "application/json")], body: json)
    guard reply.status == 200 else { throw BenchError("POST \(name): \(reply.status) \(reply.text)") }
    return reply.body
  }

  /// Makes `name` a sequence of `components`.
  func deploy(_ name: String, sequence components: [String]) throws {
    let list = components.map { "\"/_/\($0)\"" }.joined(separator: ",")
    let reply = try connection.exchange(
      "PUT", "/api/v1/namespaces/_/actions/\(name)", credentials: Self.key, headers: [("Content-Type", "application/json")],
      body: Array("{\"exec\":{\"kind\":\"sequence\",\"components\":[\(list)]}}".utf8))
    guard reply.status == 200 else { throw BenchError("PUT \(name): \(reply.status) \(reply.text)") }
  }

  func counters() throws -> Counters {
    let reply = try connection.exchange("GET", "/api/v1/swiftlet/counters", credentials: Self.key)
    guard reply.status == 200 else { throw BenchError("counters: \(reply.status) \(reply.text)") }
    return try JSONDecoder().decode(Counters.self, from: Data(reply.body))
  }

  // MARK: QEMU's monitor

  /// Runs `body` and gives the blocks of guest code that ran meanwhile.
  func trace(_ body: () throws -> Void) throws -> Trace {
    try? FileManager.default.removeItem(atPath: log)
    try command("logfile \(log)")
    try command("log exec,nochain")
    try body()
    // What follows the last answer, the restoring, belongs to it.
    Thread.sleep(forTimeInterval: 0.2)
    try command("log none")
    return try Trace(path: log)
  }

  private func command(_ text: String) throws {
    try monitor.send(text + "\n")
    _ = try readMonitor()
  }

  /// Reads to the monitor's prompt.
  private func readMonitor() throws -> String {
    var text = ""
    while !text.hasSuffix("(qemu) ") {
      let bytes = try monitor.receive()
      if bytes.isEmpty { throw BenchError("QEMU's monitor is gone: \(text)") }
      text += String(decoding: bytes, as: UTF8.self)
    }
    return text
  }
}
