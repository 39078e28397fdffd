// All who take part, started and answering. Who cannot take part is left out by name.

import Foundation
import SwiftletHost

/// The contestants that could be started, and why others could not.
struct Field {
  private(set) var contestants: [Contestant] = []
  private(set) var leftOut: [String] = []
  private let plan: GuestPlan
  private let load: LoadTool
  private var nextPort: UInt16 = 8000
  /// The files with the answers of `compute` and of nginx.
  private let computed: String
  private let constant: String

  private var server: String { plan.build + "/bench/bench-server" }
  private var echo: String { plan.build + "/actions/echo" }
  private var echoGlibc: String { plan.build + "/actions/echo-glibc" }
  private var compute: String { plan.build + "/test-actions/compute" }
  private var hasGlibc: Bool { FileManager.default.fileExists(atPath: echoGlibc) }

  init(_ plan: GuestPlan, load: LoadTool) throws {
    self.plan = plan
    self.load = load
    computed = plan.build + "/bench/computed"
    constant = plan.build + "/bench/constant"
    // The work of `compute` is the same for each body but for the digits at its beginning, so it is asked with none.
    _ = try Tool.lines("\(Shell.quoted(plan.build + "/test-actions/compute")) < /dev/null > \(Shell.quoted(computed))")
    _ = try Tool.lines("printf 0123456789012345678901234567890123456789012345678901234567890123 > \(Shell.quoted(constant))")
  }
}

extension Field {
  /// Starts everybody.
  mutating func fill(peers: Bool) throws {
    try addSwiftlet(Names.microvm, .microvm)
    try addSwiftlet(Names.q35, .q35)
    try addProcesses()
    try addWarm()
    if peers {
      attempt(Names.container) { try $0.addContainer() }
      attempt(Names.crun) { try $0.addCrun() }
      attempt(Names.lighttpd) { try $0.addLighttpd() }
      attempt(Names.nginx) { try $0.addNginx() }
      attempt("Linux guest") { try $0.addLinux() }
    }
  }

  /// Leaves `name` out where `add` fails.
  private mutating func attempt(_ name: String, _ add: (inout Field) throws -> Void) {
    do { try add(&self) } catch { leftOut.append("\(name): \(error)") }
  }

  private mutating func port() -> UInt16 {
    if !Lab.isIsolated { return (try? Port.free()) ?? 0 }
    nextPort += 1
    return nextPort
  }

  private func local(_ port: UInt16, path: String = "/", expected: String? = nil) -> Target {
    Target(address: "127.0.0.1", port: port, path: path, expected: expected)
  }

  private mutating func add(_ contestant: Contestant) throws {
    if let target = contestant.targets[.echo] { try wait(for: target, contestant.title) }
    contestants.append(contestant)
  }

  /// Waits until a right answer comes.
  private func wait(for target: Target, _ title: String) throws {
    var sample = Sample("")
    for _ in 0..<100 {
      sample = try load.run(target, Cell(), seconds: 0.1, extra: ["--requests", "1", "--warmup", "0", "--timeout", "2"])
      if sample["answers"] > 0 { return }
      Thread.sleep(forTimeInterval: 0.1)
    }
    throw BenchError("no right answer came (\(sample.faultText))")
  }

  private mutating func addSwiftlet(_ title: String, _ model: MachineModel) throws {
    let guest = try SwiftletGuest(plan, model)
    try guest.deploy("echo", echo)
    try guest.deploy("compute", compute)
    var targets = [Work.echo: guest.target("echo"), .compute: guest.target("compute", expected: computed)]
    if hasGlibc {
      try guest.deploy("echo-glibc", echoGlibc)
      targets[.echoGlibc] = guest.target("echo-glibc")
    }
    try add(Contestant(title, targets: targets, command: guest.commandLine, keep: [guest]))
  }

