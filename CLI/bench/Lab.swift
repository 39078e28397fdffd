// Where everything that is measured runs: network, process and mount namespaces of the bench's own. When the bench ends, however it ends, the
// kernel ends every process in them and takes the interfaces away.

import Foundation
import Glibc
import SwiftletHost

enum Lab {
  private static let mark = "SWIFTLET_BENCH_NAMESPACES"

  /// Whether this process runs in namespaces of its own.
  static let isIsolated = ProcessInfo.processInfo.environment[mark] != nil

  /// Starts this program again within new namespaces; returns there, or here with a line that says why they cannot be had.
  static func enter() throws {
    if isIsolated {
      // The first process of a namespace ends by no signal that it does not handle.
      for number in [SIGINT, SIGTERM, SIGHUP] { signal(number) { _ in _exit(130) } }
      return
    }
    let user = getuid() == 0 ? [] : ["--map-root-user"]
    let words = ["unshare"] + user + ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    let check = words.joined(separator: " ") + " sh -c 'ip link set lo up && ip tuntap add tap0 mode tap' 2>&1"
    guard (try? Tool.lines(check)) != nil else {
      print("No network namespace with a TAP interface can be had here (\(check) fails): QEMU's user network it is, whose backlog of 1 makes")
      print("figures with several new connections at once worthless. As root they can, or where users may have namespaces and /dev/net/tun.")
      return
    }
    let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    unsafe setenv(mark, "1", 1)
    // SAFETY: no other thread runs; the strings and the null pointer behind them live until the call replaces this program.
    unsafe execvp("unshare", (words + ["sh", "-c", preparation, "sh", program] + CommandLine.arguments.dropFirst()).map { unsafe strdup($0) } + [nil])
    throw BenchError("unshare cannot be started")
  }

  /// What the new namespace needs before anything runs in it; Foundation wants the loopback interface. Each connection takes a port for a minute
  /// at one end or the other.
  private static let preparation = """
    ip link set lo up
    echo 1024 65535 > /proc/sys/net/ipv4/ip_local_port_range
    echo 1 > /proc/sys/net/ipv4/tcp_tw_reuse
    exec "$@"
    """

  /// A TAP interface and the addresses at both ends.
  struct Interface {
    let name: String
    let host: String
    let guest: String
    let station: String

    /// Makes number `number`, 0 to 250.
    init(_ number: Int) throws {
      name = "tap\(number)"
      host = "10.77.\(number).1"
      guest = "10.77.\(number).2"
      station = String(format: "52:54:00:77:%02x:02", number)
      // With the station known, nothing waits for ARP while the guest boots.
      _ = try Tool.lines(
        """
        ip tuntap add \(name) mode tap && ip addr add \(host)/24 dev \(name) && ip link set \(name) up txqueuelen 1000 && \
        ip neigh replace \(guest) lladdr \(station) dev \(name) nud permanent
        """)
    }

    func remove() { _ = try? Tool.lines("ip link del \(name)") }
  }

  nonisolated(unsafe) private static var nextInterface = 0

  /// A new interface.
  static func interface() throws -> Interface {
    defer { unsafe nextInterface += 1 }
    return try Interface(unsafe nextInterface)
  }
}

/// A program of the host that runs beside the bench; it ends with this object.
final class Helper {
  private let process = Process()
  let commandLine: String

  /// Its output goes to the file `log`, or nowhere.
  init(_ words: [String], log: String? = nil) throws {
    commandLine = Shell.command(words)
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words
    process.standardInput = FileHandle.nullDevice
    var output = FileHandle.nullDevice
    if let log {
      _ = FileManager.default.createFile(atPath: log, contents: nil)
      output = FileHandle(forWritingAtPath: log) ?? output
    }
    process.standardOutput = output
    process.standardError = output
    try process.run()
  }

  var identifier: Int32 { process.processIdentifier }
  var isRunning: Bool { process.isRunning }

  func stop() {
    if !process.isRunning { return }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  deinit { stop() }
}

/// What /proc knows of a process.
enum ProcessMemory {
  /// Resident bytes; nil where there is no such process.
  static func resident(_ identifier: Int32) -> Int? {
    guard let text = try? String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8) else { return nil }
    let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    return line.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int($0) }.map { $0 * 1024 }
  }
}
