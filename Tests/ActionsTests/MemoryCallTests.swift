import ABI
import Actions
import Testing

@Suite struct MemoryCallTests {
  static let enomem: Int64 = -12
  static let einval: Int64 = -22
  static let eacces: Int64 = -13
  static let anonymous = MapFlag.private | MapFlag.anonymous

  private func map(_ action: Harness, _ length: UInt64, _ protection: UInt64 = 3, at: UInt64 = 0, _ flags: UInt64 = 0) -> Int64? {
    action.call(.mmap, at, length, protection, Self.anonymous | flags, .max, 0)
  }

  @Test func heap() {
    let action = Harness()
    let start = UInt64(bitPattern: action.call(.brk, 0)!)
    #expect(start == Harness.imageBase + 0x8000)
    #expect(action.call(.brk, start + 5000) == Int64(start + 5000))
    #expect(action.poke([1], at: start + 8191))
    #expect(!action.touch(start + 8192, .read))
    #expect(!action.touch(start - 1, .read))
    #expect(action.call(.brk, start + 100) == Int64(start + 100))
    #expect(!action.touch(start + 4096, .read))
    #expect(action.call(.brk, start + 8192) == Int64(start + 8192))
    // What was given back comes again as zeros.
    #expect(action.peek(1, at: start + 8191) == [0])
    for bad in [start - 1, start + (257 << 20), 0, .max, 1 << 47, AddressSpace.slotBase(4)] as [UInt64] {
      #expect(action.call(.brk, bad) == Int64(start + 8192))
    }
    #expect(action.call(.brk, start) == Int64(start))
    #expect(action.machine.privatePages == 0 && action.process.memory.privatePages == 0)
  }

  @Test func mapping() {
    let action = Harness()
    let first = UInt64(bitPattern: map(action, 10_000)!)
    // The first mappings end at the map limit, above the stack.
    #expect(first == Harness.slotBase + SlotLayout.mapLimit - 0x3000)
    #expect(action.peek(3, at: first + 0x2ffd) == [0, 0, 0])
    let second = UInt64(bitPattern: map(action, 4096)!)
    #expect(second == first - 0x1000)
    #expect(action.call(.munmap, first, 0x1000) == 0)
    #expect(!action.touch(first, .read) && action.touch(first + 0x1000, .write))
    #expect(map(action, 4096) == Int64(first))
    // Larger than what is above the stack: below the stack and its guard.
    let large = UInt64(bitPattern: map(action, 1 << 20)!)
    #expect(large + (1 << 20) == Harness.stackTop - SlotLayout.stackSize - SlotLayout.stackGuard)
    // A hint is ignored, but no program is given an address that it will cut to 32 bits.
    #expect(map(action, 4096, 3, at: Harness.imageBase) == Int64(first - 0x2000))
    #expect(map(action, 4096, 3, 0x40) == Self.enomem)
  }

  @Test func mappingErrors() {
    let action = Harness()
    #expect(map(action, 0) == Self.einval)
    #expect(map(action, .max) == Self.enomem)
    #expect(map(action, .max - 4095) == Self.enomem)
    #expect(map(action, 1 << 40) == Self.enomem)
    #expect(map(action, 4096, 7) == Self.eacces)
    #expect(map(action, 4096, 6) == Self.eacces)
    #expect(action.call(.mmap, 0, 4096, 3, MapFlag.anonymous, 0, 0) == Self.einval)
    #expect(action.call(.mmap, 0, 4096, 3, MapFlag.anonymous | 3, 0, 0) == Self.einval)
    #expect(action.call(.mmap, 0, 4096, 3, MapFlag.private, 0, 0) == -19)
    #expect(action.call(.mmap, 0, 4096, 3, MapFlag.private, 5, 0) == -9)
    #expect(map(action, 4096, 3, at: Harness.imageBase + 8, MapFlag.fixed) == Self.einval)
    for bad in [0, 0x1000, AddressSpace.slotBase(2), AddressSpace.slotBase(4), Harness.slotBase, 0xffff_8000_0000_0000,
      Harness.slotBase + SlotLayout.mapLimit] as [UInt64]
    {
      #expect(map(action, 4096, 3, at: bad, MapFlag.fixed) == Self.enomem)
      #expect(map(action, 4096, 3, at: bad, MapFlag.fixedNoReplace) == Self.enomem)
    }
    #expect(map(action, 1 << 29, 0, at: Harness.slotBase + (700 << 20), MapFlag.fixed) == Self.enomem)
    #expect(map(action, 4096, 3, at: Harness.imageBase, MapFlag.fixedNoReplace) == -17)
  }

