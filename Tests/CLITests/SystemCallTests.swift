// Children, sockets and their errors, without QEMU.

import Foundation
import Testing

@testable import SwiftletHost

@Suite(.timeLimit(.minutes(1))) struct ChildProcessTests {
  /// What a shell script prints, and how it ends.
  static func run(_ script: String) throws -> (output: String, error: String, status: Int32) {
    let child = try ChildProcess(path: "/bin/sh", arguments: ["-c", script])
    func text(_ stream: ByteStream) -> String {
      var all: [UInt8] = []
      while true {
        let more = stream.read()
        if more.isEmpty { return String(decoding: all, as: UTF8.self) }
        all += more
      }
    }
    return (text(child.output), text(child.error), child.wait())
  }

  @Test(arguments: [("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -9 $$", 256 + 9), ("kill -TERM $$", 256 + 15)] as [(String, Int32)])
  func endIsReported(script: String, status: Int32) throws {
    #expect(try Self.run(script).status == status)
  }

  @Test func streamsAreApartAndInputIsEmpty() throws {
    let result = try Self.run("echo out; echo err >&2; cat")
    #expect(result.output == "out\n" && result.error == "err\n" && result.status == 0)
  }

  @Test func argumentsArriveAsTheyAre() throws {
    let child = try ChildProcess(path: "/usr/bin/printf", arguments: ["%s|", "", "a b", "ü'\"", "-n"])
    #expect(String(decoding: child.output.read(), as: UTF8.self) == "|a b|ü'\"|-n|")
    #expect(child.wait() == 0)
  }

  @Test func noSignalIsHeldBackOrIgnoredAndNoDescriptorLeaks() throws {
    let result = try Self.run("grep -E '^Sig(Blk|Ign)' /proc/self/status; ls /proc/$$/fd")
    let lines = result.output.split(separator: "\n")
    // Signals 32 and above are glibc's and the real-time ones: they come as this process got them.
    let masks = lines.prefix(2).map { UInt64($0.suffix(16), radix: 16) ?? .max }
    #expect(masks.allSatisfy { $0 & 0x7fff_ffff == 0 }, "\(result.output)")
    #expect(lines.dropFirst(2) == ["0", "1", "2"])
  }

  @Test(arguments: [("/nothing/here", ENOENT), ("/etc/passwd", EACCES), ("/tmp", EACCES)])
  func whatCannotBeStartedIsNamed(path: String, code: Int32) {
    #expect(throws: SystemError(code: code)) { try ChildProcess(path: path, arguments: []) }
  }

  @Test func childEndsWithTheThreadThatStartedIt() throws {
    let started = Monitor<Int32?>(nil)
    Thread.detachNewThread {
      let child = try? ChildProcess(path: "/bin/sleep", arguments: ["60"])
      started.update { $0 = child?.processIdentifier ?? -1 }
    }
    let identifier = try #require(started.wait(until: .now + .seconds(10)) { $0 })
    var status: Int32 = 0
    #expect(waitpid(identifier, &status, 0) == identifier && status == SIGKILL)
  }
}

@Suite(.timeLimit(.minutes(1))) struct SocketTests {
  @Test func silenceEndsAtTheTimeout() throws {
    let listener = try TCPListener()
    let connection = try TCPConnection(port: listener.port(), timeout: 30)
    let error = #expect(throws: SystemError.self) { try connection.receive() }
    #expect(error?.isTimeout == true && error?.description == "no answer in time")
  }

  @Test func closedPortIsRefused() throws {
    #expect(throws: SystemError(code: ECONNREFUSED)) { _ = try TCPConnection(port: Port.free()) }
  }

  @Test func listenerTakesItsPort() throws {
    let listener = try TCPListener()
    let port = try listener.port()
    #expect(throws: SystemError(code: EADDRINUSE)) { try Port.check(port) }
    _ = consume listener
    try Port.check(port)
  }

  @Test func datagramsArriveWhole() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (a, b) = (folder.path + "/a", folder.path + "/b")
    let sender = try DatagramSocket(path: a)
    let receiver = try DatagramSocket(path: b, timeout: 30)
    let frame = [UInt8](repeating: 7, count: 1514)
    try sender.send([1], to: b)
    try sender.send(frame, to: b)
    #expect(try receiver.receive() == [1])
    #expect(try receiver.receive() == frame)
    #expect(throws: SystemError(code: EAGAIN)) { try receiver.receive() }
    #expect(throws: SystemError(code: ENOENT)) { try sender.send([1], to: folder.path + "/c") }
    #expect(throws: SystemError(code: EADDRINUSE)) { _ = try DatagramSocket(path: a) }
  }

  /// In a folder that does not exist, so that nothing is made.
  @Test(arguments: [(107, ENOENT), (108, ENAMETOOLONG), (5000, ENAMETOOLONG)]) func longPathsAreRefused(length: Int, code: Int32) {
    let path = "/nothing/" + String(repeating: "x", count: length - 9)
    #expect(throws: SystemError(code: code)) { _ = try DatagramSocket(path: path) }
  }
}
