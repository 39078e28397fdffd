// Private pages that actions at rest keep ready give way where memory gets short: they only save time.

import Actions
import CBoot

extension ExecutorCore {
  /// Frames that kept pages leave to what requests bring: a quarter of all.
  private var reserve: Int { unsafe memory.pointee.frames.total >> 2 }

  /// After an invocation, sees to the reserve by looking at a few instances.
  @inline(__always)
  mutating func relieve() {
    // SAFETY: the kernel's memory is reached only from here meanwhile.
    if unsafe memory.pointee.frames.free < reserve { _ = unsafe reclaim(reserve, slots: 64, sparing: nil) }
  }

  /// Frees the pages that instances at rest keep, until `wanted` frames are free or `slots` slots were looked at; false where none was.
  /// `running` is not at rest.
  @_optimize(size) @inline(never)
  mutating func reclaim(_ wanted: Int, slots count: UInt32, sparing running: UnsafeMutablePointer<Instance>?) -> Bool {
    // SAFETY: as above; only the running instance is used by anyone else.
    let before = unsafe memory.pointee.frames.free
    for _ in 0..<min(count, instances.limit) {
      guard unsafe memory.pointee.frames.free < wanted else { break }
      reclaimed = reclaimed &+ 1 < instances.limit ? reclaimed &+ 1 : 0
      guard let instance = unsafe instances.instance(at: reclaimed), unsafe instance != running else { continue }
      if unsafe instance.pointee.pristine.count > 0 {
        unsafe instance.pointee.freePrivatePages(&memory.pointee.frames)
      }
    }
    slots.flush()
    return unsafe memory.pointee.frames.free > before
  }
}
