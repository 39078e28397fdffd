// The kernel after boot: the network, the server and the executor, and the loop that a request's life goes through.

import API
import Actions
import Base
import Bytes
import CBoot
import Drivers
import Machine
import Net
import Server
import Settings

/// Everything that serves. There is one; it is a class because the network's interrupt reaches it while `serve` runs.
final class Kernel {
  private let clock: Clock
  private let port: UInt16
  private let isQuiet: Bool
  private var receiver: NetReceiver<MMIOWindow>
  private var transmitter: NetTransmitter<MMIOWindow>
  private var stack: NetworkStack
  private var server: HTTPServer
  private var executor: Executor
  private var invocation = Invocation()
  private var isReady = false
  private var haltPoll: HaltPoll
  /// Whether PAUSE is for loops that wait, as it should be.
  private let canPause: Bool
  /// When the action that runs was begun.
  private var actionBegan = Instant(nanoseconds: 0)

  @_optimize(size)
  init(_ machine: borrowing Machine, _ settings: borrowing KernelSettings, _ card: consuming AttachedCard) {
    guard var executor = Executor(machine) else { panic("no memory for the executor") }
    clock = machine.clock
    port = settings.port
    isQuiet = settings.log == .quiet
    haltPoll = HaltPoll(longest: settings.poll.map { .microseconds(UInt64($0)) } ?? HaltPoll.standard)
    canPause = !machine.features.isEmulated
    let plan = MemoryPlan(frames: MemoryUse.current.framesTotal)
    let address = card.address
    stack = Self.makeStack(settings, plan, address, executor.random(), machine.clock.now)
    server = Self.makeServer(settings, plan, machine.clock, executor.random(), identifierSeed: executor.random())
    self.executor = executor
    switch card.interrupt {
    case .line(let line, let window): Interrupts.routeNetwork(line: line, window: window)
    case .message: break
    }
    receiver = card.receiver
    transmitter = card.transmitter
  }

  /// Serves for ever: one turn looks at the network, runs what waits, looking at the network after each, and halts where
  /// there is nothing to do.
  func serve() -> Never {
    Interrupts.setNetworkService { self.answerWhileRunning() }
    stack.listen(port: port)
    while true {
      poll()
      if !isReady { announce() }
      while runAction() && isBusy { poll() }
      rest()
    }
  }

  /// Whether another turn would find something to do.
  private var isBusy: Bool { receiver.isFrameWaiting || server.waitingCount > 0 || stack.hasEvents }

  /// Takes in all frames that are there, lets the server answer, and sends what is due.
  private func poll() {
    let now = clock.now
    while receiver.receive({ stack.receive($0, checksum: $1, now: now, link: &transmitter) }) {}
    if stack.hasEvents || server.nextDeadline <= now {
      updateGauges()
      server.process(&stack, now: now)
    }
    stack.flush(now: now, link: &transmitter)
    transmitter.kick()
  }

  private func updateGauges() {
    let memory = MemoryUse.current
    server.gauges.framesTotal = memory.framesTotal
    server.gauges.framesInUse = memory.framesTotal &- memory.framesFree
    server.gauges.heapFrames = memory.heapFrames
    server.gauges.heapBytesInUse = memory.heapBytes
    server.gauges.connections = stack.connectionCount
    server.gauges.timeWait = stack.timeWaitCount
  }

  /// Sends what was answered.
  private func send() {
    stack.sendQueued(now: clock.now, link: &transmitter)
    transmitter.kick()
  }

  /// Does the work that waits for the executor, up to one action's run; false where none waits.
  private func runAction() -> Bool {
    guard server.waitingCount > 0 else { return false }
    actionBegan = clock.now
    guard server.next(&invocation, &executor, &stack, now: actionBegan) else {
      send()
      return true
    }
    let instance = invocation.instance
    var log = ByteBuffer()
    // The card interrupts the action from now on. Frames that are there already must not wait for the next.
    while !receiver.armInterrupt() { poll() }
    let outcome = invocation.run(on: &executor, log: &log)
    receiver.disarmInterrupt()
    let text = server.finish(
      &invocation, outcome, log: log, figures: executor.lastInvocation, marks: executor.takeLogMarks(), &stack, now: clock.now)
    send()
    executor.restore(instance)
    server.gauges.pages = executor.allInvocations
    if let discarded = server.takeDiscarded() { executor.remove(discarded) }
    if !text.isEmpty { show(text) }
    return true
  }

  @inline(never)
  private func show(_ text: borrowing ByteBuffer) {
    if !isQuiet { SerialConsole().write(text.span) }
  }

  /// The network's interrupt, while an action computes: acknowledgements, pings and requests that need no action.
  ///
  /// Acknowledgements that wait for data are sent where the action takes its time. One that has just begun will soon answer;
  /// where it does not, the timer calls this again.
  private func answerWhileRunning() {
    receiver.disarmInterrupt()
    repeat {
      poll()
      let now = clock.now
      if now - actionBegan >= .milliseconds(1) { stack.acknowledge(now: now, link: &transmitter) }
      transmitter.kick()
    } while !receiver.armInterrupt()
    transmitter.settle()
  }

  /// Waits until a frame arrives or something is due: looks for it as long as that pays, and then halts.
  private func rest() {
    let start = clock.now
    stack.acknowledge(now: start, link: &transmitter)
    transmitter.kick()
    transmitter.settle()
    // What was sent may have ended a connection, whose place another may want.
    if stack.hasEvents { return }
    let deadline = min(stack.nextDeadline, server.nextDeadline)
    let isThere = haltPoll.window > .zero && lookForFrame(until: min(deadline, start + haltPoll.window))
    if !isThere && receiver.armInterrupt() {
      transmitter.settle()
      Interrupts.wait(until: deadline, clock: clock)
      receiver.disarmInterrupt()
    }
    haltPoll.ended(after: clock.now - start)
  }

  /// Whether a frame is there before `end`. What it executes is waiting and no work, so the bench leaves it out, by its name.
  @inline(never)
  private func lookForFrame(until end: Instant) -> Bool {
    while clock.now < end {
      for _ in 0..<32 {
        if receiver.isFrameWaiting { return true }
        if canPause { pauseHint() }
      }
    }
    return false
  }

  private func announce() {
    guard let address = stack.address else { return }
    isReady = true
    BootLog.printReady(address, port: port, after: clock.now - Instant(nanoseconds: 0))
  }
}
