// Frames in: queue 0 of a virtio network card (virtio 1.2 §5.1.6.3, §5.1.6.4).
//
// Descriptor n is for ever buffer n, so giving a buffer back is one 16-bit store. Buffers given back are shown to the
// device in batches of a quarter of them: it has three quarters at least whenever all frames were taken.

import Base
import CDriverSupport

/// The receiving half of a network card. It owns the queue and the buffers.
@safe public struct NetReceiver<Window: RegisterSpace>: ~Copyable {
  private var queue: Virtqueue
  private let buffers: UInt
  private let notifier: QueueNotifier<Window>
  /// Buffers to gather before the device is shown them.
  private let batch: UInt16
  /// Frames handed out.
  public private(set) var frameCount: UInt64 = 0
  /// Frames too short to be one, or of a kind that was not agreed on.
  public private(set) var dropCount: UInt64 = 0

  /// Hands all buffers to the device, which has DRIVER_OK.
  init(queue: consuming Virtqueue, buffers: DMARegion, notifier: QueueNotifier<Window>) {
    self.queue = queue
    self.buffers = buffers.address
    self.notifier = notifier
    batch = max(1, self.queue.size / 4)
    for id in 0..<self.queue.size {
      self.queue.setBuffer(
        id, address: buffers.address &+ UInt(id) &* UInt(NetBuffer.length), length: UInt32(NetBuffer.length),
        isDeviceWritable: true)
      self.queue.offer(id)
    }
    finishBatch()
  }

  /// Whether the device broke the rules of the queue; nothing is received any more.
  public var hasFailed: Bool { queue.hasFailed }

  /// Calls `body` with the next frame, in the device's own buffer, which goes back when `body` returns. False where none is
  /// waiting; then the device has most of the buffers: the few that it is not shown yet are part of a later batch.
  ///
  /// True does not promise that `body` was called: a malformed frame is counted and skipped.
  @inlinable @inline(__always)
  public mutating func receive(_ body: (Span<UInt8>, ReceivedChecksum) -> Void) -> Bool {
    guard let frame = next() else { return false }
    if frame.length > 0 {
      // SAFETY: `next` gives a frame inside a buffer that the device handed back, and which stays so until `recycle`.
      let bytes = unsafe Span<UInt8>(
        _unsafeStart: UnsafePointer<UInt8>(bitPattern: frame.address).unsafelyUnwrapped, count: frame.length)
      body(bytes, frame.checksum)
    }
    recycle(frame.id)
    return true
  }

  /// Whether a frame is waiting, as far as a glance tells: for loops that look again and again.
  @inline(__always)
  public var isFrameWaiting: Bool { queue.hasUsed }

  @usableFromInline
  struct Frame {
    @usableFromInline var id: UInt16
    @usableFromInline var address: UInt
    /// 0 for a frame to skip.
    @usableFromInline var length: Int
    @usableFromInline var checksum: ReceivedChecksum
  }

  @usableFromInline @inline(__always)
  mutating func next() -> Frame? {
    guard let used = queue.takeUsed() else { return nil }
    let length = Int(used.length)
    guard length <= NetBuffer.length else {
      // It says that it wrote past the buffer.
      _ = queue.fail()
      return nil
    }
    let buffer = buffers &+ UInt(used.id) &* UInt(NetBuffer.length)
    // SAFETY: the first two bytes, flags and gso_type, of a buffer of ours.
    let kind = unsafe sharedLoadAcquire16(buffer)
    let flags = UInt8(truncatingIfNeeded: kind)
    // Segmentation was not negotiated, so gso_type is VIRTIO_NET_HDR_GSO_NONE; an Ethernet header has 14 bytes.
    guard kind >> 8 == 0, length >= NetHeader.length + 14 else {
      dropCount &+= 1
      return Frame(id: used.id, address: buffer, length: 0, checksum: .unknown)
    }
    frameCount &+= 1
    // NEEDS_CSUM: the frame comes from this host, with a partial sum only, and never crossed a wire.
    return Frame(
      id: used.id, address: buffer &+ UInt(NetHeader.length), length: length &- NetHeader.length,
      checksum: flags & (NetHeader.needsChecksum | NetHeader.dataValid) != 0 ? .verified : .unknown)
  }

  @usableFromInline @inline(__always)
  mutating func recycle(_ id: UInt16) {
    queue.offer(id)
    if queue.unpublished >= batch { finishBatch() }
  }

  /// Shows the device the buffers given back and notifies it where it wants that.
  private mutating func finishBatch() {
    if queue.publish() { notifier.notify() }
  }

  /// Asks for an interrupt at the next frame. True where none is waiting: the processor may halt. False, and no interrupt
  /// asked for, where one came meanwhile: receive again.
  public mutating func armInterrupt() -> Bool {
    if queue.isNotificationMissed(mayBeEarly: false) { notifier.notify() }
    if queue.armInterrupt() { return true }
    queue.disarmInterrupt()
    return false
  }

  /// Asks for no interrupts, as while the loop polls. One more may still come.
  public mutating func disarmInterrupt() { queue.disarmInterrupt() }
}
