// Installs actions and runs them: the machine's ActionExecutor.
//
// One invocation runs at a time. Its state is a RunContext at a fixed address; `invoke` fills it, enters user mode, and
// comes back when a trap or a system call has ended the action.

public import Actions
import ABI
public import Base
public import Bytes
import CBoot

/// All that the executor has, at one address, because traps reach it while `invoke` is under way.
@safe struct ExecutorCore: ~Copyable {
  var slots = SlotSpace()
  var instances: InstanceTable
  let features: CPUFeatures
  let memory: UnsafeMutablePointer<KernelMemory>
  let floatingPoint: FloatingPointReset
  let capabilities: UInt64
  /// What all invocations cost.
  var total = InvocationFigures()
  /// The namespace of the action that ran last.
  var lastNamespace: UInt16 = 0
  /// The slot that `reclaim` looked at last.
  var reclaimed: UInt32 = 0

  /// Makes the CPU forget the branches of the action that ran last, where that was another namespace's.
  @inline(__always)
  mutating func separate(_ namespace: UInt16) {
    guard namespace != lastNamespace else { return }
    lastNamespace = namespace
    if features.predictionBarrier { writeMSR(MSR.predictionCommand, 1) }
  }
}

/// The executor: a handle on state that stays where it is. There is one, and it lives as long as the kernel.
@safe public struct Executor: ~Copyable, ActionExecutor {
  private let core: UnsafeMutablePointer<ExecutorCore>
  private let context: UnsafeMutablePointer<RunContext>

  /// Nil where memory is out.
  @_optimize(size)
  public init?(_ machine: borrowing Machine) {
    // SAFETY: kernelMemory was set at boot. The fresh frames are aligned, mapped and owned by the executor for ever.
    let memory = unsafe kernelMemory!
    guard let floatingPoint = unsafe FloatingPointReset(machine.features, frames: &memory.pointee.frames),
      let table = unsafe InstanceTable(frames: &memory.pointee.frames),
      let coreFrames = unsafe memory.pointee.frames.allocate(pages: MemoryLayout<ExecutorCore>.size / 4096 &+ 1),
      let contextFrames = unsafe memory.pointee.frames.allocate(pages: MemoryLayout<RunContext>.size / 4096 &+ 1)
    else { return nil }
    unsafe core = Physical.pointer(coreFrames).bindMemory(to: ExecutorCore.self, capacity: 1)
    unsafe context = Physical.pointer(contextFrames).bindMemory(to: RunContext.self, capacity: 1)
    let seed = Entropy.seed(machine.features, machine.clock, machine.apic)
    unsafe core.initialize(
      to: ExecutorCore(
        instances: table, features: machine.features, memory: memory, floatingPoint: floatingPoint,
        capabilities: UInt64(cpuid(1, 0).edx)))
    // The pointers to an instance, a request and buffers are set by each invocation before anything uses them.
    unsafe context.initialize(
      to: RunContext(
        hardware: ActionHardware(
          instance: Dangling.pointer(), memory: memory, core: core, features: machine.features, clock: machine.clock,
          generator: RandomGenerator(seed: seed)),
        clock: machine.clock, request: Dangling.pointer(), output: Dangling.pointer(),
        log: Dangling.pointer()))
    unsafe thisCore()!.pointee.run = UnsafeMutableRawPointer(context)
  }

  /// 64 unpredictable bits.
  public mutating func random() -> UInt64 {
    // SAFETY: `context` is this value's own, and no invocation runs.
    unsafe context.pointee.hardware.random()
  }

  public var lastInvocation: InvocationFigures {
    // SAFETY: `context` is this value's own, and no invocation runs.
    unsafe context.pointee.hardware.figures
  }

  public mutating func takeLogMarks() -> LogMarks {
    // SAFETY: as above.
    unsafe context.pointee.process.takeLogMarks()
  }

  /// What all invocations since boot cost.
  public var allInvocations: InvocationFigures {
    // SAFETY: `core` is this value's own.
    unsafe core.pointee.total
  }

