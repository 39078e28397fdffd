import ABI
import Actions
import Testing

@Suite struct DescriptorCallTests {
  static let efault: Int64 = -14

  /// Addresses that no call may take, whatever it wants there.
  static let badPointers: [UInt64] = [
    0, 1, 0x1000, 0x10_0000,  // null and the kernel
    AddressSpace.firstSlotBase - 1, AddressSpace.slotBase(0), AddressSpace.slotBase(2) + SlotLayout.imageOffset + 0x3000,
    AddressSpace.slotBase(4), AddressSpace.slotBase(4) + SlotLayout.imageOffset + 0x3000,  // other slots
    Harness.slotBase, Harness.slotBase + 0x1000, Harness.imageBase - 1,  // below the image
    Harness.imageBase + 0x2000, Harness.imageBase + 0x7000,  // between segments, past the image
    Harness.stackTop, Harness.stackTop - SlotLayout.stackSize - 1,  // past the stack, its guard
    Harness.slotBase + SlotLayout.mapLimit, Harness.slotBase + AddressSpace.slotSize - 1,
    AddressSpace.userLimit, (1 << 47) - 1, 1 << 47, 0xffff_7fff_ffff_ffff, 0xffff_8000_0000_0000,  // not canonical, upper half
    .max - 7, .max,
  ]

  @Test func readCopiesTheInput() {
    let action = Harness(input: Array(0..<200))
    #expect(action.call(.read, 0, Harness.data + 0xff8, 100) == 100)
    #expect(action.peek(100, at: Harness.data + 0xff8) == Array(0..<100))
    #expect(action.call(.read, 0, Harness.data, 0) == 0)
    #expect(action.call(.read, 0, Harness.data, 1000) == 100)
    #expect(action.peek(100, at: Harness.data) == Array(100..<200))
    #expect(action.call(.read, 0, Harness.data, 1000) == 0)
    #expect(action.machine.violations.isEmpty)
  }

  /// Two actions do the same at random; one of them is never answered quickly.
  @Test func quickAnswersAreTheGeneralOnes() {
    var random = Random(11)
    let pages = [Harness.data, Harness.data + 0x3000, Harness.imageBase, Harness.imageBase + 0x1000, Harness.stackTop - 0x1000, Harness.slotBase]
    for round in 0..<60 {
      let input = (0..<random.next() % 300).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      let limits = ActionLimits(outputBytes: Int(random.next() % 400))
      let mode: ActionMode = round % 6 == 5 ? .initialising : .process
      let actions = [true, false].map { isQuick in
        let action = Harness(input: input, limits: limits, mode: mode)
        action.isQuick = isQuick
        return action
      }
      for _ in 0..<40 {
        let calls: [Syscall] = [.read, .read, .read, .write, .write, .write, .close, .mprotect]
        let call = calls[Int(random.next() % 8)]
        let place = pages[Int(random.next() % 6)] &+ [0, 1, 0xff0, 0xfff, 0x1000][Int(random.next() % 5)]
        let length = [0, 1, 16, 17, 100, 4096, UInt64.max][Int(random.next() % 7)]
        let descriptor = [0, 0, 1, 1, 2, 3, 1 << 32, UInt64.max][Int(random.next() % 8)]
        let steps = actions.map { action in
          switch call {
          case .mprotect: action.step(SystemCall(number: call.rawValue, place & ~0xfff, 0x1000, random.state % 4))
          default: action.step(SystemCall(number: call.rawValue, descriptor, place, length))
          }
        }
        #expect(steps[0] == steps[1])
        if case .resume = steps[0] { continue }
        break
      }
      #expect(bytes(of: actions[0].output) == bytes(of: actions[1].output))
      #expect(actions[0].machine.pages.mapValues { $0.bytes } == actions[1].machine.pages.mapValues { $0.bytes })
      #expect(actions.allSatisfy { $0.machine.violations.isEmpty })
    }
  }

  @Test func readGoesOnlyWhereTheActionMayWrite() {
    for pointer in Self.badPointers + [Harness.imageBase, Harness.imageBase + 0x1000] {
      let action = Harness(input: [1, 2, 3])
      #expect(action.call(.read, 0, pointer, 3) == Self.efault, "\(String(pointer, radix: 16))")
      #expect(action.call(.read, 0, pointer, .max) == Self.efault)
      #expect(action.machine.violations.isEmpty && action.machine.pages.isEmpty)
      // Nothing was taken from the input.
      #expect(action.call(.read, 0, Harness.data, 3) == 3)
    }
  }

