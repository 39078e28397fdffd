// The PCI bus: configuration access and the list of functions on bus 0 (PCI Local Bus 3.0 §3.2.2.3, §6.1).
// Out of scope: bridges and other buses; hypervisors put what a small machine has on bus 0.

import CDriverSupport

/// A function on bus 0.
public struct PCIFunction: Equatable, Sendable, BitwiseCopyable {
  /// Below 32.
  public var device: UInt8
  /// Below 8.
  public var function: UInt8

  public init(device: UInt8, function: UInt8) {
    self.device = device & 31
    self.function = function & 7
  }
}

/// Access to configuration space, and to the device registers that BARs place in memory.
public protocol PCIAccess {
  associatedtype Window: RegisterSpace
  /// The 32-bit register at `offset`, a multiple of 4 below 256; all ones where there is no such function.
  func read(_ function: PCIFunction, _ offset: UInt8) -> UInt32
  func write(_ value: UInt32, _ function: PCIFunction, _ offset: UInt8)
  /// The registers at a physical address; nil where the kernel does not map all of it.
  func window(address: UInt64, length: UInt64) -> Window?
}

/// 32-bit port I/O.
public protocol PortSpace {
  func read32(port: UInt16) -> UInt32
  func write32(_ value: UInt32, port: UInt16)
}

/// The processor's I/O ports.
@safe public struct IOPorts: PortSpace, Sendable {
  /// The caller vouches that this runs in ring 0 and that nothing else uses the ports given to it.
  @unsafe public init() {}

  // SAFETY: `init` was promised ring 0; PCI configuration ports touch no memory.
  public func read32(port: UInt16) -> UInt32 { unsafe portRead32(port) }

  // SAFETY: as for reading.
  public func write32(_ value: UInt32, port: UInt16) { unsafe portWrite32(port, value) }
}

/// Configuration access by ports 0xCF8 and 0xCFC, which every PC with PCI has (PCI Local Bus 3.0 §3.2.2.3.2).
@safe public struct PCIPorts<Ports: PortSpace>: PCIAccess {
  private let ports: Ports
  private let mappedLimit: UInt64

  /// The caller vouches that the kernel maps every physical address below `mappedLimit` one to one.
  @unsafe
  public init(_ ports: Ports, mappedLimit: UInt64) {
    self.ports = ports
    self.mappedLimit = mappedLimit
  }

  private func select(_ function: PCIFunction, _ offset: UInt8) {
    let place = UInt32(function.device) << 11 | UInt32(function.function) << 8 | UInt32(offset & 0xfc)
    ports.write32(0x8000_0000 | place, port: 0xcf8)
  }

  public func read(_ function: PCIFunction, _ offset: UInt8) -> UInt32 {
    select(function, offset)
    return ports.read32(port: 0xcfc)
  }

  public func write(_ value: UInt32, _ function: PCIFunction, _ offset: UInt8) {
    select(function, offset)
    ports.write32(value, port: 0xcfc)
  }

  public func window(address: UInt64, length: UInt64) -> MMIOWindow? {
    // SAFETY: below the limit that `init` was promised; BAR placement gives the range to this function alone.
    unsafe identityWindow(address: address, length: length, mappedLimit: mappedLimit)
  }
}

/// Configuration access by memory (PCI Express 5.0 §7.2.2, "ECAM"), as where there are no ports.
@safe public struct PCIMemory: PCIAccess, Sendable {
  private let space: MMIOWindow
  private let mappedLimit: UInt64

  /// The caller vouches that bus 0's 1 MiB of configuration space is at `address`, and that the kernel maps every
  /// physical address below `mappedLimit` one to one.
  @unsafe
  public init(address: UInt, mappedLimit: UInt64) {
    // SAFETY: the caller's promise.
    space = unsafe MMIOWindow(address: address, length: 1 << 20)
    self.mappedLimit = mappedLimit
  }

  private func place(_ function: PCIFunction, _ offset: UInt8) -> Int {
    Int(function.device) << 15 | Int(function.function) << 12 | Int(offset & 0xfc)
  }

  public func read(_ function: PCIFunction, _ offset: UInt8) -> UInt32 { space.read32(place(function, offset)) }

  public func write(_ value: UInt32, _ function: PCIFunction, _ offset: UInt8) {
    space.write32(value, at: place(function, offset))
  }

  public func window(address: UInt64, length: UInt64) -> MMIOWindow? {
    // SAFETY: below the limit that `init` was promised; BAR placement gives the range to this function alone.
    unsafe identityWindow(address: address, length: length, mappedLimit: mappedLimit)
  }
}

@unsafe
private func identityWindow(address: UInt64, length: UInt64, mappedLimit: UInt64) -> MMIOWindow? {
  let (end, overflow) = address.addingReportingOverflow(length)
  guard !overflow, end <= mappedLimit, address > 0 else { return nil }
  // SAFETY: the caller's promise.
  return unsafe MMIOWindow(address: UInt(address), length: Int(length))
}

/// Walks all functions of bus 0, at most 256.
public struct PCIScan<Access: PCIAccess> {
  private let access: Access
  private var position: UInt16 = 0

  public init(_ access: Access) { self.access = access }

  /// The next function that answers, and its vendor (low half) and device (high half) numbers.
  public mutating func next() -> (function: PCIFunction, identity: UInt32)? {
    while position < 256 {
      let function = PCIFunction(device: UInt8(position >> 3), function: UInt8(position & 7))
      let identity = access.read(function, 0x00)
      let isPresent = identity & 0xffff != 0xffff
      // Functions 1 to 7 exist only where function 0 says so (header type, bit 7).
      if function.function == 0, !isPresent || access.read(function, 0x0c) & 0x80_0000 == 0 {
        position &+= 8
      } else {
        position &+= 1
      }
      if isPresent { return (function, identity) }
    }
    return nil
  }

  /// The next virtio network card, of virtio 1.0 (0x1041) or transitional (0x1000) (virtio 1.2 §4.1.2).
  public mutating func nextVirtioNet() -> PCIFunction? {
    while let found = next() {
      if found.identity == 0x1041_1af4 || found.identity == 0x1000_1af4 { return found.function }
    }
    return nil
  }
}
