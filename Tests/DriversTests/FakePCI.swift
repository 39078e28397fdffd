// A PCI bus with one virtio card on it, laid out as QEMU's virtio-net-pci: I/O BAR 0, MSI-X in BAR 1, structures in the
// 64-bit BAR 4. Configuration space is a table of bytes that a test can spoil.

@testable import Drivers

final class FakePCI {
  let card: FakeNetCard
  let function = PCIFunction(device: 3, function: 0)
  var space = [UInt8](repeating: 0, count: 256)
  /// Sizes of the six BARs as masks that come back after ones were written; the low bits are the type's.
  var barMasks: [UInt32] = [0xffff_ffe1, 0xffff_f000, 0, 0, 0xffff_c00c, 0xffff_ffff]
  var table = [UInt32](repeating: 0, count: 4 * 4)
  var otherFunctions: [UInt16: UInt32] = [:]
  var multifunctionDevices: Set<UInt8> = []
  var mappedLimit: UInt64 = 1 << 39
  var accessesOutside = 0
  private var deviceSelect: UInt32 = 0
  private var driverSelect: UInt32 = 0
  private var configurationVector: UInt16 = 0xffff

  init(_ card: FakeNetCard = FakeNetCard()) {
    self.card = card
    set32(0x00, 0x1041_1af4)
    set32(0x04, 0x0010_0000)
    set32(0x08, 0x0200_0001)
    set32(0x10, 0x1)
    set32(0x20, 0xc)
    set32(0x2c, 0x1100_1af4)
    set32(0x34, 0x98)
    // MSI-X: 4 entries, table in BAR 1 at 0, pending bits at 0x800.
    set32(0x98, 0x0003_8411)
    set32(0x9c, 0x1)
    set32(0xa0, 0x801)
    structure(0x84, next: 0x70, type: 5, bar: 0, offset: 0, length: 0)
    structure(0x70, next: 0x60, type: 2, bar: 4, offset: 0x3000, length: 0x1000, multiplier: 4)
    structure(0x60, next: 0x50, type: 4, bar: 4, offset: 0x2000, length: 0x1000)
    structure(0x50, next: 0x40, type: 3, bar: 4, offset: 0x1000, length: 0x1000)
    structure(0x40, next: 0, type: 1, bar: 4, offset: 0, length: 0x1000)
  }

  func structure(_ at: Int, next: UInt8, type: UInt8, bar: UInt8, offset: UInt32, length: UInt32, multiplier: UInt32? = nil) {
    set32(at, UInt32(type) << 24 | UInt32(multiplier == nil ? 16 : 20) << 16 | UInt32(next) << 8 | 0x09)
    set32(at + 4, UInt32(bar))
    set32(at + 8, offset)
    set32(at + 12, length)
    if let multiplier { set32(at + 16, multiplier) }
  }

