// The state of the running invocation: its memory, its descriptors and what was already said in its log.
// Out of scope: registers and page tables (Machine), the calls themselves (SystemCalls.swift and its neighbours).

import ABI
public import Base
import Bytes

/// What a fault or system call comes to.
public enum ProcessStep: Equatable, Sendable, BitwiseCopyable {
  /// The action goes on, after a system call with this in rax.
  case resume(returning: UInt64)
  /// The action is about to read its input for the first time, in loop mode: its state before this call is the snapshot.
  case takeSnapshot
  case end(Outcome)
}

/// Where the response of an action in loop mode comes from.
enum Answer: UInt8, Sendable, BitwiseCopyable {
  /// Nothing was written yet.
  case none
  /// fd 3, for as long as fd 1 is not written.
  case result
  /// fd 1.
  case output
}

/// One running invocation. One value serves one invocation after another; nothing of an earlier one is left by `begin`.
public struct ActionProcess: ~Copyable, Sendable {
  public var memory = ActionMemory()
  public private(set) var limits = ActionLimits()
  /// When the invocation began, on the monotonic clock.
  public private(set) var started = Instant(nanoseconds: 0)
  /// Bytes of the standard input already read.
  var inputPosition = 0
  /// Bit N: descriptor N is open.
  var openDescriptors: UInt8 = 0b111
  private(set) var mode = ActionMode.process
  /// In loop mode, where the response comes from as yet, whether a read has said that the input is at its end, and whether the
  /// action has answered since then.
  var answer = Answer.none
  var hasSeenEnd = false
  var hasAnsweredSinceEnd = false
  /// Bytes of the output and the log when the invocation began.
  var outputStart = 0
  var logStart = 0
  var isLogCut = false
  /// Bit N: the log already names unknown call N; calls past the last bit share it.
  var noted: [8 of UInt64] = .init(repeating: 0)
  /// Where vectors of readv, writev and poll are brought in; keeps its memory.
  var scratch = ByteBuffer()

  public init() {}

  /// Makes everything ready for an invocation of the image with `layout` in the slot at `slotBase`, or for its initialisation in
  /// loop mode. What it writes goes to the ends of the buffers that the calls are given, which have `outputStart` and `logStart`
  /// bytes now.
  public mutating func begin(
    _ layout: borrowing ImageLayout, slotBase: UInt64, limits: ActionLimits, privatePages: Int, outputStart: Int,
    logStart: Int, now: Instant, mode: ActionMode = .process
  ) {
    memory.begin(layout, slotBase: slotBase, memoryBytes: limits.memoryBytes, privatePages: privatePages)
    openDescriptors = mode == .process ? 0b111 : 0b1111
    start(mode, limits, outputStart, logStart, now)
  }

  /// The same for an invocation that goes on from `snapshot`.
  @_optimize(size) @inline(never)
  public mutating func begin(
    _ snapshot: borrowing Snapshot, slotBase: UInt64, limits: ActionLimits, privatePages: Int, outputStart: Int,
    logStart: Int, now: Instant
  ) {
    memory.begin(snapshot, slotBase: slotBase, memoryBytes: limits.memoryBytes, privatePages: privatePages)
    openDescriptors = snapshot.openDescriptors
    answer = .none
    hasSeenEnd = false
    hasAnsweredSinceEnd = false
    start(.serving, limits, outputStart, logStart, now)
  }

  @inline(__always)
  private mutating func start(
    _ mode: ActionMode, _ limits: ActionLimits, _ outputStart: Int, _ logStart: Int, _ now: Instant
  ) {
    self.mode = mode
    self.limits = limits
    self.outputStart = outputStart
    self.logStart = logStart
    started = now
    inputPosition = 0
    isLogCut = false
    noted = .init(repeating: 0)
  }

  /// Handles a page fault that the action raised at `address`: the page is mapped, or the invocation ends.
  /// `instructionPointer` is where it happened.
  public mutating func pageFault<M: ActionMachine & ~Copyable>(
    at address: UInt64, _ access: Access, instructionPointer: UInt64, machine: inout M
  ) -> ProcessStep {
    let offset = address &- memory.slotBase
    if offset < AddressSpace.slotSize {
      switch memory.resolve(page: UInt32(offset >> AddressSpace.pageShift), access: access, machine: machine) {
      case .map(let mapping):
        let page = UInt32(offset >> AddressSpace.pageShift)
        return machine.map(page, mapping) ? .resume(returning: 0) : .end(.noMemory)
      case .memoryLimit: return .end(.memoryLimit)
      case .denied: break
      }
    }
    return .end(
      .fault(
        FaultReport(
          kind: .pageFault, address: address, instructionOffset: imageOffset(of: instructionPointer), access: access)))
  }

  /// An address less the image's base, for `FaultReport`.
  public func imageOffset(of address: UInt64) -> UInt64 {
    address &- memory.slotBase &- SlotLayout.imageOffset
  }

  /// Maps all pages of a run that `ActionMemory.accessible` allowed; nil, or how the invocation ends where they cannot be had.
  @inline(__always)
  mutating func prepare<M: ActionMachine & ~Copyable>(
    _ address: UInt64, _ count: Int, _ access: Access, _ machine: inout M
  ) -> Outcome? {
    guard count > 0 else { return nil }
    let offset = address &- memory.slotBase
    var page = UInt32(offset >> AddressSpace.pageShift)
    let last = UInt32((offset &+ UInt64(count) &- 1) >> AddressSpace.pageShift)
    while page <= last {
      if !machine.isMapped(page, writing: access == .write) {
        switch memory.resolve(page: page, access: access, machine: machine) {
        case .map(let mapping): guard machine.map(page, mapping) else { return .noMemory }
        case .memoryLimit, .denied: return .memoryLimit
        }
      }
      page &+= 1
    }
    return nil
  }
}
