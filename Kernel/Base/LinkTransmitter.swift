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
public protocol LinkTransmitter: ~Copyable {
  /// Whether `transmit` accepts a `ChecksumOffload`.
  var offloadsChecksum: Bool { get }

  /// Sends one Ethernet frame that is `header` followed by `payload` (which may be empty); both are copied, or
  /// consumed, before this returns. The frame check sequence and padding are the device's work.
  ///
  /// Returns false, with nothing sent, where the ring is full: the stack keeps the data and tries again later.
  mutating func transmit(header: Span<UInt8>, payload: Span<UInt8>, checksum: ChecksumOffload?) -> Bool
}
