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

  /// Does `body` with everything of the lab on one core, so that another is left for what the host itself does. Elsewhere, and on a
  /// host with one core, nothing is moved.
  static func onOneCore<T>(_ body: () throws -> T) throws -> T {
    guard isIsolated, ProcessInfo.processInfo.activeProcessorCount > 1 else { return try body() }
    func move(to cores: String) throws {
      _ = try Tool.lines("for p in /proc/[0-9]*; do taskset -a -c -p \(cores) ${p#/proc/} >/dev/null 2>&1; done; true")
    }
    try move(to: "0")
    defer { try? move(to: "0-\(ProcessInfo.processInfo.activeProcessorCount - 1)") }
    return try body()
  }

  /// A new interface.
  static func interface() throws -> Interface {
    defer { unsafe nextInterface += 1 }
    return try Interface(unsafe nextInterface)
  }
}

/// A program of the host that runs beside the bench; it ends with this object.
final class Helper {
  let commandLine: String
  let identifier: Int32
  private var isReaped = false

  /// Its output goes to the file `log`, or nowhere. Foundation's Process is no help here: it counts one as running while another that it
  /// started lives.
  init(_ words: [String], log: String = "/dev/null") throws {
    commandLine = Shell.command(words)
    // Outside of namespaces nothing but this signal ends what a killed bench leaves.
    let all = Lab.isIsolated ? words : ["setpriv", "--pdeathsig", "KILL"] + words
    var actions = unsafe posix_spawn_file_actions_t()
    var identifier: pid_t = 0
    // SAFETY: the calls copy the strings, which live until after them; the actions are initialised before and destroyed after.
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var arguments = unsafe all.map { unsafe strdup($0) } + [nil]
    let error = unsafe posix_spawnp(&identifier, all[0], &actions, nil, &arguments, environ)
    for unsafe argument in unsafe arguments { unsafe free(argument) }
    unsafe posix_spawn_file_actions_destroy(&actions)
    if error != 0 { throw BenchError("\(all[0]) cannot be started") }
    self.identifier = identifier
  }

  var isRunning: Bool {
    if !isReaped, waitpid(identifier, nil, WNOHANG) == identifier { isReaped = true }
    return !isReaped
  }

  func stop() {
    guard isRunning else { return }
    kill(identifier, SIGKILL)
    waitpid(identifier, nil, 0)
    isReaped = true
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
