// virtio over PCI (virtio 1.2 §4.1): the structures that vendor capabilities point to, and MSI-X interrupts.
// Out of scope: the legacy interface in I/O ports, and interrupt pins.

/// One virtio PCI device, its memory placed and its interrupts routed.
public struct VirtioPCI<Window: RegisterSpace>: VirtioTransport {
  /// Offsets in the common configuration structure (virtio 1.2 §4.1.4.3).
  private enum Common {
    static var deviceFeatureSelect: Int { 0x00 }
    static var deviceFeature: Int { 0x04 }
    static var driverFeatureSelect: Int { 0x08 }
    static var driverFeature: Int { 0x0c }
    static var configurationVector: Int { 0x10 }
    static var status: Int { 0x14 }
    static var configurationGeneration: Int { 0x15 }
    static var queueSelect: Int { 0x16 }
    static var queueSize: Int { 0x18 }
    static var queueVector: Int { 0x1a }
    static var queueEnable: Int { 0x1c }
    static var queueNotifyOffset: Int { 0x1e }
    static var queueDescriptors: Int { 0x20 }
    static var queueDriver: Int { 0x28 }
    static var queueDevice: Int { 0x30 }
    static var length: UInt64 { 0x38 }
  }

  /// Structure types (virtio 1.2 §4.1.4).
  private enum Structure {
    static var common: UInt32 { 1 }
    static var notification: UInt32 { 2 }
    static var device: UInt32 { 4 }
  }

  private let common: Window
  private let notification: Window
  private let notificationLength: UInt64
  private let notificationMultiplier: UInt32
  private let device: Window
  public let deviceType: UInt32

  /// Places the function's memory where that is needed, finds its structures, and routes all its interrupts to `interrupt`.
  /// Of each structure the first is used (virtio 1.2 §4.1.4.1).
  @_optimize(size) @inline(never)
  public init<Access: PCIAccess>(
    _ access: Access, _ function: PCIFunction, addresses: inout PCIAddressWindow, interrupt: InterruptMessage
  ) throws(VirtioError) where Access.Window == Window {
    let identity = access.read(function, 0x00)
    guard identity & 0xffff == 0x1af4 else { throw .notVirtio }
    // A transitional device's number says nothing of its kind; its subsystem number does (virtio 1.2 §4.1.2.3).
    let number = identity >> 16
    deviceType = number >= 0x1040 ? number &- 0x1040 : access.read(function, 0x2c) >> 16
    let ranges = try access.placeMemory(function, in: &addresses)

    var common: Window?
    var notification: Window?
    var notificationLength: UInt64 = 0
    var multiplier: UInt32 = 0
    var device: Window?
    var messages: MSIXTable<Window>?
    var offset = access.firstCapability(function)
    // 256 bytes hold at most 48 capabilities: the bound ends a circular list.
    for _ in 0..<48 {
      guard offset >= 0x40 else { break }
      let header = access.read(function, offset)
      switch header & 0xff {
      case 0x11 where messages == nil:
        messages = try MSIXTable(access, function, capability: offset, ranges: ranges)
      case 0x09 where offset <= 0xf0:
        let bar = access.read(function, offset &+ 4) & 0xff
        let start = access.read(function, offset &+ 8)
        let length = UInt64(access.read(function, offset &+ 12))
        switch header >> 24 {
        case Structure.common where common == nil:
          guard length >= Common.length else { throw .capabilityInvalid }
          common = try access.window(ranges, bar: bar, offset: start, length: length)
        case Structure.notification where notification == nil && offset <= 0xec:
          notification = try access.window(ranges, bar: bar, offset: start, length: length)
          notificationLength = length
          multiplier = access.read(function, offset &+ 16)
        case Structure.device where device == nil:
          device = try access.window(ranges, bar: bar, offset: start, length: length)
        default: break
        }
      default: break
      }
      offset = UInt8(truncatingIfNeeded: header >> 8) & 0xfc
    }
    guard let common, let notification, let device, let messages else { throw .capabilityMissing }
    try messages.set(0, interrupt)
    self.common = common
    self.notification = notification
    self.notificationLength = notificationLength
    notificationMultiplier = multiplier
    self.device = device
  }

  public func readStatus() -> UInt8 { common.read8(Common.status) }

  public func writeStatus(_ status: UInt8) { common.write8(status, at: Common.status) }

  public func readDeviceFeatures() -> UInt64 {
    common.write32(0, at: Common.deviceFeatureSelect)
    let low = common.read32(Common.deviceFeature)
    common.write32(1, at: Common.deviceFeatureSelect)
    return UInt64(common.read32(Common.deviceFeature)) << 32 | UInt64(low)
  }

  public func writeDriverFeatures(_ features: UInt64) {
    common.write32(0, at: Common.driverFeatureSelect)
    common.write32(UInt32(truncatingIfNeeded: features), at: Common.driverFeature)
    common.write32(1, at: Common.driverFeatureSelect)
    common.write32(UInt32(truncatingIfNeeded: features >> 32), at: Common.driverFeature)
  }

  public func maximumQueueSize(_ index: UInt16) -> UInt16 {
    common.write16(index, at: Common.queueSelect)
    guard common.read16(Common.queueEnable) == 0 else { return 0 }
    return common.read16(Common.queueSize)
  }

  public func enableQueue(_ index: UInt16, size: UInt16, addresses: QueueAddresses) throws(VirtioError) -> QueueNotifier<Window> {
    common.write16(index, at: Common.queueSelect)
    common.write16(size, at: Common.queueSize)
    common.write64(addresses.descriptors, at: Common.queueDescriptors)
    common.write64(addresses.available, at: Common.queueDriver)
    common.write64(addresses.used, at: Common.queueDevice)
    common.write16(0, at: Common.queueVector)
    guard common.read16(Common.queueVector) == 0 else { throw .vectorRefused }
    let place = UInt64(common.read16(Common.queueNotifyOffset)) &* UInt64(notificationMultiplier)
    guard notificationLength >= 2, place <= notificationLength &- 2 else { throw .capabilityInvalid }
    common.write16(1, at: Common.queueEnable)
    guard common.read16(Common.queueEnable) == 1 else { throw .queueUnavailable }
    return QueueNotifier(window: notification, offset: Int(place), queue: index, isWide: false)
  }

  public func routeConfigurationInterrupt() throws(VirtioError) {
    common.write16(0, at: Common.configurationVector)
    guard common.read16(Common.configurationVector) == 0 else { throw .vectorRefused }
  }

  public func configurationGeneration() -> UInt32 { UInt32(common.read8(Common.configurationGeneration)) }

  public func readConfiguration8(_ offset: Int) -> UInt8 { device.read8(offset) }

  public func readConfiguration16(_ offset: Int) -> UInt16 { device.read16(offset) }

  /// A message needs no acknowledgement and does not say what it was for: it may have been either, so no register is read.
  public func acknowledgeInterrupt() -> InterruptCauses { InterruptCauses(queue: true, configuration: false) }
}
