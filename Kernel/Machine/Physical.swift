// Access to physical memory, which is mapped one to one for the kernel.

import CBoot

/// Page sizes in bytes.
enum PageSize {
  static let small: UInt64 = 4096
  static let large: UInt64 = 2 << 20
  static let huge: UInt64 = 1 << 30
}

/// Loads and stores at physical addresses. Callers own the memory that they name.
enum Physical {
  @inline(__always)
  static func load(_ address: UInt64) -> UInt64 {
    // SAFETY: all physical memory is mapped at its own address; the caller names memory of the kernel's.
    unsafe pointer(address).load(as: UInt64.self)
  }

  @inline(__always)
  static func store(_ address: UInt64, _ value: UInt64) {
    // SAFETY: as above.
    unsafe pointer(address).storeBytes(of: value, as: UInt64.self)
  }

  @inline(__always)
  @unsafe
  static func pointer(_ address: UInt64) -> UnsafeMutableRawPointer {
    // SAFETY: no caller names address zero, which is never memory of the kernel's.
    unsafe UnsafeMutableRawPointer(bitPattern: UInt(address)).unsafelyUnwrapped
  }
}

/// Rounds up to a multiple of `unit`, a power of two.
@inline(__always)
func alignUp(_ value: UInt64, _ unit: UInt64) -> UInt64 { (value &+ unit &- 1) & ~(unit &- 1) }

/// Rounds down to a multiple of `unit`, a power of two.
@inline(__always)
func alignDown(_ value: UInt64, _ unit: UInt64) -> UInt64 { value & ~(unit &- 1) }