  @_optimize(size)
  public mutating func install(
    _ image: borrowing ActionImage, limits: ActionLimits, namespace: UInt16
  ) throws(InstallError) -> InstanceID {
    do throws(InstallError) {
      return try installNow(image, limits, namespace)
    } catch {
      // SAFETY: no invocation runs.
      guard error == .noMemory, unsafe core.pointee.reclaim(.max, sparing: nil) else { throw error }
      return try installNow(image, limits, namespace)
    }
  }

  @_optimize(size) @inline(never)
  private mutating func installNow(
    _ image: borrowing ActionImage, _ limits: ActionLimits, _ namespace: UInt16
  ) throws(InstallError) -> InstanceID {
    // SAFETY: `core` and the kernel's memory are reached only from here while no invocation runs.
    let memory = unsafe core.pointee.memory
    // One page of stack, beside the image's own.
    guard (image.layout.templatePageCount &+ 1) << 12 <= limits.memoryBytes else { throw .memoryLimitTooSmall }
    guard let (slot, generation) = unsafe core.pointee.instances.reserve(frames: &memory.pointee.frames) else {
      throw .noSlot
    }
    let noExecute = unsafe KernelMap.noExecute(core.pointee.features)
    guard let place = unsafe InstanceTable.allocatePlace() else {
      unsafe core.pointee.instances.release(slot)
      throw .noMemory
    }
    do throws(InstallError) {
      var instance = unsafe try Instance(
        image, slot: slot, generation: generation, limits: limits, namespace: namespace, noExecute: noExecute,
        frames: &memory.pointee.frames)
      let directory = instance.table.directory
      guard unsafe core.pointee.slots.attach(slot, directory: directory, frames: &memory.pointee.frames) else {
        unsafe instance.destroy(frames: &memory.pointee.frames)
        throw .noMemory
      }
      unsafe core.pointee.instances.put(instance, slot, at: place)
    } catch {
      unsafe place.deallocate()
      unsafe core.pointee.instances.release(slot)
      throw error
    }
    return InstanceID(index: slot, generation: generation)
  }

  @_optimize(size)
  public mutating func setLimits(_ id: InstanceID, _ limits: ActionLimits) throws(InstallError) {
    // SAFETY: as in `install`.
    guard let instance = unsafe core.pointee.instances.find(id) else { return }
    let pages = unsafe instance.pointee.hasSnapshot ? instance.pointee.snapshot.templatePageCount : instance.pointee.layout.templatePageCount
    guard (pages &+ 1) << 12 <= limits.memoryBytes else { throw .memoryLimitTooSmall }
    if unsafe limits.memoryBytes < instance.pointee.limits.memoryBytes {
      // Pages that are kept ready count: a lower limit has to be enough without them.
      let memory = unsafe core.pointee.memory
      unsafe instance.pointee.freePrivatePages(&memory.pointee.frames)
      unsafe core.pointee.slots.flush()
    }
    unsafe instance.pointee.limits = limits
    unsafe context.pointee.process.forgetLimits()
  }

  public mutating func remove(_ id: InstanceID) {
    // SAFETY: as in `install`.
    guard let instance = unsafe core.pointee.instances.find(id) else { return }
    let memory = unsafe core.pointee.memory
    unsafe core.pointee.slots.detach(id.index)
    unsafe instance.pointee.destroy(frames: &memory.pointee.frames)
    unsafe core.pointee.instances.remove(id.index)
  }

  public mutating func invoke(
    _ id: InstanceID, _ request: inout InvocationRequest, output: inout ByteBuffer, log: inout ByteBuffer
  ) -> Outcome {
    // SAFETY: the pointers live until this returns; user mode is entered and left inside.
    guard let instance = unsafe core.pointee.instances.find(id) else { return .notInstalled }
    return unsafe withUnsafeMutablePointer(to: &request) { request in
      unsafe withUnsafeMutablePointer(to: &output) { output in
        unsafe withUnsafeMutablePointer(to: &log) { log in
          unsafe run(instance, request, output, log, .process)
        }
      }
    }
  }

