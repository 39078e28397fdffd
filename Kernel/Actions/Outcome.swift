// How an invocation ends, and the words for it.

public import Bytes
import Base

/// The exception that ended an action (Intel SDM volume 3 §6.15), as far as ring 3 can raise it.
public enum FaultKind: UInt8, Sendable, BitwiseCopyable {
  case divideError
  case debug
  case breakpoint
  case overflow
  case boundRange
  case invalidOpcode
  case segmentNotPresent
  case stackSegment
  case generalProtection
  case pageFault
  case floatingPoint
  case alignmentCheck
  case simdFloatingPoint
  /// An exception that none of the above names.
  case other

  /// The words for it, with Intel's mnemonic.
  public var text: StaticString {
    switch self {
    case .divideError: "divide error (#DE)"
    case .debug: "debug exception (#DB)"
    case .breakpoint: "breakpoint (#BP)"
    case .overflow: "overflow (#OF)"
    case .boundRange: "bound range exceeded (#BR)"
    case .invalidOpcode: "invalid opcode (#UD)"
    case .segmentNotPresent: "segment not present (#NP)"
    case .stackSegment: "stack-segment fault (#SS)"
    case .generalProtection: "general protection fault (#GP)"
    case .pageFault: "page fault (#PF)"
    case .floatingPoint: "floating-point error (#MF)"
    case .alignmentCheck: "alignment check (#AC)"
    case .simdFloatingPoint: "SIMD floating-point error (#XM)"
    case .other: "exception"
    }
  }
}

/// What an access that faulted wanted.
public enum Access: UInt8, Sendable, BitwiseCopyable {
  case read
  case write
  case execute

  public var text: StaticString {
    switch self {
    case .read: "reading"
    case .write: "writing"
    case .execute: "executing"
    }
  }
}

/// Where and how an action faulted.
public struct FaultReport: Equatable, Sendable, BitwiseCopyable {
  public var kind: FaultKind
  /// The address that a page fault was about (CR2); 0 for other kinds.
  public var address: UInt64
  /// The address of the instruction, less the image's base: what `addr2line` takes. An instruction outside the image
  /// gives its address less that base all the same, wrapping.
  public var instructionOffset: UInt64
  /// What a page fault wanted.
  public var access: Access

  public init(kind: FaultKind, address: UInt64 = 0, instructionOffset: UInt64, access: Access = .read) {
    self.kind = kind
    self.address = address
    self.instructionOffset = instructionOffset
    self.access = access
  }
}

/// How an invocation ended.
public enum Outcome: Equatable, Sendable, BitwiseCopyable {
  /// exit or exit_group with this status, 0 to 255; 128 + N after the program raised signal N on itself.
  case exited(status: UInt8)
  case fault(FaultReport)
  case timeLimit
  /// The action needed more than `ActionLimits.memoryBytes`.
  case memoryLimit
  case outputLimit
  /// The machine, not the action's limit, ran out of memory.
  case noMemory
  /// The instance is not (or no longer) installed; nothing ran.
  case notInstalled

  /// Whether the program ended itself with status 0.
  public var isSuccess: Bool { self == .exited(status: 0) }

  /// Appends one sentence that says how the invocation ended, as OpenWhisk words it where it has words; false where
  /// memory is out.
  @_optimize(size)
  public func describe(limits: ActionLimits, into text: inout ByteBuffer) -> Bool {
    switch self {
    case .exited(status: 0):
      text.append("The action ended successfully.")
    case .exited(let status):
      text.append("The action ended with exit status ") && text.append(decimal: UInt64(status)) && text.append(".")
    case .fault(let report):
      report.describe(into: &text)
    case .timeLimit:
      text.append("The action exceeded its time limits of ")
        && text.append(decimal: UInt64(limits.timeoutMilliseconds)) && text.append(" milliseconds.")
    case .memoryLimit:
      text.append("The action exhausted its memory and was aborted.")
    case .outputLimit:
      text.append("The action wrote more than its output limit of ")
        && text.append(decimal: UInt64(max(0, limits.outputBytes))) && text.append(" bytes and was aborted.")
    case .noMemory:
      text.append("The machine ran out of memory; the action was aborted.")
    case .notInstalled:
      text.append("The action is not installed.")
    }
  }
}

extension FaultReport {
  /// Appends for example "The action was aborted: page fault (#PF) writing address 0x10 at image offset 0x1234."
  public func describe(into text: inout ByteBuffer) -> Bool {
    guard text.append("The action was aborted: "), text.append(kind.text) else { return false }
    if kind == .pageFault {
      guard text.append(" "), text.append(access.text), text.append(" address 0x"), text.append(hex: address) else {
        return false
      }
    }
    return text.append(" at image offset 0x") && text.append(hex: instructionOffset) && text.append(".")
  }
}