  @Test func fixedMappingReplaces() {
    let action = Harness()
    #expect(action.poke([9], at: Harness.data))
    #expect(map(action, 4096, 3, at: Harness.data, MapFlag.fixed) == Int64(Harness.data))
    #expect(action.peek(2, at: Harness.data) == [0, 0])
    let page = UInt32((SlotLayout.imageOffset + 0x3000) >> 12)
    #expect(action.process.memory.changedImagePages == page..<(page + 1))
    #expect(action.process.memory.privatePages == action.machine.privatePages)
  }

  @Test func protection() {
    let action = Harness()
    let code = Harness.imageBase + 0x1000
    // Code made writable, as nothing but an attack does, is code no more.
    #expect(!action.touch(code, .write))
    #expect(action.call(.mprotect, code, 4096, 7) == Self.eacces)
    #expect(action.call(.mprotect, code, 4096, 3) == 0)
    #expect(action.touch(code, .write) && !action.touch(code, .execute))
    #expect(action.call(.mprotect, code, 4096, 5) == Self.eacces)
    #expect(action.call(.mprotect, code, 4096, 1) == 0)
    #expect(action.call(.mprotect, code, 4096, 5) == Self.eacces)
    #expect(action.call(.mprotect, Harness.stackTop - 4096, 4096, 5) == Self.eacces)
    // Memory that was mapped for writing and then given up likewise.
    let memory = UInt64(bitPattern: map(action, 8192)!)
    #expect(action.poke([0xc3], at: memory))
    #expect(action.call(.mprotect, memory, 4096, 0) == 0)
    #expect(!action.touch(memory, .read))
    #expect(action.call(.mprotect, memory, 8192, 5) == Self.eacces)
    #expect(action.call(.mprotect, memory, 8192, 1) == 0)
    // What was in it is there again.
    #expect(action.peek(1, at: memory) == [0xc3])
    #expect(!action.touch(memory, .write))
  }

  @Test func whatMayBeWrittenMayBeRead() {
    let action = Harness()
    // A template page that is shown is not writable as yet: without the right to read it would never be there.
    #expect(action.call(.mprotect, Harness.data, 4096, 2) == 0)
    #expect(action.peek(1, at: Harness.data) == [ELFBuilder().bytes()[0x2000]])
    #expect(action.machine.pages.values.allSatisfy { $0.protection != .none })
    #expect(action.poke([9], at: Harness.data))
  }

  @Test func relroBecomesReadOnly() {
    let action = Harness()
    #expect(action.poke([1, 2, 3], at: Harness.data))
    #expect(action.call(.mprotect, Harness.data, 4096, 1) == 0)
    #expect(!action.touch(Harness.data, .write))
    #expect(action.touch(Harness.data + 4096, .write))
    #expect(action.peek(3, at: Harness.data) == [1, 2, 3])
    let page = UInt32((SlotLayout.imageOffset + 0x3000) >> 12)
    #expect(action.process.memory.changedImagePages == page..<(page + 1))
    #expect(action.process.memory.changedStackPages.isEmpty)
  }

