// Time, randomness, and the calls that run-times make at their start and that have constant answers.

import ABI
import Base
import Bytes

extension ActionProcess {
  /// The only process there is.
  static var processID: UInt64 { 1 }

  /// A signal that the program sends to itself ends it, as its default action does on Linux; handlers are never called.
  @_optimize(size)
  mutating func raise(
    _ signal: UInt64, by id: UInt64, _ now: Instant, _ log: inout ByteBuffer
  ) throws(CallError) -> UInt64 {
    // kill(0 and -1, …) reach the caller's group and everything: the caller alone.
    let target = Int32(truncatingIfNeeded: id)
    guard target == 0 || target == -1 || target == Int32(Self.processID) else { throw .failed(.noSuchProcess) }
    guard signal <= 64 else { throw .failed(.invalidArgument) }
    switch signal {
    case 0, 17, 18, 23, 28: return 0  // the null signal, SIGCHLD, SIGCONT, SIGURG, SIGWINCH
    default:
      noteSignal(signal, now, &log)
      throw .end(.exited(status: 128 &+ UInt8(signal)))
    }
  }

  mutating func clockGettime<M: ActionMachine & ~Copyable>(
    _ call: SystemCall, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    let time: UInt64
    switch call.first {
    case 0, 5, 11: time = machine.wallClock  // CLOCK_REALTIME, _COARSE, CLOCK_TAI
    case 1, 4, 6, 7: time = machine.now.nanoseconds  // CLOCK_MONOTONIC, _RAW, _COARSE, CLOCK_BOOTTIME
    case 2, 3: time = (machine.now - started).nanoseconds  // CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID
    default: throw .failed(.invalidArgument)
    }
    try put(time / 1_000_000_000, time % 1_000_000_000, at: call.second, &machine)
    return 0
  }

  @_optimize(size)
  mutating func clockGetres<M: ActionMachine & ~Copyable>(
    _ call: SystemCall, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    guard call.first <= 7 || call.first == 11 else { throw .failed(.invalidArgument) }
    if call.second != 0 { try put(0, 1, at: call.second, &machine) }
    return 0
  }

  @_optimize(size)
  mutating func gettimeofday<M: ActionMachine & ~Copyable>(
    _ call: SystemCall, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    let time = machine.wallClock
    if call.first != 0 { try put(time / 1_000_000_000, time % 1_000_000_000 / 1_000, at: call.first, &machine) }
    if call.second != 0 { try put(0, at: call.second, &machine) }  // struct timezone: UTC
    return 0
  }

  mutating func time<M: ActionMachine & ~Copyable>(_ call: SystemCall, _ machine: inout M) throws(CallError) -> UInt64 {
    let seconds = machine.wallClock / 1_000_000_000
    if call.first != 0 { try put(seconds, at: call.first, &machine) }
    return seconds
  }

  /// Fills at most 64 KiB a call, so that no call is long; longer requests are answered in part, as Linux may do as well.
  @_optimize(size)
  mutating func getrandom<M: ActionMachine & ~Copyable>(
    _ call: SystemCall, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    guard call.third & ~7 == 0 else { throw .failed(.invalidArgument) }  // GRND_NONBLOCK, GRND_RANDOM, GRND_INSECURE
    let wanted = min(call.second, 64 << 10)
    guard wanted > 0 else { return 0 }
    let count = memory.accessible(call.first, wanted, .write)
    guard count > 0 else { throw .failed(.badAddress) }
    var done = 0
    var bytes: [64 of UInt8] = .init(repeating: 0)
    while done < count {
      let part = min(64, count &- done)
      var words = bytes.mutableSpan
      for offset in stride(from: 0, to: part, by: 8) { words.storeLE64(machine.random(), at: offset) }
      try put(bytes.span.extracting(0..<part), at: call.first &+ UInt64(done), &machine)
      done &+= part
    }
    return UInt64(count)
  }

  mutating func archPrctl<M: ActionMachine & ~Copyable>(
    _ call: SystemCall, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    switch call.first {
    case 0x1002:  // ARCH_SET_FS
      guard call.second < AddressSpace.userLimit else { throw .failed(.notPermitted) }
      machine.threadPointer = call.second
    case 0x1003: try put(machine.threadPointer, at: call.second, &machine)  // ARCH_GET_FS
    default: throw .failed(.invalidArgument)
    }
    return 0
  }

  /// Says that there is no alternate stack (SS_DISABLE); one that is set is never used.
  @_optimize(size)
  mutating func sigaltstack<M: ActionMachine & ~Copyable>(
    _ call: SystemCall, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    guard call.second != 0 else { return 0 }
    var bytes: [24 of UInt8] = .init(repeating: 0)
    bytes[8] = 2
    try put(bytes.span, at: call.second, &machine)
    return 0
  }

