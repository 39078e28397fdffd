// The state of x87, SSE and what XSAVE covers: the initial one, which invocations begin with, or a snapshot's. The kernel uses vector
// registers only while it is nobody's (Boot/restore.asm, Boot/aes.asm).

import CBoot

/// Loads the initial state: by XRSTOR from an area of zeros, or by FXRSTOR from one with the default control words.
struct FloatingPointReset {
  private let area: UInt64
  private let hasXSAVE: Bool

  /// Nil where memory is out.
  init?(_ features: CPUFeatures, frames: inout FrameAllocator) {
    guard let page = frames.allocate(pages: 1) else { return nil }
    zeroPage(page)
    area = page
    hasXSAVE = features.xsave
    // Default control words (AMD64 manual, volume 1, section 6.2): x87 at byte 0, MXCSR at byte 24. XRSTOR takes MXCSR
    // from here even where the header says that SSE is initial.
    Physical.store(page, 0x037f)
    Physical.store(page &+ 24, 0x1f80)
  }

  @inline(__always)
  func reset() { load(from: area) }

  /// Loads what `save` stored in the page `area`.
  @inline(__always)
  func load(from area: UInt64) {
    // SAFETY: the area begins a page, hence 64-byte aligned, and is of the standard format with a legal header.
    if hasXSAVE { unsafe xrstor(Physical.pointer(area)) } else { unsafe fxrstor(Physical.pointer(area)) }
  }

  /// Stores the state of the action that was left last at the start of the page `area`, which is zero.
  func save(to area: UInt64) {
    // SAFETY: as above; the components that XCR0 enables take 2,688 bytes at most.
    if hasXSAVE { unsafe xsave(Physical.pointer(area)) } else { unsafe fxsave(Physical.pointer(area)) }
  }
}
