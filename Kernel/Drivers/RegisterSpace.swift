// The door to device registers. Drivers are generic over it, so that fake devices test them on the host.

import CDriverSupport

/// A window of device registers. Each call is exactly one access of exactly that width, in program order;
/// values are little-endian in the device and native here. Offsets are bytes from the window's start.
///
/// An access outside the window reads all ones and writes nothing, as on a bus where nobody answers.
public protocol RegisterSpace {
  func read8(_ offset: Int) -> UInt8
  func read16(_ offset: Int) -> UInt16
  func read32(_ offset: Int) -> UInt32
  func write8(_ value: UInt8, at offset: Int)
  func write16(_ value: UInt16, at offset: Int)
  func write32(_ value: UInt32, at offset: Int)
}

extension RegisterSpace {
  /// Writes the low half, then the high half: devices need not take 64-bit accesses (virtio 1.2 §4.1.3.1).
  @inlinable
  public func write64(_ value: UInt64, at offset: Int) {
    write32(UInt32(truncatingIfNeeded: value), at: offset)
    write32(UInt32(truncatingIfNeeded: value >> 32), at: offset &+ 4)
  }
}

/// Device registers in physical memory that is mapped one to one.
@safe public struct MMIOWindow: RegisterSpace, Sendable, BitwiseCopyable {
  /// Physical, and so virtual, address of the first byte.
  public let address: UInt
  /// Bytes in the window.
  public let length: Int

  /// The caller vouches that `length` bytes from `address` are mapped, uncached or by a hypervisor, and are device
  /// registers that nothing else uses.
  @unsafe @inlinable
  public init(address: UInt, length: Int) {
    self.address = address
    self.length = length
  }

  @usableFromInline @inline(__always)
  func contains(_ offset: Int, _ width: Int) -> Bool { offset >= 0 && offset <= length &- width }

  @inlinable
  public func read8(_ offset: Int) -> UInt8 {
    guard contains(offset, 1) else { return .max }
    // SAFETY: inside the window that `init` was promised.
    return unsafe registerRead8(address &+ UInt(bitPattern: offset))
  }

  @inlinable
  public func read16(_ offset: Int) -> UInt16 {
    guard contains(offset, 2) else { return .max }
    // SAFETY: inside the window that `init` was promised.
    return unsafe registerRead16(address &+ UInt(bitPattern: offset))
  }

  @inlinable
  public func read32(_ offset: Int) -> UInt32 {
    guard contains(offset, 4) else { return .max }
    // SAFETY: inside the window that `init` was promised.
    return unsafe registerRead32(address &+ UInt(bitPattern: offset))
  }

  @inlinable
  public func write8(_ value: UInt8, at offset: Int) {
    guard contains(offset, 1) else { return }
    // SAFETY: inside the window that `init` was promised.
    unsafe registerWrite8(address &+ UInt(bitPattern: offset), value)
  }

  @inlinable
  public func write16(_ value: UInt16, at offset: Int) {
    guard contains(offset, 2) else { return }
    // SAFETY: inside the window that `init` was promised.
    unsafe registerWrite16(address &+ UInt(bitPattern: offset), value)
  }

  @inlinable
  public func write32(_ value: UInt32, at offset: Int) {
    guard contains(offset, 4) else { return }
    // SAFETY: inside the window that `init` was promised.
    unsafe registerWrite32(address &+ UInt(bitPattern: offset), value)
  }
}
