/// Work on a frame's transport checksum that the sender leaves to the device (virtio 1.2 §5.1.6.2).
public struct ChecksumOffload: Equatable, Sendable, BitwiseCopyable {
  /// Byte offset in the frame from which the device sums to its end.
  public var start: UInt16
  /// Byte offset from `start` of the 16-bit field that holds the folded pseudo-header sum and gets the result.
  public var field: UInt16

  public init(start: UInt16, field: UInt16) {
    self.start = start
    self.field = field
  }
}

/// What the device says of the transport checksum of a frame that arrived (virtio 1.2 §5.1.6.4).
public enum ReceivedChecksum: Sendable, BitwiseCopyable {
  /// Nothing: the stack checks it.
  case unknown
  /// It was checked, or the frame never crossed a wire and carries only a partial sum.
  case verified
}

/// The sending half of a network card: one door from the network stack to hardware.
///
/// A frame is made in the device's own buffer: `begin`, then all of `frame` is written, then `finish`.
public protocol LinkTransmitter: ~Copyable {
  /// Whether `begin` accepts a `ChecksumOffload`.
  var offloadsChecksum: Bool { get }

  /// Begins an Ethernet frame of `length` bytes, at least one. The frame check sequence and padding are the device's work.
  ///
  /// Returns false, with nothing begun, where the ring is full: the stack keeps the data and tries again later. So it does where the device
  /// can never send such a frame: one that is too long, or with a checksum that it does not offload.
  mutating func begin(length: Int, checksum: ChecksumOffload?) -> Bool

  /// The bytes of the frame that was begun. What they are before they are written is undefined.
  @_lifetime(&self)
  mutating func frame() -> MutableSpan<UInt8>

  /// Sends the frame that was begun.
  mutating func finish()
}
