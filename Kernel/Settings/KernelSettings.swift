// The kernel command line, parsed once into a legal value. docs/kernel-command-line.md is its contract.
//
// A bad value never stops the kernel: it is reported, and the option counts as absent. Without `auth=` the API stays
// closed, so a mistake there opens nothing.
// Out of scope: printing, and acting on any of it.

import Base
import Bytes

/// How much the kernel says on its console.
public enum LogLevel: UInt8, Sendable, BitwiseCopyable {
  case quiet, info, debug
}

/// `ip=`: an IPv4 address of the kernel's own.
public struct FixedAddress: Equatable, Sendable, BitwiseCopyable {
  /// In host order: 10.0.2.15 is 0x0a00020f.
  public var address: UInt32
  /// 1 to 31.
  public var prefixLength: UInt8
}

/// `virtio_mmio.device=`: where a virtio-mmio device may be.
public struct MMIODeviceSetting: Equatable, Sendable, BitwiseCopyable {
  /// A multiple of 4, not 0, with all of the window below 512 GiB.
  public var address: UInt64
  /// Bytes, 264 to 1 MiB.
  public var length: UInt64
  /// The I/O APIC's input, at most 255.
  public var interrupt: UInt32
}

/// What the kernel command line says.
public struct KernelSettings: ~Copyable {
  /// Bytes of the command line that are looked at.
  public static var longestCommandLine: Int { 4096 }
  /// How many `auth=` there may be.
  public static var mostCredentials: Int { 16 }
  /// How many `virtio_mmio.device=` there may be.
  public static var mostDevices: Int { 32 }
  /// Problems that are kept; further ones are counted.
  public static var mostProblems: Int { 16 }

  /// `ip=`; nil means DHCP.
  public internal(set) var address: FixedAddress?
  /// `gw=`, in host order; only ever there with `address`, and inside its network.
  public internal(set) var gateway: UInt32?
  /// `port=`: the TCP port to serve on, not 0.
  public internal(set) var port: UInt16 = 80
  /// `log=`.
  public internal(set) var log = LogLevel.info
  /// `rate=`: invocations that a namespace may begin a minute; nil means no bound.
  public internal(set) var rate: UInt32?
  /// `burst=`: how many of them may come at once; only ever there with `rate`, and not below it.
  public internal(set) var burst: UInt32?
  /// `concurrency=`: invocations of a namespace that may wait and run; nil means no bound of its own.
  public internal(set) var concurrency: UInt32?
  /// `activations=`: how many activations are kept; nil leaves it to the kernel.
  public internal(set) var activations: UInt32?
  /// `poll=`: microseconds that the processor may look for a frame before it halts; nil leaves it to the kernel.
  public internal(set) var poll: UInt32?
  /// `panic=test`: the kernel is to fault once it has booted, to show what its end looks like.
  public internal(set) var panicsOnPurpose = false
  /// How many `auth=` there are.
  public internal(set) var credentialCount = 0
  /// How many `virtio_mmio.device=` there are.
  public internal(set) var deviceCount = 0
  /// Problems to print; `describe(problem:into:)` gives their text.
  public internal(set) var problemCount = 0
  /// Problems beyond those kept.
  public internal(set) var omittedProblemCount = 0

  /// The command line itself, which ranges point into.
  var text = ByteBuffer()
  var credentials: [16 of Credential] = .init(repeating: Credential())
  private var devices: [32 of MMIODeviceSetting] =
    .init(repeating: MMIODeviceSetting(address: 0, length: 0, interrupt: 0))
  var problems: [16 of Problem] = .init(repeating: Problem(kind: .unknown, word: TextRange()))
  private var gatewayWord = TextRange()
  private var burstWord = TextRange()
  private var hasPort = false
  private var hasLog = false

