// What virtio devices have in common, whatever bus they sit on (virtio 1.2 §2, §3): status, features, queues.
// Out of scope: the buses (VirtioMMIO.swift, VirtioPCI.swift) and what the queues carry (VirtioNet.swift).

/// Why a device cannot be used.
public enum VirtioError: Error, Equatable, Sendable {
  /// The registers do not start with "virt", or no device sits there.
  case notVirtio
  /// A virtio-mmio device of version 1.
  case legacyDevice
  /// A device of another kind than was asked for.
  case wrongDevice
  /// The device did not come out of reset.
  case resetTimeout
  /// The device does not offer VIRTIO_F_VERSION_1.
  case versionOneMissing
  /// The device did not keep FEATURES_OK.
  case featuresRejected
  /// A queue is missing, already in use, or smaller than 2.
  case queueUnavailable
  /// There is not enough memory for the rings and buffers.
  case outOfMemory
  /// The PCI function lacks a virtio structure or MSI-X.
  case capabilityMissing
  /// A PCI capability points outside its BAR, or to a BAR that is not memory.
  case capabilityInvalid
  /// A BAR does not fit into the address window.
  case barUnplaceable
  /// The device refused an interrupt vector.
  case vectorRefused

  /// What is wrong, why, and what to do: one sentence for the console.
  public var explanation: StaticString {
    switch self {
    case .notVirtio: "no virtio device answers there"
    case .legacyDevice: "the device speaks virtio 0.9 only; QEMU needs -global virtio-mmio.force-legacy=false"
    case .wrongDevice: "the virtio device is not a network card; QEMU needs -device virtio-net-device or virtio-net-pci"
    case .resetTimeout: "the virtio device did not come out of reset"
    case .versionOneMissing: "the device does not offer virtio 1.0; QEMU needs disable-modern=off"
    case .featuresRejected: "the virtio device refused the features it had offered"
    case .queueUnavailable: "the virtio device has no usable queue"
    case .outOfMemory: "not enough memory for the network rings; give the machine more (-m 16M or above)"
    case .capabilityMissing: "the PCI device lacks a virtio 1.0 structure or MSI-X; QEMU needs vectors=2 or above"
    case .capabilityInvalid: "a capability of the virtio PCI device points outside its memory"
    case .barUnplaceable: "the PCI address window has no room for the device's memory"
    case .vectorRefused: "the virtio PCI device refused its interrupt vector"
    }
  }
}

/// The device status field (virtio 1.2 §2.1).
enum DeviceStatus {
  static var acknowledge: UInt8 { 1 }
  static var driver: UInt8 { 2 }
  static var driverOK: UInt8 { 4 }
  static var featuresOK: UInt8 { 8 }
  static var needsReset: UInt8 { 64 }
  static var failed: UInt8 { 128 }
}

/// Feature bits that are not a device type's own (virtio 1.2 §6).
enum CommonFeature {
  static var eventIndex: UInt64 { 1 << 29 }
  static var versionOne: UInt64 { 1 << 32 }
}

/// Where the three parts of a split virtqueue are, for the device.
public struct QueueAddresses: Sendable, BitwiseCopyable {
  public var descriptors: UInt64
  public var available: UInt64
  public var used: UInt64
}

/// What a device's interrupt was for (virtio 1.2 §4.2.2, §4.1.4.5).
public struct InterruptCauses: Equatable, Sendable, BitwiseCopyable {
  /// Some queue has used buffers.
  public var queue: Bool
  /// The configuration or the status changed: ask `VirtioNetDevice.refresh()`.
  public var configuration: Bool

  public init(queue: Bool, configuration: Bool) {
    self.queue = queue
    self.configuration = configuration
  }
}

/// How a queue's device is told of new buffers: one register write.
public struct QueueNotifier<Window: RegisterSpace> {
  let window: Window
  let offset: Int
  let queue: UInt16
  /// virtio-mmio takes 32 bits, virtio-pci 16.
  let isWide: Bool

  @inline(__always)
  func notify() {
    if isWide { window.write32(UInt32(queue), at: offset) } else { window.write16(queue, at: offset) }
  }
}

/// A bus that virtio devices sit on. A value names one device; copies name the same.
public protocol VirtioTransport {
  associatedtype Window: RegisterSpace
  /// The device type (virtio 1.2 §5): 1 is a network card.
  var deviceType: UInt32 { get }
  func readStatus() -> UInt8
  func writeStatus(_ status: UInt8)
  func readDeviceFeatures() -> UInt64
  func writeDriverFeatures(_ features: UInt64)
  /// The largest size of queue `index`; 0 where there is no such queue.
  func maximumQueueSize(_ index: UInt16) -> UInt16
  /// Hands queue `index`, of `size` entries, to the device, its interrupt routed.
  func enableQueue(_ index: UInt16, size: UInt16, addresses: QueueAddresses) throws(VirtioError) -> QueueNotifier<Window>
  /// Routes the interrupt for configuration changes, where the bus has a choice.
  func routeConfigurationInterrupt() throws(VirtioError)
  func configurationGeneration() -> UInt32
  func readConfiguration8(_ offset: Int) -> UInt8
  func readConfiguration16(_ offset: Int) -> UInt16
  /// Tells the device that its interrupt was seen, and says what for.
  func acknowledgeInterrupt() -> InterruptCauses
}

extension VirtioTransport {
  /// Resets the device and agrees on features (virtio 1.2 §3.1.1 steps 1 to 6): `wanted` where offered, and VERSION_1.
  func negotiate(wanted: UInt64) throws(VirtioError) -> UInt64 {
    try reset()
    addStatus(DeviceStatus.acknowledge)
    addStatus(DeviceStatus.driver)
    let offered = readDeviceFeatures()
    guard offered & CommonFeature.versionOne != 0 else { throw .versionOneMissing }
    let chosen = offered & (wanted | CommonFeature.versionOne)
    writeDriverFeatures(chosen)
    addStatus(DeviceStatus.featuresOK)
    guard readStatus() & DeviceStatus.featuresOK != 0 else { throw .featuresRejected }
    return chosen
  }

  /// Writes 0 to the status and waits until it reads 0 (virtio 1.2 §2.4.1), with a bound.
  func reset() throws(VirtioError) {
    writeStatus(0)
    for _ in 0..<10_000 where readStatus() == 0 { return }
    throw .resetTimeout
  }

  func addStatus(_ bit: UInt8) { writeStatus(readStatus() | bit) }
}
