// The running invocation, as the traps and system calls find it, and what they do with it.
// Out of scope: entering and leaving (Executor.swift), what calls mean (ActionProcess in Actions).

import ABI
import Actions
import Base
import Bytes
import CBoot

/// State of the invocation that runs now. It stays at one address, which the core's state holds; between entering user
/// mode and leaving it, it is reached only through that address.
@safe struct RunContext: ~Copyable {
  var process = ActionProcess()
  var hardware: ActionHardware
  let clock: Clock
  /// The caller's request and buffers; valid for the length of an invocation.
  var request: UnsafeMutablePointer<InvocationRequest>
  var output: UnsafeMutablePointer<ByteBuffer>
  var log: UnsafeMutablePointer<ByteBuffer>
  var deadline = Instant.distantFuture
  /// How the invocation ended; meaningful once user mode has been left, where the action has not arrived instead.
  var outcome = Outcome.notInstalled
  /// Whether an action that initialises has arrived at its first read.
  var hasArrived = false
  /// The registers then.
  var registers = user_state()

  /// Notes where an action that initialises has arrived: before the call that `frame` is of. SYSCALL takes two bytes.
  @_optimize(size) @inline(never)
  mutating func arrive(_ frame: syscall_frame) {
    hasArrived = true
    // SAFETY: the core's state lives for ever; the entry wrote the registers there.
    let kept = unsafe thisCore()!.pointee.kept
    registers = user_state(kept: kept, frame: frame, fs_base: hardware.threadPointer)
    registers.frame.rip &-= 2
  }

  mutating func fault(_ kind: FaultKind, at instruction: UInt64) -> Bool {
    outcome = .fault(FaultReport(kind: kind, instructionOffset: process.imageOffset(of: instruction)))
    return false
  }

  mutating func pageFault(_ code: UInt64, at instruction: UInt64) -> Bool {
    // Error code (AMD64 manual, volume 2, section 8.4.2): bit 1 write, bit 2 user mode, bit 4 instruction fetch.
    let access: Access = code & 16 != 0 ? .execute : code & 2 != 0 ? .write : .read
    let address = readCR2()
    // Mapping a page helps only against its absence. A page that is there with the right, or an access that the CPU made
    // on its own account (descriptor tables), would fault again for ever.
    guard code & 4 != 0, !hardware.allows(address, access) else {
      outcome = .fault(
        FaultReport(
          kind: .pageFault, address: address, instructionOffset: process.imageOffset(of: instruction), access: access))
      return false
    }
    hardware.figures.faults &+= 1
    guard case .end(let end) = process.pageFault(at: address, access, instructionPointer: instruction, machine: &hardware)
    else { return true }
    outcome = end
    return false
  }

  /// How often the network's own timers are looked at while an action computes.
  private static let tick = Interval.milliseconds(10)

  /// Sets the timer to the deadline, or to the next tick where that is sooner. (Mutating, since a borrowed context would be copied for
  /// the call.)
  @inline(__always)
  mutating func setTimer(_ now: Instant) { Interrupts.setTimer(min(deadline - now, Self.tick), now) }

  /// The timer went off: the time is up, or the network is due a look.
  mutating func timer() -> Bool {
    Interrupts.timerWentOff()
    guard clock.now < deadline else {
      outcome = .timeLimit
      return false
    }
    Interrupts.serviceNetwork()
    setTimer(clock.now)
    return true
  }
}

// The entries give the handlers the frame that they built, and the context that the executor put into the core's state before the first
// entry to user mode. The context's pointers are valid for the invocation, and nobody else uses what they name until user mode is left.

private typealias Frame = UnsafeMutablePointer<syscall_frame>
private typealias Context = UnsafeMutablePointer<RunContext>

/// A system call of the running action. False where the action has ended.
@c(handle_syscall)
public func handleSystemCall(_ frame: UnsafeMutablePointer<syscall_frame>, _ run: UnsafeMutableRawPointer) -> Bool {
  // SAFETY: see above.
  let context = unsafe run.assumingMemoryBound(to: RunContext.self)
  switch unsafe frame.pointee.number {
  case Syscall.read.rawValue: return unsafe readQuickly(frame, context)
  case Syscall.write.rawValue: return unsafe writeQuickly(frame, context)
  case Syscall.exitGroup.rawValue:
    unsafe context.pointee.outcome = .exited(status: UInt8(truncatingIfNeeded: frame.pointee.rdi))
    return false
  default: return unsafe performSystemCall(frame, context)
  }
}

@inline(never)
private func readQuickly(_ frame: Frame, _ context: Context) -> Bool {
  // SAFETY: see above.
  let count = unsafe context.pointee.process.quickRead(
    frame.pointee.rdi, frame.pointee.rsi, frame.pointee.rdx, &context.pointee.request.pointee, &context.pointee.hardware)
  guard let count else { return unsafe performSystemCall(frame, context) }
  unsafe frame.pointee.number = count
  return true
}

@inline(never)
private func writeQuickly(_ frame: Frame, _ context: Context) -> Bool {
  // SAFETY: see above.
  let count = unsafe context.pointee.process.quickWrite(
    frame.pointee.rdi, frame.pointee.rsi, frame.pointee.rdx, &context.pointee.output.pointee, &context.pointee.hardware)
  guard let count else { return unsafe performSystemCall(frame, context) }
  unsafe frame.pointee.number = count
  return true
}

@inline(never)
private func performSystemCall(_ frame: Frame, _ context: Context) -> Bool {
  // SAFETY: see above.
  let call = unsafe SystemCall(
    number: frame.pointee.number, frame.pointee.rdi, frame.pointee.rsi, frame.pointee.rdx, frame.pointee.r10,
    frame.pointee.r8, frame.pointee.r9)
  let step = unsafe context.pointee.process.systemCall(
    call, request: &context.pointee.request.pointee, output: &context.pointee.output.pointee,
    log: &context.pointee.log.pointee, machine: &context.pointee.hardware)
  switch step {
  case .resume(let result):
    unsafe frame.pointee.number = result
    return true
  case .end(let outcome): unsafe context.pointee.outcome = outcome
  case .takeSnapshot: unsafe context.pointee.arrive(frame.pointee)
  }
  return false
}

/// A trap out of user mode. False where the action has ended.
@c(handle_user_trap)
public func handleUserTrap(_ frame: UnsafeMutablePointer<trap_frame>, _ run: UnsafeMutableRawPointer) -> Bool {
  // SAFETY: see above.
  let context = unsafe run.assumingMemoryBound(to: RunContext.self)
  switch unsafe frame.pointee.vector {
  case UInt64(Vector.timer): return unsafe context.pointee.timer()
  case UInt64(Vector.network):
    Interrupts.acknowledgeNetwork()
    Interrupts.serviceNetwork()
    return true
  case 14: return unsafe context.pointee.pageFault(frame.pointee.error_code, at: frame.pointee.rip)
  case 0..<32: return unsafe context.pointee.fault(faultKind(frame.pointee.vector), at: frame.pointee.rip)
  default: unsafe panic(frame.pointee)
  }
}

private func faultKind(_ vector: UInt64) -> FaultKind {
  switch vector {
  case 0: .divideError
  case 1: .debug
  case 3: .breakpoint
  case 4: .overflow
  case 5: .boundRange
  case 6: .invalidOpcode
  case 11: .segmentNotPresent
  case 12: .stackSegment
  case 13: .generalProtection
  case 16: .floatingPoint
  case 17: .alignmentCheck
  case 19: .simdFloatingPoint
  default: .other
  }
}
