// A PCI function's memory and its capabilities (PCI Local Bus 3.0 §6.2.5, §6.7).

/// Physical addresses that BARs may be placed at. A machine with no firmware leaves them unassigned.
public struct PCIAddressWindow: Sendable, BitwiseCopyable {
  private var next: UInt64
  private let end: UInt64

  /// From `start` up to, and without, `end`: free of memory and of other devices.
  public init(start: UInt64, end: UInt64) {
    next = start
    self.end = end
  }

  /// Takes `size` bytes, a power of two, aligned to it; nil where they do not fit.
  mutating func take(_ size: UInt64) -> UInt64? {
    let (raised, overflow) = next.addingReportingOverflow(size &- 1)
    guard !overflow else { return nil }
    let start = raised & ~(size &- 1)
    guard start <= end, size <= end &- start else { return nil }
    next = start &+ size
    return start
  }
}

/// A memory BAR: where its registers are.
struct PCIMemoryRange: BitwiseCopyable {
  var address: UInt64
  var size: UInt64
}

extension PCIAccess {
  /// Sizes all six BARs, places those of memory that are unassigned or out of the kernel's reach, and turns memory
  /// access and bus mastering on and the interrupt pin off. A BAR that is absent or of I/O ports is nil.
  @_optimize(size) @inline(never)
  func placeMemory(_ function: PCIFunction, in addresses: inout PCIAddressWindow) throws(VirtioError) -> [6 of PCIMemoryRange?] {
    var ranges: [6 of PCIMemoryRange?] = .init(repeating: nil)
    // Status bits, the upper half, are cleared by ones only. A BAR being sized must not decode.
    let command = read(function, 0x04) & 0xffff
    write(command & ~0x7, function, 0x04)
    var bar: UInt8 = 0
    while bar < 6 {
      let register = 0x10 &+ bar &* 4
      let original = read(function, register)
      if original & 1 != 0 {
        bar &+= 1
        continue
      }
      let isWide = original & 0x6 == 0x4 && bar < 5
      let range = try placeBar(function, register, original, isWide: isWide, in: &addresses)
      ranges[Int(bar)] = range
      bar &+= isWide ? 2 : 1
    }
    // Bit 1 memory, bit 2 bus master, bit 10 interrupt pin off: interrupts are messages.
    write(command & ~0x1 | 0x406, function, 0x04)
    return ranges
  }

  private func placeBar(
    _ function: PCIFunction, _ register: UInt8, _ original: UInt32, isWide: Bool, in addresses: inout PCIAddressWindow
  ) throws(VirtioError) -> PCIMemoryRange? {
    write(.max, function, register)
    var mask = UInt64(read(function, register) & ~0xf)
    write(original, function, register)
    var address = UInt64(original & ~0xf)
    if isWide {
      let high = read(function, register &+ 4)
      write(.max, function, register &+ 4)
      mask |= UInt64(read(function, register &+ 4)) << 32
      write(high, function, register &+ 4)
      address |= UInt64(high) << 32
    } else if mask != 0 {
      mask |= 0xffff_ffff_0000_0000
    }
    guard mask != 0 else { return nil }
    let size = ~mask &+ 1
    // The writable bits are the upper ones, so the size is one bit; a device that says otherwise cannot be placed.
    guard size != 0, size & (size &- 1) == 0 else { throw .barUnplaceable }
    if address == 0 || window(address: address, length: size) == nil {
      guard let place = addresses.take(size), isWide || place >> 32 == 0 else { throw .barUnplaceable }
      address = place
      write(UInt32(truncatingIfNeeded: address), function, register)
      if isWide { write(UInt32(truncatingIfNeeded: address >> 32), function, register &+ 4) }
    }
    return PCIMemoryRange(address: address, size: size)
  }

  /// The offset of the first capability; 0 where there is none.
  func firstCapability(_ function: PCIFunction) -> UInt8 {
    guard read(function, 0x04) & 0x10_0000 != 0 else { return 0 }
    return UInt8(truncatingIfNeeded: read(function, 0x34)) & 0xfc
  }

  /// `length` bytes at `offset` inside the memory of BAR `bar`. The device chose all three.
  func window(
    _ ranges: borrowing [6 of PCIMemoryRange?], bar: UInt32, offset: UInt32, length: UInt64
  ) throws(VirtioError) -> Window {
    guard bar < 6, let range = ranges[Int(bar)], length > 0, length <= range.size, UInt64(offset) <= range.size &- length,
      let window = window(address: range.address &+ UInt64(offset), length: length)
    else { throw .capabilityInvalid }
    return window
  }
}
