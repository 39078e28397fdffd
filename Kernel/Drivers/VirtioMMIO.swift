// virtio over memory-mapped registers (virtio 1.2 §4.2), as on QEMU's microvm and in Firecracker.

/// Where a virtio-mmio device may be.
public struct VirtioMMIOSlot: Equatable, Sendable, BitwiseCopyable {
  public var address: UInt64
  /// Bytes.
  public var length: UInt64
  /// The I/O APIC's input.
  public var interrupt: UInt32

  public init(address: UInt64, length: UInt64, interrupt: UInt32) {
    self.address = address
    self.length = length
    self.interrupt = interrupt
  }

  /// Slots that QEMU's microvm has.
  public static var microVMCount: Int { 24 }

  /// Slot `index` of QEMU's microvm, below `microVMCount`. Which ones hold devices varies: look at all.
  public static func microVM(_ index: Int) -> VirtioMMIOSlot {
    VirtioMMIOSlot(
      address: 0xfeb0_0000 &+ UInt64(truncatingIfNeeded: index) &* 0x200, length: 0x200,
      interrupt: 5 &+ UInt32(truncatingIfNeeded: index))
  }
}

/// One virtio-mmio device.
public struct VirtioMMIO<Window: RegisterSpace>: VirtioTransport {
  private enum Register {
    static var magic: Int { 0x000 }
    static var version: Int { 0x004 }
    static var deviceID: Int { 0x008 }
    static var deviceFeatures: Int { 0x010 }
    static var deviceFeaturesSelect: Int { 0x014 }
    static var driverFeatures: Int { 0x020 }
    static var driverFeaturesSelect: Int { 0x024 }
    static var queueSelect: Int { 0x030 }
    static var queueSizeMaximum: Int { 0x034 }
    static var queueSize: Int { 0x038 }
    static var queueReady: Int { 0x044 }
    static var queueNotify: Int { 0x050 }
    static var interruptStatus: Int { 0x060 }
    static var interruptAcknowledge: Int { 0x064 }
    static var status: Int { 0x070 }
    static var queueDescriptors: Int { 0x080 }
    static var queueDriver: Int { 0x090 }
    static var queueDevice: Int { 0x0a0 }
    static var configurationGeneration: Int { 0x0fc }
    static var configuration: Int { 0x100 }
  }

  private let window: Window
  public let deviceType: UInt32

  /// Looks at the registers and changes nothing. Throws `notVirtio` for an empty slot and `legacyDevice` for version 1.
  public init(_ window: Window) throws(VirtioError) {
    guard window.read32(Register.magic) == 0x7472_6976 else { throw .notVirtio }
    let type = window.read32(Register.deviceID)
    guard type != 0 else { throw .notVirtio }
    switch window.read32(Register.version) {
    case 2: break
    case 1: throw .legacyDevice
    default: throw .notVirtio
    }
    self.window = window
    deviceType = type
  }

  public func readStatus() -> UInt8 { UInt8(truncatingIfNeeded: window.read32(Register.status)) }

  public func writeStatus(_ status: UInt8) { window.write32(UInt32(status), at: Register.status) }

  public func readDeviceFeatures() -> UInt64 {
    window.write32(0, at: Register.deviceFeaturesSelect)
    let low = window.read32(Register.deviceFeatures)
    window.write32(1, at: Register.deviceFeaturesSelect)
    return UInt64(window.read32(Register.deviceFeatures)) << 32 | UInt64(low)
  }

  public func writeDriverFeatures(_ features: UInt64) {
    window.write32(0, at: Register.driverFeaturesSelect)
    window.write32(UInt32(truncatingIfNeeded: features), at: Register.driverFeatures)
    window.write32(1, at: Register.driverFeaturesSelect)
    window.write32(UInt32(truncatingIfNeeded: features >> 32), at: Register.driverFeatures)
  }

  public func maximumQueueSize(_ index: UInt16) -> UInt16 {
    window.write32(UInt32(index), at: Register.queueSelect)
    guard window.read32(Register.queueReady) == 0 else { return 0 }
    return UInt16(clamping: window.read32(Register.queueSizeMaximum))
  }

  public func enableQueue(_ index: UInt16, size: UInt16, addresses: QueueAddresses) throws(VirtioError) -> QueueNotifier<Window> {
    window.write32(UInt32(index), at: Register.queueSelect)
    window.write32(UInt32(size), at: Register.queueSize)
    window.write64(addresses.descriptors, at: Register.queueDescriptors)
    window.write64(addresses.available, at: Register.queueDriver)
    window.write64(addresses.used, at: Register.queueDevice)
    window.write32(1, at: Register.queueReady)
    guard window.read32(Register.queueReady) == 1 else { throw .queueUnavailable }
    return QueueNotifier(window: window, offset: Register.queueNotify, queue: index, isWide: true)
  }

  public func routeConfigurationInterrupt() {}

  public func configurationGeneration() -> UInt32 { window.read32(Register.configurationGeneration) }

  public func readConfiguration8(_ offset: Int) -> UInt8 { window.read8(Register.configuration &+ offset) }

  public func readConfiguration16(_ offset: Int) -> UInt16 { window.read16(Register.configuration &+ offset) }

  /// One wire serves all queues and stays up until every cause is acknowledged, so an edge-triggered input sees no
  /// further interrupt before this was called.
  public func acknowledgeInterrupt() -> InterruptCauses {
    let causes = window.read32(Register.interruptStatus) & 3
    if causes != 0 { window.write32(causes, at: Register.interruptAcknowledge) }
    return InterruptCauses(queue: causes & 1 != 0, configuration: causes & 2 != 0)
  }
}