  @_optimize(size)
  public mutating func initialise(
    _ id: InstanceID, _ request: inout InvocationRequest, log: inout ByteBuffer
  ) -> Outcome? {
    // SAFETY: as in `invoke`. The output stays empty.
    guard let instance = unsafe core.pointee.instances.find(id) else { return .notInstalled }
    var output = ByteBuffer()
    writeMSR(MSR.lstar, syscallEntryKeeping())
    unsafe context.pointee.hasArrived = false
    let outcome = unsafe withUnsafeMutablePointer(to: &request) { request in
      unsafe withUnsafeMutablePointer(to: &output) { output in
        unsafe withUnsafeMutablePointer(to: &log) { log in
          unsafe run(instance, request, output, log, .initialising)
        }
      }
    }
    writeMSR(MSR.lstar, syscallEntry())
    // The private pages are the snapshot's from now on, or go with the instance.
    unsafe context.pointee.hardware.transientPages.removeAll()
    guard unsafe context.pointee.hasArrived else { return outcome }
    let isTaken = unsafe instance.pointee.takeSnapshot(
      of: context.pointee.process, context.pointee.registers, core.pointee.floatingPoint, memory: core.pointee.memory)
    unsafe core.pointee.slots.flush()
    return isTaken ? nil : .noMemory
  }

  @inline(never)
  private func run(
    _ instance: UnsafeMutablePointer<Instance>, _ request: UnsafeMutablePointer<InvocationRequest>,
    _ output: UnsafeMutablePointer<ByteBuffer>, _ log: UnsafeMutablePointer<ByteBuffer>, _ mode: ActionMode
  ) -> Outcome {
    // SAFETY: the caller's pointers are valid until this returns; core and context are the executor's own.
    let now = unsafe context.pointee.clock.now
    unsafe context.pointee.request = request
    unsafe context.pointee.output = output
    unsafe context.pointee.log = log
    let limit = unsafe now + .milliseconds(UInt64(instance.pointee.limits.timeoutMilliseconds))
    unsafe context.pointee.deadline = min(limit, request.pointee.deadline)
    unsafe core.pointee.separate(instance.pointee.namespace)
    unsafe context.pointee.hardware.begin(instance)
    if unsafe instance.pointee.hasSnapshot { return unsafe resume(instance, output.pointee.count, log.pointee.count, now) }
    if mode == .process, unsafe context.pointee.process.isReady(for: instance.pointee.id) {
      unsafe context.pointee.process.beginAgain(
        privatePages: instance.pointee.pristine.count, outputStart: output.pointee.count, logStart: log.pointee.count, now: now)
    } else {
      unsafe begin(instance, now, mode)
    }
    var stackPointer = unsafe takeReadyStack(instance)
    if stackPointer == 0 {
      switch unsafe makeStack(instance) {
      case .failed(let outcome): return outcome
      case .ready(let made): stackPointer = made
      }
    }
    let entry = unsafe instance.pointee.base &+ SlotLayout.imageOffset &+ instance.pointee.layout.entry
    // No action can set it but by a system call.
    if unsafe context.pointee.hardware.threadPointer != 0 { unsafe context.pointee.hardware.threadPointer = 0 }
    unsafe core.pointee.slots.activate(instance.pointee.slot)
    unsafe core.pointee.floatingPoint.reset()
    unsafe context.pointee.setTimer(now)
    let entered = unsafe context.pointee.clock.now
    enterUser(instructionPointer: entry, stackPointer: stackPointer)
    return finish(now, entered)
  }

  /// Begins with the instance's image where that is not as the last invocation left it.
  @_optimize(size) @inline(never)
  private func begin(_ instance: UnsafeMutablePointer<Instance>, _ now: Instant, _ mode: ActionMode) {
    // SAFETY: as in `run`.
    unsafe context.pointee.process.begin(
      instance.pointee.layout, owner: instance.pointee.id, slotBase: instance.pointee.base, limits: instance.pointee.limits,
      privatePages: instance.pointee.pristine.count, outputStart: context.pointee.output.pointee.count,
      logStart: context.pointee.log.pointee.count, now: now, mode: mode)
  }

