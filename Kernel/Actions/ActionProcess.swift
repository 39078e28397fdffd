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

/// Which descriptor the output of an action in loop mode comes from.
enum Answer: UInt8, Sendable, BitwiseCopyable {
  /// Nothing was written yet.
  case none
  /// fd 3, ActionLoop's.
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
  /// In loop mode, whether fd 3 is preferred to fd 1 (`InvocationRequest.answersOnResult`), which of them the output comes from as yet,
  /// whether it is fd 3's and ends with a whole line, and whether the action knows that no more input comes.
  var answersOnResult = false
  var answer = Answer.none
  var hasAnswered = false
  var hasSeenEnd = false
  /// Bytes of the output and the log when the invocation began.
  var outputStart = 0
  var logStart = 0
  var isLogCut = false
  /// Bit N: the log already names unknown call N; calls past the last bit share it. `hasNoted` where any bit is set.
  var hasNoted = false
  var noted: [8 of UInt64] = .init(repeating: 0)
  var logMarks = LogMarks()
  /// Those of the output, for as long as it is fd 1's and may be log.
  var outputMarks = LogMarks()
  /// Where vectors of readv, writev and poll are brought in; keeps its memory.
  var scratch = ByteBuffer()

  public init() {}

  /// Makes everything ready for an invocation of the image with `layout` in the slot at `slotBase`, or for its initialisation in
  /// loop mode. What it writes goes to the ends of the buffers that the calls are given, which have `outputStart` and `logStart`
  /// bytes now. Where `owner` is not nil, its memory at entry is always the same.
  @inline(__always)
  public mutating func begin(
    _ layout: borrowing ImageLayout, owner: InstanceID? = nil, slotBase: UInt64, limits: ActionLimits, privatePages: Int, outputStart: Int,
    logStart: Int, now: Instant, mode: ActionMode = .process
  ) {
    memory.begin(
      layout, owner: owner, slotBase: slotBase, memoryBytes: limits.memoryBytes, privatePages: privatePages)
    openDescriptors = mode == .process ? 0b111 : 0b1111
    self.limits = limits
    start(mode, outputStart, logStart, now)
  }

  /// Whether `beginAgain` will do for an invocation of `owner`: the last was one of the same image, whose memory no call changed, and
  /// `forgetLimits` was not called since.
  @inline(__always)
  public func isReady(for owner: InstanceID) -> Bool { memory.isReady(for: owner, snapshot: false) }

  /// As `begin`, in the same slot and with the same limits as the last time, where `isReady`.
  @inline(__always)
  public mutating func beginAgain(privatePages: Int, outputStart: Int, logStart: Int, now: Instant) {
    memory.beginAgain(privatePages)
    openDescriptors = 0b111
    start(.process, outputStart, logStart, now)
  }

  /// An owner's limits have changed.
  public mutating func forgetLimits() { memory.forgetOwner() }

  /// The same for an invocation that goes on from `snapshot`; `answersOnResult` as in its request.
  @inline(__always)
  public mutating func begin(
    _ snapshot: borrowing Snapshot, owner: InstanceID? = nil, slotBase: UInt64, limits: ActionLimits, privatePages: Int, outputStart: Int,
    logStart: Int, now: Instant, answersOnResult: Bool = false
  ) {
    memory.begin(
      snapshot, owner: owner, slotBase: slotBase, memoryBytes: limits.memoryBytes, privatePages: privatePages)
    openDescriptors = snapshot.openDescriptors
    self.answersOnResult = answersOnResult
    answer = .none
    hasAnswered = false
    // The one line that the request is ends itself.
    hasSeenEnd = answersOnResult
    self.limits = limits
    start(.serving, outputStart, logStart, now)
  }

  @inline(__always)
  private mutating func start(
    _ mode: ActionMode, _ outputStart: Int, _ logStart: Int, _ now: Instant
  ) {
    self.mode = mode
    self.outputStart = outputStart
    self.logStart = logStart
    started = now
    inputPosition = 0
    isLogCut = false
    if hasNoted { forgetNoted() }
    if logMarks.count > 0 { logMarks.removeAll() }
    if outputMarks.count > 0 { outputMarks.removeAll() }
  }

  @_optimize(size) @inline(never)
  private mutating func forgetNoted() {
    hasNoted = false
    noted = .init(repeating: 0)
  }

  /// Moves the marks of the log out.
  public mutating func takeLogMarks() -> LogMarks {
    var taken = LogMarks()
    swap(&taken, &logMarks)
    return taken
  }

  /// Handles a page fault that the action raised at `address`: the page is mapped, or the invocation ends.
  /// `instructionPointer` is where it happened.
  public mutating func pageFault<M: ActionMachine & ~Copyable>(
    at address: UInt64, _ access: Access, instructionPointer: UInt64, machine: inout M
  ) -> ProcessStep {
    let offset = address &- memory.slotBase
    if offset < AddressSpace.slotSize {
      let page = UInt32(offset >> AddressSpace.pageShift)
      var resolution = memory.resolve(page: page, access: access, machine: &machine)
      if resolution == .memoryLimit, releaseKept(&machine) {
        resolution = memory.resolve(page: page, access: access, machine: &machine)
      }
      switch resolution {
      case .map(let mapping):
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

  /// At the memory limit, gives back the pages that were kept ready for the invocation and that it made nothing of; false where there
  /// were none. They count for the limit only for as long as nothing else wants their place.
  @_optimize(size) @inline(never)
  private mutating func releaseKept<M: ActionMachine & ~Copyable>(_ machine: inout M) -> Bool {
    let released = machine.releaseKept { memory.content(of: $0) }
    memory.releasePages(released)
    return released > 0
  }

  /// An address less the image's base, for `FaultReport`.
  public func imageOffset(of address: UInt64) -> UInt64 {
    address &- memory.slotBase &- SlotLayout.imageOffset
  }

  /// Maps all pages of a run that `ActionMemory.accessible` allowed; nil, or how the invocation ends where they cannot be had.
  @inline(__always)
  public mutating func prepare<M: ActionMachine & ~Copyable>(
    _ address: UInt64, _ count: Int, _ access: Access, _ machine: inout M
  ) -> Outcome? {
    guard count > 0 else { return nil }
    let offset = address &- memory.slotBase
    let first = UInt32(offset >> AddressSpace.pageShift)
    let last = UInt32((offset &+ UInt64(count) &- 1) >> AddressSpace.pageShift)
    var page = first
    while page <= last {
      if !machine.isMapped(page, writing: access == .write) { return map(first...last, access, &machine) }
      page &+= 1
    }
    return nil
  }

  @_optimize(size) @inline(never)
  private mutating func map<M: ActionMachine & ~Copyable>(
    _ pages: ClosedRange<UInt32>, _ access: Access, _ machine: inout M
  ) -> Outcome? {
    var page = pages.lowerBound
    var hasReleased = false
    while page <= pages.upperBound {
      if !machine.isMapped(page, writing: access == .write) {
        switch memory.resolve(page: page, access: access, machine: &machine) {
        case .map(let mapping): guard machine.map(page, mapping) else { return .noMemory }
        case .memoryLimit:
          // Pages of this run may be among those that are given back: it is prepared anew, once.
          guard !hasReleased, releaseKept(&machine) else { return .memoryLimit }
          hasReleased = true
          page = pages.lowerBound
          continue
        case .denied: return .memoryLimit
        }
      }
      page &+= 1
    }
    return nil
  }
}
