// The initial state of x87, SSE and what XSAVE covers, which every invocation begins with. The kernel uses none of it.

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
  func reset() {
    // SAFETY: the area is a page of its own, 64-byte aligned, of the standard format with an empty header.
    if hasXSAVE { unsafe xrstorInitial(Physical.pointer(area)) } else { unsafe fxrstor(Physical.pointer(area)) }
  }
}
