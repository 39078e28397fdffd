// Memory that a device reads and writes by its physical address, which is also its virtual one.

/// Whole pages for a device: page-aligned, physically contiguous, zeroed, and never given back, because a device
/// that was told an address may use it for as long as it runs.
@safe public struct DMARegion: Sendable, BitwiseCopyable {
  public static var pageSize: Int { 4096 }

  /// Address of the first byte, for the processor and for the device.
  public let address: UInt
  /// Bytes in the region.
  public let length: Int

  /// The caller vouches that `length` bytes from `address`, a multiple of the page size, are writable, zeroed, and
  /// used by nobody else from now on.
  @unsafe
  public init(address: UInt, length: Int) {
    self.address = address
    self.length = length
  }
}

/// Who gives out memory for devices: the kernel's frame allocator, or ordinary memory in a test.
public protocol DMAAllocator: ~Copyable {
  /// `pages` contiguous pages; nil where there are not that many.
  mutating func allocate(pages: Int) -> DMARegion?
}
