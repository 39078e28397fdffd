import Bytes
import Testing

@testable import Settings

/// Everything that a command line came to, as values that a test can compare.
struct Outcome: Equatable {
  var address: FixedAddress?
  var gateway: UInt32?
  var port: UInt16
  var log: LogLevel
  var poll: UInt32?
  var credentials: [[String]]
  var devices: [MMIODeviceSetting]
  var problems: [String]
  var omitted: Int

  init(_ line: [UInt8]) {
    let settings = KernelSettings(parsing: line.span)
    address = settings.address
    gateway = settings.gateway
    port = settings.port
    log = settings.log
    poll = settings.poll
    omitted = settings.omittedProblemCount
    credentials = []
    devices = []
    problems = []
    for index in 0..<settings.credentialCount {
      credentials.append([
        text(settings.user(index)), text(settings.key(index)), text(settings.namespace(index)),
      ])
    }
    for index in 0..<settings.deviceCount { devices.append(settings.device(index)) }
    for index in 0..<settings.problemCount {
      var output = ByteBuffer()
      #expect(settings.describe(problem: index, into: &output))
      problems.append(text(output.span))
    }
  }

  init(_ line: String) { self.init(Array(line.utf8)) }
}

func text(_ bytes: Span<UInt8>) -> String {
  var result: [UInt8] = []
  for index in bytes.indices { result.append(bytes[index]) }
  return String(decoding: result, as: UTF8.self)
}

@Suite struct KernelSettingsTests {
  @Test(arguments: ["", " ", "\t\n  ", "\0ip=1.2.3.4/24"])
  func nothingGivenMeansDefaults(line: String) {
    let outcome = Outcome(line)
    #expect(outcome.address == nil)
    #expect(outcome.gateway == nil)
    #expect(outcome.port == 80)
    #expect(outcome.log == .info)
    #expect(outcome.credentials.isEmpty)
    #expect(outcome.devices.isEmpty)
    #expect(outcome.problems.isEmpty)
  }

