// The C symbols that compiled Swift calls: memory allocation and comparing.
// Out of scope: how memory is found (Heap.swift, FrameAllocator.swift), copying it (Boot/memory.asm).

import CBoot

/// All memory of the kernel: the frames, and the heap that lives on them.
struct KernelMemory: ~Copyable {
  var frames: FrameAllocator
  var heap: Heap
}

/// Set once, at boot, before the first allocation; the C symbols below have no other way to their state.
nonisolated(unsafe) var kernelMemory: UnsafeMutablePointer<KernelMemory>? = nil

/// The alignment is 4096 at most.
@c(posix_memalign)
public func allocateAligned(_ result: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ alignment: UInt, _ size: UInt) -> CInt {
  // What is too large as an Int is negative, and never there.
  let (size, alignment) = (Int(truncatingIfNeeded: size), Int(truncatingIfNeeded: alignment))
  // SAFETY: kernelMemory is set before anything allocates; `result` is the caller's variable.
  guard alignment <= 16, let memory = unsafe kernelMemory, let address = unsafe memory.pointee.heap.allocateQuickly(size) else {
    return unsafe allocate(result, alignment, size)
  }
  unsafe result.pointee = UnsafeMutableRawPointer(bitPattern: UInt(address))
  return 0
}

/// Where memory is out, the pages that actions keep give way to anything that is not larger than all of it.
@_optimize(size) @inline(never)
private func allocate(_ result: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ alignment: Int, _ size: Int) -> CInt {
  // SAFETY: as above.
  guard let memory = unsafe kernelMemory else { return 12 }
  var address = unsafe memory.pointee.heap.allocate(size, alignment: alignment, frames: &memory.pointee.frames)
  if address == nil, size >= 0, unsafe size >> 12 < memory.pointee.frames.total, reclaimKeptPages() {
    address = unsafe memory.pointee.heap.allocate(size, alignment: alignment, frames: &memory.pointee.frames)
  }
  guard let address else { return 12 }
  unsafe result.pointee = UnsafeMutableRawPointer(bitPattern: UInt(address))
  return 0
}

/// `free` itself is a jump to this, in assembly: the compiler keeps that name to itself.
@c(kernel_free)
public func deallocate(_ pointer: UnsafeMutableRawPointer?) {
  // SAFETY: the pointer came from posix_memalign, so kernelMemory is set.
  guard let pointer = unsafe pointer, let memory = unsafe kernelMemory else { return }
  let address = UInt64(UInt(bitPattern: pointer))
  if unsafe !memory.pointee.heap.deallocateQuickly(address, memory.pointee.frames) { deallocate(address) }
}

@inline(never)
private func deallocate(_ address: UInt64) {
  // SAFETY: as above.
  guard let memory = unsafe kernelMemory else { return }
  unsafe memory.pointee.heap.deallocate(address, frames: &memory.pointee.frames)
}

@c(memcmp)
public func compareMemory(_ a: UnsafeRawPointer?, _ b: UnsafeRawPointer?, _ count: Int) -> CInt {
  guard let a = unsafe a, let b = unsafe b else { return 0 }
  for index in 0..<count {
    // SAFETY: C's contract: both ranges are `count` bytes.
    let x = unsafe a.load(fromByteOffset: index, as: UInt8.self)
    let y = unsafe b.load(fromByteOffset: index, as: UInt8.self)
    if x != y { return CInt(x) &- CInt(y) }
  }
  return 0
}
