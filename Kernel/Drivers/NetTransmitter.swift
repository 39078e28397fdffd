// Frames out: queue 1 of a virtio network card (virtio 1.2 §5.1.6.2).
//
// Descriptor n is for ever buffer n; free ones are on a stack, so that few buffers stay in the cache. Buffers that the device
// is done with are taken back when frames are sent, with no interrupt.

public import Base
import CDriverSupport

/// A frame being made, in the buffer that is on top of the stack of free ones.
private struct BegunFrame: BitwiseCopyable {
  let id: UInt16
  let address: UInt
  var length: Int
}

/// The sending half of a network card. It owns the queue and the buffers.
@safe public struct NetTransmitter<Window: RegisterSpace>: ~Copyable, LinkTransmitter {
  private var queue: Virtqueue
  private let buffers: UInt
  private let notifier: QueueNotifier<Window>
  private var free: [256 of UInt8] = .init(repeating: 0)
  private var freeCount: Int
  /// Buffers that may be out before it is looked which are back: looking costs as much for one as for several.
  private let buffersOut: Int
  /// The frame being made; of length zero where there is none.
  private var begun = BegunFrame(id: 0, address: 16, length: 0)
  public let offloadsChecksum: Bool
  /// Frames accepted.
  public private(set) var frameCount: UInt64 = 0
  /// Frames refused that can never be sent: longer than a buffer, or with a checksum that is not offloaded.
  public private(set) var dropCount: UInt64 = 0

  /// Bytes of the longest frame.
  public static var longestFrame: Int { NetBuffer.length - NetHeader.length }

  init(queue: consuming Virtqueue, buffers: DMARegion, notifier: QueueNotifier<Window>, offloadsChecksum: Bool) {
    self.queue = queue
    self.buffers = buffers.address
    self.notifier = notifier
    self.offloadsChecksum = offloadsChecksum
    freeCount = Int(self.queue.size)
    buffersOut = min(freeCount / 2, 16)
    for id in 0..<self.queue.size {
      self.queue.setBuffer(
        id, address: buffers.address &+ UInt(id) &* UInt(NetBuffer.length), length: 0, isDeviceWritable: false)
      // The lowest is on top.
      free[Int(self.queue.size &- 1 &- id)] = UInt8(truncatingIfNeeded: id)
    }
  }

  /// Whether the device broke the rules of the queue; nothing is sent any more.
  public var hasFailed: Bool { queue.hasFailed }

  /// Takes a free buffer for a frame of `length` bytes. False where all buffers are in the device's hands, and for what it
  /// cannot send, which is counted.
  @inline(__always)
  public mutating func begin(length: Int, checksum: ChecksumOffload?) -> Bool {
    guard length > 0, length <= Self.longestFrame else { return refuse() }
    if let checksum {
      guard offloadsChecksum, Int(checksum.start) &+ Int(checksum.field) &+ 2 <= length else { return refuse() }
    }
    if freeCount == 0, !makeRoom() { return false }
    let id = UInt16(free[freeCount &- 1])
    let buffer = buffers &+ UInt(id) &* UInt(NetBuffer.length)
    begun = BegunFrame(id: id, address: buffer &+ UInt(NetHeader.length), length: length)
    // SAFETY: a free buffer of ours, which begins with 12 bytes of header: flags, gso_type, hdr_len, gso_size, csum_start,
    // csum_offset, num_buffers.
    if let checksum {
      unsafe sharedStore64(buffer, UInt64(NetHeader.needsChecksum) | UInt64(checksum.start) << 48)
      unsafe sharedStore32(buffer &+ 8, UInt32(checksum.field))
    } else {
      unsafe sharedStore64(buffer, 0)
      unsafe sharedStore32(buffer &+ 8, 0)
    }
    return true
  }

  @inline(never)
  private mutating func refuse() -> Bool {
    dropCount &+= 1
    return false
  }

  @inline(__always) @_lifetime(&self)
  public mutating func frame() -> MutableSpan<UInt8> {
    // SAFETY: `begin` found room for that many bytes in a free buffer, or else there are none.
    let bytes = unsafe MutableSpan<UInt8>(
      _unsafeStart: UnsafeMutablePointer<UInt8>(bitPattern: begun.address).unsafelyUnwrapped, count: begun.length)
    return unsafe _overrideLifetime(bytes, mutating: &self)
  }

  /// Queues the frame that was begun; the device sees it at `kick`.
  @inline(__always)
  public mutating func finish() {
    guard begun.length > 0 else { return }
    queue.offer(begun.id, length: UInt32(truncatingIfNeeded: NetHeader.length &+ begun.length))
    freeCount &-= 1
    frameCount &+= 1
    begun.length = 0
  }

  /// Shows the device all frames queued since the last call and notifies it, once, where it wants that.
  @inline(__always)
  public mutating func kick() {
    if queue.unpublished != 0 { show() }
  }

  @usableFromInline
  mutating func show() {
    if Int(queue.size) &- freeCount >= buffersOut { reclaim() }
    if queue.publish() { notifier.notify() }
  }

  /// Notifies the device where `kick` missed that it wanted that; to be called before the processor halts. It may come right after `kick`.
  public mutating func settle() {
    if queue.isNotificationMissed(mayBeEarly: true) { notifier.notify() }
  }

  private mutating func makeRoom() -> Bool {
    kick()
    reclaim()
    return freeCount > 0
  }

  /// Takes back what the device is done with. The queue lets each buffer come back once only.
  private mutating func reclaim() {
    let before = freeCount
    while freeCount < free.count, let used = queue.takeUsed() {
      free[freeCount] = UInt8(truncatingIfNeeded: used.id)
      freeCount &+= 1
    }
    // No interrupts are wanted: the stack sends again on its own what was turned away.
    if freeCount != before { queue.disarmInterrupt() }
  }
}