  @Test func everythingGiven() {
    let outcome = Outcome(
      " gw=10.0.2.2  ip=10.0.2.15/24\tport=8080 log=debug auth=me:secret auth=23bc:key@team "
        + "virtio_mmio.device=512@0xfeb00e00:12 virtio_mmio.device=4K@4276092928:7:0\r\n")
    #expect(outcome.address == FixedAddress(address: 0x0a00_020f, prefixLength: 24))
    #expect(outcome.gateway == 0x0a00_0202)
    #expect(outcome.port == 8080)
    #expect(outcome.log == .debug)
    #expect(outcome.credentials == [["me", "secret", ""], ["23bc", "key", "team"]])
    #expect(
      outcome.devices == [
        MMIODeviceSetting(address: 0xfeb0_0e00, length: 512, interrupt: 12),
        MMIODeviceSetting(address: 4_276_092_928, length: 4096, interrupt: 7),
      ])
    #expect(outcome.problems.isEmpty)
  }

  @Test(arguments: [
    ("10.0.2.15/24", 0x0a00_020f, 24), ("192.168.0.1/16", 0xc0a8_0001, 16), ("1.0.0.1/8", 0x0100_0001, 8),
    ("10.0.0.0/31", 0x0a00_0000, 31), ("10.0.0.1/31", 0x0a00_0001, 31), ("10.0.0.1/30", 0x0a00_0001, 30),
    ("223.255.255.254/1", 0xdfff_fffe, 1),
  ] as [(String, UInt32, UInt8)])
  func goodAddresses(value: String, address: UInt32, length: UInt8) {
    let outcome = Outcome("ip=" + value)
    #expect(outcome.address == FixedAddress(address: address, prefixLength: length))
    #expect(outcome.problems.isEmpty)
  }

  @Test(arguments: [
    "", "/", "/24", "10.0.2.15", "10.0.2.15/", "10.0.2.15/0", "10.0.2.15/32", "10.0.2.15/33", "10.0.2.15/-1",
    "10.0.2.15/24x", "10.0.2.15/24/24", "10.0.2.256/24", "10.0.2/24", "10.0.2./24", ".0.2.15/24", "10..2.15/24",
    "10.0.2.15.1/24", "10.0.2.15./24", "10.0.2.015/24", "10.0.2.+5/24", "0x0a.0.2.15/24", "10.0.2.99999999999999999999/24",
    "0.0.0.1/8", "127.0.0.1/8", "224.0.0.1/4", "255.255.255.255/24", "10.0.2.0/24", "10.0.2.255/24", "10.0.2.15/1844674407370955161699",
  ])
  func badAddressesAreReportedAndAbsent(value: String) {
    let outcome = Outcome("ip=" + value)
    #expect(outcome.address == nil)
    #expect(outcome.problems.count == 1)
    #expect(outcome.problems.first?.hasPrefix("ip=" + value.prefix(61)) == true)
    #expect(outcome.problems.first?.contains("ip=10.0.2.15/24") == true)
  }

  @Test(arguments: [
    ("gw=10.0.2.2", "DHCP names the gateway"), ("ip=10.0.2.15/24 gw=10.0.3.2", "not another address"),
    ("ip=10.0.2.15/24 gw=10.0.2.15", "not another address"), ("ip=10.0.2.15/24 gw=10.0.2.255", "not another address"),
    ("ip=10.0.2.15/24 gw=10.0.2.0", "not another address"), ("ip=10.0.2.15/24 gw=", "not an IPv4 address"),
    ("ip=10.0.2.15/24 gw=10.0.2.2/24", "not an IPv4 address"),
  ])
  func gatewayThatCannotBeIsDropped(line: String, reason: String) {
    let outcome = Outcome(line)
    #expect(outcome.gateway == nil)
    #expect(outcome.problems.count == 1)
    #expect(outcome.problems.first?.contains(reason) == true)
  }

  @Test func aBadAddressTakesItsGatewayAlong() {
    let outcome = Outcome("ip=10.0.2.300/24 gw=10.0.2.2")
    #expect(outcome.address == nil && outcome.gateway == nil)
    #expect(outcome.problems.count == 2)
  }

  @Test(arguments: [("1", 1), ("80", 80), ("65535", 65_535), ("0080", 80)] as [(String, UInt16)])
  func goodPorts(value: String, port: UInt16) {
    #expect(Outcome("port=" + value).port == port)
    #expect(Outcome("port=" + value).problems.isEmpty)
  }

  @Test(arguments: ["", "0", "65536", "-1", "0x50", "80a", "99999999999999999999999"])
  func badPortsLeaveTheDefault(value: String) {
    #expect(Outcome("port=" + value).port == 80)
    #expect(Outcome("port=" + value).problems.count == 1)
  }

  @Test func numbersOfInvocations() {
    let none = KernelSettings(parsing: Array("".utf8).span)
    #expect(none.rate == nil && none.burst == nil && none.concurrency == nil && none.activations == nil)
    let all = KernelSettings(parsing: Array("burst=100000000 rate=100000000 concurrency=65535 activations=1048576".utf8).span)
    #expect(all.rate == 100_000_000 && all.burst == 100_000_000 && all.concurrency == 65_535 && all.activations == 1_048_576)
    #expect(all.problemCount == 0)
    let least = KernelSettings(parsing: Array("rate=1 concurrency=1 activations=1".utf8).span)
    #expect(least.rate == 1 && least.burst == nil && least.concurrency == 1 && least.activations == 1 && least.problemCount == 0)
  }

  @Test(arguments: ["", "0", "-1", "100000001", "many", "6e3", "99999999999999999999999"])
  func badNumbersOfInvocationsAreAbsent(value: String) {
    for option in ["rate", "burst", "concurrency", "activations"] {
      let settings = KernelSettings(parsing: Array("rate=5 \(option)=\(value)".utf8).span)
      #expect(settings.rate == 5 && settings.burst == nil && settings.concurrency == nil && settings.activations == nil)
      let problems = Outcome("rate=5 \(option)=\(value)").problems
      #expect(problems.count == 1)
      #expect(problems.first?.hasPrefix("\(option)=\(value): not a number of 1 to ") == true && problems.first?.contains("for example \(option)=") == true)
    }
  }

  @Test(arguments: [("burst=5", "without a valid rate="), ("burst=5 rate=x", "without a valid rate="), ("burst=5 rate=6", "less than rate=")])
  func aBurstThatCannotBeIsDropped(line: String, reason: String) {
    #expect(KernelSettings(parsing: Array(line.utf8).span).burst == nil)
    #expect(Outcome(line).problems.last?.contains(reason) == true)
  }

  @Test func howLongToLookBeforeHalting() {
    #expect(Outcome("").poll == nil && Outcome("poll=0").poll == 0 && Outcome("poll=1000000").poll == 1_000_000)
    for value in ["", "-1", "1000001", "200us"] {
      #expect(Outcome("poll=\(value)").poll == nil)
      #expect(Outcome("poll=\(value)").problems == ["poll=\(value): not a number of 0 to 1000000; ignored. Write for example poll=50, or poll=0 to halt at once"])
    }
  }

  @Test func numbersGivenTwiceCountLast() {
    let line = "rate=5 rate=6 burst=6 burst=7 concurrency=1 concurrency=2 activations=3 activations=4"
    let settings = KernelSettings(parsing: Array(line.utf8).span)
    #expect(settings.rate == 6 && settings.burst == 7 && settings.concurrency == 2 && settings.activations == 4)
    #expect(Outcome(line).problems.count == 4 && Outcome(line).problems.allSatisfy { $0.hasSuffix("the last one counts") })
  }

  @Test(arguments: [("quiet", LogLevel.quiet), ("info", .info), ("debug", .debug)])
  func logLevels(value: String, level: LogLevel) {
    #expect(Outcome("log=" + value).log == level)
  }

  @Test(arguments: ["", "Debug", "debug ging", "quietly", "1"])
  func badLogLevelsLeaveTheDefault(value: String) {
    let outcome = Outcome("log=" + value)
    #expect(outcome.log == (value == "debug ging" ? .debug : .info))
    #expect(outcome.problems.count == 1)
  }

  @Test(arguments: [
    ("me:secret", ["me", "secret", ""]), ("a:b:c", ["a", "b:c", ""]), ("a:b@c", ["a", "b", "c"]),
    ("a:b@c@d", ["a", "b@c", "d"]), ("a@b:c", ["a@b", "c", ""]), ("a:=b==", ["a", "=b==", ""]),
    ("u:k@My_team-1.x", ["u", "k", "My_team-1.x"]), ("ü:ö", ["ü", "ö", ""]),
  ])
  func credentials(value: String, parts: [String]) {
    let outcome = Outcome("auth=" + value)
    #expect(outcome.credentials == [parts])
    #expect(outcome.problems.isEmpty)
  }

  @Test(arguments: [
    "", "me", ":", "me:", ":topsecret", "me:topsecret@", "me:@team", "me:topsecret@_", "me:topsecret@a/b", "me:topsecret@ü",
    "me:topsecret\u{7f}", "m\u{1}e:topsecret", "topsecret@x", String(repeating: "u", count: 129) + ":topsecret",
    "me:topsecret" + String(repeating: "k", count: 256), "me:topsecret@" + String(repeating: "n", count: 129),
  ])
  func badCredentialsLetNobodyInAndAreNotRepeated(value: String) {
    let outcome = Outcome("auth=" + value)
    #expect(outcome.credentials.isEmpty)
    #expect(outcome.problems.count == 1)
    #expect(outcome.problems.first?.contains("topsecret") == false)
    #expect(outcome.problems.first?.hasPrefix("auth=") == true)
  }

  @Test func longestCredential() {
    let parts = [String(repeating: "u", count: 128), String(repeating: "k", count: 256), String(repeating: "n", count: 128)]
    #expect(Outcome("auth=\(parts[0]):\(parts[1])@\(parts[2])").credentials == [parts])
  }

  @Test func sixteenCredentialsAndNoMore() {
    let line = (0..<18).map { "auth=user\($0):key\($0)" }.joined(separator: " ")
    let outcome = Outcome(line)
    #expect(outcome.credentials.map { $0[0] } == (0..<16).map { "user\($0)" })
    #expect(outcome.problems.count == 2)
    #expect(outcome.problems.allSatisfy { $0.contains("more than 16") && !$0.contains("key1") })
  }

  @Test func whatIsGivenTwiceCountsLast() {
    let outcome = Outcome(
      "port=1 ip=10.0.0.1/8 log=quiet gw=10.0.0.3 auth=a:1 auth=b:2 port=2 ip=10.0.0.2/8 log=debug gw=10.0.0.4 auth=a:3 "
        + "virtio_mmio.device=512@0x1000:5 virtio_mmio.device=512@0x1000:6")
    #expect(outcome.port == 2)
    #expect(outcome.address?.address == 0x0a00_0002)
    #expect(outcome.gateway == 0x0a00_0004)
    #expect(outcome.log == .debug)
    #expect(outcome.credentials == [["a", "3", ""], ["b", "2", ""]])
    #expect(outcome.devices == [MMIODeviceSetting(address: 0x1000, length: 512, interrupt: 6)])
    #expect(outcome.problems.count == 6)
    #expect(outcome.problems.allSatisfy { $0.hasSuffix("the last one counts") })
  }

  @Test func aBadSecondValueLeavesTheFirst() {
    #expect(Outcome("port=8080 port=x").port == 8080)
    #expect(Outcome("ip=10.0.0.1/8 ip=x/8").address?.address == 0x0a00_0001)
  }

  @Test func givingTheDefaultCountsAsGiving() {
    #expect(Outcome("port=80 port=80 log=info log=info").problems.count == 2)
  }

  @Test(arguments: [
    ("512@0xfeb00e00:12", 0xfeb0_0e00, 512, 12), ("0x200@0xFEB00000:5", 0xfeb0_0000, 512, 5), ("4k@0x1000:0", 0x1000, 4096, 0),
    ("1M@0x100000:255:3", 0x10_0000, 1 << 20, 255), ("264@4:1", 4, 264, 1), ("512@0x7FFFFFFE00:1", 0x7f_ffff_fe00, 512, 1),
  ] as [(String, UInt64, UInt64, UInt32)])
  func goodDevices(value: String, address: UInt64, length: UInt64, interrupt: UInt32) {
    #expect(
      Outcome("virtio_mmio.device=" + value).devices
        == [MMIODeviceSetting(address: address, length: length, interrupt: interrupt)])
  }

  @Test(arguments: [
    "", "512", "512@", "512@0x1000", "512@0x1000:", "@0x1000:1", "512@:1", "K@0x1000:1", "512@0x:1", "512@0x1000:256",
    "512@0x1001:1", "512@0:1", "263@0x1000:1", "2M@0x1000:1", "512@0xffffffffffffffff:1", "512@0x10000000000000000:1",
    "18446744073709551615M@0x1000:1", "512@0x7ffffffe04:1", "512@0x1000:1:", "512@0x1000:1:x", "512@0x1000:1:2:3", "512g@0x1000:1",
  ])
  func badDevicesAreLeftOut(value: String) {
    let outcome = Outcome("virtio_mmio.device=" + value)
    #expect(outcome.devices.isEmpty)
    #expect(outcome.problems.count == 1)
  }

  @Test func thirtyTwoDevicesAndNoMore() {
    let line = (1...33).map { "virtio_mmio.device=512@\($0 * 4096):5" }.joined(separator: " ")
    let outcome = Outcome(line)
    #expect(outcome.devices.count == 32)
    #expect(outcome.problems.count == 1)
  }

  @Test func unknownOptionsAreNamedAndTheirValuesAreNot() {
    let outcome = Outcome("console=ttyS0 quiet Auth=me:secret =x port")
    #expect(
      outcome.problems == [
        "console=...: unknown option, ignored", "quiet: unknown option, ignored", "Auth=...: unknown option, ignored",
        "=...: unknown option, ignored", "port: unknown option, ignored",
      ])
  }

  @Test func problemsAreBoundedAndPrintable() {
    let outcome = Outcome((0..<40).map { "x\($0)" }.joined(separator: " "))
    #expect(outcome.problems.count == 16)
    #expect(outcome.omitted == 24)
    let odd = Outcome(Array("\u{1b}[2J\u{7f}ü".utf8) + [UInt8](repeating: 0x61, count: 200))
    #expect(odd.problems.count == 1)
    #expect(odd.problems.first?.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f } == true)
    #expect((odd.problems.first?.utf8.count ?? 0) < 110)
  }

  @Test func aLongLineIsCutBetweenWords() {
    let padding = String(repeating: " ", count: 4096 - "port=8080".count + 2)
    let outcome = Outcome("log=quiet" + padding.dropLast("log=quiet".count) + "port=8080")
    #expect(outcome.log == .quiet)
    #expect(outcome.port == 80)
    #expect(outcome.problems == ["the command line is longer than 4096 bytes; the rest is ignored"])
  }

  @Test func aLineOfExactlyTheLimitIsWhole() {
    let padding = String(repeating: " ", count: 4096 - "port=8080".count)
    #expect(Outcome(padding + "port=8080").port == 8080)
    #expect(Outcome(padding + "port=8080").problems.isEmpty)
    #expect(Outcome(Array((padding + "port=8080").utf8) + [0, 0x31]).problems.isEmpty)
  }

  @Test func oneEndlessWordIsIgnored() {
    let outcome = Outcome("auth=me:" + String(repeating: "k", count: 5000))
    #expect(outcome.credentials.isEmpty)
    #expect(outcome.problems.count == 1)
  }

  /// Whatever the bytes: no trap, and every value in its range.
  @Test func randomLinesGiveLegalValues() {
    var random = SystemRandomNumberGenerator()
    let seed = UInt64.random(in: 0 ... .max, using: &random)
    var state = seed | 1
    func next() -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int(state >> 33)
    }
    let pieces = [
      "ip=", "gw=", "port=", "log=", "auth=", "virtio_mmio.device=", "10.0.2.15", "/24", "/", ".", "255", "256", "@", ":", "=",
      "0x", "fff", "K", "M", "512@0x1000:5", " ", " ", "\n", "quiet", "18446744073709551616", "_", "\0", "ü",
    ].map { Array($0.utf8) }
    for _ in 0..<20_000 {
      var line: [UInt8] = []
      for _ in 0..<next() % 24 {
        if next() % 8 == 0 { line.append(UInt8(truncatingIfNeeded: next())) } else { line += pieces[next() % pieces.count] }
      }
      let outcome = Outcome(line)
      let isLegal =
        outcome.port != 0 && (outcome.address.map { $0.isUsable && (1...31).contains($0.prefixLength) } ?? true)
        && (outcome.gateway.map { outcome.address?.hasNeighbour($0) == true } ?? true)
        && outcome.credentials.allSatisfy { !$0[0].isEmpty && !$0[1].isEmpty }
        && outcome.devices.allSatisfy { $0.length >= 264 && $0.address & 3 == 0 && $0.interrupt <= 255 }
      if !isLegal { Issue.record("seed \(seed), line \(line)") }
    }
  }
}

@Suite struct PanicOptionTests {
  @Test(arguments: [("panic=test", true, 0), ("panic=now", false, 1), ("", false, 0)])
  func onlyTestPanics(line: String, panics: Bool, problems: Int) {
    let settings = KernelSettings(parsing: Array(line.utf8).span)
    #expect(settings.panicsOnPurpose == panics)
    #expect(settings.problemCount == problems)
  }
}
