// Frames built and read by the tests' own code, so that a mistake of the stack's cannot cancel itself out.

import Base
import Bytes

@testable import Net

/// The sum of RFC 1071, word by word.
func internetSum(_ bytes: [UInt8], _ start: UInt32 = 0) -> UInt16 {
  var sum = start
  for index in stride(from: 0, to: bytes.count, by: 2) {
    sum += UInt32(bytes[index]) << 8 | (index + 1 < bytes.count ? UInt32(bytes[index + 1]) : 0)
    sum = sum & 0xffff + sum >> 16
  }
  return ~UInt16(sum)
}

func big16(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 255)] }
func big32(_ value: UInt32) -> [UInt8] { big16(UInt16(value >> 16)) + big16(UInt16(value & 0xffff)) }
func read16(_ bytes: some Collection<UInt8>, _ offset: Int) -> UInt16 {
  let first = bytes.index(bytes.startIndex, offsetBy: offset)
  return UInt16(bytes[first]) << 8 | UInt16(bytes[bytes.index(after: first)])
}
func read32(_ bytes: some Collection<UInt8>, _ offset: Int) -> UInt32 {
  UInt32(read16(bytes, offset)) << 16 | UInt32(read16(bytes, offset + 2))
}

enum TestHost {
  static let mac: [UInt8] = [2, 0, 0, 0, 0, 1]
  static let peerMAC: [UInt8] = [2, 0, 0, 0, 0, 2]
  static let address: UInt32 = 0x0a00_0001
  static let peer: UInt32 = 0x0a00_0002
  static let port: UInt16 = 80
  static let seed: UInt64 = 0x0123_4567_89ab_cdef
}

func ethernet(_ payload: [UInt8], type: UInt16 = 0x0800, to: [UInt8] = TestHost.mac, from: [UInt8] = TestHost.peerMAC)
  -> [UInt8]
{
  to + from + big16(type) + payload
}

func ipv4(
  _ payload: [UInt8], protocol number: UInt8, from: UInt32 = TestHost.peer, to: UInt32 = TestHost.address,
  options: [UInt8] = [], fragment: UInt16 = 0
) -> [UInt8] {
  var header: [UInt8] = [0x40 | UInt8(5 + options.count / 4), 0]
  header += big16(UInt16(20 + options.count + payload.count)) + big16(0x1234) + big16(fragment)
  header += [64, number, 0, 0] + big32(from) + big32(to) + options
  header.replaceSubrange(10..<12, with: big16(internetSum(header)))
  return header + payload
}

/// The sum over a pseudo-header.
func pseudoSum(from: UInt32, to: UInt32, protocol number: UInt8, length: Int) -> UInt32 {
  var sum = from >> 16 + from & 0xffff
  sum += to >> 16 + to & 0xffff
  sum += UInt32(number) + UInt32(length)
  return sum & 0xffff + sum >> 16
}

/// One TCP segment, as the tests see it.
struct Segment: Equatable {
  var from: UInt32 = TestHost.peer
  var to: UInt32 = TestHost.address
  var sourcePort: UInt16 = 40_000
  var destinationPort: UInt16 = TestHost.port
  var sequence: UInt32 = 0
  var acknowledgement: UInt32 = 0
  var flags: UInt8 = 0
  var window: UInt16 = 65_535
  var options: [UInt8] = []
  var payload: [UInt8] = []

  static let fin: UInt8 = 1
  static let syn: UInt8 = 2
  static let rst: UInt8 = 4
  static let psh: UInt8 = 8
  static let ack: UInt8 = 16

  func has(_ flag: UInt8) -> Bool { flags & flag != 0 }
  var length: UInt32 { UInt32(payload.count) + (has(Self.syn) ? 1 : 0) + (has(Self.fin) ? 1 : 0) }

  /// The bytes of the segment, with its checksum.
  var bytes: [UInt8] {
    var result = big16(sourcePort) + big16(destinationPort) + big32(sequence) + big32(acknowledgement)
    result += [UInt8((20 + options.count) / 4) << 4, flags] + big16(window) + [0, 0, 0, 0] + options + payload
    let sum = internetSum(result, pseudoSum(from: from, to: to, protocol: 6, length: result.count))
    result.replaceSubrange(16..<18, with: big16(sum))
    return result
  }

  func frame(from mac: [UInt8] = TestHost.peerMAC, to station: [UInt8] = TestHost.mac) -> [UInt8] {
    ethernet(ipv4(bytes, protocol: 6, from: from, to: to), to: station, from: mac)
  }

  init(
    sequence: UInt32, acknowledgement: UInt32 = 0, flags: UInt8, port: UInt16 = 40_000, payload: [UInt8] = [],
    window: UInt16 = 65_535, options: [UInt8] = []
  ) {
    self.sequence = sequence
    self.acknowledgement = acknowledgement
    self.flags = flags
    sourcePort = port
    self.payload = payload
    self.window = window
    self.options = options
  }

  /// Nil where `frame` is no TCP segment with right checksums.
  init?(frame: [UInt8]) {
    guard frame.count >= 54, read16(frame, 12) == 0x0800, frame[14] >> 4 == 4, frame[23] == 6 else { return nil }
    let headerLength = Int(frame[14] & 15) * 4
    let total = Int(read16(frame, 16))
    guard headerLength >= 20, headerLength <= total, 14 + total <= frame.count,
      internetSum(Array(frame[14..<14 + headerLength])) == 0
    else { return nil }
    let tcp = Array(frame[(14 + headerLength)..<(14 + total)])
    from = read32(frame, 26)
    to = read32(frame, 30)
    guard tcp.count >= 20,
      internetSum(tcp, pseudoSum(from: from, to: to, protocol: 6, length: tcp.count)) == 0
    else { return nil }
    sourcePort = read16(tcp, 0)
    destinationPort = read16(tcp, 2)
    sequence = read32(tcp, 4)
    acknowledgement = read32(tcp, 8)
    let offset = Int(tcp[12] >> 4) * 4
    guard offset >= 20, offset <= tcp.count else { return nil }
    flags = tcp[13]
    window = read16(tcp, 14)
    options = Array(tcp[20..<offset])
    payload = Array(tcp[offset...])
  }
}

func udp(
  _ payload: [UInt8], sourcePort: UInt16, destinationPort: UInt16, from: UInt32 = TestHost.peer,
  to: UInt32 = TestHost.address
) -> [UInt8] {
  var result = big16(sourcePort) + big16(destinationPort) + big16(UInt16(8 + payload.count)) + [0, 0] + payload
  let sum = internetSum(result, pseudoSum(from: from, to: to, protocol: 17, length: result.count))
  result.replaceSubrange(6..<8, with: big16(sum == 0 ? 0xffff : sum))
  return ipv4(result, protocol: 17, from: from, to: to)
}

func arp(
  operation: UInt16, senderMAC: [UInt8], sender: UInt32, targetMAC: [UInt8] = [0, 0, 0, 0, 0, 0], target: UInt32,
  to: [UInt8] = [255, 255, 255, 255, 255, 255]
) -> [UInt8] {
  let packet: [UInt8] =
    [0, 1, 8, 0, 6, 4] + big16(operation) + senderMAC + big32(sender) + targetMAC + big32(target)
  return ethernet(packet, type: 0x0806, to: to, from: senderMAC)
}

func icmpEcho(_ payload: [UInt8], type: UInt8 = 8) -> [UInt8] {
  var message: [UInt8] = [type, 0, 0, 0, 0x12, 0x34, 0, 1] + payload
  message.replaceSubrange(2..<4, with: big16(internetSum(message)))
  return ethernet(ipv4(message, protocol: 1))
}
