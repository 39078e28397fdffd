// What was wrong with the command line, in words: what, why, and what to do.
// Keys of `auth=` are secrets and are never repeated, and neither is the value of an option that is unknown, which may be one
// misspelt.

import Base
public import Bytes

struct Problem: BitwiseCopyable, Sendable {
  enum Kind: UInt8, BitwiseCopyable, Sendable {
    case unknown, repeated, tooLong, noMemory
    case addressMalformed, prefixMalformed, addressUnusable
    case gatewayMalformed, gatewayAlone, gatewayOutside
    case portMalformed, logMalformed
    case credentialMalformed, credentialRepeated, credentialsTooMany
    case deviceMalformed, devicesTooMany
    case panicMalformed
    case rateMalformed, burstMalformed, burstAlone, burstBelowRate, concurrencyMalformed, activationsMalformed, pollMalformed
  }

  var kind: Kind
  var word: TextRange

  /// What follows the word.
  var explanation: StaticString {
    switch kind {
    case .unknown: "unknown option, ignored"
    case .repeated: "given more than once; the last one counts"
    case .tooLong: "the command line is longer than 4096 bytes; the rest is ignored"
    case .noMemory: "no memory for the command line; all of it is ignored"
    case .addressMalformed:
      """
      not an IPv4 address, which is four numbers of 0 to 255; ignored; with no valid ip= DHCP is used. Write \
      for example ip=10.0.2.15/24
      """
    case .prefixMalformed:
      """
      the length of the network part is missing or not 1 to 31; ignored; with no valid ip= DHCP is used. Write \
      for example ip=10.0.2.15/24
      """
    case .addressUnusable:
      """
      no host can have this address (loopback, multicast, or the first or last of its network); ignored; with \
      no valid ip= DHCP is used. Write for example ip=10.0.2.15/24
      """
    case .gatewayMalformed: "not an IPv4 address; ignored. Write for example gw=10.0.2.2"
    case .gatewayAlone: "ignored without a valid ip=: DHCP names the gateway. Give ip= too, or leave gw= out"
    case .gatewayOutside:
      """
      not another address in the network of ip=, so it cannot be reached; no gateway is used. Give one of that \
      network
      """
    case .portMalformed: "not a port of 1 to 65535; ignored. Write for example port=80"
    case .logMalformed: "not a log level; ignored. Write log=quiet, log=info or log=debug"
    case .credentialMalformed:
      "not USER:KEY or USER:KEY@NAMESPACE; nobody is let in by it. Write for example auth=me:secret"
    case .credentialRepeated: "this user was given before; the last one counts"
    case .credentialsTooMany: "more than 16; nobody is let in by this one. Leave some out"
    case .deviceMalformed:
      "not SIZE@ADDRESS:IRQ, or out of range; ignored. Write for example virtio_mmio.device=512@0xfeb00e00:12"
    case .panicMalformed: "not panic=test, the only value; ignored"
    case .rateMalformed: "not a number of 1 to 100000000; ignored, and invocations a minute have no bound. Write for example rate=6000"
    case .burstMalformed: "not a number of 1 to 100000000; ignored, and rate= may come at once. Write for example burst=12000"
    case .burstAlone: "ignored without a valid rate=, which it goes with. Give rate= too, or leave burst= out"
    case .burstBelowRate: "less than rate=, all of which may come at once; ignored. Give a higher one, or leave it out"
    case .concurrencyMalformed:
      "not a number of 1 to 65535; ignored, and a namespace may use the whole queue. Write for example concurrency=50"
    case .activationsMalformed: "not a number of 1 to 1048576; ignored. Write for example activations=4096"
    case .pollMalformed: "not a number of 0 to 1000000; ignored. Write for example poll=50, or poll=0 to halt at once"
    case .devicesTooMany: "more than 32; ignored. Leave some out"
    }
  }
}

extension KernelSettings {
  /// Appends the text of problem `index`, which is below `problemCount`: one line with no line end, of printable ASCII. False where
  /// memory is out.
  public func describe(problem index: Int, into output: inout ByteBuffer) -> Bool {
    let problem = problems[index]
    var shown = problem.word
    var isHidden = false
    switch problem.kind {
    case .unknown, .credentialMalformed, .credentialRepeated, .credentialsTooMany:
      if let equals = text.span.position(of: 0x3d, in: shown) {
        isHidden = equals &+ 1 < shown.end
        shown.end = equals &+ 1
      }
    default: break
    }
    guard shown.count > 0 else { return output.append(problem.explanation) }
    let isLong = shown.count > 64
    if isLong { shown.end = shown.start &+ 64 }
    for position in shown.start..<shown.end {
      let byte = text.span[position]
      guard output.append(byte &- 0x20 < 0x5f ? byte : 0x3f) else { return false }
    }
    if isHidden || isLong { guard output.append("...") else { return false } }
    return output.append(": ") && output.append(problem.explanation)
  }
}