  @Test func writeComesOnlyFromWhereTheActionMayRead() {
    for pointer in Self.badPointers {
      for descriptor in [1, 2] as [UInt64] {
        let action = Harness()
        #expect(action.call(.write, descriptor, pointer, 3) == Self.efault, "\(String(pointer, radix: 16))")
        #expect(action.call(.write, descriptor, pointer, .max) == Self.efault)
        #expect(action.call(.write, descriptor, pointer, 0) == 0)
        #expect(action.output.count == 0 && action.log.count == 0)
      }
    }
  }

  @Test func runsThatReachIntoBadMemoryAreDoneInPart() {
    let action = Harness(input: Array(repeating: 7, count: 10_000))
    let end = Harness.imageBase + 0x7000
    #expect(action.call(.read, 0, end - 5, 100) == 5)
    #expect(action.call(.write, 1, end - 3, .max) == 3)
    #expect(bytes(of: action.output) == [7, 7, 7])
    #expect(action.call(.read, 0, Harness.stackTop - 16, .max - 8) == 16)
    // From the read-only headers into the code, but not past it.
    #expect(action.call(.write, 1, Harness.imageBase + 0x10, 0x10000) == 0x1ff0)
    #expect(action.machine.violations.isEmpty)
  }

  @Test func writeReadsWithoutMakingPagesPrivate() {
    let action = Harness()
    #expect(action.call(.write, 1, Harness.data, 16) == 16)
    #expect(action.machine.privatePages == 0)
    #expect(bytes(of: action.output) == Array(ELFBuilder().bytes()[0x2000..<0x2010]))
  }

  @Test func descriptors() {
    let ebadf: Int64 = -9
    let action = Harness(input: [1, 2, 3])
    for descriptor in [3, 4, 63, 0x7fff_ffff, 0xffff_ffff, .max] as [UInt64] {
      #expect(action.call(.read, descriptor, Harness.data, 1) == ebadf)
      #expect(action.call(.write, descriptor, Harness.data, 1) == ebadf)
      #expect(action.call(.close, descriptor) == ebadf)
      #expect(action.call(.fstat, descriptor, Harness.data) == ebadf)
      #expect(action.call(.ioctl, descriptor, 0x5401, Harness.data) == ebadf)
      #expect(action.call(.lseek, descriptor) == ebadf)
      #expect(action.call(.fcntl, descriptor, 1) == ebadf)
    }
    #expect(action.call(.read, 1, Harness.data, 1) == ebadf)
    #expect(action.call(.write, 0, Harness.data, 1) == ebadf)
    // Linux looks at 32 bits of a descriptor.
    #expect(action.call(.read, 1 << 32, Harness.data, 1) == 1)
    #expect(action.call(.ioctl, 1, 0x5401, Harness.data) == -25)
    #expect(action.call(.lseek, 0, 0, 1) == -29)
    #expect(action.call(.fcntl, 1, 3) == 1)
    #expect(action.call(.fcntl, 0, 0) == -22)
    #expect(action.call(.close, 0) == 0)
    #expect(action.call(.close, 0) == ebadf)
    #expect(action.call(.read, 0, Harness.data, 1) == ebadf)
    #expect(action.call(.close, 1) == 0)
    #expect(action.call(.write, 1, Harness.data, 1) == ebadf)
  }

  @Test func outputLimitEndsTheAction() {
    let action = Harness(limits: ActionLimits(outputBytes: 10))
    #expect(action.call(.write, 1, Harness.data, 6) == 6)
    #expect(action.call(.write, 1, Harness.data, 4) == 4)
    #expect(action.call(.write, 1, Harness.data, 0) == 0)
    #expect(action.step(SystemCall(number: 1, 1, Harness.data, 1)) == .end(.outputLimit))
    #expect(action.output.count == 10)
  }

  @Test func logIsCutAndSaysSo() {
    let action = Harness(limits: ActionLimits(logBytes: 10))
    #expect(action.call(.write, 2, Harness.data, 6) == 6)
    #expect(action.call(.write, 2, Harness.data, 6) == 6)
    #expect(action.call(.write, 2, Harness.data, 4096) == 4096)
    _ = action.call(.fork)
    let bytes = ELFBuilder().bytes()[0x2000..<0x2010]
    let log = text(of: action.log)
    #expect(log.hasSuffix("\nswiftlet: the log was cut at its limit of 10 bytes\n"))
    #expect(log.utf8.count < 100)
    #expect(action.log.span[9] == bytes[bytes.startIndex + 3])
  }

