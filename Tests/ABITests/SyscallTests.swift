import ABI
import Testing

@Suite struct SyscallTests {
  /// Numbers from Linux's syscall_64.tbl that a slip would make costly.
  @Test(arguments: [
    (Syscall.read, 0 as UInt64, "read"), (.write, 1, "write"), (.poll, 7, "poll"), (.mmap, 9, "mmap"),
    (.mprotect, 10, "mprotect"), (.munmap, 11, "munmap"), (.brk, 12, "brk"), (.rtSigaction, 13, "rt_sigaction"),
    (.ioctl, 16, "ioctl"), (.readv, 19, "readv"), (.writev, 20, "writev"), (.madvise, 28, "madvise"),
    (.exit, 60, "exit"), (.uname, 63, "uname"), (.readlink, 89, "readlink"), (.archPrctl, 158, "arch_prctl"),
    (.futex, 202, "futex"), (.setTidAddress, 218, "set_tid_address"), (.clockGettime, 228, "clock_gettime"),
    (.exitGroup, 231, "exit_group"), (.openat, 257, "openat"), (.newfstatat, 262, "newfstatat"),
    (.setRobustList, 273, "set_robust_list"), (.prlimit64, 302, "prlimit64"), (.getrandom, 318, "getrandom"),
    (.rseq, 334, "rseq"), (.clone3, 435, "clone3"),
  ])
  func numbersAndNames(call: Syscall, number: UInt64, name: String) {
    #expect(call.rawValue == number)
    #expect(Syscall(rawValue: number) == call)
    #expect(call.name.description == name)
  }

  @Test func everyCallHasANameOfItsOwn() {
    let names = Set(Syscall.allCases.map { $0.name.description })
    #expect(names.count == Syscall.allCases.count)
    #expect(!names.contains(""))
  }

  @Test func errorsReturnTheirNegative() {
    #expect(Errno.noSystemCall.returnValue == -38)
    #expect(Errno.badAddress.returnValue == -14)
    #expect(UInt64(bitPattern: Errno.notPermitted.returnValue) == .max)
  }
}
