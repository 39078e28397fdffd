// Message signalled interrupts of a PCI function (PCI Local Bus 3.0 §6.8.2; Intel SDM volume 3 §10.11).

/// What a device writes to raise an interrupt.
public struct InterruptMessage: Equatable, Sendable, BitwiseCopyable {
  public var address: UInt64
  public var data: UInt32

  /// Vector `vector` of the local APIC numbered `localAPIC`: fixed delivery, edge triggered.
  public init(vector: UInt8, localAPIC: UInt8) {
    address = 0xfee0_0000 | UInt64(localAPIC) << 12
    data = UInt32(vector)
  }
}

/// An MSI-X table, all of it masked until an entry is set.
struct MSIXTable<Window: RegisterSpace> {
  private let table: Window
  private let entryCount: UInt16

  /// Enables MSI-X by the capability at `offset`, every entry masked.
  @_optimize(size) @inline(never)
  init<Access: PCIAccess>(
    _ access: Access, _ function: PCIFunction, capability offset: UInt8, ranges: borrowing [6 of PCIMemoryRange?]
  ) throws(VirtioError) where Access.Window == Window {
    guard offset <= 0xf4 else { throw .capabilityInvalid }
    let control = access.read(function, offset)
    entryCount = UInt16(truncatingIfNeeded: control >> 16 & 0x7ff) &+ 1
    let place = access.read(function, offset &+ 4)
    table = try access.window(ranges, bar: place & 7, offset: place & ~7, length: UInt64(entryCount) &* 16)
    access.write(control & 0x3fff_ffff | 0x8000_0000, function, offset)
    for entry in 0..<Int(entryCount) { table.write32(1, at: entry &* 16 &+ 12) }
  }

  /// Sets and unmasks entry `index`.
  func set(_ index: UInt16, _ message: InterruptMessage) throws(VirtioError) {
    guard index < entryCount else { throw .capabilityMissing }
    let entry = Int(index) &* 16
    table.write64(message.address, at: entry)
    table.write32(message.data, at: entry &+ 8)
    table.write32(0, at: entry &+ 12)
  }
}
