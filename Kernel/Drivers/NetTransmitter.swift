// Frames out: queue 1 of a virtio network card (virtio 1.2 §5.1.6.2).
//
// Descriptor n is for ever buffer n; free ones are on a stack, so that few buffers stay in the cache. Buffers that the device
// is done with are taken back when frames are sent, with no interrupt.

public import Base
import CDriverSupport

/// The sending half of a network card. It owns the queue and the buffers.
@safe public struct NetTransmitter<Window: RegisterSpace>: ~Copyable, LinkTransmitter {
  private var queue: Virtqueue
  private let buffers: UInt
  private let notifier: QueueNotifier<Window>
  private var free: [256 of UInt8] = .init(repeating: 0)
  private var freeCount: Int
  /// Whether a frame was turned away since buffers were last free.
  private var isStarved = false
  public let offloadsChecksum: Bool
  /// Frames accepted.
  public private(set) var frameCount: UInt64 = 0
  /// Frames accepted but not sent, for they cannot be: longer than a buffer, or a checksum that is not offloaded.
  public private(set) var dropCount: UInt64 = 0

  /// Bytes of the longest frame.
  public static var longestFrame: Int { NetBuffer.length - NetHeader.length }

  init(queue: consuming Virtqueue, buffers: DMARegion, notifier: QueueNotifier<Window>, offloadsChecksum: Bool) {
    self.queue = queue
    self.buffers = buffers.address
    self.notifier = notifier
    self.offloadsChecksum = offloadsChecksum
    freeCount = Int(self.queue.size)
    for id in 0..<self.queue.size {
      self.queue.setBuffer(
        id, address: buffers.address &+ UInt(id) &* UInt(NetBuffer.length), length: 0, isDeviceWritable: false)
      // The lowest is on top.
      free[Int(self.queue.size &- 1 &- id)] = UInt8(truncatingIfNeeded: id)
    }
  }

  /// Whether the device broke the rules of the queue; nothing is sent any more.
  public var hasFailed: Bool { queue.hasFailed }

  /// Queues a frame; the device sees it at `kick`. False where all buffers are in the device's hands.
  public mutating func transmit(header: Span<UInt8>, payload: Span<UInt8>, checksum: ChecksumOffload?) -> Bool {
    if freeCount == 0, !makeRoom() { return false }
    frameCount &+= 1
    let length = header.count &+ payload.count
    var flags: UInt64 = 0
    var field: UInt32 = 0
    if let checksum {
      guard offloadsChecksum, Int(checksum.start) &+ Int(checksum.field) &+ 2 <= length else { return drop() }
      flags = UInt64(NetHeader.needsChecksum) | UInt64(checksum.start) << 48
      field = UInt32(checksum.field)
    }
    guard length <= Self.longestFrame else { return drop() }
    freeCount &-= 1
    let id = UInt16(free[freeCount])
    let buffer = buffers &+ UInt(id) &* UInt(NetBuffer.length)
    // SAFETY: a free buffer of ours: 12 bytes of header (flags, gso_type, hdr_len, gso_size, csum_start, csum_offset,
    // num_buffers), then `length` bytes, at most what the buffer holds.
    unsafe sharedStore64(buffer, flags)
    unsafe sharedStore32(buffer &+ 8, field)
    unsafe copy(header, to: buffer &+ UInt(NetHeader.length))
    unsafe copy(payload, to: buffer &+ UInt(NetHeader.length &+ header.count))
    queue.setLength(id, UInt32(truncatingIfNeeded: NetHeader.length &+ length))
    queue.offer(id)
    return true
  }

  /// Copies `bytes` to memory at `address`, which the caller vouches for.
  @unsafe @inline(__always)
  private func copy(_ bytes: Span<UInt8>, to address: UInt) {
    guard bytes.count > 0 else { return }
    // SAFETY: the caller's promise; a span of bytes cannot be inside a buffer that the device gets.
    unsafe bytes.withUnsafeBytes { from in
      unsafe UnsafeMutableRawPointer(bitPattern: address).unsafelyUnwrapped
        .copyMemory(from: from.baseAddress.unsafelyUnwrapped, byteCount: from.count)
    }
  }

  private mutating func drop() -> Bool {
    dropCount &+= 1
    return true
  }

  /// Shows the device all frames queued since the last call and notifies it, once, where it wants that.
  public mutating func kick() {
    guard queue.unpublished != 0 else { return }
    reclaim()
    if queue.publish() { notifier.notify() }
  }

  /// Notifies the device where `kick` missed that it wanted that; to be called before the processor halts.
  public mutating func settle() {
    if queue.isNotificationMissed() { notifier.notify() }
  }

  private mutating func makeRoom() -> Bool {
    kick()
    reclaim()
    if freeCount == 0 { isStarved = true }
    return freeCount > 0
  }

  /// Takes back what the device is done with. The queue lets each buffer come back once only.
  private mutating func reclaim() {
    let before = freeCount
    while freeCount < free.count, let used = queue.takeUsed() {
      free[freeCount] = UInt8(truncatingIfNeeded: used.id)
      freeCount &+= 1
    }
    if freeCount != before {
      isStarved = false
      queue.disarmInterrupt()
    }
  }

  /// To be called before the processor halts. Where a frame was turned away, asks for an interrupt once half the ring is
  /// sent. False where there is room again: send what waits.
  public mutating func armInterrupt() -> Bool {
    kick()
    guard isStarved else { return true }
    guard queue.armInterrupt(after: queue.size / 2) else {
      reclaim()
      return hasFailed
    }
    return true
  }
}
