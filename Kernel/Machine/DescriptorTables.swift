// The interrupt descriptor table and the task state segment (AMD64 manual, volume 2, sections 4.8 and 8.9).
// Out of scope: what the handlers do (Traps.swift).

import CBoot

/// The vectors that the kernel gives to devices; 0 to 31 are the CPU's.
public enum Vector {
  public static let timer: UInt8 = 32
  public static let network: UInt8 = 33
  static let spurious: UInt8 = 255
  static let stubCount = 48
}

enum DescriptorTables {
  private static let entrySize = 16
  private static let gateCount = 256
  private static let stackPages = 2
  /// Where the task state segment lies in the core's state (include/boot.h).
  private static let taskStateOffset: UInt64 = 36

  /// Loads a table of its own for the time before there is memory to allocate: a fault then is a panic too, on the stack
  /// that is there. It lies in the kernel's stack above the first page tables, which boot does not reach.
  static func loadEarly() {
    let table = kernelStackBottom() &+ 4 &* PageSize.small
    zeroPage(table)
    for vector in 0..<Vector.stubCount { setGate(table, vector, trapStub(UInt32(vector)), stack: 0, user: false) }
    loadIDT(base: table, limit: UInt16(gateCount * entrySize - 1))
  }

  /// Fills and loads both tables. `stacks` are pages for the three stacks of their own that NMI, double fault and
  /// machine check get, so that they work whatever the stack was.
  static func load(memory: UnsafeMutablePointer<KernelMemory>) {
    guard let table = unsafe memory.pointee.frames.allocate(pages: 1),
      let stacks = unsafe memory.pointee.frames.allocate(pages: 3 * stackPages)
    else { panic("no memory for the interrupt descriptor table") }
    zeroPage(table)
    for vector in 0..<Vector.stubCount {
      setGate(table, vector, trapStub(UInt32(vector)), stack: interruptStack(vector), user: vector == 3 || vector == 4)
    }
    setGate(table, Int(Vector.spurious), trapSpurious(), stack: 0, user: false)
    loadIDT(base: table, limit: UInt16(gateCount * entrySize - 1))
    loadTaskState(stacks)
  }

  private static func interruptStack(_ vector: Int) -> UInt64 {
    switch vector {
    case 8: 1
    case 2: 2
    case 18: 3
    default: 0
    }
  }

  private static func setGate(_ table: UInt64, _ vector: Int, _ handler: UInt64, stack: UInt64, user: Bool) {
    let type: UInt64 = user ? 0xee : 0x8e
    let low = handler & 0xffff | UInt64(Selector.kernelCode) << 16 | stack << 32 | type << 40
    let middle = (handler >> 16 & 0xffff) << 48
    let address = table &+ UInt64(vector &* entrySize)
    Physical.store(address, low | middle)
    Physical.store(address &+ 8, handler >> 32)
  }

  private static func loadTaskState(_ stacks: UInt64) {
    let size = UInt64(stackPages) * PageSize.small
    // SAFETY: the core's state is static memory, written here once, before anything can interrupt.
    let core = unsafe thisCore()!
    unsafe core.pointee.tss.ist.0 = stacks &+ size
    unsafe core.pointee.tss.ist.1 = stacks &+ 2 &* size
    unsafe core.pointee.tss.ist.2 = stacks &+ 3 &* size
    unsafe core.pointee.tss.rsp0 = kernelStackTop()
    let base = UInt64(UInt(bitPattern: core)) &+ Self.taskStateOffset
    let limit: UInt64 = 103
    let low = limit | (base & 0xff_ffff) << 16 | UInt64(0x89) << 40 | (base >> 24 & 0xff) << 56
    let entry = globalDescriptorTable() &+ UInt64(Selector.taskState)
    Physical.store(entry, low)
    Physical.store(entry &+ 8, base >> 32)
    loadTaskRegister(Selector.taskState)
  }
}
