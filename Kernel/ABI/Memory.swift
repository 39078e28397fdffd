// Flags of the memory calls (Linux, x86-64).

/// Access to memory: PROT_* of mmap and mprotect, and the permission of a page.
public struct Protection: OptionSet, Hashable, Sendable, BitwiseCopyable {
  public let rawValue: UInt8
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  @inlinable public static var none: Protection { Protection(rawValue: 0) }  // PROT_NONE
  @inlinable public static var read: Protection { Protection(rawValue: 1) }  // PROT_READ
  @inlinable public static var write: Protection { Protection(rawValue: 2) }  // PROT_WRITE
  @inlinable public static var execute: Protection { Protection(rawValue: 4) }  // PROT_EXEC

  /// Whether this would break W^X.
  @inlinable public var isWritableAndExecutable: Bool { rawValue & 6 == 6 }
}

/// MAP_* of mmap.
public enum MapFlag {
  @inlinable public static var shared: UInt64 { 0x01 }
  @inlinable public static var `private`: UInt64 { 0x02 }
  /// The bits that say shared, private or shared with validation.
  @inlinable public static var typeMask: UInt64 { 0x0f }
  @inlinable public static var fixed: UInt64 { 0x10 }
  @inlinable public static var anonymous: UInt64 { 0x20 }
  /// MAP_32BIT: below 2 GiB, where there is no slot.
  @inlinable public static var low: UInt64 { 0x40 }
  @inlinable public static var fixedNoReplace: UInt64 { 0x10_0000 }
}

/// MADV_* of madvise that do more than advise.
public enum MemoryAdvice {
  @inlinable public static var dontNeed: UInt64 { 4 }
  @inlinable public static var free: UInt64 { 8 }
}
