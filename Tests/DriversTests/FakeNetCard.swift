// A virtio network card in ordinary memory: the device's side of everything that the driver does to it.
// It follows virtio 1.2 §2.7 (queues) from the device's point of view, and can be told to break each rule.
// SAFETY of all that is unsafe here: addresses come from `FakeMemory`, whose regions a test keeps for its whole run.

@testable import Drivers

/// Memory for rings and buffers, with marked bytes around each region to show writes outside.
final class FakeMemory {
  private var regions: [DMARegion] = []
  var pagesLeft: Int
  private static let margin: UInt = 4096

  init(pages: Int = 1024) { pagesLeft = pages }

  deinit {
    for region in regions {
      unsafe UnsafeMutableRawPointer(bitPattern: region.address - Self.margin)!.deallocate()
    }
  }

  var bytesUsed: Int { regions.reduce(0) { $0 + $1.length } }

  func allocate(pages: Int) -> DMARegion? {
    guard pages <= pagesLeft else { return nil }
    pagesLeft -= pages
    let length = pages * 4096
    let whole = length + 2 * Int(Self.margin)
    let start = UnsafeMutableRawPointer.allocate(byteCount: whole, alignment: 4096)
    unsafe start.initializeMemory(as: UInt8.self, repeating: 0xa5, count: whole)
    let address = UInt(bitPattern: start) + Self.margin
    unsafe (start + Int(Self.margin)).initializeMemory(as: UInt8.self, repeating: 0, count: length)
    let region = unsafe DMARegion(address: address, length: length)
    regions.append(region)
    return region
  }

  /// Whether nothing was written outside the regions.
  var isIntact: Bool {
    for region in regions {
      let end = region.address + UInt(region.length)
      for offset in 0..<Self.margin {
        if Bus.load(UInt64(region.address - 1 - offset), as: UInt8.self) != 0xa5 { return false }
        if Bus.load(UInt64(end + offset), as: UInt8.self) != 0xa5 { return false }
      }
    }
    return true
  }
}

struct FakeAllocator: DMAAllocator {
  let memory: FakeMemory
  mutating func allocate(pages: Int) -> DMARegion? { memory.allocate(pages: pages) }
}

/// Reads and writes of the driver's memory by address, as a device does them.
enum Bus {
  static func load<Word: BitwiseCopyable>(_ address: UInt64, as type: Word.Type) -> Word {
    unsafe UnsafeRawPointer(bitPattern: UInt(address))!.loadUnaligned(as: type)
  }
  static func store<Word: BitwiseCopyable>(_ value: Word, _ address: UInt64) {
    unsafe UnsafeMutableRawPointer(bitPattern: UInt(address))!.storeBytes(of: value, as: Word.self)
  }
}

struct FakeBuffer: Equatable {
  var id: UInt16
  var address: UInt64
  var length: UInt32
  var flags: UInt16

  var bytes: [UInt8] { (0..<UInt64(length)).map { Bus.load(address + $0, as: UInt8.self) } }
}

/// The device's side of one queue.
struct FakeQueue {
  var largest: UInt16 = 256
  var size: UInt16 = 0
  var isEnabled = false
  var descriptors: UInt64 = 0
  var available: UInt64 = 0
  var used: UInt64 = 0
  var vector: UInt16 = 0xffff
  var taken: UInt16 = 0
  var usedIndex: UInt16 = 0
  var signalled: UInt16 = 0
  var notifications = 0
  var interrupts = 0
  var hasEventIndex = false

  var availableIndex: UInt16 { Bus.load(available + 2, as: UInt16.self) }
  var usedEvent: UInt16 { Bus.load(available + 4 + 2 * UInt64(size), as: UInt16.self) }
  var availableFlags: UInt16 { Bus.load(available, as: UInt16.self) }

  /// Asks for a notification once the available index passes `index`.
  func setAvailableEvent(_ index: UInt16) { Bus.store(index, used + 4 + 8 * UInt64(size)) }
  func setUsedFlags(_ flags: UInt16) { Bus.store(flags, used) }

  mutating func take() -> FakeBuffer? {
    guard isEnabled, availableIndex != taken else { return nil }
    let id = Bus.load(available + 4 + 2 * UInt64(taken % size), as: UInt16.self)
    taken &+= 1
    let entry = descriptors + 16 * UInt64(id)
    return FakeBuffer(
      id: id, address: Bus.load(entry, as: UInt64.self), length: Bus.load(entry + 8, as: UInt32.self),
      flags: Bus.load(entry + 12, as: UInt16.self))
  }

  /// Writes one used entry without showing it.
  mutating func place(_ id: UInt32, _ length: UInt32) {
    Bus.store(id, used + 4 + 8 * UInt64(usedIndex % size))
    Bus.store(length, used + 8 + 8 * UInt64(usedIndex % size))
    usedIndex &+= 1
  }

