// Private pages that actions at rest keep ready give way where memory is short: they only save time.

import Actions
import CBoot

extension ExecutorCore {
  /// Frees the pages that instances at rest keep, until `wanted` frames are free; false where there were none. `running` is not at rest.
  @_optimize(size) @inline(never)
  mutating func reclaim(_ wanted: Int, sparing running: UnsafeMutablePointer<Instance>?) -> Bool {
    // SAFETY: the kernel's memory is reached only from here meanwhile, and only the running instance is used by anyone else.
    let before = unsafe memory.pointee.frames.free
    for _ in 0..<instances.limit {
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

/// For the heap: frees all that can be had; false where that is nothing, or nothing was ever run.
@_optimize(size) @inline(never)
func reclaimKeptPages() -> Bool {
  // SAFETY: what is there belongs to the executor, and lives for ever. No instance changes while memory is allocated but the one that runs.
  guard let core = unsafe thisCore(), let run = unsafe core.pointee.run else { return false }
  return unsafe run.assumingMemoryBound(to: RunContext.self).pointee.hardware.reclaim(.max)
}