  /// A server of the bench's own and where it answers.
  private mutating func serve(_ words: [String], prefix: [String] = [], expected: String? = nil) throws -> (Helper, Target) {
    let port = port()
    let log = plan.build + "/bench/server-\(port).log"
    let command = prefix + [server, "--address", "127.0.0.1", "--port", "\(port)"] + words
    return (try Helper(command, log: log), local(port, expected: expected))
  }

  private mutating func addProcesses() throws {
    var (helper, target) = try serve(["--", echo])
    var targets = [Work.echo: target]
    var helpers = [helper]
    (helper, targets[.compute]) = try serve(["--", compute], expected: computed)
    helpers.append(helper)
    if hasGlibc {
      (helper, target) = try serve(["--", echoGlibc])
      targets[.echoGlibc] = target
      helpers.append(helper)
    }
    try add(Contestant(Names.process, targets: targets, command: helpers[0].commandLine, keep: helpers))
  }

  private mutating func addWarm() throws {
    let (helper, target) = try serve(["--warm"])
    try add(Contestant(Names.warm, targets: [.echo: target], command: helper.commandLine, keep: [helper]))
  }

  /// A root with nothing in it but the action.
  private func root() throws -> String {
    let root = plan.build + "/bench/container/rootfs"
    let words = ["proc", "dev", "sys"].map { Shell.quoted(root + "/" + $0) }.joined(separator: " ")
    _ = try Tool.lines("mkdir -p \(words) && cp \(Shell.quoted(echo)) \(Shell.quoted(root))/echo")
    return root
  }

  private mutating func addContainer() throws {
    let root = try root()
    let words = ["/usr/bin/unshare", "--mount", "--pid", "--fork", "--net", "--ipc", "--uts", "--root=\(root)", "/echo"]
    let (helper, target) = try serve(["--"] + words)
    try add(Contestant(Names.container, targets: [.echo: target], command: helper.commandLine, isSlow: true, keep: [helper]))
  }

  /// A program that is installed, or was fetched to be compared, and the words before its command: those that make it find its libraries.
  private func peer(_ name: String) throws -> (path: String, prefix: [String]) {
    if let path = ProgramPath.find(name, in: "/usr/sbin:/usr/bin") { return (path, []) }
    let root = plan.build + "/bench/peers/root"
    guard let path = ProgramPath.find(name, in: "\(root)/usr/sbin:\(root)/usr/bin") else {
      throw BenchError("neither installed nor to be had; apt-get install \(name)")
    }
    return (path, ["env", "LD_LIBRARY_PATH=\(root)/usr/lib/x86_64-linux-gnu:\(root)/lib/x86_64-linux-gnu"])
  }

  private mutating func addCrun() throws {
    let crun = try peer("crun")
    _ = try root()
    let bundle = plan.build + "/bench/container"
    let settings = """
      {"ociVersion": "1.0.2", "process": {"user": {"uid": 0, "gid": 0}, "args": ["/echo"], "cwd": "/", "terminal": false},
       "root": {"path": "rootfs", "readonly": true}, "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
       "linux": {"namespaces": [{"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}]}}
      """
    try settings.write(toFile: bundle + "/config.json", atomically: true, encoding: .utf8)
    // crun takes no host with both cgroup hierarchies; in a mount namespace of the server's own the newer one can go.
    let prefix = crun.prefix + ["unshare", "--mount", "sh", "-c", "umount /sys/fs/cgroup/unified 2>/dev/null; exec \"$@\"", "sh"]
    let words = [crun.path, "--cgroup-manager=disabled", "--root=\(plan.build)/bench/crun", "run", "--bundle", bundle, "{}"]
    let (helper, target) = try serve(["--"] + words, prefix: prefix)
    try add(Contestant(Names.crun, targets: [.echo: target], command: helper.commandLine, isSlow: true, keep: [helper]))
  }