  /// Parses `commandLine`: words between blanks and line ends. A zero byte ends it.
  public init(parsing commandLine: Span<UInt8>) {
    let limit = min(commandLine.count, Self.longestCommandLine)
    var length = 0
    while length < limit, commandLine[length] != 0 { length &+= 1 }
    if length == Self.longestCommandLine, commandLine.count > length, commandLine[length] != 0 {
      // Half a word would mean something else.
      while length > 0, !Self.isBlank(commandLine[length &- 1]) { length &-= 1 }
      report(.tooLong, TextRange())
    }
    guard text.append(commandLine.extracting(0..<length)) else {
      report(.noMemory, TextRange())
      return
    }
    var position = 0
    while let word = nextWord(from: &position) { parse(word) }
    settleGateway()
    settleBurst()
  }

  /// The user of `auth=` number `index`, which is below `credentialCount`: 1 to 128 bytes.
  @_lifetime(borrow self)
  public func user(_ index: Int) -> Span<UInt8> {
    let range = credentials[index].user
    return text.span.extracting(range.start..<range.end)
  }

  /// The key of `auth=` number `index`, which is below `credentialCount`: 1 to 256 bytes. It is a secret.
  @_lifetime(borrow self)
  public func key(_ index: Int) -> Span<UInt8> {
    let range = credentials[index].key
    return text.span.extracting(range.start..<range.end)
  }

  /// The namespace of `auth=` number `index`, which is below `credentialCount`; empty where none was given.
  @_lifetime(borrow self)
  public func namespace(_ index: Int) -> Span<UInt8> {
    let range = credentials[index].namespace
    return text.span.extracting(range.start..<range.end)
  }

  /// `virtio_mmio.device=` number `index`, which is below `deviceCount`.
  public func device(_ index: Int) -> MMIODeviceSetting { devices[index] }

