// The single address space as programs see it: pages, slots, and the borders that no user address crosses.
// Where the parts of one action lie inside its slot is policy: `SlotLayout` in Actions.

/// Fixed borders of the address space. All values are bytes or byte addresses unless named otherwise.
public enum AddressSpace {
  /// The only page size that programs see.
  @inlinable public static var pageSize: UInt64 { 4096 }
  @inlinable public static var pageShift: UInt64 { 12 }

  /// A slot is what one PDPT entry maps.
  @inlinable public static var slotSize: UInt64 { 1 << 30 }
  @inlinable public static var slotShift: UInt64 { 30 }
  @inlinable public static var pagesPerSlot: UInt32 { 1 << 18 }

  /// The first slot begins where the kernel's 512 GiB (one PML4 entry) end.
  @inlinable public static var firstSlotBase: UInt64 { 1 << 39 }

  /// No user address reaches this. The lower half ends at 1 << 47; its last slot is never used, so that neither the
  /// instruction after a system call nor a copy that runs past a slot can become non-canonical.
  @inlinable public static var userLimit: UInt64 { (1 << 47) - (1 << 30) }

  /// Slots between `firstSlotBase` and `userLimit`.
  @inlinable public static var slotCount: UInt32 { UInt32((userLimit - firstSlotBase) >> slotShift) }

  /// The address of slot `index`, which must be below `slotCount`.
  @inlinable
  public static func slotBase(_ index: UInt32) -> UInt64 {
    firstSlotBase &+ UInt64(index) << slotShift
  }

  /// Whether `address` lies in some slot.
  @inlinable
  public static func isUser(_ address: UInt64) -> Bool {
    address &- firstSlotBase < userLimit &- firstSlotBase
  }
}