  /// Wherever the data segment is split, each page goes on showing its own part of the file, or zeros.
  @Test(arguments: 0..<4 as Range<UInt64>, 1...4 as ClosedRange<UInt64>)
  func splitImageRegionsKeepTheirContent(first: UInt64, count: UInt64) {
    guard first + count <= 4 else { return }
    let file = ELFBuilder().bytes()
    let action = Harness()
    #expect(action.call(.mprotect, Harness.data + first * 4096, count * 4096, 1) == 0)
    for page in 0..<4 as Range<UInt64> {
      let start = 0x2000 + Int(page) * 4096
      let expected = page < 2 ? file[start] : 0
      #expect(action.peek(1, at: Harness.data + page * 4096) == [expected])
      let isWritable = page < first || page >= first + count
      #expect(action.touch(Harness.data + page * 4096, .write) == isWritable)
      #expect(action.peek(1, at: Harness.data + page * 4096) == [expected])
    }
    #expect(action.process.memory.privatePages == action.machine.privatePages)
  }

  @Test func protectionErrors() {
    let action = Harness()
    #expect(action.call(.mprotect, Harness.data + 1, 4096, 1) == Self.einval)
    #expect(action.call(.mprotect, Harness.data, 0, 1) == 0)
    #expect(action.call(.mprotect, Harness.data, 4096, 8) == Self.einval)
    #expect(action.call(.mprotect, Harness.data, .max, 1) == Self.enomem)
    #expect(action.call(.mprotect, Harness.data, 0x5000, 1) == Self.enomem)
    #expect(action.touch(Harness.data, .write))
    for pointer in DescriptorCallTests.badPointers where pointer % 4096 == 0 {
      #expect(action.call(.mprotect, pointer, 4096, 1) == Self.enomem)
    }
    #expect(action.call(.munmap, Harness.data, 0) == Self.einval)
    #expect(action.call(.munmap, Harness.data + 1, 4096) == Self.einval)
    #expect(action.call(.munmap, AddressSpace.slotBase(4), 4096) == Self.einval)
    #expect(action.call(.munmap, Harness.data, .max) == Self.einval)
    #expect(action.call(.munmap, 0, 4096) == Self.einval)
  }

  @Test func adviceDropsContent() {
    let action = Harness()
    let memory = UInt64(bitPattern: map(action, 8192)!)
    #expect(action.poke([1], at: memory) && action.poke([2], at: Harness.data))
    #expect(action.call(.madvise, memory, 8192, 3) == 0)
    #expect(action.peek(1, at: memory) == [1])
    #expect(action.call(.madvise, memory, 8192, 4) == 0)
    #expect(action.peek(1, at: memory) == [0])
    #expect(action.call(.madvise, Harness.data, 4096, 4) == 0)
    #expect(action.peek(1, at: Harness.data) == [ELFBuilder().bytes()[0x2000]])
    #expect(action.call(.madvise, 0, 4096, 4) == Self.enomem)
  }

  @Test func memoryLimit() {
    // 4 template pages and 12 more.
    let action = Harness(limits: ActionLimits(memoryBytes: 16 * 4096))
    #expect(map(action, 17 * 4096) == Self.enomem)
    #expect(map(action, 17 * 4096, 0) != Self.enomem)
    let memory = UInt64(bitPattern: map(action, 16 * 4096)!)
    for page in 0..<12 as Range<UInt64> { #expect(action.touch(memory + page * 4096, .write)) }
    #expect(
      action.process.pageFault(at: memory + 12 * 4096, .write, instructionPointer: 0, machine: &action.machine)
        == .end(.memoryLimit))
    #expect(action.step(SystemCall(number: 318, memory + 13 * 4096, 8, 0)) == .end(.memoryLimit))
    #expect(action.process.memory.peakPages == 16)
    // Shared pages cost nothing more, freed ones count no more.
    #expect(action.touch(Harness.data, .read))
    #expect(action.call(.munmap, memory, 4096) == 0)
    #expect(action.touch(memory + 12 * 4096, .write))
  }

