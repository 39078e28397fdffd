// The virtio network card (virtio 1.2 §5.1): start-up, and the part that is not on a frame's path.
// Out of scope: frames in (NetReceiver.swift) and out (NetTransmitter.swift); several queue pairs.

/// How a network card is to be used.
public struct NetworkCardOptions: Sendable, BitwiseCopyable {
  /// Buffers in each direction, 2 KiB each: rounded down to a power of two, at most 256, and what the device allows.
  public var ringSize: UInt16
  /// The address where the device has none.
  public var fallbackAddress: [6 of UInt8]

  public init(ringSize: UInt16 = 256, fallbackAddress: [6 of UInt8] = [0x02, 0x53, 0x57, 0x46, 0x54, 0x01]) {
    self.ringSize = ringSize
    self.fallbackAddress = fallbackAddress
  }
}

/// A started card in its three parts, to be taken apart: each is used while another is borrowed.
@frozen public struct NetworkCard<Transport: VirtioTransport>: ~Copyable {
  public var device: VirtioNetDevice<Transport>
  public var receiver: NetReceiver<Transport.Window>
  public var transmitter: NetTransmitter<Transport.Window>
}

/// Feature bits of a network card (virtio 1.2 §5.1.3).
enum NetFeature {
  static var checksum: UInt64 { 1 << 0 }
  static var guestChecksum: UInt64 { 1 << 1 }
  static var mtu: UInt64 { 1 << 3 }
  static var mac: UInt64 { 1 << 5 }
  static var status: UInt64 { 1 << 16 }
}

/// struct virtio_net_hdr, in front of every frame (virtio 1.2 §5.1.6).
enum NetHeader {
  static var length: Int { 12 }
  static var needsChecksum: UInt8 { 1 }
  static var dataValid: UInt8 { 2 }
}

/// Bytes of one frame's buffer, header and all.
enum NetBuffer {
  static var length: Int { 2048 }
}

/// The card itself: address, link, interrupts.
public struct VirtioNetDevice<Transport: VirtioTransport>: ~Copyable {
  private let transport: Transport
  private let features: UInt64
  /// The Ethernet address.
  public let address: [6 of UInt8]
  /// The largest IP packet, in bytes; 1500 where the device does not say. Never below 576 or above what a buffer holds.
  public let mtu: UInt16
  /// Whether the cable is in, when last looked at.
  public private(set) var isLinkUp: Bool
  /// Whether the device asked to be reset, which ends its use (virtio 1.2 §2.1).
  public private(set) var hasFailed = false

  /// Resets and starts the card behind `transport`, its receive buffers handed over, its transmitter silent.
  ///
  /// Memory from `memory` stays with the device for ever, also where this throws later: about 1 MiB with 256 buffers a side.
  public static func start<Allocator: DMAAllocator & ~Copyable>(
    _ transport: Transport, options: NetworkCardOptions, memory: inout Allocator
  ) throws(VirtioError) -> NetworkCard<Transport> {
    guard transport.deviceType == 1 else { throw .wrongDevice }
    do throws(VirtioError) {
      return try startUnguarded(transport, options: options, memory: &memory)
    } catch {
      // The device must not go on using rings that nobody looks after.
      transport.writeStatus(0)
      transport.addStatus(DeviceStatus.failed)
      throw error
    }
  }

  @_optimize(size) @inline(never)
  private static func startUnguarded<Allocator: DMAAllocator & ~Copyable>(
    _ transport: Transport, options: NetworkCardOptions, memory: inout Allocator
  ) throws(VirtioError) -> NetworkCard<Transport> {
    let features = try transport.negotiate(
      wanted: NetFeature.checksum | NetFeature.guestChecksum | NetFeature.mtu | NetFeature.mac | NetFeature.status
        | CommonFeature.eventIndex)
    try transport.routeConfigurationInterrupt()
    let hasEventIndex = features & CommonFeature.eventIndex != 0

    let receiving = try makeQueue(0, transport, options, hasEventIndex, &memory)
    let transmitting = try makeQueue(1, transport, options, hasEventIndex, &memory)
    let receiveNotifier = try transport.enableQueue(0, size: receiving.queue.size, addresses: receiving.queue.addresses)
    let transmitNotifier = try transport.enableQueue(1, size: transmitting.queue.size, addresses: transmitting.queue.addresses)
    transport.addStatus(DeviceStatus.driverOK)

    let offloads = features & NetFeature.checksum != 0
    let receiveBuffers = receiving.buffers
    let transmitBuffers = transmitting.buffers
    let device = VirtioNetDevice(transport, features, options)
    return NetworkCard(
      device: device,
      receiver: NetReceiver(queue: receiving.takeQueue(), buffers: receiveBuffers, notifier: receiveNotifier),
      transmitter: NetTransmitter(
        queue: transmitting.takeQueue(), buffers: transmitBuffers, notifier: transmitNotifier, offloadsChecksum: offloads))
  }

  private struct QueueMemory: ~Copyable {
    var queue: Virtqueue
    var buffers: DMARegion
    consuming func takeQueue() -> Virtqueue { queue }
  }

  @_optimize(size) @inline(never)
  private static func makeQueue<Allocator: DMAAllocator & ~Copyable>(
    _ index: UInt16, _ transport: Transport, _ options: NetworkCardOptions, _ hasEventIndex: Bool, _ memory: inout Allocator
  ) throws(VirtioError) -> QueueMemory {
    let limit = min(options.ringSize, transport.maximumQueueSize(index), Virtqueue.largestSize)
    guard limit >= 2 else { throw .queueUnavailable }
    let size: UInt16 = 1 << (15 &- UInt16(limit.leadingZeroBitCount))
    let page = DMARegion.pageSize
    guard let rings = memory.allocate(pages: (Virtqueue.memoryLength(size: size) + page - 1) / page),
      let buffers = memory.allocate(pages: (Int(size) * NetBuffer.length + page - 1) / page),
      buffers.length >= Int(size) * NetBuffer.length,
      let queue = Virtqueue(memory: rings, size: size, hasEventIndex: hasEventIndex)
    else { throw .outOfMemory }
    return QueueMemory(queue: queue, buffers: buffers)
  }

  private init(_ transport: Transport, _ features: UInt64, _ options: NetworkCardOptions) {
    self.transport = transport
    self.features = features
    var address = options.fallbackAddress
    if features & NetFeature.mac != 0 {
      for index in 0..<6 { address[index] = transport.readConfiguration8(index) }
    }
    self.address = address
    let largest = UInt16(NetBuffer.length - NetHeader.length - 14)
    mtu = features & NetFeature.mtu != 0 ? min(max(transport.readConfiguration16(10), 576), largest) : 1500
    isLinkUp = true
    refresh()
  }

  /// Reads link and status again: when an interrupt says that the configuration changed, or now and then.
  public mutating func refresh() {
    if features & NetFeature.status != 0 { isLinkUp = transport.readConfiguration16(6) & 1 != 0 }
    if transport.readStatus() & DeviceStatus.needsReset != 0 { hasFailed = true }
  }

  /// To be called after each interrupt of this card and before the rings are looked at again, or none may follow.
  public mutating func acknowledgeInterrupt() -> InterruptCauses {
    let causes = transport.acknowledgeInterrupt()
    if causes.configuration { refresh() }
    return causes
  }

  /// Stops the device for good: after this it touches no memory.
  public consuming func stop() { transport.writeStatus(0) }
}
