// Address resolution packets for IPv4 over Ethernet (RFC 826).

import Bytes

/// A legal ARP packet.
struct ARPPacket: Equatable, BitwiseCopyable {
  static let size = 28

  enum Operation: UInt16 {
    case request = 1
    case reply = 2
  }

  var operation: Operation
  var senderMAC: MACAddress
  var sender: IPv4Address
  var targetMAC: MACAddress
  var target: IPv4Address

  init(operation: Operation, senderMAC: MACAddress, sender: IPv4Address, targetMAC: MACAddress, target: IPv4Address) {
    self.operation = operation
    self.senderMAC = senderMAC
    self.sender = sender
    self.targetMAC = targetMAC
    self.target = target
  }

  /// Nil where the packet is too short, of other hardware or protocol, of another operation, or sent by no single station.
  /// A sender address of 0.0.0.0 is legal: a probe (RFC 5227 §1.1).
  init?(parsing bytes: Span<UInt8>) {
    guard bytes.count >= Self.size,
      bytes.loadBE32(0) == 0x0001_0800,
      bytes.loadBE16(4) == 0x0604,
      let operation = Operation(rawValue: bytes.loadBE16(6))
    else { return nil }
    self.operation = operation
    senderMAC = MACAddress(bits: UInt64(bytes.loadBE32(8)) << 16 | UInt64(bytes.loadBE16(12)))
    sender = IPv4Address(bits: bytes.loadBE32(14))
    targetMAC = MACAddress(bits: UInt64(bytes.loadBE32(18)) << 16 | UInt64(bytes.loadBE16(22)))
    target = IPv4Address(bits: bytes.loadBE32(24))
    guard senderMAC.isStation, sender.isHost || sender == .unspecified else { return nil }
  }

  /// Stores the packet at byte `offset`.
  func write(to bytes: inout MutableSpan<UInt8>, at offset: Int) {
    bytes.storeBE32(0x0001_0800, at: offset)
    bytes.storeBE16(0x0604, at: offset &+ 4)
    bytes.storeBE16(operation.rawValue, at: offset &+ 6)
    bytes.storeBE32(UInt32(truncatingIfNeeded: senderMAC.bits >> 16), at: offset &+ 8)
    bytes.storeBE16(UInt16(truncatingIfNeeded: senderMAC.bits), at: offset &+ 12)
    bytes.storeBE32(sender.bits, at: offset &+ 14)
    bytes.storeBE32(UInt32(truncatingIfNeeded: targetMAC.bits >> 16), at: offset &+ 18)
    bytes.storeBE16(UInt16(truncatingIfNeeded: targetMAC.bits), at: offset &+ 22)
    bytes.storeBE32(target.bits, at: offset &+ 24)
  }
}
