import Testing

@testable import SwiftletHost

@Suite struct ValueTests {
  @Test(arguments: [
    ("64M", 64 << 20, "64M"), ("64m", 64 << 20, "64M"), ("64", 64 << 20, "64M"), ("16M", 16 << 20, "16M"),
    ("16384K", 16 << 20, "16M"), ("1G", 1 << 30, "1G"), ("1536M", 1536 << 20, "1536M"), ("512G", 512 << 30, "512G"),
  ] as [(String, UInt64, String)]) func memory(text: String, bytes: UInt64, shown: String) throws {
    let size = try MemorySize(parsing: text)
    #expect(size.bytes == bytes)
    #expect(size.description == shown)
  }

  @Test(arguments: ["", "M", "0", "15M", "16383K", "-64M", "64MB", "6 4M", "64.5M", "٦٤M", "513G", "99999999999999999999", "16385K"])
  func badMemory(text: String) {
    let error = #expect(throws: HostError.self) { try MemorySize(parsing: text) }
    #expect(error?.kind == .badValue)
    #expect(error?.remedy != nil)
  }

  @Test(arguments: [
    ("me:secret", "me:secret", nil), ("me:a:b", "me:a:b", nil), ("me:secret@guest", "me:secret", "guest"),
  ] as [(String, String, String?)]) func credentials(text: String, pair: String, namespace: String?) throws {
    let credentials = try Credentials(parsing: text)
    #expect(credentials.userAndKey == pair)
    #expect(credentials.namespace == namespace)
    #expect(credentials.description == text)
  }

  @Test(arguments: ["", "me", ":", "me:", ":secret", "me:sec ret", "me:sec\tret", "mé:secret", "me:\"x\"", "me:secret@", "@x", "me@x:y"])
  func badCredentials(text: String) {
    let error = #expect(throws: HostError.self) { try Credentials(parsing: text) }
    #expect(error?.kind == .badValue)
    #expect(error?.remedy?.contains("USER:KEY") == true)
  }

  @Test(arguments: [
    (0, [], .reset), (1, [], .stopped), (33, [], .panicked), (33, ["qemu-system-x86_64: warning: x"], .panicked),
    (1, ["qemu-system-x86_64: -netdev user: bad"], .emulatorFailed(message: "qemu-system-x86_64: -netdev user: bad")),
    (256 + 9, [], .signalled(9)), (256 + 6, [], .signalled(6)), (5, [], .other(5)),
  ] as [(Int32, [String], ExitReport)]) func exitStatus(status: Int32, errors: [String], report: ExitReport) {
    #expect(ExitReport(status: status, errors: errors) == report)
    #expect(!report.explanation.isEmpty)
  }

  @Test func locatesQEMUInPath() throws {
    let error = #expect(throws: HostError.self) { try QEMU.locate(path: "/nonexistent:") }
    #expect(error?.kind == .unavailable)
    #expect(error?.problem == "qemu-system-x86_64 not found; install with: apt-get install qemu-system-x86")
    #expect(throws: HostError.self) { try QEMU.locate(path: nil) }
  }
}
