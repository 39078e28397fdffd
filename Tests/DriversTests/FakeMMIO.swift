// The card behind virtio-mmio registers (virtio 1.2 §4.2.2).

@testable import Drivers

final class FakeMMIO {
  let card: FakeNetCard
  var magic: UInt32 = 0x7472_6976
  var version: UInt32 = 2
  var deviceID: UInt32 = 1
  private var deviceSelect: UInt32 = 0
  private var driverSelect: UInt32 = 0

  init(_ card: FakeNetCard = FakeNetCard()) { self.card = card }

  var window: FakeWindow {
    FakeWindow(onRead: { self.read($0, $1) }, onWrite: { self.write($0, $1, $2) })
  }

  private func read(_ offset: Int, _ width: Int) -> UInt32 {
    if offset >= 0x100 { return card.readConfiguration(offset - 0x100, width) }
    precondition(width == 4, "control registers are 32 bits wide (§4.2.2.2)")
    switch offset {
    case 0x000: return magic
    case 0x004: return version
    case 0x008: return deviceID
    case 0x010: return deviceSelect > 1 ? 0 : UInt32(truncatingIfNeeded: card.offered >> (32 * UInt64(deviceSelect)))
    case 0x034: return card.selected < 3 ? UInt32(card.queues[card.selected].largest) : 0
    case 0x044: return card.queues[card.selected].isEnabled ? 1 : 0
    case 0x060: return card.interruptStatus
    case 0x070: return UInt32(card.readStatus())
    case 0x0fc: return 0
    default: preconditionFailure("read of \(offset)")
    }
  }

  private func write(_ value: UInt32, _ offset: Int, _ width: Int) {
    precondition(width == 4, "control registers are 32 bits wide (§4.2.2.2)")
    switch offset {
    case 0x014: deviceSelect = value
    case 0x024: driverSelect = value
    case 0x020: if driverSelect == 0 { setLow(&card.accepted, value) } else { setHigh(&card.accepted, value) }
    case 0x030: card.selected = Int(value)
    case 0x038: card.queues[card.selected].size = UInt16(value)
    case 0x044: card.enable(value == 1)
    case 0x050: card.notify(value)
    case 0x064: card.interruptStatus &= ~value
    case 0x070: card.writeStatus(UInt8(value))
    case 0x080: setLow(&card.queues[card.selected].descriptors, value)
    case 0x084: setHigh(&card.queues[card.selected].descriptors, value)
    case 0x090: setLow(&card.queues[card.selected].available, value)
    case 0x094: setHigh(&card.queues[card.selected].available, value)
    case 0x0a0: setLow(&card.queues[card.selected].used, value)
    case 0x0a4: setHigh(&card.queues[card.selected].used, value)
    default: preconditionFailure("write to \(offset)")
    }
  }
}