  /// Goes on from the instance's snapshot.
  @inline(never)
  private func resume(
    _ instance: UnsafeMutablePointer<Instance>, _ outputStart: Int, _ logStart: Int, _ now: Instant
  ) -> Outcome {
    // SAFETY: as in `run`; the state is the snapshot's.
    unsafe context.pointee.process.begin(
      instance.pointee.snapshot, owner: instance.pointee.id, slotBase: instance.pointee.base, limits: instance.pointee.limits,
      privatePages: instance.pointee.pristine.count, outputStart: outputStart, logStart: logStart, now: now,
      answersOnResult: context.pointee.request.pointee.answersOnResult)
    let state = unsafe instance.pointee.processorState
    unsafe context.pointee.hardware.threadPointer = state.registers.pointee.fs_base
    unsafe core.pointee.slots.activate(instance.pointee.slot)
    unsafe core.pointee.floatingPoint.load(from: state.frame)
    unsafe context.pointee.setTimer(now)
    let entered = unsafe context.pointee.clock.now
    unsafe resumeUser(state.registers)
    return finish(now, entered)
  }

  /// Notes what the invocation that has just ended cost; how it ended. It began at `begun` and entered user mode at `entered`.
  @inline(__always)
  private func finish(_ begun: Instant, _ entered: Instant) -> Outcome {
    // SAFETY: as in `run`.
    unsafe context.pointee.hardware.figures.startNanoseconds = (entered - begun).nanoseconds
    unsafe context.pointee.hardware.figures.runNanoseconds = (context.pointee.clock.now - entered).nanoseconds
    unsafe core.pointee.total.add(context.pointee.hardware.figures)
    return unsafe context.pointee.outcome
  }

  public mutating func restore(_ id: InstanceID) {
    // SAFETY: as in `install`.
    guard let instance = unsafe core.pointee.instances.find(id) else { return }
    let memory = unsafe core.pointee.memory
    let begun = unsafe context.pointee.clock.now
    if unsafe context.pointee.hardware.transientPages.count > 0 {
      unsafe instance.pointee.freeTransient(context.pointee.hardware.transientPages, &memory.pointee.frames)
      unsafe context.pointee.hardware.transientPages.removeAll()
    }
    unsafe withUnsafePointer(to: &context.pointee.process.memory) { changes in
      unsafe instance.pointee.restore(changes, frames: &memory.pointee.frames)
    }
    if unsafe instance.pointee.preparedStack.size > 0 { unsafe readyStack(instance) }
    unsafe instance.pointee.restoreNanoseconds = (context.pointee.clock.now - begun).nanoseconds
  }
}

// MARK: - The initial stack

extension Executor {
  private enum StackResult {
    case ready(UInt64)
    case failed(Outcome)
  }

  /// Writes the stack of the next invocation ahead of it, which a usual request will find. The page was restored just now.
  @inline(__always)
  private func readyStack(_ instance: UnsafeMutablePointer<Instance>) {
    // SAFETY: no invocation runs; the page is the instance's own.
    guard unsafe !instance.pointee.hasSnapshot, let page = unsafe lastStackPage(instance) else { return }
    let random = unsafe context.pointee.hardware.auxiliaryRandom()
    let size = unsafe instance.pointee.preparedStack.size
    let start = unsafe UnsafeMutableRawPointer(page) + (4096 &- size)
    unsafe instance.pointee.preparedStack.bytes.withAddress { bytes in
      unsafe start.copyMemory(from: bytes.unsafelyUnwrapped, byteCount: size)
    }
    let place = unsafe start + instance.pointee.preparedStack.randomPosition
    unsafe place.storeBytes(of: random.0, as: UInt64.self)
    unsafe place.storeBytes(of: random.1, toByteOffset: 8, as: UInt64.self)
    unsafe instance.pointee.readyStack = instance.pointee.base &+ SlotLayout.stackTop &- UInt64(truncatingIfNeeded: size)
  }

