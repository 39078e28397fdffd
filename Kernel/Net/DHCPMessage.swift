// DHCP messages (RFC 2131 §2, options of RFC 2132): parsing what servers send, building what clients send.
// Option overload (option 52) is not read: the options a client needs fit their own field.

import Bytes

enum DHCPMessageType: UInt8 {
  case discover = 1
  case offer = 2
  case request = 3
  case decline = 4
  case acknowledge = 5
  case refuse = 6
  case release = 7
}

/// The options of a server's reply that a client needs.
struct DHCPOptions: Equatable, BitwiseCopyable {
  var type: DHCPMessageType?
  var server: IPv4Address?
  /// Leading one bits of the subnet mask.
  var prefixLength: UInt8?
  var router: IPv4Address?
  /// Times in seconds: of the lease, until renewal (T1), until rebinding (T2).
  var lease: UInt32?
  var renewal: UInt32?
  var rebinding: UInt32?

  init() {}

  /// Nil where an option has an impossible length or value.
  @_optimize(size)
  init?(parsing bytes: Span<UInt8>) {
    var offset = 0
    while offset < bytes.count {
      let code = bytes[offset]
      if code == 255 { break }
      if code == 0 {
        offset &+= 1
        continue
      }
      guard offset &+ 1 < bytes.count else { return nil }
      let length = Int(bytes[offset &+ 1])
      guard length <= bytes.count &- offset &- 2,
        take(code, bytes.extracting((offset &+ 2)..<(offset &+ 2 &+ length)))
      else { return nil }
      offset &+= 2 &+ length
    }
  }

  /// Takes one option; false where it is impossible.
  private mutating func take(_ code: UInt8, _ value: Span<UInt8>) -> Bool {
    switch code {
    case 1:
      guard value.count == 4 else { return false }
      let mask = value.loadBE32(0)
      let ones = (~mask).leadingZeroBitCount
      guard mask == (ones == 0 ? 0 : UInt32.max << (32 &- UInt32(ones))) else { return false }
      prefixLength = UInt8(ones)
    case 3:
      guard value.count >= 4, value.count & 3 == 0 else { return false }
      router = IPv4Address(bits: value.loadBE32(0))
    case 53:
      guard value.count == 1, let known = DHCPMessageType(rawValue: value[0]) else { return false }
      type = known
    case 51, 54, 58, 59:
      guard value.count == 4 else { return false }
      let word = value.loadBE32(0)
      if code == 51 { lease = word }
      if code == 54 { server = IPv4Address(bits: word) }
      if code == 58 { renewal = word }
      if code == 59 { rebinding = word }
    default:
      break
    }
    return true
  }
}

/// A legal reply of a server.
struct DHCPReply: Equatable, BitwiseCopyable {
  static let fixedSize = 240

  var type: DHCPMessageType
  var transaction: UInt32
  var yourAddress: IPv4Address
  var options: DHCPOptions

  init(type: DHCPMessageType, transaction: UInt32, yourAddress: IPv4Address, options: DHCPOptions) {
    self.type = type
    self.transaction = transaction
    self.yourAddress = yourAddress
    self.options = options
  }

  /// Nil where the message is not a reply to `mac` over Ethernet, has no type, or has impossible options.
  init?(parsing bytes: Span<UInt8>, mac: MACAddress) {
    guard bytes.count >= Self.fixedSize, bytes.loadBE32(0) >> 8 == 0x02_0106, bytes.loadBE32(236) == 0x6382_5363,
      UInt64(bytes.loadBE32(28)) << 16 | UInt64(bytes.loadBE16(32)) == mac.bits,
      let options = DHCPOptions(parsing: bytes.extracting(Self.fixedSize..<bytes.count)), let type = options.type
    else { return nil }
    self.type = type
    transaction = bytes.loadBE32(4)
    yourAddress = IPv4Address(bits: bytes.loadBE32(16))
    self.options = options
  }
}

/// What a client sends.
struct DHCPRequest: Equatable, BitwiseCopyable {
  /// Small replies are what old relays insist on padding to (RFC 1542 §2.1).
  static let size = 300

  var type: DHCPMessageType
  var transaction: UInt32
  /// Seconds since the exchange began.
  var seconds: UInt16
  /// Asks that the reply be broadcast (RFC 2131 §4.1).
  var wantsBroadcast: Bool
  /// The own address, where it is in use (`ciaddr`).
  var clientAddress: IPv4Address
  /// The address asked for (option 50) and the server chosen (option 54).
  var requested: IPv4Address?
  var server: IPv4Address?

  /// Stores the message in `size` bytes at byte `offset`.
  @_optimize(size)
  func write(to bytes: inout MutableSpan<UInt8>, at offset: Int, mac: MACAddress) {
    for index in offset..<offset &+ Self.size { bytes[index] = 0 }
    bytes.storeBE32(0x0101_0600, at: offset)
    bytes.storeBE32(transaction, at: offset &+ 4)
    bytes.storeBE16(seconds, at: offset &+ 8)
    bytes.storeBE16(wantsBroadcast ? 0x8000 : 0, at: offset &+ 10)
    bytes.storeBE32(clientAddress.bits, at: offset &+ 12)
    Self.write(mac, to: &bytes, at: offset &+ 28)
    bytes.storeBE32(0x6382_5363, at: offset &+ 236)
    var next = offset &+ 240
    // Message type, client identifier, largest message, and the parameters wanted: mask, router, lease, T1, T2.
    bytes.storeBE16(0x3501, at: next)
    bytes[next &+ 2] = type.rawValue
    bytes.storeBE16(0x3d07, at: next &+ 3)
    bytes[next &+ 5] = 1
    Self.write(mac, to: &bytes, at: next &+ 6)
    bytes.storeBE32(0x3902_05dc, at: next &+ 12)
    bytes.storeBE32(0x3706_0103, at: next &+ 16)
    bytes.storeBE32(0x3336_3a3b, at: next &+ 20)
    next &+= 24
    if let requested {
      bytes.storeBE16(0x3204, at: next)
      bytes.storeBE32(requested.bits, at: next &+ 2)
      next &+= 6
    }
    if let server {
      bytes.storeBE16(0x3604, at: next)
      bytes.storeBE32(server.bits, at: next &+ 2)
      next &+= 6
    }
    bytes[next] = 255
  }

  private static func write(_ mac: MACAddress, to bytes: inout MutableSpan<UInt8>, at offset: Int) {
    bytes.storeBE32(UInt32(truncatingIfNeeded: mac.bits >> 16), at: offset)
    bytes.storeBE16(UInt16(truncatingIfNeeded: mac.bits), at: offset &+ 4)
  }
}