  @Test func vectors() {
    let action = Harness(input: Array(1...20))
    let vector = Harness.data + 0x800
    #expect(action.poke(words: [Harness.data, 3, 0, 0, Harness.data + 8, 4, Harness.data + 16, 100], at: vector))
    #expect(action.call(.readv, 0, vector, 4) == 20)
    #expect(action.peek(3, at: Harness.data) == [1, 2, 3])
    #expect(action.peek(4, at: Harness.data + 8) == [4, 5, 6, 7])
    #expect(action.peek(13, at: Harness.data + 16) == Array(8...20))
    #expect(action.poke(words: [Harness.data, 2, Harness.data + 16, 2], at: vector))
    #expect(action.call(.writev, 1, vector, 2) == 4)
    #expect(bytes(of: action.output) == [1, 2, 8, 9])
    #expect(action.call(.writev, 1, vector, 0) == 0)
    #expect(action.call(.writev, 1, vector, 1025) == -22)
    #expect(action.call(.writev, 1, vector, .max) == -22)
    for pointer in Self.badPointers { #expect(action.call(.writev, 1, pointer, 1) == Self.efault) }
    // The vector itself reaches past the image's end.
    #expect(action.call(.writev, 1, Harness.imageBase + 0x7000 - 8, 1) == Self.efault)
    // A negative length anywhere: nothing is written.
    #expect(action.poke(words: [Harness.data, 2, Harness.data, 1 << 63], at: vector))
    #expect(action.call(.writev, 1, vector, 2) == -22)
    #expect(action.output.count == 4)
    // A bad pointer after a good one: a part.
    #expect(action.poke(words: [Harness.data, 2, 0, 5], at: vector))
    #expect(action.call(.writev, 1, vector, 2) == 2)
    #expect(action.poke(words: [0, 5, Harness.data, 2], at: vector))
    #expect(action.call(.writev, 1, vector, 2) == Self.efault)
    #expect(action.machine.violations.isEmpty)
  }

  /// readv that overwrites its own vector works on the vector as it was.
  @Test func readvOntoItsOwnVector() {
    let action = Harness(input: Array(repeating: 0xff, count: 64))
    let vector = Harness.data + 0x800
    #expect(action.poke(words: [vector, 32, Harness.data, 8], at: vector))
    #expect(action.call(.readv, 0, vector, 2) == 40)
    #expect(action.machine.violations.isEmpty)
  }

  @Test func poll() {
    let action = Harness(input: [1])
    let list = Harness.data + 0x100
    func entry(_ descriptor: UInt32, _ events: UInt64) -> UInt64 { UInt64(descriptor) | events << 32 }
    #expect(
      action.poke(words: [entry(0, 1), entry(1, 4), entry(2, 1), entry(9, 1), entry(.max, 1)], at: list))
    #expect(action.call(.poll, list, 5, 0) == 3)
    let revents = (0..<5).map { action.peek(2, at: list + UInt64(8 * $0) + 6)! }
    #expect(revents == [[0x11, 0], [4, 0], [0, 0], [0x20, 0], [0, 0]])
    #expect(action.call(.read, 0, Harness.data, 5) == 1)
    #expect(action.call(.poll, list, 1, .max) == 1)
    #expect(action.peek(2, at: list + 6) == [0x10, 0])
    #expect(action.call(.poll, 0, 0, 0) == 0)
    #expect(action.call(.poll, list, 1025, 0) == -22)
    #expect(action.call(.poll, list, 1 << 61, 0) == -22)
    for pointer in Self.badPointers { #expect(action.call(.poll, pointer, 1, 0) == Self.efault) }
    // An array that may only be read is refused before anything is written.
    #expect(action.call(.poll, Harness.imageBase, 1, 0) == Self.efault)
  }

  @Test func fstatSaysPipe() {
    let action = Harness()
    #expect(action.call(.fstat, 1, Harness.data) == 0)
    #expect(action.peek(4, at: Harness.data + 24) == [0x80, 0x11, 0, 0])  // S_IFIFO | 0600
    #expect(action.poke([0], at: Harness.data + 0x900))
    #expect(action.call(.newfstatat, 0, Harness.data + 0x900, Harness.data, 0x1000) == 0)
    #expect(action.call(.newfstatat, 0, Harness.data + 0x900, Harness.data, 0) == -2)
    #expect(action.poke([0x2f, 0], at: Harness.data + 0x900))
    #expect(action.call(.newfstatat, 0, Harness.data + 0x900, Harness.data, 0x1000) == -2)
    for pointer in Self.badPointers {
      #expect(action.call(.fstat, 1, pointer) == Self.efault)
      #expect(action.call(.newfstatat, 0, pointer, Harness.data, 0x1000) == Self.efault)
    }
  }
}