  private mutating func addLighttpd() throws {
    let port = port()
    let folder = plan.build + "/bench/lighttpd"
    _ = try Tool.lines("mkdir -p \(Shell.quoted(folder)) && cp \(Shell.quoted(echo)) \(Shell.quoted(folder))/echo")
    let settings = """
      server.modules = ("mod_cgi")
      server.bind = "127.0.0.1"
      server.port = \(port)
      server.document-root = "\(folder)"
      server.max-keep-alive-requests = 100000000
      server.max-connections = 4096
      server.listen-backlog = 4096
      cgi.assign = ("" => "")
      """
    try settings.write(toFile: folder + "/settings", atomically: true, encoding: .utf8)
    let lighttpd = try peer("lighttpd")
    let modules = lighttpd.path.replacingOccurrences(of: "/sbin/lighttpd", with: "/lib/lighttpd")
    let helper = try Helper(lighttpd.prefix + [lighttpd.path, "-D", "-m", modules, "-f", folder + "/settings"], log: folder + "/log")
    var target = local(port, path: "/echo")
    target.isCGI = true
    try add(Contestant(Names.lighttpd, targets: [.echo: target], command: helper.commandLine, isSlow: true, keep: [helper]))
  }

  private mutating func addNginx() throws {
    let nginx = try peer("nginx")
    let port = port()
    let folder = plan.build + "/bench/nginx"
    _ = try Tool.lines("mkdir -p \(Shell.quoted(folder))")
    let text = try String(contentsOfFile: constant, encoding: .utf8)
    let settings = """
      daemon off;
      user root root;
      worker_processes 1;
      error_log \(folder)/log;
      pid \(folder)/pid;
      events { worker_connections 4096; }
      http {
        access_log off;
        keepalive_requests 1000000000;
        client_body_temp_path \(folder)/body;
        proxy_temp_path \(folder)/proxy;
        fastcgi_temp_path \(folder)/fastcgi;
        uwsgi_temp_path \(folder)/uwsgi;
        scgi_temp_path \(folder)/scgi;
        server { listen 127.0.0.1:\(port) backlog=4096; location / { return 200 "\(text)"; } }
      }
      """
    try settings.write(toFile: folder + "/settings", atomically: true, encoding: .utf8)
    let helper = try Helper(nginx.prefix + [nginx.path, "-c", folder + "/settings"], log: folder + "/messages")
    try add(Contestant(Names.nginx, targets: [.echo: local(port, expected: constant)], command: helper.commandLine, keep: [helper]))
  }

  private mutating func addLinux() throws {
    guard LinuxGuest.isThere(plan) else { throw BenchError("its packages could not be had") }
    let guest = try LinuxGuest(plan)
    let restart = { [load] in try guest.restart(load) }
    var targets = [Work.echo: guest.target(port: 80), .compute: guest.target(port: 84, expected: computed)]
    if hasGlibc { targets[.echoGlibc] = guest.target(port: 83) }
    try add(Contestant(Names.linuxProcess, targets: targets, command: guest.commandLine, isSlow: true, restart: restart, keep: [guest]))
    try add(Contestant(Names.linuxWarm, targets: [.echo: guest.target(port: 81)], restart: restart, keep: [guest]))
    try add(Contestant(Names.linuxNginx, targets: [.echo: guest.target(port: 82, expected: constant)], restart: restart, keep: [guest]))
  }
}

enum Names {
  static let microvm = "Swiftlet, microvm"
  static let q35 = "Swiftlet, q35"
  static let process = "host: a process per request"
  static let warm = "host: in the server, no process"
  static let linuxProcess = "Linux guest: a process per request"
  static let linuxWarm = "Linux guest: in the server, no process"
  static let linuxNginx = "Linux guest: nginx, from memory"
  static let container = "host: unshare and exec per request"
  static let crun = "host: crun per request"
  static let lighttpd = "host: lighttpd, CGI"
  static let nginx = "host: nginx, from memory"
}