  @_lifetime(borrow self)
  func bytes(_ range: TextRange) -> Span<UInt8> { text.span.extracting(range.start..<range.end) }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte &- 0x09 < 5 }

  private func nextWord(from position: inout Int) -> TextRange? {
    let bytes = text.span
    while position < bytes.count, Self.isBlank(bytes[position]) { position &+= 1 }
    let start = position
    while position < bytes.count, !Self.isBlank(bytes[position]) { position &+= 1 }
    return position > start ? TextRange(start, position) : nil
  }

  private mutating func parse(_ word: TextRange) {
    guard let equals = text.span.position(of: 0x3d, in: word) else { return report(.unknown, word) }
    let value = TextRange(equals &+ 1, word.end)
    switch Option(bytes(TextRange(word.start, equals))) {
    case .address: parseAddress(value, word)
    case .gateway: parseGateway(value, word)
    case .port: parsePort(value, word)
    case .log: parseLog(value, word)
    case .credential: parseCredential(value, word)
    case .device: parseDevice(value, word)
    case .panic: parsePanic(value, word)
    case .rate: rate = setNumber(rate, 1...Self.highestRate, .rateMalformed, value, word)
    case .burst:
      burst = setNumber(burst, 1...Self.highestRate, .burstMalformed, value, word)
      burstWord = word
    case .concurrency: concurrency = setNumber(concurrency, 1...65_535, .concurrencyMalformed, value, word)
    case .activations: activations = setNumber(activations, 1...1_048_576, .activationsMalformed, value, word)
    case .poll: poll = setNumber(poll, 0...1_000_000, .pollMalformed, value, word)
    case .unknown: report(.unknown, word)
    }
  }

  private enum Option {
    case address, gateway, port, log, credential, device, panic, rate, burst, concurrency, activations, poll, unknown

    init(_ key: Span<UInt8>) {
      self =
        if key.equals("ip") { .address }
        else if key.equals("gw") { .gateway }
        else if key.equals("port") { .port }
        else if key.equals("log") { .log }
        else if key.equals("auth") { .credential }
        else if key.equals("virtio_mmio.device") { .device }
        else if key.equals("panic") { .panic }
        else if key.equals("rate") { .rate }
        else if key.equals("burst") { .burst }
        else if key.equals("concurrency") { .concurrency }
        else if key.equals("activations") { .activations }
        else if key.equals("poll") { .poll }
        else { .unknown }
    }
  }

  private mutating func parseAddress(_ value: TextRange, _ word: TextRange) {
    guard let slash = text.span.position(of: 0x2f, in: value) else { return report(.prefixMalformed, word) }
    guard let number = SettingValue.address(bytes(TextRange(value.start, slash))) else {
      return report(.addressMalformed, word)
    }
    guard let length = ASCII.decimal(bytes(TextRange(slash &+ 1, value.end)), limit: 31), length >= 1 else {
      return report(.prefixMalformed, word)
    }
    let fixed = FixedAddress(address: number, prefixLength: UInt8(length))
    guard fixed.isUsable else { return report(.addressUnusable, word) }
    if address != nil { report(.repeated, word) }
    address = fixed
  }

  /// Whether it fits the address is known at the end: the two come in any order.
  private mutating func parseGateway(_ value: TextRange, _ word: TextRange) {
    guard let number = SettingValue.address(bytes(value)) else { return report(.gatewayMalformed, word) }
    if gateway != nil { report(.repeated, word) }
    gateway = number
    gatewayWord = word
  }

  private mutating func settleGateway() {
    guard let number = gateway else { return }
    guard let address else {
      gateway = nil
      return report(.gatewayAlone, gatewayWord)
    }
    guard address.hasNeighbour(number) else {
      gateway = nil
      return report(.gatewayOutside, gatewayWord)
    }
  }

  private mutating func parsePort(_ value: TextRange, _ word: TextRange) {
    guard let number = ASCII.decimal(bytes(value), limit: 65_535), number > 0 else { return report(.portMalformed, word) }
    if hasPort { report(.repeated, word) }
    hasPort = true
    port = UInt16(number)
  }

  private mutating func parseLog(_ value: TextRange, _ word: TextRange) {
    guard let level = SettingValue.logLevel(bytes(value)) else { return report(.logMalformed, word) }
    if hasLog { report(.repeated, word) }
    hasLog = true
    log = level
  }

  /// The highest `rate=` and `burst=`.
  private static var highestRate: UInt64 { 100_000_000 }

  /// Sets `current` to the number that `value` is, where it is in `range`, which ends below 2^32.
  private mutating func setNumber(
    _ current: UInt32?, _ range: ClosedRange<UInt64>, _ problem: Problem.Kind, _ value: TextRange, _ word: TextRange
  ) -> UInt32? {
    guard let number = ASCII.decimal(bytes(value), limit: range.upperBound), number >= range.lowerBound else {
      report(problem, word)
      return current
    }
    if current != nil { report(.repeated, word) }
    return UInt32(truncatingIfNeeded: number)
  }

  /// Whether it fits the rate is known at the end: the two come in any order.
  private mutating func settleBurst() {
    guard let burst else { return }
    guard let rate else {
      self.burst = nil
      return report(.burstAlone, burstWord)
    }
    guard burst >= rate else {
      self.burst = nil
      return report(.burstBelowRate, burstWord)
    }
  }

  private mutating func parsePanic(_ value: TextRange, _ word: TextRange) {
    guard bytes(value).equals("test") else { return report(.panicMalformed, word) }
    panicsOnPurpose = true
  }

  private mutating func parseCredential(_ value: TextRange, _ word: TextRange) {
    guard let credential = Credential(parsing: text.span, value) else { return report(.credentialMalformed, word) }
    for index in 0..<credentialCount where bytes(credentials[index].user).equals(bytes(credential.user)) {
      credentials[index] = credential
      return report(.credentialRepeated, word)
    }
    guard credentialCount < Self.mostCredentials else { return report(.credentialsTooMany, word) }
    credentials[credentialCount] = credential
    credentialCount &+= 1
  }

  private mutating func parseDevice(_ value: TextRange, _ word: TextRange) {
    guard let device = SettingValue.device(bytes(value)) else { return report(.deviceMalformed, word) }
    for index in 0..<deviceCount where devices[index].address == device.address {
      devices[index] = device
      return report(.repeated, word)
    }
    guard deviceCount < Self.mostDevices else { return report(.devicesTooMany, word) }
    devices[deviceCount] = device
    deviceCount &+= 1
  }

  private mutating func report(_ kind: Problem.Kind, _ word: TextRange) {
    guard problemCount < Self.mostProblems else {
      omittedProblemCount &+= 1
      return
    }
    problems[problemCount] = Problem(kind: kind, word: word)
    problemCount &+= 1
  }
}
