// The C symbols that compiled Swift calls: memory allocation, memory copies, and the runtime's counts.
// Out of scope: how memory is found (Heap.swift, FrameAllocator.swift).

import CBoot

/// All memory of the kernel: the frames, and the heap that lives on them.
struct KernelMemory: ~Copyable {
  var frames: FrameAllocator
  var heap: Heap
}

/// Set once, at boot, before the first allocation; the C symbols below have no other way to their state.
nonisolated(unsafe) var kernelMemory: UnsafeMutablePointer<KernelMemory>? = nil

/// Where memory is out, the pages that actions keep give way to anything up to a quarter of all.
@c(posix_memalign)
public func allocateAligned(_ result: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ alignment: UInt, _ size: UInt) -> CInt {
  // SAFETY: kernelMemory is set before anything allocates; `result` is the caller's variable.
  guard let memory = unsafe kernelMemory, size <= UInt(Int.max), alignment <= 4096 else { return 12 }
  var address = unsafe memory.pointee.heap.allocate(
    Int(size), alignment: Int(alignment), frames: &memory.pointee.frames)
  if address == nil, unsafe Int(size) >> 14 < memory.pointee.frames.total, reclaimKeptPages() {
    address = unsafe memory.pointee.heap.allocate(
      Int(size), alignment: Int(alignment), frames: &memory.pointee.frames)
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
  unsafe memory.pointee.heap.deallocate(UInt64(UInt(bitPattern: pointer)), frames: &memory.pointee.frames)
}

@c(memcpy)
public func copyMemory(_ to: UnsafeMutableRawPointer?, _ from: UnsafeRawPointer?, _ count: Int) -> UnsafeMutableRawPointer? {
  // SAFETY: C's contract: both ranges are valid and do not overlap.
  if count <= 32 { unsafe copyShort(to: to, from: from, count: count) } else { unsafe copyForward(to: to, from: from, count: count) }
  return unsafe to
}

@c(memmove)
public func moveMemory(_ to: UnsafeMutableRawPointer?, _ from: UnsafeRawPointer?, _ count: Int) -> UnsafeMutableRawPointer? {
  // SAFETY: C's contract: both ranges are valid. A copy upwards is right unless `to` lies inside `from`'s range.
  let distance = UInt(bitPattern: to) &- UInt(bitPattern: from)
  if count <= 32 {
    unsafe copyShort(to: to, from: from, count: count)
  } else if distance >= UInt(bitPattern: count) {
    unsafe copyForward(to: to, from: from, count: count)
  } else {
    unsafe copyBackward(to: to, from: from, count: count)
  }
  return unsafe to
}

@c(memset)
public func setMemory(_ to: UnsafeMutableRawPointer?, _ value: CInt, _ count: Int) -> UnsafeMutableRawPointer? {
  // SAFETY: C's contract: the range is valid.
  unsafe fillBytes(to, UInt8(truncatingIfNeeded: value), count)
  return unsafe to
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