  func set32(_ offset: Int, _ value: UInt32) {
    for index in 0..<4 { space[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(index))) }
  }

  func get32(_ offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(space[offset + $1]) << (8 * UInt32($1)) }
  }

  func barAddress(_ bar: Int) -> UInt64 {
    let low = UInt64(get32(0x10 + 4 * bar) & ~0xf)
    return bar == 4 ? low | UInt64(get32(0x24)) << 32 : low
  }

  var command: UInt32 { get32(0x04) & 0xffff }

  private func readMemory(_ address: UInt64, _ width: Int) -> UInt32 {
    guard command & 2 != 0 else { accessesOutside += 1; return .max }
    if address >= barAddress(1), address < barAddress(1) + 0x40 { return table[Int(address - barAddress(1)) / 4] }
    guard address >= barAddress(4), address < barAddress(4) + 0x4000 else { accessesOutside += 1; return .max }
    let offset = Int(address - barAddress(4))
    if offset >= 0x2000, offset < 0x3000 { return card.readConfiguration(offset - 0x2000, width) }
    let queue = card.queues.indices.contains(card.selected) ? card.queues[card.selected] : FakeQueue(largest: 0)
    switch (offset, width) {
    case (0x04, 4): return deviceSelect > 1 ? 0 : UInt32(truncatingIfNeeded: card.offered >> (32 * UInt64(deviceSelect)))
    case (0x10, 2): return UInt32(configurationVector)
    case (0x12, 2): return 3
    case (0x14, 1): return UInt32(card.readStatus())
    case (0x15, 1): return 0
    case (0x18, 2): return UInt32(queue.size == 0 ? queue.largest : queue.size)
    case (0x1a, 2): return UInt32(queue.vector)
    case (0x1c, 2): return queue.isEnabled ? 1 : 0
    case (0x1e, 2): return UInt32(card.selected)
    default: accessesOutside += 1; return .max
    }
  }

  private func writeMemory(_ value: UInt32, _ address: UInt64, _ width: Int) {
    guard command & 2 != 0 else { accessesOutside += 1; return }
    if address >= barAddress(1), address < barAddress(1) + 0x40 {
      table[Int(address - barAddress(1)) / 4] = value
      return
    }
    guard address >= barAddress(4), address < barAddress(4) + 0x4000 else { accessesOutside += 1; return }
    let offset = Int(address - barAddress(4))
    if offset >= 0x3000 {
      // Each queue has its own place.
      if width == 2, value < 3, offset == 0x3000 + 4 * Int(value) { card.notify(value) } else { accessesOutside += 1 }
      return
    }
    switch (offset, width) {
    case (0x00, 4): deviceSelect = value
    case (0x08, 4): driverSelect = value
    case (0x0c, 4): if driverSelect == 0 { setLow(&card.accepted, value) } else { setHigh(&card.accepted, value) }
    case (0x10, 2): configurationVector = card.refusesVectors ? 0xffff : UInt16(value)
    case (0x14, 1): card.writeStatus(UInt8(value))
    case (0x16, 2): card.selected = Int(value)
    case (0x18, 2): card.queues[card.selected].size = UInt16(value)
    case (0x1a, 2): card.queues[card.selected].vector = UInt16(value)
    case (0x1c, 2): card.enable(value == 1)
    case (0x20, 4): setLow(&card.queues[card.selected].descriptors, value)
    case (0x24, 4): setHigh(&card.queues[card.selected].descriptors, value)
    case (0x28, 4): setLow(&card.queues[card.selected].available, value)
    case (0x2c, 4): setHigh(&card.queues[card.selected].available, value)
    case (0x30, 4): setLow(&card.queues[card.selected].used, value)
    case (0x34, 4): setHigh(&card.queues[card.selected].used, value)
    default: accessesOutside += 1
    }
  }

  var vectors: [UInt16] { [configurationVector, card.queues[0].vector, card.queues[1].vector] }

  fileprivate func readSpace(_ place: PCIFunction, _ offset: UInt8) -> UInt32 {
    precondition(offset & 3 == 0 && offset <= 252)
    if place == function { return get32(Int(offset)) }
    let key = UInt16(place.device) << 3 | UInt16(place.function)
    guard let identity = otherFunctions[key] else { return .max }
    switch offset {
    case 0x00: return identity
    case 0x0c: return multifunctionDevices.contains(place.device) ? 0x80_0000 : 0
    default: return 0
    }
  }

  fileprivate func writeSpace(_ value: UInt32, _ place: PCIFunction, _ offset: UInt8) {
    precondition(place == function)
    switch offset {
    case 0x04: set32(4, get32(4) & 0xffff_0000 | value & 0x0407)
    case 0x10...0x27:
      precondition(command & 3 == 0, "a BAR moves only while it does not decode")
      let bar = Int(offset - 0x10) / 4
      let typeBits: UInt32 = bar == 0 ? 0x3 : bar == 5 ? 0 : 0xf
      let mask = barMasks[bar] & ~typeBits
      set32(Int(offset), value & mask | barMasks[bar] & typeBits)
    case 0x98: set32(0x98, get32(0x98) & 0x3fff_ffff | value & 0xc000_0000)
    default: break
    }
  }

  fileprivate func makeWindow(_ address: UInt64, _ length: UInt64) -> FakeWindow? {
    guard address > 0, address <= mappedLimit, length <= mappedLimit - address else { return nil }
    return FakeWindow(
      onRead: { offset, width in
        guard offset >= 0, UInt64(offset) + UInt64(width) <= length else { self.accessesOutside += 1; return .max }
        return self.readMemory(address + UInt64(offset), width)
      },
      onWrite: { value, offset, width in
        guard offset >= 0, UInt64(offset) + UInt64(width) <= length else { self.accessesOutside += 1; return }
        self.writeMemory(value, address + UInt64(offset), width)
      })
  }
}

struct FakePCIAccess: PCIAccess {
  let bus: FakePCI
  func read(_ function: PCIFunction, _ offset: UInt8) -> UInt32 { bus.readSpace(function, offset) }
  func write(_ value: UInt32, _ function: PCIFunction, _ offset: UInt8) { bus.writeSpace(value, function, offset) }
  func window(address: UInt64, length: UInt64) -> FakeWindow? { bus.makeWindow(address, length) }
}
