// Where the parts of one action lie inside its slot.
//
//   0        2 MiB      image end + guard          (brk grows up)      | mmap searches downwards |  stack  | first mmaps | end
//   unmapped | image ≤ 512 MiB | heap ≤ 256 MiB ......................................| 8 MiB |  < 1 MiB | 64 KiB unmapped
//
// The first mappings go above the stack, so that they share the stack's page table page (2 MiB of addresses).

public import ABI

/// Positions in bytes from the slot's base, all page aligned.
public enum SlotLayout {
  /// The image's base. Below it nothing is ever mapped, so small offsets from a slot's base fault.
  @inlinable public static var imageOffset: UInt64 { 2 << 20 }
  /// Addresses that an image may span, its zero-filled data included.
  @inlinable public static var imageLimit: UInt64 { 512 << 20 }
  /// Addresses the heap may span; mmap without MAP_FIXED leaves them free.
  @inlinable public static var heapLimit: UInt64 { 256 << 20 }
  /// The stack's upper end, where the initial stack begins.
  @inlinable public static var stackTop: UInt64 { (1 << 30) - (1 << 20) }
  /// Addresses reserved for the stack; each page is there from its first touch.
  @inlinable public static var stackSize: UInt64 { 8 << 20 }
  /// Addresses below the stack that mmap without MAP_FIXED leaves unmapped.
  @inlinable public static var stackGuard: UInt64 { 64 << 10 }
  /// No mapping reaches past this.
  @inlinable public static var mapLimit: UInt64 { (1 << 30) - (64 << 10) }
  /// The largest alignment a segment may ask for: that of `imageOffset`.
  @inlinable public static var imageAlignment: UInt64 { 2 << 20 }

  // The same as page numbers in the slot.
  @inlinable public static var imagePage: UInt32 { UInt32(imageOffset >> AddressSpace.pageShift) }
  @inlinable public static var stackFirstPage: UInt32 { UInt32((stackTop - stackSize) >> AddressSpace.pageShift) }
  @inlinable public static var stackEndPage: UInt32 { UInt32(stackTop >> AddressSpace.pageShift) }
  @inlinable public static var stackGuardPages: UInt32 { UInt32(stackGuard >> AddressSpace.pageShift) }
  @inlinable public static var mapEndPage: UInt32 { UInt32(mapLimit >> AddressSpace.pageShift) }
  @inlinable public static var heapPages: UInt32 { UInt32(heapLimit >> AddressSpace.pageShift) }
}
