// What `GET /api/v1/swiftlet/counters` says: what is in use now, and what was done since boot.

import API
public import Actions
import Base
import Entities
import HTTP

/// What the machine and the network use at one moment.
public struct MachineGauges: Sendable {
  /// Frames of 4 KiB: in all, not free, and held by the kernel's heap.
  public var framesTotal = 0
  public var framesInUse = 0
  public var heapFrames = 0
  /// Bytes of objects on the kernel's heap.
  public var heapBytesInUse = 0
  /// Connections, and those in TIME_WAIT.
  public var connections = 0
  public var timeWait = 0
  /// What all invocations cost.
  public var pages = InvocationFigures()

  public init() {}
}

extension HTTPServer {
  /// One JSON object of integers.
  @_optimize(size)
  func writeCounters(into text: inout TextWriter) {
    text.write("{\"framesTotal\":")
    text.write(decimal: UInt64(max(0, gauges.framesTotal)))
    write(",\"framesInUse\":", gauges.framesInUse, into: &text)
    write(",\"heapFrames\":", gauges.heapFrames, into: &text)
    write(",\"heapBytesInUse\":", gauges.heapBytesInUse, into: &text)
    write(",\"connections\":", gauges.connections, into: &text)
    write(",\"timeWait\":", gauges.timeWait, into: &text)
    write(",\"actions\":", entities.deployedActions, into: &text)
    write(",\"waiting\":", waitingCount, into: &text)
    write(",\"requests\":", Int(truncatingIfNeeded: counters.requests), into: &text)
    write(",\"invocations\":", Int(truncatingIfNeeded: counters.invocations), into: &text)
    write(",\"failedInvocations\":", Int(truncatingIfNeeded: counters.failedInvocations), into: &text)
    write(",\"rejected\":", Int(truncatingIfNeeded: counters.rejected), into: &text)
    write(",\"timeouts\":", Int(truncatingIfNeeded: counters.timeouts), into: &text)
    write(",\"pagesCopied\":", gauges.pages.copied, into: &text)
    write(",\"pagesZeroed\":", gauges.pages.zeroed, into: &text)
    write(",\"pageFaults\":", gauges.pages.faults, into: &text)
    text.write("}")
  }

  @inline(never)
  private func write(_ name: StaticString, _ value: Int, into text: inout TextWriter) {
    text.write(name)
    text.write(decimal: UInt64(max(0, value)))
  }
}
