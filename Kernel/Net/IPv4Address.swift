// IPv4 addresses, and how the stack comes by its own.

/// A 32-bit Internet address (RFC 791 §3.2).
public struct IPv4Address: Equatable, Hashable, Sendable, BitwiseCopyable {
  /// The address as a number in host order: 10.0.2.15 is 0x0a00020f.
  public let bits: UInt32

  @inlinable public init(bits: UInt32) { self.bits = bits }

  /// The address written a.b.c.d.
  @inlinable
  public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
    bits = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)
  }

  /// 0.0.0.0: this host, which does not know its address yet.
  @inlinable public static var unspecified: IPv4Address { IPv4Address(bits: 0) }
  /// 255.255.255.255: everybody on this link.
  @inlinable public static var broadcast: IPv4Address { IPv4Address(bits: .max) }

  /// 224.0.0.0/4 (RFC 5771).
  @inlinable public var isMulticast: Bool { bits >> 28 == 0xe }
  /// Whether a single host can have this address: not in 0/8, 127/8, or 224.0.0.0 and above (RFC 1122 §3.2.1.3).
  @inlinable
  public var isHost: Bool { bits >> 24 &- 1 < 223 && bits >> 24 != 127 }
}

/// An address with the network that is directly reachable, and the way to all others.
public struct InterfaceAddress: Equatable, Sendable, BitwiseCopyable {
  public let address: IPv4Address
  /// Leading bits that all hosts on the link share, 0 to 32.
  public let prefixLength: UInt8
  /// The router to all other networks; without one only hosts on the link are reachable.
  public let gateway: IPv4Address?

  /// Nil where no single host can have `address`, `prefixLength` is above 32, the address is the network's broadcast
  /// or network address (RFC 1122 §3.2.1.3; /31 and /32 have neither, RFC 3021), or the gateway is not another host.
  public init?(address: IPv4Address, prefixLength: UInt8, gateway: IPv4Address?) {
    guard address.isHost, prefixLength <= 32 else { return nil }
    self.address = address
    self.prefixLength = prefixLength
    self.gateway = gateway
    if prefixLength < 31 {
      guard address.bits & ~mask != 0, address != directedBroadcast else { return nil }
    }
    if let gateway {
      guard gateway.isHost, gateway != address else { return nil }
    }
  }

  /// The network mask, in host order.
  public var mask: UInt32 { prefixLength == 0 ? 0 : UInt32.max << (32 &- UInt32(prefixLength)) }

  /// The address of everybody on this network; 255.255.255.255 where the network has none of its own.
  public var directedBroadcast: IPv4Address {
    prefixLength < 31 ? IPv4Address(bits: address.bits | ~mask) : .broadcast
  }

  /// Whether `other` is on the link.
  @inlinable
  public func isOnLink(_ other: IPv4Address) -> Bool { (other.bits ^ address.bits) & mask == 0 }

  /// The station on the link that a datagram to `destination` is handed to; nil where there is no route.
  /// A gateway outside the network is used as it stands: the link is assumed to reach it.
  public func nextHop(to destination: IPv4Address) -> IPv4Address? {
    isOnLink(destination) ? destination : gateway
  }
}

/// Where the stack's own address comes from.
public enum AddressConfiguration: Equatable, Sendable, BitwiseCopyable {
  /// From a server on the link (RFC 2131).
  case dhcp
  /// Given: an address, the length of its network's prefix in bits, and the router if there is one.
  case fixed(IPv4Address, prefixLength: UInt8, gateway: IPv4Address?)
}
