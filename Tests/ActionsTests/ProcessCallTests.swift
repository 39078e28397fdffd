import ABI
import Actions
import Base
import Bytes
import Testing

@Suite struct ProcessCallTests {
  /// Every number from 0 to 600 and some absurd ones, with hostile arguments of every kind: the call returns or ends the
  /// action, nothing is touched that the page tables do not allow.
  @Test func everyCallWithHostileArguments() {
    let values = DescriptorCallTests.badPointers + [2, 8, 16, 4096, 1 << 20, 1 << 30, Harness.data, Harness.data + 0x3fff,
      Harness.stackTop - 8, Harness.imageBase + 0x1000, Harness.imageBase + 0xfff]
    var random = Random(1)
    var action = Harness(input: Array(repeating: 1, count: 5000))
    var ended = 0
    for number in Array(0...600) + [1 << 16, 1 << 32, 0xffff_ffff, UInt64.max] {
      for _ in 0..<60 {
        let arguments = (0..<6).map { _ in values[Int.random(in: 0..<values.count, using: &random)] }
        let call = SystemCall(
          number: number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5])
        if case .end = action.step(call) {
          ended += 1
          action = Harness(input: Array(repeating: 1, count: 5000))
        }
        #expect(action.machine.violations.isEmpty)
        #expect(action.process.memory.privatePages == action.machine.privatePages)
      }
    }
    #expect(ended > 0)
  }

  @Test func unknownCallsAreNamedOnce() {
    let action = Harness()
    #expect(action.call(.clone) == -38)
    #expect(action.call(.clone) == -38)
    #expect(action.step(SystemCall(number: 450)) == .resume(returning: UInt64(bitPattern: -38)))
    #expect(action.step(SystemCall(number: 5000)) == .resume(returning: UInt64(bitPattern: -38)))
    #expect(action.step(SystemCall(number: 6000)) == .resume(returning: UInt64(bitPattern: -38)))
    #expect(
      text(of: action.log) == """
        swiftlet: the action called clone (56), which is not provided (ENOSYS)
        swiftlet: the action called number 450, which is not provided (ENOSYS)
        swiftlet: the action called number 5000, which is not provided (ENOSYS)

        """)
  }

  @Test func sysinfoTellsTheMemoryLimit() {
    let action = Harness(limits: ActionLimits(memoryBytes: 3 << 20))
    #expect(action.call(.sysinfo, Harness.data + 8) == 0)
    let info = action.peek(112, at: Harness.data + 8) ?? []
    let used = UInt64(action.process.memory.peakPages) << 12
    #expect(littleEndian(info[32..<40]) == 3 << 20)
    // The pages that the answer itself took count from then on.
    let free = littleEndian(info[40..<48])
    #expect(free < 3 << 20 && free >= (3 << 20) - used && free & 4095 == 0)
    #expect(littleEndian(info[80..<82]) == 1)
    #expect(littleEndian(info[104..<108]) == 1)
    #expect(action.call(.sysinfo, 0) == -14)
    #expect(action.call(.sysinfo, Harness.stackTop - 111) == -14)
    #expect(action.log.count == 0)
  }

  @Test(arguments: [(0 as UInt64, 0 as UInt8), (1, 1), (255, 255), (256, 0), (.max, 255)])
  func exit(status: UInt64, expected: UInt8) {
    for number in [60, 231] as [UInt64] {
      let action = Harness()
      #expect(action.step(SystemCall(number: number, status)) == .end(.exited(status: expected)))
    }
  }

  @Test func abortEndsLikeAShellSays() {
    let action = Harness()
    #expect(action.step(SystemCall(number: 234, 1, 1, 6)) == .end(.exited(status: 134)))
    #expect(text(of: action.log) == "swiftlet: the action raised signal 6 (SIGABRT)\n")
    let other = Harness()
    #expect(other.call(.kill, 1, 0) == 0)
    #expect(other.call(.kill, 1, 65) == -22)
    #expect(other.call(.kill, 2, 9) == -3)
    #expect(other.call(.tkill, 1, 28) == 0)
  }

  @Test func clocks() {
    let action = Harness()
    #expect(action.call(.clockGettime, 0, Harness.data) == 0)
    #expect(action.word(at: Harness.data) == 1_700_000_000)
    #expect(action.word(at: Harness.data + 8) == 123_456_789)
    #expect(action.call(.clockGettime, 1, Harness.data) == 0)
    #expect(action.word(at: Harness.data) == 5)
    #expect(action.call(.clockGettime, 2, Harness.data) == 0)
    #expect(action.word(at: Harness.data + 8) == 7)
    #expect(action.call(.clockGettime, 99, Harness.data) == -22)
    #expect(action.call(.gettimeofday, Harness.data, 0) == 0)
    #expect(action.word(at: Harness.data + 8) == 123_456)
    #expect(action.call(.time, 0) == 1_700_000_000)
    #expect(action.call(.clockGetres, 1, 0) == 0)
    for pointer in DescriptorCallTests.badPointers { #expect(action.call(.clockGettime, 0, pointer) == -14) }
  }

  @Test func randomBytes() {
    let action = Harness()
    #expect(action.call(.getrandom, Harness.data, 100, 0) == 100)
    let first = action.peek(100, at: Harness.data)!
    #expect(Set(first).count > 30)
    #expect(action.call(.getrandom, Harness.data, 0, 0) == 0)
    #expect(action.call(.getrandom, Harness.data, 8, 8) == -22)
    #expect(action.call(.getrandom, Harness.data, .max, 0) == 0x4000)
    #expect(action.call(.getrandom, Harness.stackTop - 3, 8, 0) == 3)
    for pointer in DescriptorCallTests.badPointers { #expect(action.call(.getrandom, pointer, 8, 0) == -14) }
    #expect(action.machine.violations.isEmpty)
  }

  @Test func threadPointer() {
    let action = Harness()
    #expect(action.call(.archPrctl, 0x1002, Harness.data) == 0)
    #expect(action.machine.threadPointer == Harness.data)
    #expect(action.call(.archPrctl, 0x1003, Harness.data + 8) == 0)
    #expect(action.word(at: Harness.data + 8) == Harness.data)
    for bad in [AddressSpace.userLimit, 1 << 47, 0xffff_8000_0000_0000, .max] as [UInt64] {
      #expect(action.call(.archPrctl, 0x1002, bad) == -1)
    }
    #expect(action.machine.threadPointer == Harness.data)
    #expect(action.call(.archPrctl, 0x1001, Harness.data) == -22)
    #expect(action.call(.archPrctl, 0x1003, 0) == -14)
  }

  @Test func constants() {
    let action = Harness()
    for call in [Syscall.getpid, .gettid, .setTidAddress] { #expect(action.call(call) == 1) }
    for call in [Syscall.getuid, .geteuid, .getgid, .getegid, .getppid, .setRobustList, .schedYield, .rtSigaction,
      .rtSigprocmask, .sigaltstack]
    {
      #expect(action.call(call) == 0)
    }
    #expect(action.poke(Array(repeating: 0xff, count: 64), at: Harness.data))
    #expect(action.call(.rtSigaction, 11, 0, Harness.data, 8) == 0)
    #expect(action.peek(33, at: Harness.data) == Array(repeating: 0, count: 32) + [0xff])
    #expect(action.call(.sigaltstack, 0, Harness.data) == 0)
    #expect(action.peek(12, at: Harness.data) == [0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0])
    #expect(action.call(.uname, Harness.data) == 0)
    #expect(action.peek(6, at: Harness.data) == Array("Linux\0".utf8))
    #expect(action.peek(7, at: Harness.data + 260) == Array("x86_64\0".utf8))
    #expect(action.call(.prlimit64, 0, 3, 0, Harness.data) == 0)
    #expect(action.word(at: Harness.data) == 8 << 20)
    #expect(action.call(.prlimit64, 0, 3, Harness.data, 0) == -1)
    #expect(action.call(.prlimit64, 0, 99, 0, Harness.data) == -22)
    #expect(action.call(.schedGetaffinity, 0, 128, Harness.data) == 8)
    #expect(action.call(.openat, 0, Harness.data, 0) == -2)
    #expect(action.call(.rseq) == -38)
    #expect(action.log.count == 0)
  }

  @Test func futexWithOneThread() {
    let action = Harness()
    #expect(action.poke(words: [5], at: Harness.data))
    #expect(action.call(.futex, Harness.data, 129, 1) == 0)
    #expect(action.call(.futex, Harness.data, 128, 4) == -11)
    #expect(action.call(.futex, Harness.data, 128, 5) == -35)
    #expect(action.call(.futex, Harness.data, 128, 5, Harness.data) == -110)
    #expect(action.call(.futex, 0, 0, 5) == -14)
  }

  @Test func readlinkKnowsOnlyTheProgram() {
    let action = Harness()
    #expect(action.poke(Array("/proc/self/exe\0".utf8), at: Harness.data))
    #expect(action.call(.readlink, Harness.data, Harness.data + 64, 100) == 5)
    #expect(action.peek(5, at: Harness.data + 64) == Array("/echo".utf8))
    #expect(action.call(.readlink, Harness.data, Harness.data + 64, 2) == 2)
    #expect(action.call(.readlink, Harness.data, 0, 100) == -14)
    #expect(action.call(.readlink, Harness.data, Harness.data + 64, 0) == -22)
    #expect(action.call(.readlink, 0, Harness.data + 64, 100) == -14)
    #expect(action.poke(Array("/proc/self/exe2".utf8), at: Harness.data))
    #expect(action.call(.readlink, Harness.data, Harness.data + 64, 100) == -2)
    // A path that ends just before unmapped memory.
    let end = Harness.imageBase + 0x7000
    #expect(action.poke(Array("/x\0".utf8), at: end - 3))
    #expect(action.call(.readlink, end - 3, Harness.data, 100) == -2)
  }

  @Test func nothingOfAnInvocationIsLeftForTheNext() {
    let action = Harness(input: [1, 2, 3])
    _ = action.call(.read, 0, Harness.data, 2)
    _ = action.call(.close, 1)
    _ = action.call(.clone)
    _ = action.call(.brk, Harness.slotBase + 0x30_0000)
    _ = action.call(.mprotect, Harness.imageBase, 4096, 0)
    action.process.begin(
      action.layout, slotBase: Harness.slotBase, limits: ActionLimits(), privatePages: 0, outputStart: 0,
      logStart: action.log.count, now: Instant(nanoseconds: 0))
    action.machine.pages = [:]
    #expect(action.call(.read, 0, Harness.data, 9) == 3)
    #expect(action.call(.write, 1, Harness.imageBase, 1) == 1)
    #expect(action.call(.clone) == -38)
    #expect(text(of: action.log).components(separatedBy: "clone").count == 3)
    #expect(action.process.memory.changedImagePages.isEmpty)
  }
}

extension String {
  func components(separatedBy text: String) -> [Substring] {
    var parts: [Substring] = []
    var rest = self[...]
    while let range = rest.firstRange(of: text) {
      parts.append(rest[..<range.lowerBound])
      rest = rest[range.upperBound...]
    }
    return parts + [rest]
  }
}
