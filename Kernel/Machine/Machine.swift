// Brings the machine up: console, memory, CPU, interrupts, clock. The order of `boot` is the boot order.
// Out of scope: devices other than those, and everything that serves requests (Main).

import Base
public import Bytes
import CBoot

/// The machine after boot: what the layers above need of it.
public struct Machine: ~Copyable {
  public let features: CPUFeatures
  public let clock: Clock
  public let apic: LocalAPIC
  public let loader: BootInformation.Loader
  /// The kernel command line, as the loader gave it.
  public let commandLine: ByteBuffer

  /// The first part of boot: console, memory, traps. `loader` and `information` are what entry.asm passes to
  /// kernel_main. Nothing may be allocated before it returns, not even by the caller's own variables.
  /// Panics where the machine cannot be used.
  public static func prepare(loader: UInt32, information: UInt32) -> BootInformation {
    SerialConsole.initialise()
    DescriptorTables.loadEarly()
    guard let information = BootInformation(kind: loader, address: UInt64(information)) else {
      panic("the loader gave no memory map; boot by PVH or Multiboot2")
    }
    let features = CPUFeatures()
    initialiseMemory(information, features)
    CPUSetup.run(features)
    // SAFETY: initialiseMemory has set it.
    unsafe DescriptorTables.load(memory: kernelMemory!)
    return information
  }

  /// The second part: interrupt controller, clock, command line. `start` is the time stamp counter at entry.
  public static func boot(_ information: BootInformation, start: UInt64) -> Machine {
    LegacyPIC.mask()
    let features = CPUFeatures()
    let apic = LocalAPIC(features)
    let clock = Clock(start: start, apic: apic, features: features)
    Interrupts.initialise(apic: apic)
    guard let commandLine = information.commandLine() else { panic("no memory for the command line") }
    return Machine(
      features: features, clock: clock, apic: apic, loader: information.loader, commandLine: commandLine)
  }

  /// What entry.asm maps.
  private static let mappedAtEntry = PageSize.huge

  @_optimize(size)
  private static func initialiseMemory(_ information: BootInformation, _ features: CPUFeatures) {
    let end = min(information.memoryEnd, 512 << 30)
    let tableBytes = FrameAllocator.tableBytes(limit: end)
    // The allocator's own table, then the two structures themselves, at the start of the range behind the kernel.
    let table = alignUp(kernelEnd(), PageSize.small)
    let structures = table &+ tableBytes
    let first = structures &+ PageSize.small
    guard let range = rangeHolding(kernelEnd(), information), first <= range.end, first < mappedAtEntry else {
      panic("too little memory behind the kernel; give the machine at least 8 MiB")
    }
    // SAFETY: the loader's map says that this memory is there and free, and nothing was allocated yet.
    unsafe Physical.pointer(table).initializeMemory(as: UInt8.self, repeating: 0, count: Int(tableBytes))
    var frames = FrameAllocator(table: table, limit: end)
    for index in 0..<information.rangeCount {
      let range = information.range(index)
      let start = range.start < first && range.end > first ? first : range.start
      frames.add(start: start, end: min(range.end, mappedAtEntry))
    }
    guard KernelMap.adopt(frames: &frames), KernelMap.extend(to: end, features: features, frames: &frames) else { panic("no memory for the page tables") }
    for index in 0..<information.rangeCount {
      let range = information.range(index)
      frames.add(start: max(range.start, mappedAtEntry), end: range.end)
    }
    let reserve = max(frames.total / 16, 64)
    let heap = Heap(frameLimit: frames.total &- frames.total / 8, reserve: reserve)
    // SAFETY: one page of its own, mapped, aligned and large enough for the structure.
    let memory = unsafe Physical.pointer(structures).bindMemory(to: KernelMemory.self, capacity: 1)
    unsafe memory.initialize(to: KernelMemory(frames: frames, heap: heap))
    unsafe kernelMemory = memory
  }

  private static func rangeHolding(_ address: UInt64, _ information: BootInformation) -> MemoryRange? {
    for index in 0..<information.rangeCount {
      let range = information.range(index)
      if range.start <= address && address < range.end { return range }
    }
    return nil
  }
}

/// What the kernel's memory is used for, at one moment.
public struct MemoryUse: Sendable {
  /// Frames of 4 KiB: in all, free, and held by the heap.
  public var framesTotal: Int
  public var framesFree: Int
  public var heapFrames: Int
  /// Bytes of objects on the heap.
  public var heapBytes: Int

  public static var current: MemoryUse {
    // SAFETY: set at boot.
    let memory = unsafe kernelMemory!
    return unsafe MemoryUse(
      framesTotal: memory.pointee.frames.total, framesFree: memory.pointee.frames.free,
      heapFrames: memory.pointee.heap.framesInUse, heapBytes: memory.pointee.heap.bytesInUse)
  }
}
