// Memory for devices, from the kernel's frames.

public import Base
import CBoot

/// Gives pages to devices, for good.
public struct DevicePages: PageSource {
  public init() {}

  public mutating func takePages(_ count: Int) -> UInt? {
    // SAFETY: kernelMemory was set at boot; the frames are fresh.
    guard let address = unsafe kernelMemory!.pointee.frames.allocate(pages: count) else { return nil }
    for page in 0..<UInt64(count) { zeroPage(address &+ page &* 4096) }
    return UInt(address)
  }
}
