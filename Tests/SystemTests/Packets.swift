// Ethernet frames for the frame-level tests: built by hand, checksums included, and taken apart again.

struct MAC: Equatable, CustomStringConvertible {
  var bytes: [UInt8]
  static let broadcast = MAC(bytes: [255, 255, 255, 255, 255, 255])
  static let tester = MAC(bytes: [0x02, 0, 0, 0, 0, 0x01])
  var description: String { bytes.map { String($0, radix: 16) }.joined(separator: ":") }
}

typealias IPv4 = [UInt8]

enum Packet {
  static func be16(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 255), UInt8(value & 255)] }
  static func be32(_ value: UInt32) -> [UInt8] { be16(Int(value >> 16)) + be16(Int(value & 0xffff)) }

  /// RFC 1071.
  static func checksum(_ bytes: [UInt8]) -> [UInt8] {
    var sum = 0
    for index in stride(from: 0, to: bytes.count, by: 2) {
      sum += Int(bytes[index]) << 8 | (index + 1 < bytes.count ? Int(bytes[index + 1]) : 0)
    }
    while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
    return be16(~sum & 0xffff)
  }

  static func ethernet(to: MAC, from: MAC = .tester, type: Int, _ payload: [UInt8]) -> [UInt8] {
    let frame = to.bytes + from.bytes + be16(type) + payload
    return frame + [UInt8](repeating: 0, count: max(0, 60 - frame.count))
  }

  /// RFC 826; operation 1 asks, 2 answers.
  static func arp(operation: Int, to: MAC, senderIP: IPv4, targetMAC: MAC, targetIP: IPv4) -> [UInt8] {
    let payload = be16(1) + be16(0x0800) + [6, 4] + be16(operation) + MAC.tester.bytes + senderIP + targetMAC.bytes + targetIP
    return ethernet(to: to, type: 0x0806, payload)
  }

  static func ipv4(protocol number: UInt8, from: IPv4, to: IPv4, _ payload: [UInt8], fragment: Int = 0x4000) -> [UInt8] {
    var header: [UInt8] = [0x45, 0] + be16(20 + payload.count) + be16(7) + be16(fragment) + [64, number, 0, 0] + from + to
    header.replaceSubrange(10..<12, with: checksum(header))
    return header + payload
  }

  static func echoRequest(identifier: Int, sequence: Int, _ data: [UInt8]) -> [UInt8] {
    var message: [UInt8] = [8, 0, 0, 0] + be16(identifier) + be16(sequence) + data
    message.replaceSubrange(2..<4, with: checksum(message))
    return message
  }

  static func udp(from: (IPv4, Int), to: (IPv4, Int), _ payload: [UInt8]) -> [UInt8] {
    let length = be16(8 + payload.count)
    let sum = checksum(from.0 + to.0 + [0, 17] + length + be16(from.1) + be16(to.1) + length + [0, 0] + payload)
    return be16(from.1) + be16(to.1) + length + sum + payload
  }

  /// A TCP segment without options but for `options`, whose size is a multiple of four.
  static func tcp(_ segment: Segment, from: (IPv4, Int), to: (IPv4, Int)) -> [UInt8] {
    var bytes = be16(from.1) + be16(to.1) + be32(segment.sequence) + be32(segment.acknowledgment)
    bytes += [UInt8(((20 + segment.options.count) / 4) << 4), segment.flags.rawValue] + be16(segment.window) + [0, 0, 0, 0]
    bytes += segment.options + segment.payload
    bytes.replaceSubrange(16..<18, with: checksum(from.0 + to.0 + [0, 6] + be16(bytes.count) + bytes))
    return bytes
  }
}

struct TCPFlags: OptionSet, Equatable {
  var rawValue: UInt8
  static let fin = TCPFlags(rawValue: 1)
  static let syn = TCPFlags(rawValue: 2)
  static let rst = TCPFlags(rawValue: 4)
  static let psh = TCPFlags(rawValue: 8)
  static let ack = TCPFlags(rawValue: 16)
}

/// A TCP segment's fields.
struct Segment {
  var flags: TCPFlags
  var sequence: UInt32
  var acknowledgment: UInt32 = 0
  var window = 65_535
  var options: [UInt8] = []
  var payload: [UInt8] = []
}

/// A received frame, as far as the tests look into it.
struct Frame {
  var bytes: [UInt8]

  func be16(_ at: Int) -> Int { at + 1 < bytes.count ? Int(bytes[at]) << 8 | Int(bytes[at + 1]) : -1 }
  func be32(_ at: Int) -> UInt32 { UInt32(truncatingIfNeeded: be16(at)) << 16 | UInt32(truncatingIfNeeded: be16(at + 2)) }
  func slice(_ range: Range<Int>) -> [UInt8] { Array(bytes[range.clamped(to: 0..<bytes.count)]) }

  var destination: MAC { MAC(bytes: slice(0..<6)) }
  var source: MAC { MAC(bytes: slice(6..<12)) }
  var isARP: Bool { be16(12) == 0x0806 && bytes.count >= 42 }
  var arpOperation: Int { be16(20) }
  var arpSenderMAC: MAC { MAC(bytes: slice(22..<28)) }
  var arpSenderIP: IPv4 { slice(28..<32) }
  var arpTargetIP: IPv4 { slice(38..<42) }

  var isIPv4: Bool { be16(12) == 0x0800 && bytes.count >= 34 && bytes[14] == 0x45 }
  var ipProtocol: UInt8 { bytes[23] }
  var ipSource: IPv4 { slice(26..<30) }
  var ipDestination: IPv4 { slice(30..<34) }
  /// What IPv4 carries, without Ethernet's padding.
  var ipPayload: [UInt8] { slice(34..<14 + max(20, be16(16))) }
  /// Whether the IPv4 header's checksum is right, and TCP's, UDP's or ICMP's.
  var checksumsAreRight: Bool {
    guard isIPv4, Packet.checksum(slice(14..<34)) == [0, 0] else { return false }
    let payload = ipPayload
    if ipProtocol == 1 { return Packet.checksum(payload) == [0, 0] }
    if ipProtocol == 17 && be16(40) == 0 { return true }
    return Packet.checksum(ipSource + ipDestination + [0, ipProtocol] + Packet.be16(payload.count) + payload) == [0, 0]
  }

  var isTCP: Bool { isIPv4 && ipProtocol == 6 && bytes.count >= 54 }
  var sourcePort: Int { be16(34) }
  var destinationPort: Int { be16(36) }
  var sequence: UInt32 { be32(38) }
  var acknowledgment: UInt32 { be32(42) }
  var tcpFlags: TCPFlags { TCPFlags(rawValue: bytes[47]) }
  var tcpWindow: Int { be16(48) }
  var tcpOptions: [UInt8] { slice(54..<34 + Int(bytes[46] >> 4) * 4) }
  var tcpPayload: [UInt8] { Array(ipPayload.dropFirst(Int(bytes[46] >> 4) * 4)) }

  var isUDP: Bool { isIPv4 && ipProtocol == 17 && bytes.count >= 42 }
  var udpPayload: [UInt8] { Array(ipPayload.dropFirst(8)) }
}