  @Test func noFrames() {
    let action = Harness(input: [1])
    action.machine.frames = 0
    #expect(
      action.process.pageFault(at: Harness.data, .write, instructionPointer: 0, machine: &action.machine)
        == .end(.noMemory))
    #expect(action.step(SystemCall(number: 0, 0, Harness.data, 1)) == .end(.noMemory))
  }

  @Test func faultsSayWhereAndHow() {
    let action = Harness()
    let step = action.process.pageFault(
      at: 0x10, .write, instructionPointer: Harness.imageBase + 0x1234, machine: &action.machine)
    let report = FaultReport(kind: .pageFault, address: 0x10, instructionOffset: 0x1234, access: .write)
    #expect(step == .end(.fault(report)))
    for pointer in DescriptorCallTests.badPointers {
      for access in [Access.read, .write, .execute] { #expect(!action.touch(pointer, access)) }
    }
    #expect(action.machine.pages.isEmpty)
    #expect(!action.touch(Harness.data, .execute) && !action.touch(Harness.stackTop - 8, .execute))
    #expect(action.touch(Harness.imageBase + 0x1000, .execute) && !action.touch(Harness.imageBase + 0x1000, .write))
  }

  @Test func tooManyRegions() {
    let action = Harness()
    var last: Int64? = 0
    let base = Harness.slotBase + (900 << 20)
    var count: UInt64 = 0
    while count < 200 {
      last = map(action, 3 * 4096, 3, at: base + count * 0x4000, MapFlag.fixed)
      if last == Self.enomem { break }
      count += 1
    }
    #expect(last == Self.enomem && count > 100)
    // What was mapped works all the same, and can be given back: only a hole would make two regions of one.
    #expect(action.touch(base, .write))
    #expect(action.call(.munmap, base + 0x1000, 0x1000) == Self.enomem)
    #expect(action.touch(base + 0x1000, .write))
    #expect(action.call(.munmap, base, 0x1000) == 0 && !action.touch(base, .read) && action.touch(base + 0x1000, .write))
    #expect(action.call(.munmap, base + 0x2000, 0x3000) == 0 && !action.touch(base + 0x4000, .read))
    #expect(map(action, 4096) == Self.enomem)
    for index in 2..<count { #expect(action.call(.munmap, base + index * 0x4000 - 0x1000, 0x4000) == 0) }
    #expect(action.touch(base + 0x1000, .write) && action.touch(base + 0x5000, .write))
    #expect(map(action, 4096) != Self.enomem)
    #expect(action.process.memory.privatePages == action.machine.privatePages)
  }

  /// With no room for another region: holes are punched as deep as may be, then all is given back, from random ends.
  @Test(arguments: 1...6 as ClosedRange<UInt64>)
  func fullTablesCanBeEmptied(seed: UInt64) {
    var random = Random(seed)
    let action = Harness()
    let base = Harness.slotBase + (900 << 20)
    #expect(map(action, 1000 * 4096, 3, at: base, MapFlag.fixed) == Int64(base))
    var mapped = Set(0..<1000 as Range<UInt64>)
    var refused = 0
    for _ in 0..<2000 {
      let first = random.next() % 1000
      let count = 1 + random.next() % min(random.next() % 16 == 0 ? 8 : 2, 1000 - first)
      let isInside = first > 0 && (first - 1...first + count).allSatisfy { mapped.contains($0) }
      let result = action.call(.munmap, base + first * 4096, count * 4096)
      if result == Self.enomem {
        #expect(isInside)
        refused += 1
      } else {
        #expect(result == 0)
        mapped.subtract(first..<first + count)
      }
      let page = random.next() % 1000
      #expect(action.touch(base + page * 4096, .read) == mapped.contains(page))
    }
    #expect(refused > 0)
  }

  @Test func heapLimit() {
    let action = Harness(limits: ActionLimits(memoryBytes: 1 << 20))
    let start = UInt64(bitPattern: action.call(.brk, 0)!)
    #expect(action.call(.brk, start + (1 << 20)) == Int64(start + (1 << 20)))
    // In steps it comes no further.
    #expect(action.call(.brk, start + (1 << 20) + 1) == Int64(start + (1 << 20)))
    #expect(action.call(.brk, start + 1) == Int64(start + 1))
    #expect(action.call(.brk, start + (1 << 20) + 1) == Int64(start + 1))
  }

  /// musl's pthread_getattr_np asks so for the end of the main thread's stack, which it has found where the error is no longer ENOMEM.
  @Test func resizing() {
    let action = Harness()
    var page = Harness.stackTop - 4096
    var result: Int64? = nil
    while page >= Harness.slotBase {
      result = action.call(.mremap, page, 4096, 8192, 0)
      if result != Self.enomem { break }
      page -= 4096
    }
    #expect(result == -14)
    #expect(page == Harness.stackTop - SlotLayout.stackSize - 4096)
    #expect(action.call(.mremap, Harness.data + 1, 4096, 8192, 1) == Self.einval)
    #expect(action.call(.mremap, Harness.data, 0x5000, 0x6000, 1) == -14)
    for pointer in DescriptorCallTests.badPointers where pointer % 4096 == 0 {
      #expect(action.call(.mremap, pointer, 4096, 8192, 1) == -14)
    }
    #expect(action.call(.mremap, Harness.data, .max, 8192, 1) == -14)
    #expect(action.machine.pages.isEmpty)
  }

  /// Random memory calls against a map from page to what it should be.
  @Test(arguments: 1...6 as ClosedRange<UInt64>)
  func againstAModel(seed: UInt64) {
    struct Model {
      var protection: UInt64
      var wasWritable: Bool
    }
    var random = Random(seed)
    let action = Harness()
    let base = Harness.slotBase + (900 << 20)
    let window: UInt64 = 40
    var model: [UInt64: Model] = [:]
    for _ in 0..<3000 {
      let first = random.next() % window
      let count = 1 + random.next() % min(12, window - first)
      let pages = first..<(first + count)
      let address = base + first * 4096
      let protection = random.next() % 8
      let isBad = protection & 6 == 6
      switch random.next() % 5 {
      case 0:
        let replaces = random.next() % 2 == 0
        let result = map(action, count * 4096, protection, at: address, replaces ? MapFlag.fixed : MapFlag.fixedNoReplace)
        if isBad {
          #expect(result == Self.eacces)
        } else if !replaces, pages.contains(where: { model[$0] != nil }) {
          #expect(result == -17)
        } else {
          #expect(result == Int64(address))
          for page in pages { model[page] = Model(protection: protection, wasWritable: protection & 2 != 0) }
        }
      case 1:
        #expect(action.call(.munmap, address, count * 4096) == 0)
        for page in pages { model[page] = nil }
      case 2:
        let result = action.call(.mprotect, address, count * 4096, protection)
        if pages.contains(where: { model[$0] == nil }) {
          #expect(result == Self.enomem)
        } else if isBad || (protection & 4 != 0 && pages.contains(where: { model[$0]!.wasWritable })) {
          #expect(result == Self.eacces)
        } else {
          #expect(result == 0)
          for page in pages {
            model[page]!.protection = protection
            if protection & 2 != 0 { model[page]!.wasWritable = true }
          }
        }
      case 3:
        let page = random.next() % window
        let mapped = model[page]?.protection ?? 0
        #expect(action.touch(base + page * 4096, .read) == (mapped != 0))
        #expect(action.touch(base + page * 4096, .write) == (mapped & 2 != 0))
        #expect(action.touch(base + page * 4096, .execute) == (mapped & 4 != 0))
      default:
        // How far the kernel would go from a byte in the middle of a page.
        var reach: UInt64 = 0
        while reach < count, (model[first + reach]?.protection ?? 0) & 2 != 0 { reach += 1 }
        let bytes = Int(reach * 4096) - 100
        let wanted = count * 4096 - 100
        #expect(
          action.process.memory.accessible(address + 100, wanted, .write) == max(0, min(bytes, Int(wanted))))
      }
      #expect(action.process.memory.privatePages == action.machine.privatePages)
    }
  }
}