  /// There is one thread: nobody waits to be woken, and nobody would ever wake a waiter.
  @_optimize(size)
  mutating func futex<M: ActionMachine & ~Copyable>(_ call: SystemCall, _ machine: inout M) throws(CallError) -> UInt64 {
    switch call.second & 0x7f {
    case 1, 10: return 0  // FUTEX_WAKE, FUTEX_WAKE_BITSET
    case 0, 9:  // FUTEX_WAIT, FUTEX_WAIT_BITSET
      var bytes: [4 of UInt8] = .init(repeating: 0)
      var word = bytes.mutableSpan
      try take(&word, from: call.first, &machine)
      guard bytes.span.loadLE32(0) == UInt32(truncatingIfNeeded: call.third) else { throw .failed(.tryAgain) }
      throw .failed(call.fourth == 0 ? .deadlock : .timedOut)
    default: throw .failed(.noSystemCall)
    }
  }

  /// One CPU.
  @_optimize(size)
  mutating func schedGetaffinity<M: ActionMachine & ~Copyable>(
    _ call: SystemCall, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    guard call.second >= 8, call.second & 7 == 0 else { throw .failed(.invalidArgument) }
    try put(1, at: call.third, &machine)
    return 8
  }

  @_optimize(size)
  mutating func uname<M: ActionMachine & ~Copyable>(_ call: SystemCall, _ machine: inout M) throws(CallError) -> UInt64 {
    var bytes: [390 of UInt8] = .init(repeating: 0)
    var name = bytes.mutableSpan
    _ = name.copy("Linux", to: 0)  // sysname: what run-times are built for
    _ = name.copy("swiftlet", to: 65)  // nodename
    _ = name.copy("6.1.0", to: 130)  // release: the ABI that is followed
    _ = name.copy("#1 Swiftlet", to: 195)  // version
    _ = name.copy("x86_64", to: 260)  // machine
    _ = name.copy("(none)", to: 325)  // domainname
    try put(bytes.span, at: call.first, &machine)
    return 0
  }

  /// The machine as the action may know it: its memory is the action's limit. glibc's sysconf, and by it qsort, asks.
  @_optimize(size)
  mutating func sysinfo<M: ActionMachine & ~Copyable>(
    _ call: SystemCall, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    var bytes: [112 of UInt8] = .init(repeating: 0)
    var info = bytes.mutableSpan
    let total = max(0, limits.memoryBytes)
    let used = memory.peakPages << Int(AddressSpace.pageShift)
    info.storeLE64(machine.now.nanoseconds / 1_000_000_000, at: 0)  // uptime
    info.storeLE64(UInt64(total), at: 32)  // totalram
    info.storeLE64(UInt64(max(0, total &- used)), at: 40)  // freeram
    info.storeLE16(1, at: 80)  // procs
    info.storeLE32(1, at: 104)  // mem_unit
    try put(bytes.span, at: call.first, &machine)
    return 0
  }

  @_optimize(size)
  mutating func prlimit<M: ActionMachine & ~Copyable>(
    _ call: SystemCall, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    guard call.first == 0 || call.first == Self.processID else { throw .failed(.noSuchProcess) }
    guard call.third == 0 else { throw .failed(.notPermitted) }
    guard call.fourth != 0 else { return 0 }
    return try putResourceLimit(call.second, at: call.fourth, &machine)
  }

  mutating func putResourceLimit<M: ActionMachine & ~Copyable>(
    _ resource: UInt64, at address: UInt64, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    let limit: UInt64
    switch resource {
    case 2, 9: limit = UInt64(max(0, limits.memoryBytes))  // RLIMIT_DATA, RLIMIT_AS
    case 3: limit = SlotLayout.stackSize  // RLIMIT_STACK
    case 4: limit = 0  // RLIMIT_CORE
    case 6: limit = 1  // RLIMIT_NPROC
    case 7: limit = 4  // RLIMIT_NOFILE
    case 0, 1, 5, 8, 10...15: limit = .max  // RLIM_INFINITY
    default: throw .failed(.invalidArgument)
    }
    try put(limit, limit, at: address, &machine)
    return 0
  }

  /// Only /proc/self/exe can be asked for: it is "/" and the action's name.
  @_optimize(size)
  mutating func readlink<M: ActionMachine & ~Copyable>(
    _ call: SystemCall, _ request: inout InvocationRequest, _ machine: inout M
  ) throws(CallError) -> UInt64 {
    guard Int32(truncatingIfNeeded: call.third) > 0 else { throw .failed(.invalidArgument) }
    let readable = memory.accessible(call.first, 15, .read)
    guard readable > 0 else { throw .failed(.badAddress) }
    try takeIntoScratch(readable, from: call.first, .read, &machine)
    guard readable == 15, scratch.span.extracting(0..<14).equals("/proc/self/exe"), scratch.span[14] == 0 else {
      throw .failed(.noSuchFile)
    }
    scratch.truncate(to: 0)
    guard scratch.append("/"), scratch.append(request.name) else { throw .end(.noMemory) }
    let count = min(scratch.count, Int(Int32(truncatingIfNeeded: call.third)))
    try demand(call.second, count, .write, &machine)
    machine.copyOut(scratch.span.extracting(0..<count), to: call.second)
    return UInt64(count)
  }
}