  /// The stack pointer where the stack was written ahead and serves this request; else 0.
  @inline(__always)
  private func takeReadyStack(_ instance: UnsafeMutablePointer<Instance>) -> UInt64 {
    // SAFETY: as in `run`. The page may have been freed meanwhile.
    guard unsafe instance.pointee.readyStack != 0, unsafe context.pointee.request.pointee.isUsual,
      unsafe lastStackPage(instance) != nil
    else { return 0 }
    let stackPointer = unsafe instance.pointee.readyStack
    unsafe instance.pointee.readyStack = 0
    return stackPointer
  }

  /// The last page of the stack, where it is there to be written to; it counts as written from now on.
  @inline(__always)
  private func lastStackPage(_ instance: UnsafeMutablePointer<Instance>) -> UnsafeMutablePointer<UInt8>? {
    // SAFETY: as in `run`.
    let page = UInt32(SlotLayout.stackTop >> 12) &- 1
    guard let address = unsafe instance.pointee.table.entryAddress(page) else { return nil }
    let entry = PageEntry(bits: Physical.load(address))
    guard entry.isPresent, entry.isWritable else { return nil }
    Physical.store(address, entry.bits | PageEntry.dirty | PageEntry.accessed)
    return unsafe Physical.pointer(entry.frame).assumingMemoryBound(to: UInt8.self)
  }

  /// Writes the stack for this request into the action's pages, which are mapped on the way: in place where the last one holds all of it.
  @_optimize(size) @inline(never)
  private func makeStack(_ instance: UnsafeMutablePointer<Instance>) -> StackResult {
    // SAFETY: as in `run`.
    let size = unsafe InitialStack.size(for: context.pointee.request.pointee)
    let start = unsafe instance.pointee.base &+ SlotLayout.stackTop &- UInt64(size)
    if let outcome = unsafe context.pointee.process.prepare(start, size, .write, &context.pointee.hardware) {
      return .failed(outcome)
    }
    guard let last = unsafe lastStackPage(instance) else { panic("the initial stack has no page") }
    if unsafe instance.pointee.readyStack != 0 {
      zeroPage(UInt64(UInt(bitPattern: last)))
      unsafe instance.pointee.readyStack = 0
    }
    let values = unsafe InitialStackValues(
      instance.pointee.layout, slotBase: instance.pointee.base, random: context.pointee.hardware.auxiliaryRandom(),
      hardwareCapabilities: core.pointee.capabilities)
    guard size <= 4096 else { return unsafe writeLongStack(instance, values, size) }
    var page = unsafe MutableSpan<UInt8>(_unsafeStart: last, count: 4096)
    let stackPointer = unsafe InitialStack.write(context.pointee.request.pointee, values, into: &page)
    unsafe instance.pointee.preparedStack.keep(page.span, of: context.pointee.request.pointee)
    return .ready(stackPointer)
  }

  @_optimize(size)
  private func writeLongStack(
    _ instance: UnsafeMutablePointer<Instance>, _ values: InitialStackValues, _ size: Int
  ) -> StackResult {
    // SAFETY: as in `run`.
    guard var buffer = ByteBuffer(capacity: size), buffer.appendZeros(size) else { return .failed(.noMemory) }
    var span = buffer.mutableSpan
    let stackPointer = unsafe InitialStack.write(
      context.pointee.request.pointee, values, into: &span)
    unsafe context.pointee.hardware.copyOut(
      buffer.span, to: instance.pointee.base &+ SlotLayout.stackTop &- UInt64(size))
    return .ready(stackPointer)
  }
}

/// Addresses for pointers that are set before they are used.
private enum Dangling {
  @unsafe
  static func pointer<T: ~Copyable>() -> UnsafeMutablePointer<T> {
    // SAFETY: never dereferenced; non-null and aligned for any type.
    unsafe UnsafeMutablePointer<T>(bitPattern: 4096).unsafelyUnwrapped
  }
}