  /// Shows all used entries, and interrupts where the driver wants that (§2.7.7, §2.7.8).
  mutating func show() {
    Bus.store(usedIndex, used + 2)
    let wanted =
      hasEventIndex
      ? usedIndex &- usedEvent &- 1 < usedIndex &- signalled : availableFlags & 1 == 0 && usedIndex != signalled
    signalled = usedIndex
    if wanted { interrupts += 1 }
  }
}

/// The card, behind whatever bus.
final class FakeNetCard {
  static let allFeatures: UInt64 =
    1 << 0 | 1 << 1 | 1 << 3 | 1 << 5 | 1 << 15 | 1 << 16 | 1 << 28 | 1 << 29 | 1 << 32 | 1 << 33

  var offered: UInt64
  var accepted: UInt64 = 0
  var status: UInt8 = 0
  var statusHistory: [UInt8] = []
  var queues = [FakeQueue(), FakeQueue(), FakeQueue()]
  var selected = 0
  var configuration: [UInt8] = [0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 1, 0, 1, 0, 0xdc, 0x05]
  var interruptStatus: UInt32 = 0
  var resetReads = 0
  var refusesFeatures = false
  var refusesQueues = false
  var refusesVectors = false

  init(features: UInt64 = FakeNetCard.allFeatures) { offered = features }

  var hasEventIndex: Bool { accepted & 1 << 29 != 0 }

  func writeStatus(_ value: UInt8) {
    statusHistory.append(value)
    if value == 0 {
      let sizes = queues.map(\.largest)
      queues = sizes.map { var queue = FakeQueue(); queue.largest = $0; return queue }
      accepted = 0
      status = 0
      return
    }
    status = refusesFeatures ? value & ~8 : value
  }

  func readStatus() -> UInt8 {
    if resetReads > 0 {
      resetReads -= 1
      return 0x0f
    }
    return status
  }

  func enable(_ isOn: Bool) {
    guard queues.indices.contains(selected), !refusesQueues else { return }
    queues[selected].isEnabled = isOn
    queues[selected].hasEventIndex = hasEventIndex
  }

  func notify(_ queue: UInt32) { queues[Int(queue)].notifications += 1 }

  /// Puts a frame into the next receive buffer; false where there is none.
  func deliver(_ frame: [UInt8], flags: UInt8 = 0, gsoType: UInt8 = 0, isShown: Bool = true) -> Bool {
    guard let buffer = queues[0].take() else { return false }
    precondition(buffer.flags == 2 && buffer.length == 2048)
    let bytes = [flags, gsoType, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0] + frame
    for (offset, byte) in bytes.enumerated() { Bus.store(byte, buffer.address + UInt64(offset)) }
    queues[0].place(UInt32(buffer.id), UInt32(bytes.count))
    if isShown { showReceived() }
    return true
  }

  func showReceived() {
    queues[0].setAvailableEvent(queues[0].taken)
    queues[0].show()
  }

  /// Takes what was sent, at most `limit` frames, and gives the buffers back.
  func collect(limit: Int = .max) -> [[UInt8]] {
    var frames: [[UInt8]] = []
    while frames.count < limit, let buffer = queues[1].take() {
      precondition(buffer.flags == 0)
      frames.append(buffer.bytes)
      queues[1].place(UInt32(buffer.id), 0)
    }
    queues[1].setAvailableEvent(queues[1].taken)
    if !frames.isEmpty { queues[1].show() }
    return frames
  }

  func readConfiguration(_ offset: Int, _ width: Int) -> UInt32 {
    var value: UInt32 = 0
    for index in 0..<width where configuration.indices.contains(offset + index) {
      value |= UInt32(configuration[offset + index]) << (8 * UInt32(index))
    }
    return value
  }
}

/// A register window that calls back: offset and width in bytes.
struct FakeWindow: RegisterSpace {
  let onRead: (Int, Int) -> UInt32
  let onWrite: (UInt32, Int, Int) -> Void

  func read8(_ offset: Int) -> UInt8 { UInt8(truncatingIfNeeded: onRead(offset, 1)) }
  func read16(_ offset: Int) -> UInt16 { UInt16(truncatingIfNeeded: onRead(offset, 2)) }
  func read32(_ offset: Int) -> UInt32 { onRead(offset, 4) }
  func write8(_ value: UInt8, at offset: Int) { onWrite(UInt32(value), offset, 1) }
  func write16(_ value: UInt16, at offset: Int) { onWrite(UInt32(value), offset, 2) }
  func write32(_ value: UInt32, at offset: Int) { onWrite(value, offset, 4) }
}

func setLow(_ field: inout UInt64, _ value: UInt32) { field = field & 0xffff_ffff_0000_0000 | UInt64(value) }
func setHigh(_ field: inout UInt64, _ value: UInt32) { field = field & 0xffff_ffff | UInt64(value) << 32 }
