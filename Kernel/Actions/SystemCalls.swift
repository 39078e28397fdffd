// Every system call of an action: one switch. What each call promises is in docs/abi.md.
// Reading and writing is in DescriptorCalls.swift, memory in MemoryCalls.swift, constants in ProcessCalls.swift.

import ABI
import Base
public import Bytes

/// A system call as it comes from the registers.
public struct SystemCall: Sendable, BitwiseCopyable {
  public var number: UInt64  // rax
  public var first: UInt64  // rdi
  public var second: UInt64  // rsi
  public var third: UInt64  // rdx
  public var fourth: UInt64  // r10
  public var fifth: UInt64  // r8
  public var sixth: UInt64  // r9

  @inlinable
  public init(
    number: UInt64, _ first: UInt64 = 0, _ second: UInt64 = 0, _ third: UInt64 = 0, _ fourth: UInt64 = 0,
    _ fifth: UInt64 = 0, _ sixth: UInt64 = 0
  ) {
    self.number = number
    self.first = first
    self.second = second
    self.third = third
    self.fourth = fourth
    self.fifth = fifth
    self.sixth = sixth
  }

  /// A descriptor argument: Linux looks at its lower 32 bits only.
  var descriptor: Int32 { Int32(truncatingIfNeeded: first) }
}

/// Why a call did not return a value.
enum CallError: Error {
  /// The call fails with this number.
  case failed(Errno)
  /// The invocation ends.
  case end(Outcome)
  /// The call is the first read of an action that initialises.
  case snapshot
}

extension ActionProcess {
  /// Performs one system call. Standard output is appended to `output`, standard error and remarks to `log`. `request` stays as it is;
  /// it is inout since a borrowed struct would be copied for each call.
  public mutating func systemCall<M: ActionMachine & ~Copyable>(
    _ call: SystemCall, request: inout InvocationRequest, output: inout ByteBuffer, log: inout ByteBuffer,
    machine: inout M
  ) -> ProcessStep {
    do throws(CallError) {
      return .resume(
        returning: try perform(call, request: &request, output: &output, log: &log, machine: &machine))
    } catch {
      switch error {
      case .failed(let errno): return .resume(returning: UInt64(bitPattern: errno.returnValue))
      case .end(let outcome): return .end(outcome)
      case .snapshot: return .takeSnapshot
      }
    }
  }

  private mutating func perform<M: ActionMachine & ~Copyable>(
    _ call: SystemCall, request: inout InvocationRequest, output: inout ByteBuffer, log: inout ByteBuffer,
    machine: inout M
  ) throws(CallError) -> UInt64 {
    guard let known = Syscall(rawValue: call.number) else {
      noteUnknown(call.number, machine.now, &log)
      throw .failed(.noSystemCall)
    }
    switch known {
    case .read: return try read(call, &request, &machine)
    case .write: return try write(call, &output, &log, &machine)
    case .readv: return try readVector(call, &request, &machine)
    case .writev: return try writeVector(call, &output, &log, &machine)
    case .close: return try close(call.descriptor)
    case .poll: return try poll(call, &request, &machine)
    case .fstat: return try fstat(call.descriptor, at: call.second, &machine)
    case .newfstatat: return try newfstatat(call, &machine)
    case .ioctl: throw .failed(isOpen(call.descriptor) ? .notTerminal : .badFileDescriptor)
    case .lseek, .pread64, .pwrite64: throw .failed(isOpen(call.descriptor) ? .illegalSeek : .badFileDescriptor)
    case .fcntl: return try fcntl(call)

    case .brk: return memory.brk(call.first, &machine)
    case .mmap:
      return try memory.mmap(
        call.first, length: call.second, protection: call.third, flags: call.fourth,
        descriptor: Int32(truncatingIfNeeded: call.fifth), &machine)
    case .munmap: return try memory.munmap(call.first, length: call.second, &machine)
    case .mprotect: return try memory.mprotect(call.first, length: call.second, protection: call.third, &machine)
    case .madvise: return try memory.madvise(call.first, length: call.second, advice: call.third, &machine)
    case .mremap: return try memory.mremap(call.first, length: call.second)

    case .exit, .exitGroup: throw .end(.exited(status: UInt8(truncatingIfNeeded: call.first)))
    case .kill: return try raise(call.second, by: call.first, machine.now, &log)
    case .tkill: return try raise(call.second, by: call.first, machine.now, &log)
    case .tgkill: return try raise(call.third, by: call.second, machine.now, &log)

    case .clockGettime: return try clockGettime(call, &machine)
    case .clockGetres: return try clockGetres(call, &machine)
    case .gettimeofday: return try gettimeofday(call, &machine)
    case .time: return try time(call, &machine)
    case .getrandom: return try getrandom(call, &machine)

    case .archPrctl: return try archPrctl(call, &machine)
    case .setTidAddress, .gettid, .getpid: return Self.processID
    case .getppid, .getuid, .getgid, .geteuid, .getegid: return 0
    case .setRobustList, .schedYield: return 0
    case .rtSigaction: return try putZeros(32, at: call.third, &machine)
    case .rtSigprocmask: return try putZeros(8, at: call.third, &machine)
    case .sigaltstack: return try sigaltstack(call, &machine)
    case .futex: return try futex(call, &machine)
    case .schedGetaffinity: return try schedGetaffinity(call, &machine)
    case .uname: return try uname(call, &machine)
    case .sysinfo: return try sysinfo(call, &machine)
    case .prlimit64: return try prlimit(call, &machine)
    case .getrlimit: return try putResourceLimit(call.first, at: call.second, &machine)
    case .readlink: return try readlink(call, &request, &machine)

    // There is no file system: every path is missing.
    case .open, .openat, .stat, .lstat, .access, .faccessat, .faccessat2, .readlinkat: throw .failed(.noSuchFile)
    // What run-times try and do well without; not worth a line in the log.
    case .rseq, .statx, .prctl: throw .failed(.noSystemCall)

    case .pipe, .pipe2, .select, .dup, .dup2, .dup3, .nanosleep, .clockNanosleep, .socket, .connect, .clone, .clone3,
      .fork, .vfork, .execve, .wait4, .getcwd, .getrusage, .epollCreate, .epollCreate1, .ppoll, .eventfd2,
      .memfdCreate:
      noteUnknown(call.number, machine.now, &log)
      throw .failed(.noSystemCall)
    }
  }
}
